# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Buffers of drivers without an access method: contiguous ones, which vivid fills
# while one looks, and those of bochs in shared memory (since 6.13 or so; ttm.sh
# has more of what they were before). A thread of the target reads them, the kernel
# path does not. What is read must be right, or an error.
#
#vm: series 6.1 6.12 sid
#vm: devices edu vga
#vm: timeout 300

case $(</proc/sys/kernel/osrelease) in
6.*) new= ;;
*)   new=1 ;;
esac

# vivid's buffers, in memory that is contiguous for DMA. Nothing moves them, and
# no access method is there: videobuf2 has none.

modprobe vivid allocators=1 n_devs=1 || fail "no vivid"
target_start APP v4l2:/dev/video0 v4l2:/dev/video0 v4l2:/dev/video0

case_begin "vivid, contiguous: a mapping of a device, without an access method"
if [[ $new ]]; then
  flags_are APP /dev/video0 rd wr sh mr mw me ms pf io de dd sd
else
  flags_are APP /dev/video0 rd wr sh mr mw me ms pf io de ar dd sd
fi
run 0 "$MMIODBG" maps --raw --noheadings -p "$APP" -o KIND,CLASS,PATH
stdout_has "other buffer /dev/video0"
for stream in off on; do
  [[ $stream == off ]] || tell APP stream
  for words in "read -q X" "read -q --force --retry 0 X+0x1000" \
    "read -q -n 3 X" "write X=1" "write X=1:1"; do
    # shellcheck disable=SC2086 # words
    run 7 "$MMIODBG" -p "$APP" --via kernel ${words//X/${APP_AT[1]}}
    stdout_is
    stderr_has "videobuf2 offers no access method"
  done
  # The camera fills only what is queued, which the mappings are in the end.
  tell APP load 1 32 0x1000
  run 0 "$MMIODBG" read -q -p "$APP" "${APP_AT[1]}+0x1000"
  [[ $stream == on ]] || stdout_is "${REPLY#value }"
  stdout_like "^0x[0-9a-f]{8}.\$"
  run 0 "$MMIODBG" read -q -p "$APP" -n 1024 --via tracee "${APP_AT[0]}"
  check "1,024 values" [ "$(grep -c '^0x' "$WORK/stdout")" = 1024 ]
done
tell APP load 1 32 0
reply_has "value 0x"
tell APP streamed
check "frames: $REPLY" [ "${REPLY#streamed }" -gt 0 ]
bus_none
case_end

case_begin "vivid, contiguous: compaction does not change what the process has"
tell APP fill 0 0 2048 0x55000000
sysfs 1 /proc/sys/vm/compact_memory
sysfs 3 /proc/sys/vm/drop_caches
sysfs 1 /proc/sys/vm/compact_memory
tell APP check 0 0 2048 0x55000000
reply_is ok
run any "$MMIODBG" read -q --via kernel -p "$APP" "${APP_AT[0]}"
check "an error" [ "$STATUS" != 0 ]
stdout_hasnt 0x
run 0 "$MMIODBG" read -q -p "$APP" "${APP_AT[0]}+0x1000" "${APP_AT[0]}+0x1008/64"
stdout_is 0x55000400 0x5500040355000402
run 0 "$MMIODBG" write -p "$APP" "${APP_AT[0]}+0x1ffc=0x7" \
  "${APP_AT[0]}+0x1ff8/16=0x12:0xff"
tell APP check 0 0 2046 0x55000000
reply_is ok
tell APP load 0 64 0x1ff8
reply_is value 0x0000000755000712
bus_none
case_end
target_stop APP
rmmod vivid

modprobe vivid allocators=0 n_devs=1 || fail "no vivid"
target_start APP v4l2:/dev/video0

case_begin "vivid, not contiguous: ordinary pages, read as memory is"
flags_are APP /dev/video0 rd wr sh mr mw me ms de dd sd mm
run 0 "$MMIODBG" maps --raw --noheadings -p "$APP" -o KIND
stdout_is
tell APP fill 0 0x1000 8 0x77000000
run 0 "$MMIODBG" read -q -p "$APP" -n 8 "${APP_AT[0]}+0x1000"
stdout_is 0x77000000 0x77000001 0x77000002 0x77000003 0x77000004 0x77000005 \
  0x77000006 0x77000007
tell APP stream
run 0 "$MMIODBG" read -q -p "$APP" "${APP_AT[0]}"
stdout_like "^0x[0-9a-f]{8}.\$"
tell APP streamed
bus_none
case_end
target_stop APP

# bochs comes last: the console that it brings writes to it now and then.

modprobe bochs || fail "no bochs"
buffer=drm:/dev/dri/card0,width=1280,height=1024
target_start APP $buffer $buffer
# The device clears its memory when the mode is set.
tell APP show 1
tell APP fill 0 0 64 0x55000000

case_begin "bochs: a buffer of its driver, and how it is mapped"
# TTM's mappings have "io", shared memory has not.
if [[ $new ]]; then
  flags_are APP /dev/dri/card0 rd wr sh mr mw me ms pf de dd sd
else
  flags_are APP /dev/dri/card0 rd wr sh mr mw me ms pf io de dd sd
fi
run 0 "$MMIODBG" maps --raw --noheadings -p "$APP" -o KIND,DEVICE,PCI,DRIVER,CLASS
stdout_has "drm dri/card0 $VGA bochs-drm buffer"
bus_none
case_end

case_begin "bochs: shown or not, each word is right, or an error is told"
for shown in no yes; do
  [[ $shown == no ]] || unwatched tell APP show 0
  for via in auto tracee; do
    run 0 "$MMIODBG" read -q --via $via -p "$APP" -n 64 "${APP_AT[0]}"
    for ((i = 0; i < 64; i++)); do
      printf -v wanted '0x%08x\n' $((0x55000000 + i))
      [[ $STDOUT == *"$wanted"* ]] || fail "word $i is not there: $STDOUT"
    done
  done
  run any "$MMIODBG" read -q --via kernel -p "$APP" -n 64 "${APP_AT[0]}"
  mapfile -t lines <<<"${STDOUT%$'\n'}"
  for ((i = 0; i < ${#lines[@]}; i++)); do
    printf -v wanted 0x%08x $((0x55000000 + i))
    [[ ${lines[i]} == "$wanted" || ${lines[i]} == - || -z $STDOUT ]] ||
      fail "word $i is ${lines[i]}, not $wanted"
  done
  [[ $shown:$new == no: ]] || stdout_hasnt 0x
  [[ $shown:$new != no: ]] || check "values" [ "$STATUS" = 0 ]
  [[ $STATUS == 0 ]] || stderr_has "access method"
done
if [[ $new ]]; then
  for words in "read --json" "write --json"; do
    value=
    [[ $words == read* ]] || value==1
    # shellcheck disable=SC2086 # words
    run 7 "$MMIODBG" $words --via kernel -p "$APP" "${APP_AT[0]}$value"
    stdout_has '"error": { "kind": "no-access-method"'
    stderr_has "buffers in shared memory have no access method"
  done
fi
tell APP check 0 0 64 0x55000000
reply_is ok
bus_none
case_end
target_stop APP
