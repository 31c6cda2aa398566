# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Accesses by a thread of the target: what the devices see of them, what the target
# notices, and what they find when a driver has claimed the device.
#
# The target $APP has mapped, by index:
#   0 edu bar0    1 nvme bar0    2 sdhci bar0    3 e1000e bar0   (through sysfs)
#   4 e1000e bar0                                       (through /dev/mem)
#
# Registers that may be written without consequences: edu +0x80 (64 bits, an
# address for its DMA); nvme +0x28 and +0x30 (64 bits, addresses of queues, while
# it is not enabled), and its doorbells from +0x1000 on; those of sdhci as in
# kernel.sh.
#
#vm: series 6.1 6.12 sid
#vm: devices edu nvme sdhci e1000e
#vm: timeout 600

enable "$NVME" "$SDHCI" "$E1000E"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0" \
  "$SYS/$SDHCI/resource0" "$SYS/$E1000E/resource0" \
  "/dev/mem,off=$E1000E_BASE,len=$E1000E_SIZE"

# get STATUS ARGUMENT...: reads, and prints values only
get()
{
  run "$1" "$MMIODBG" read -q -p "$APP" "${@:2}"
}

# put STATUS ARGUMENT...: writes, of which nothing is said
put()
{
  run "$1" "$MMIODBG" write -p "$APP" "${@:2}"
  stdout_is
}

before='' after=''

# of_signals NAME: masks, handlers and tracers of the threads of target $APP
of_signals()
{
  local -n text=$1

  text=$(grep -hE '^(TracerPid|SigPnd|ShdPnd|Sig(Blk|Ign|Cgt)):' \
    "/proc/$APP/task/"*/status)
}

# error_is N KIND TEXT...: the N-th element of the JSON has this error, each TEXT
# is among its evidence, and there is no value
error_is()
{
  local -a lines
  local element text

  mapfile -t lines <<<"$STDOUT"
  element=${lines[$1]-}
  [[ $element == *"\"error\": { \"kind\": \"$2\","* ]] ||
    fail "element $1 is '$element', expected $2"
  [[ $element != *'"value"'* ]] || fail "element $1 has a value: '$element'"
  for text in "${@:3}"; do
    [[ $element == *'"evidence": ['*"$text"*']'* ]] ||
      fail "element $1: no evidence with '$text': '$element'"
  done
}

# 64 bits, which the kernel path of x86-64 would split

case_begin "64 bits: nvme's capabilities are one 8-byte read"
tell APP load 1 64 0
get 0 "@$NVME/bar0/64"
stdout_is "${REPLY#value }"
stderr_is
get 0 --via tracee "@$NVME/bar0/64"
stdout_is "${REPLY#value }"
get 0 -w 64 "@$NVME/bar0+0x0"
stdout_is "${REPLY#value }"
get 0 -w 64be "@$NVME/bar0+0x0"
bus nvme r 0x0 8 "${REPLY#value }" x5+0
case_end

case_begin "64 bits: a write is one 8-byte write, and nothing is read back"
put 0 "@$NVME/bar0+0x28/64=0x123456789abcd000"
stderr_is
put 0 --via tracee "@$NVME/bar0+0x30/64=0xfedcba9876543000"
get 0 "@$NVME/bar0+0x28/64" "@$NVME/bar0+0x30/64"
stdout_is 0x123456789abcd000 0xfedcba9876543000
bus nvme w 0x28 8 0x123456789abcd000
bus nvme w 0x30 8 0xfedcba9876543000
bus nvme r 0x28 8 0x123456789abcd000
bus nvme r 0x30 8 0xfedcba9876543000
case_end

case_begin "64 bits: under a mask, one read and one write; a full one: only a write"
put 0 "@$NVME/bar0+0x28/64=0x123456789abcd000"
put 0 "@$NVME/bar0+0x28/64=0x5555000000000000:0xffff000000000000"
put 0 --via tracee "@$NVME/bar0+0x28/64.15:12=0"
put 0 "@$NVME/bar0+0x28/64=0x1000:0xffffffffffffffff"
bus nvme w 0x28 8 0x123456789abcd000
bus nvme r 0x28 8 0x123456789abcd000
bus nvme w 0x28 8 0x555556789abcd000
bus nvme r 0x28 8 0x555556789abcd000
bus nvme w 0x28 8 0x555556789abc0000
bus nvme w 0x28 8 0x1000
case_end

case_begin "64 bits: --verify adds one read"
put 0 --verify "@$NVME/bar0+0x30/64=0x3000"
put 0 --verify "@$NVME/bar0+0x30/64=0x4000:0xf000"
bus nvme w 0x30 8 0x3000
bus nvme r 0x30 8 0x3000 x2+0
bus nvme w 0x30 8 0x4000
bus nvme r 0x30 8 0x4000
case_end

case_begin "64 bits of edu: big-endian, all ones, --fill"
put 0 "@$EDU/bar0+0x80/64be=0x1122334455667788"
get 0 "@$EDU/bar0+0x80/64" "@$EDU/bar0+0x80/64be.7:0"
stdout_is 0x8877665544332211 0x88
put 0 --fill -n 2 "@$EDU/bar0+0x80/64=-1"
bus edu w 0x80 8 0x8877665544332211
bus edu r 0x80 8 0x8877665544332211 x2+0
bus edu w 0x80 8 0xffffffffffffffff x2
case_end

case_begin "64 bits beside others: each by its own way, in the order given"
run 0 "$MMIODBG" read -v -q -p "$APP" "@$NVME/bar0+0x8" "@$NVME/bar0/64" \
  "@$NVME/bar0+0x8/16" "@$NVME/bar0+0x30/64"
stderr_like "read 32 bits [^!]* = 0x00010400 through kernel, .*
mmiodbg: read 64 bits [^!]* through tracee, .*
mmiodbg: read 16 bits [^!]* through kernel, .*
mmiodbg: read 64 bits [^!]* through tracee, "
bus nvme r 0x8 4 0x00010400
bus nvme r 0x0 8
bus nvme r 0x8 2 0x0400
bus nvme r 0x30 8
case_end

case_begin "-v tells the backend, and the longest pause; JSON tells the same"
run 0 "$MMIODBG" read -v -p "$APP" "@$NVME/bar0/64"
stderr_like "read 64 bits at 0x[0-9a-f]+ .*= 0x[0-9a-f]{16} through tracee, register, 1 attempt, "
stderr_like "a thread of process $APP was held 1 time, for [0-9]+\.[0-9]{3} us at the longest"
run 0 "$MMIODBG" read --json -p "$APP" "@$NVME/bar0/64" "@$NVME/bar0+0x8"
stdout_like '"backend": "tracee".*"backend": "kernel"'
stdout_like '"pause": \{ "bursts": [1-9][0-9]*, "longest_nanoseconds": [1-9][0-9]+ \}'
run 0 "$MMIODBG" read --json -p "$APP" "@$NVME/bar0+0x8"
stdout_hasnt '"pause"'
bus nvme r 0x0 8 x2+0
bus nvme r 0x8 4 x2+0
case_end

# Every width

case_begin "8, 16, 32 and 64 bits through the tracee: one access each, of that size"
put 0 --via tracee "@$SDHCI/bar0+0x34/16=0x01fb"
get 0 --via tracee "@$SDHCI/bar0+0x34/8" "@$SDHCI/bar0+0x35/8" \
  "@$SDHCI/bar0+0x34/16" "@$SDHCI/bar0+0x34/32" "@$NVME/bar0+0x8" \
  "@$NVME/bar0+0x8/16" "@$NVME/bar0+0xa/16" "@$EDU/bar0"
stdout_is 0xfb 0x01 0x01fb 0x000001fb 0x00010400 0x0400 0x0001 0x010000ed
bus sdhci w 0x34 2 0x01fb
bus sdhci r 0x34 1 0xfb
bus sdhci r 0x35 1 0x01
bus sdhci r 0x34 2 0x01fb
bus sdhci r 0x34 4 0x000001fb
bus nvme r 0x8 4 0x00010400
bus nvme r 0x8 2 0x0400
bus nvme r 0xa 2 0x0001
bus edu r 0x0 4 0x010000ed
case_end

case_begin "8, 16 and 32 bits are written through the tracee, and masked"
put 0 --via tracee "@$SDHCI/bar0+0x2e/8=0x0e" "@$SDHCI/bar0+0x34/16=0x01ff" \
  "@$SDHCI/bar0+0x8=0xcafe0123" "@$SDHCI/bar0+0x2e/8=-10" \
  "@$EDU/bar0+0x4=0x12345678"
put 0 --via tracee "@$SDHCI/bar0+0x34/8=0:0x3" "@$SDHCI/bar0+0x34/16.15:8=2" \
  "@$SDHCI/bar0+0x8=0x1:0xf"
bus sdhci w 0x2e 1 0x0e
bus sdhci w 0x34 2 0x01ff
bus sdhci w 0x8 4 0xcafe0123
bus sdhci w 0x2e 1 0xf6
bus edu w 0x4 4 0x12345678
bus sdhci r 0x34 1 0xff
bus sdhci w 0x34 1 0xfc
bus sdhci r 0x34 2 0x01fc
bus sdhci w 0x34 2 0x02fc
bus sdhci r 0x8 4 0xcafe0123
bus sdhci w 0x8 4 0xcafe0121
case_end

case_begin "a size that the device refuses is one access, too"
get 0 --via tracee "@$EDU/bar0/8" "@$EDU/bar0/16"
bus edu r-refused 0x0 1
bus edu r-refused 0x0 2
case_end

case_begin "32x2 through the tracee: the high half, the low one, the high one again"
tell APP load 1 64 0
get 0 --via tracee "@$NVME/bar0/32x2"
stdout_is "${REPLY#value }"
bus nvme r 0x0 8
bus nvme r 0x4 4
bus nvme r 0x0 4
bus nvme r 0x4 4
case_end

case_begin "the first and the last element of a page, and over its end"
get 0 -n 4 "@$NVME/bar0+0xff0/64"
get 0 --via tracee -n 4 "@$NVME/bar0+0xff8"
get 0 --via tracee "@$SDHCI/bar0+0xff/8" "@$SDHCI/bar0+0x0/8"
bus nvme r 0xff0 8 x4
bus nvme r 0xff8 4 x4
bus sdhci r 0xff 1
bus sdhci r 0x0 1
case_end

# Behind +0x1fff of the BAR is another region of QEMU's.
case_begin "1,000 elements of 64 bits are 1,000 reads, ascending"
run 0 "$MMIODBG" read --json -n 500 -p "$APP" "@$NVME/bar0+0x1000/64" \
  "@$NVME/bar0+0x1000/64"
check "1,000 values" [ "$(grep -c '"value"' "$WORK/stdout")" = 1000 ]
echo "# $(grep -o '"pause".*' "$WORK/stdout")"
bus nvme r 0x1000 8 x500
bus nvme r 0x1000 8 x500
case_end

# A guest needs 20 ms for each, so of the other kinds fewer.
many=${MMIODBG_VM_ELEMENTS:-100}

case_begin "$many times one register of 64 bits is $many reads of it"
locations=()
for ((i = 0; i < many; i++)); do
  locations+=("@$NVME/bar0/64")
done
tell APP load 1 64 0
run 0 "$MMIODBG" read -q -p "$APP" "${locations[@]}"
check "one value" [ "$(sort -u "$WORK/stdout")" = "${REPLY#value }" ]
check "$many times" [ "$(wc -l <"$WORK/stdout")" = "$many" ]
bus nvme r 0x0 8 "x$((many + 1))+0"
case_end

for bits in 8 16 32; do
  case_begin "$many elements of $bits bits through the tracee, ascending"
  case $bits in
  8)
    locations=()
    for ((i = 0; i < many; i++)); do
      locations+=("@$SDHCI/bar0+0x8/8")
    done
    get 0 --via tracee "${locations[@]}"
    bus sdhci r 0x8 1 "x$many+0"
    ;;
  *)
    get 0 --via tracee -n "$many" "@$NVME/bar0+0x1000/$bits"
    bus nvme r 0x1000 $((bits / 8)) "x$many"
    ;;
  esac
  check "$many values" [ "$(grep -c '^0x' "$WORK/stdout")" = "$many" ]
  case_end
done

case_begin "$many writes of 64 bits, ascending"
put 0 --fill -n "$((many / 2))" "@$NVME/bar0+0x1000/64=0" "@$NVME/bar0+0x1000/64=1"
bus nvme w 0x1000 8 0x0 "x$((many / 2))"
bus nvme w 0x1000 8 0x1 "x$((many / 2))"
case_end

# What must not touch the device

case_begin "a dry run and info say through what, and do nothing"
run 0 "$MMIODBG" read --dry-run -p "$APP" "@$NVME/bar0/64"
stdout_like '^would read 64 bits at .* through tracee'
run 0 "$MMIODBG" write --dry-run --via tracee -p "$APP" "@$EDU/bar0+0x80=1:1"
stdout_like '^would read 32 bits at .* through tracee.*would write 32 bits at '
run 0 "$MMIODBG" info -p "$APP" "@$NVME/bar0"
stdout_like "read 64 +tracee"
stdout_like "write 64 +tracee"
stdout_like "read 32 +kernel"
run 0 "$MMIODBG" maps -p "$APP"
bus_none
case_end

case_begin "misaligned, beyond the end, read-only: refused as ever"
for words in "read -q X+0x4/64" "read -q X+0x2" "write X+0x84/64=1" \
  "read -q X/64 X+0x1/16"; do
  # shellcheck disable=SC2086 # words
  run 7 "$MMIODBG" -p "$APP" ${words//X/@$NVME/bar0}
  stdout_is
  # shellcheck disable=SC2086
  run 7 "$MMIODBG" --via tracee -p "$APP" ${words//X/@$NVME/bar0}
done
run 2 "$MMIODBG" read -q --via tracee -p "$APP" "@$SDHCI/bar0+0x100"
run 2 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0+0x3ffc..+0x10/64"
target_start VIEW "$SYS/$NVME/resource0,prot=r" "$SYS/$SDHCI/resource0,prot=none"
run 7 "$MMIODBG" write --via tracee -p "$VIEW" "@$NVME/bar0+0x28=1"
run 7 "$MMIODBG" write --force -p "$VIEW" "@$NVME/bar0+0x28/64=1:1"
# The process itself may not read it; the kernel path may.
run 7 "$MMIODBG" read -q --via tracee -p "$VIEW" "@$SDHCI/bar0+0xfe/16"
stdout_is
run 0 "$MMIODBG" read -q -p "$VIEW" "@$SDHCI/bar0+0xfe/16"
tell VIEW load 0 32 8
reply_is value 0x00010400
target_stop VIEW
bus sdhci r 0xfe 2
bus nvme r 0x8 4
case_end

# What the target notices

case_begin "the target goes on: no signal, no mask, no handler is another"
of_signals before
for _ in 1 2 3 4 5 6 7 8 9 10; do
  get 0 "@$NVME/bar0/64"
done
of_signals after
check "it was $before, it is $after" [ "$before" = "$after" ]
tell APP load 1 32 8
reply_is value 0x00010400
bus nvme r 0x0 8 x10+0
bus nvme r 0x8 4
case_end

case_begin "who ignores SIGBUS, SIGSEGV or SIGTRAP is refused"
for name in bus segv trap; do
  tell APP signal "$name" ignore
  reply_is ok
  of_signals before
  for words in "read --json @$NVME/bar0/64" "write --json @$NVME/bar0+0x28/64=0" \
    "read --json --via tracee @$NVME/bar0+0x8" \
    "read --json --via tracee --force @$NVME/bar0+0x8"; do
    # shellcheck disable=SC2086 # words
    run 7 "$MMIODBG" -p "$APP" $words
    # Of auto, the kernel path has its own reason.
    [[ $words != *tracee* ]] || stdout_has '"kind": "unsafe"'
    stdout_hasnt '"value"'
    stderr_has "SIG${name^^}"
  done
  of_signals after
  check "it was $before, it is $after" [ "$before" = "$after" ]
  # The kernel path needs no thread.
  get 0 "@$NVME/bar0+0x8"
  stdout_is 0x00010400
  tell APP signal "$name" default
done
get 0 --via tracee "@$NVME/bar0+0x8"
bus nvme r 0x8 4 0x00010400 x4+0
case_end

# A driver claims the device: the process's own load faults.

case_begin "claimed: revoked, and the fault is the evidence; no handler sees it"
unwatched modprobe e1000e || fail "modprobe e1000e"
for name in bus segv trap; do
  tell APP signal "$name" count
done
of_signals before
for i in 3 4; do
  for words in "X+0x8" "--via tracee X+0x8" "--retry 0 X+0x8" "X+0x0/64"; do
    # shellcheck disable=SC2086 # words
    run 6 "$MMIODBG" read --json -p "$APP" ${words//X/${APP_AT[i]}}
    error_is 1 revoked SIGBUS
  done
  for words in "X+0x5204=0" "--via tracee X+0x5204=0" "X+0x5204=1:1" \
    "X+0x5208/64=1:1"; do
    # shellcheck disable=SC2086 # words
    run 6 "$MMIODBG" write --json -p "$APP" ${words//X/${APP_AT[i]}}
    error_is 1 revoked SIGBUS
    stdout_has '"written": false'
    stdout_hasnt '"old"'
  done
  run 6 "$MMIODBG" read -q -p "$APP" "${APP_AT[i]}+0x8"
  stdout_is -
  stderr_like "was revoked: "
  run 6 "$MMIODBG" read --json --via kernel -p "$APP" "${APP_AT[i]}+0x8"
  error_is 1 revoked "e1000e owns physical memory"
  stdout_hasnt SIGBUS
done
run 3 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0/64" "${APP_AT[3]}+0x8" \
  "@$NVME/bar0+0x8"
stdout_like "^0x[0-9a-f]{16}.-.0x00010400.\$"
of_signals after
check "it was $before, it is $after" [ "$before" = "$after" ]
tell APP counts
reply_is counts bus 0 segv 0 trap 0 usr1 0
bus nvme r 0x0 8
bus nvme r 0x8 4 0x00010400
case_end

case_begin "claimed, with the signals blocked: the masks and the handlers stay"
for name in bus segv trap; do
  tell APP signal "$name" block
done
of_signals before
run 6 "$MMIODBG" read --json -p "$APP" "${APP_AT[3]}+0x8"
error_is 1 revoked SIGBUS
run 6 "$MMIODBG" write --json -p "$APP" "${APP_AT[4]}+0x5204=1"
error_is 1 revoked SIGBUS
get 0 "@$NVME/bar0/64"
of_signals after
check "it was $before, it is $after" [ "$before" = "$after" ]
# One that waits for the target makes its only thread unfit.
tell APP signal bus raise
run 6 "$MMIODBG" read --json -p "$APP" "${APP_AT[3]}+0x8"
error_is 1 revoked "e1000e owns physical memory"
tell APP counts
reply_is counts bus 0 segv 0 trap 0 usr1 0
for name in bus segv trap; do
  tell APP signal "$name" unblock
done
tell APP counts
reply_is counts bus 1 segv 0 trap 0 usr1 0
bus nvme r 0x0 8
case_end

case_begin "claimed, and let go: still revoked, on every kernel"
unwatched rmmod e1000e || fail "rmmod e1000e"
unwatched enable "$E1000E"
for i in 3 4; do
  run 6 "$MMIODBG" read --json -p "$APP" "${APP_AT[i]}+0x8"
  error_is 1 revoked SIGBUS "no driver is bound"
  run 6 "$MMIODBG" write --json -p "$APP" "${APP_AT[i]}+0x5204=1"
  error_is 1 revoked SIGBUS
done
bus_none
case_end

# The device leaves sysfs, and the process's own entries stay: its load finds the
# device, or what is there by then.

case_begin "removed: not accessed by the tracee, either, but with --force"
unwatched sysfs 1 "$SYS/$NVME/remove"
for via in auto tracee; do
  run 7 "$MMIODBG" read -q --via $via -p "$APP" "${APP_AT[1]}/64"
  stdout_is
  stderr_has "gone from sysfs"
  run 7 "$MMIODBG" write --via $via -p "$APP" "${APP_AT[1]}+0x1000=0"
  run 0 "$MMIODBG" read -q --force --via $via -p "$APP" "${APP_AT[1]}+0x8"
  stdout_is 0x00010400
done
bus nvme r 0x8 4 0x00010400 x2+0
case_end

target_stop APP
