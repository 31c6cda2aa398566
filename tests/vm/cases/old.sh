# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A kernel before 5.12, whose access path may hit a page that the driver has
# just moved: what may be read there, with a warning, and not be written, unless
# the user trusts it.
#
# The target $APP has mapped, by index: 0 nvme bar0 through sysfs, 1 e1000e bar0
# through /dev/mem, 2 memory.
#
#vm: series 5.10
#vm: devices edu nvme e1000e
#vm: timeout 300

enable "$NVME" "$E1000E"
target_start APP "$SYS/$NVME/resource0" \
  "/dev/mem,off=$E1000E_BASE,len=$E1000E_SIZE" anon,len=0x1000
MEMORY=${APP_AT[2]}

RACE="races with the driver"

# warned_once: on standard error is one warning, and it is of the race
warned_once()
{
  local lines

  lines=$(grep -c 'warning:' <<<"$STDERR")
  check "one warning, not $lines" [ "$lines" = 1 ]
  stderr_like "^mmiodbg: warning: .*$RACE"
}

case_begin "a read works, and warns once"
run 0 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0+0x8"
stdout_is 0x00010400
warned_once
run 0 "$MMIODBG" read -q -p "$APP" "${APP_AT[1]}+0x5200"
stdout_is 0x00000000
warned_once
bus nvme r 0x8 4 0x00010400
bus e1000e r 0x5200 4 0x0
case_end

case_begin "a range and several locations: one warning for all"
run 0 "$MMIODBG" read -q -p "$APP" -n 8 "@$NVME/bar0+0x0" "@$NVME/bar0+0x8" \
  "${APP_AT[1]}+0x5200"
warned_once
bus nvme r 0x0 4 x8
bus nvme r 0x8 4 x8
bus e1000e r 0x5200 4 x8
case_end

case_begin "warned in JSON, too, and with --stop, --attach, -v; stdout is as ever"
for words in --json --jsonl --stop --attach -v; do
  run 0 "$MMIODBG" read $words -p "$APP" "@$NVME/bar0+0x8"
  stdout_has 0x00010400
  stdout_hasnt "warning"
  warned_once
done
bus nvme r 0x8 4 0x00010400 x5+0
case_end

case_begin "a dry run of a read warns as the read does"
run 0 "$MMIODBG" read --dry-run -p "$APP" "@$NVME/bar0+0x8"
stdout_like "^would read 32 bits at "
warned_once
bus_none
case_end

case_begin "the target's memory is no device's: no warning, and it can be written"
run 0 "$MMIODBG" read -q -p "$APP" "$MEMORY"
stdout_is 0x00000000
stderr_is
run 0 "$MMIODBG" write --force -p "$APP" "$MEMORY=0x5"
stderr_hasnt warning
tell APP load 2 32 0
reply_is value 0x00000005
bus_none
case_end

case_begin "what that path would split is refused, trusted or not; auto has another"
run 7 "$MMIODBG" read -q --via kernel -p "$APP" "@$NVME/bar0/64"
stdout_is
stderr_has "splits an access of 64 bits"
run 7 "$MMIODBG" read -q --via kernel --trust-kernel -p "$APP" "@$NVME/bar0/64"
stdout_is
stderr_has "splits an access of 64 bits"
run 7 "$MMIODBG" write --via kernel --trust-kernel -p "$APP" \
  "@$NVME/bar0+0x1000/64=0"
stderr_has "splits an access of 64 bits"
tell APP load 0 64 0
run 0 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0/64"
stdout_is "${REPLY#value }"
stderr_is
run 0 "$MMIODBG" write --trust-kernel -p "$APP" "@$NVME/bar0+0x28/64=0x1000"
stderr_is
bus nvme r 0x0 8 x2+0
bus nvme w 0x28 8 0x1000
case_end

case_begin "a write is refused, and told the race and what helps"
for words in "X+0x1000=1" "X+0x1000=1:1" "--force X+0x1000=1" \
  "--stop X+0x1000=1" "--dry-run X+0x1000=1" \
  "--fill -n 4 X+0x1000=1" "--force $MEMORY=1 X+0x1000=1" "--retry 1s X+0x1000=1"; do
  for place in "@$NVME/bar0" "${APP_AT[0]}"; do
    # shellcheck disable=SC2086 # words
    run 7 "$MMIODBG" write --via kernel -p "$APP" ${words//X/$place}
    stdout_is
    stderr_like "^mmiodbg: [^ ]*: before 5\.12 .*$RACE"
    stderr_has --trust-kernel
    stderr_hasnt warning
  done
done
tell APP load 2 32 0
reply_is value 0x00000005
run 7 "$MMIODBG" write --json --via kernel -p "$APP" "@$NVME/bar0+0x1000=1"
stdout_has '"elements": [], "error": { "kind": "unsafe"'
stdout_has "$RACE"
stdout_has '"attempts": 0'
bus_none
case_end

case_begin "auto writes, by a thread of the target, and has nothing to warn of"
for words in "X+0x1000=1" "--fill -n 2 X+0x1000=1" "--stop X+0x1000=1"; do
  for place in "@$NVME/bar0" "${APP_AT[0]}"; do
    # shellcheck disable=SC2086 # words
    run 0 "$MMIODBG" write -p "$APP" ${words//X/$place}
    stderr_is
  done
done
run 0 "$MMIODBG" write --json -p "$APP" "@$NVME/bar0+0x1000=0"
stdout_has '"backend": "tracee"'
run 0 "$MMIODBG" read -q --via tracee -p "$APP" "@$NVME/bar0+0x8"
stdout_is 0x00010400
stderr_is
bus nvme w 0x1000 4 0x1 x2+0
bus nvme w 0x1000 4 0x1 x2
bus nvme w 0x1000 4 0x1 x2
bus nvme w 0x1000 4 0x1 x2+0
bus nvme w 0x1000 4 0x0
bus nvme r 0x8 4 0x00010400
case_end

case_begin "--trust-kernel: one write, a read and a write; it says what that risks"
for words in "X+0x1000=1" "--json X+0x1000=1" "--fill -n 2 X+0x1000=1" \
  "X+0x1000=0 X+0x1004=0" "X+0x14=0x460000:0x460000"; do
  # shellcheck disable=SC2086 # words
  run 0 "$MMIODBG" write --trust-kernel -p "$APP" ${words//X/@$NVME/bar0}
  warned_once
  stderr_has "a write may damage"
done
bus nvme w 0x1000 4 0x1
bus nvme w 0x1000 4 0x1
bus nvme w 0x1000 4 0x1 x2
bus nvme w 0x1000 4 0x0 x2
bus nvme r 0x14 4
bus nvme w 0x14 4
case_end

case_begin "--trust-kernel: a dry run writes nothing, and warns"
run 0 "$MMIODBG" write --trust-kernel --dry-run -p "$APP" "@$NVME/bar0+0x1000=1"
stdout_like "^would write 32 bits at .* = 0x00000001 through kernel"
warned_once
stderr_has "a write may damage"
bus_none
case_end

case_begin "--trust-kernel: a read is made and warned of all the same"
run 0 "$MMIODBG" read --trust-kernel -q -p "$APP" "@$NVME/bar0+0x8"
stdout_is 0x00010400
warned_once
bus nvme r 0x8 4 0x00010400
case_end

case_begin "info tells which accesses are refused, and why"
run 0 "$MMIODBG" info -p "$APP" "@$NVME/bar0+0x8"
stdout_like "read 32 +kernel"
for bits in 8 16 32 64; do
  stdout_like "write $bits +tracee"
done
run 0 "$MMIODBG" info --json -p "$APP" "@$NVME/bar0+0x8"
stdout_like '"write": \{ "8": \{ "backend": "tracee"'
run 0 "$MMIODBG" info --trust-kernel -p "$APP" "@$NVME/bar0+0x8"
stdout_like "write 32 +kernel"
stdout_like "write 64 +tracee"
run 0 "$MMIODBG" info -p "$APP" "$MEMORY"
stdout_hasnt "$RACE"
bus_none
case_end

# Before 5.12 a driver that claims a region takes it from /dev/mem only.

case_begin "claimed: /dev/mem has lost it, a mapping through sysfs goes on"
target_start BOTH "$SYS/$E1000E/resource0" \
  "/dev/mem,off=$E1000E_BASE,len=$E1000E_SIZE"
unwatched modprobe e1000e || fail "modprobe e1000e"
tell BOTH load 1 32 0x5200
reply_is error: SIGBUS code 2
run 6 "$MMIODBG" read --json -p "$BOTH" "${BOTH_AT[1]}+0x5200"
stdout_has '"kind": "revoked"'
stdout_has "e1000e owns physical memory"
warned_once
tell BOTH load 0 32 0x5200
reply_is value 0x00000000
run 0 "$MMIODBG" read -q -p "$BOTH" "${BOTH_AT[0]}+0x5200"
stdout_is 0x00000000
warned_once
grep -A40 resource0 "/proc/$BOTH/smaps" | grep VmFlags
unwatched rmmod e1000e
unwatched enable "$E1000E"
run any "$MMIODBG" read --json -p "$BOTH" "${BOTH_AT[1]}+0x5200"
target_stop BOTH
bus e1000e r 0x5200 4 0x0 x2+0
case_end
