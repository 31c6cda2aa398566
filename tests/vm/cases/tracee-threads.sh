# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Which thread of the target makes an access: none on an isolated processor, none of
# a real-time class, none in a call that would notice. And that calls go on: what
# tests/live has for that, on this kernel.
#
# The target $APP has nvme bar0. Its first thread reads commands; $SLEEPER is one
# that sleeps.
#
#vm: arch x86_64 aarch64
#vm: series 6.1 sid 6.1-arm64 6.12-arm64
#vm: first 6.1-arm64 6.12-arm64
#vm: devices edu nvme
#vm: qemu -smp 2
#vm: append isolcpus=1
#vm: timeout 2400

enable "$NVME"
target_start APP "$SYS/$NVME/resource0"

# refused STATUS KIND TEXT OPTION...: no thread makes an access; TEXT is why
refused()
{
  run "$1" "$MMIODBG" read --json -p "$APP" "${@:4}" "@$NVME/bar0/64"
  stdout_has "\"kind\": \"$2\""
  stdout_hasnt '"value"'
  stdout_like "\"evidence\": \[.*$3.*\]"
}

reads()
{
  run 0 "$MMIODBG" read -q -p "$APP" "$@" "@$NVME/bar0+0x8/32" "@$NVME/bar0/64"
  stdout_like "^0x00010400.0x[0-9a-f]{16}.\$"
}

case_begin "a thread on an isolated processor is not used, but by its number"
check "one is isolated" [ "$(</sys/devices/system/cpu/isolated)" = 1 ]
reads
taskset -p -c 1 "$APP" || fail taskset
# Now it has run there.
tell APP counts
refused 7 no-thread "isolated"
refused 7 no-thread "isolated" --via tracee
refused 7 no-thread "isolated" --force
reads --thread "$APP"
reads --via tracee --thread "$APP"
# Another one that runs elsewhere will do.
tell APP thread
sleeper=${REPLY#thread }
taskset -p -c 0 "$sleeper" || fail taskset
reads --thread "$sleeper"
reads
taskset -p -c 1 "$sleeper" || fail taskset
reads --thread "$sleeper"
refused 7 no-thread "isolated"
taskset -p -c 0 "$APP" || fail taskset
tell APP counts
reads
bus_any
case_end

# What it ran on last is not where it would wake up.
case_begin "a thread that sleeps, and may run on an isolated processor only"
taskset -p -c 1 "$APP" || fail taskset
refused 7 no-thread "isolated"
taskset -p -c 0 "$APP" || fail taskset
reads
bus_any
case_end

case_begin "a thread of a real-time class is not used, but by its number"
taskset -p -c 0 "$APP" || fail taskset
taskset -p -c 0 "$sleeper" || fail taskset
chrt -f -p 1 "$APP" || fail chrt
chrt -r -p 1 "$sleeper" || fail chrt
refused 7 no-thread "real-time"
refused 7 no-thread "real-time"
reads --thread "$APP"
reads --thread "$sleeper"
chrt -o -p 0 "$sleeper" || fail chrt
reads
chrt -o -p 0 "$APP" || fail chrt
reads
bus_any
case_end

case_begin "a thread that is none of the target's"
run any "$MMIODBG" read -q -p "$APP" --thread 1 "@$NVME/bar0/64"
[[ $STATUS == [1-7] ]] || fail "status $STATUS"
stdout_hasnt 0x
stderr_has 1
run any "$MMIODBG" read -q -p "$APP" --thread 999999 "@$NVME/bar0/64"
[[ $STATUS == [1-7] ]] || fail "status $STATUS"
stdout_hasnt 0x
run 2 "$MMIODBG" read -q -p "$APP" --thread x "@$NVME/bar0/64"
bus_none
case_end
target_stop APP

# On x86-64 the test runs natively, and with more calls. Calls of some seconds take
# minutes here: they are for the long run.
case $(uname -m):${MMIODBG_VM_ELEMENTS:-100} in
aarch64:100) cases="unlimited stopped signals" ;;
aarch64:*) cases="unlimited limited stopped signals" ;;
*) cases="signals" ;;
esac
for name in $cases; do
  case_begin "system calls go on, or their threads are refused: $name"
  top_builddir=${MMIOTARGET%/tests/target/*} MMIODBG_TEST_PATIENCE=4 \
    MMIODBG_CALLS="pipe:1 futex:0 ppoll:1 epoll_pwait:1 rt_sigtimedwait:12 semtimedop:0" \
    MMIODBG_CALLS_SECONDS=16 MMIODBG_CALLS_AT_ONCE=6 \
    run 0 timeout 1200 sh "$VM_DIR/../live/tracee-calls.test" "$name"
  stdout_has "ok 1 - "
  sed -n '/^not ok/,/^ok/p' "$WORK/stdout" >"$WORK/failed"
  while read -r line; do
    [[ $line != "not ok"* && $line != "# "* ]] || fail "$line"
  done <"$WORK/failed"
  bus_none
  case_end
done
