# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016 # what waits in quotes is a hook
#
# What takes a device, a mapping or the process away, before a run and in the
# middle of one: it is reported as what it is, and never becomes a value.
#
# In most cases $APP has mapped e1000e's bar0: 0 through sysfs, 1 through
# /dev/mem. Its registers from +0x5200 on are a table that may be written; the
# first of them has $MARK, until a driver comes. (Before 5.12 a driver does not
# take mappings through sysfs away: see old.sh.)
#
#vm: series 6.1 6.12 sid
#vm: also 6.12
#vm: devices edu nvme e1000e
#vm: qemu -device intel-iommu
#vm: append intel_iommu=on
#vm: timeout 900

enable "$NVME" "$E1000E"
MARK=0x12345678

app_start()
{
  target_start APP "$SYS/$E1000E/resource0" \
    "/dev/mem,off=$E1000E_BASE,len=$E1000E_SIZE"
  tell APP store 0 32 0x5200 "$MARK"
}

# The driver takes the region; the driver goes.
claim()
{
  unwatched modprobe e1000e || fail "modprobe e1000e"
}

release()
{
  unwatched rmmod e1000e || fail "rmmod e1000e"
  unwatched enable "$E1000E"
}

# element N: the line of the N-th in the JSON on stdout, in $ELEMENT
element()
{
  local -a lines

  mapfile -t lines <<<"$STDOUT"
  ELEMENT=${lines[$1]-}
}

# value_is N VALUE: the N-th element has this value
value_is()
{
  element "$1"
  [[ $ELEMENT == *"\"value\": \"$2\""* && $ELEMENT != *'"error"'* ]] ||
    fail "element $1 is '$ELEMENT', expected $2"
}

# error_is N KIND [EVIDENCE...]: it has this error, and no value; sets $ATTEMPTS
error_is()
{
  local text

  element "$1"
  [[ $ELEMENT == *"\"error\": { \"kind\": \"$2\","* ]] ||
    fail "element $1 is '$ELEMENT', expected $2"
  [[ $ELEMENT != *'"value"'* ]] || fail "element $1 has a value: '$ELEMENT'"
  for text in "${@:3}"; do
    [[ $ELEMENT == *'"evidence": ['*"$text"*']'* ]] ||
      fail "element $1: no evidence with '$text': '$ELEMENT'"
  done
  ATTEMPTS=0
  [[ $ELEMENT =~ \"error\":.*\"attempts\":\ ([0-9]+) ]] ||
    fail "element $1: no attempts: '$ELEMENT'"
  ATTEMPTS=${BASH_REMATCH[1]:-0}
}

# counts_are DONE FAILED NOT_REACHED
counts_are()
{
  stdout_has "\"done\": $1, \"failed\": $2, \"not_reached\": $3 }"
}

# sigbus INDEX...: a load by the process itself finds no page
sigbus()
{
  local index

  for index; do
    tell APP load "$index" 32 8
    reply_is error: SIGBUS code 2
  done
}

# becomes PID NAME: soon
becomes()
{
  local i name

  for ((i = 0; i < 1000; i++)); do
    name=$(<"/proc/$1/comm")
    [[ $name != "$2" ]] || return 0
    read -r -t 0.01 <>"$WORK/never"
  done
  fail "$1 is $name, not $2"
}

# run_between STATUS HOOK COMMAND...: as run; but HOOK (words of the shell) runs
# when COMMAND's first read of $APP's memory is over, before anything else is
# done: strace holds it there.
run_between()
{
  local expected=$1 hook=$2 process number key tracer
  local deadline=$((SECONDS + 30))

  shift 2
  printf '$ %s    # between its halves: %s\n' "$*" "$hook"
  strace -D -qq -o /dev/null -P "/proc/$APP/mem" -e trace=pread64 \
    -e inject=pread64:delay_exit=60000000:when=1 "$@" \
    </dev/null >"$WORK/stdout" 2>"$WORK/stderr" &
  process=$!
  # In pread(2), of the memory?
  while ! { read -r number _ <"/proc/$process/syscall" &&
    [[ $number == 17 && $(<"/proc/$process/comm") == "${1##*/}" &&
      $(readlink "/proc/$process/fd/"*) == *"/$APP/mem"* ]]; } 2>/dev/null; do
    if ((SECONDS > deadline)) || [[ ! -d /proc/$process ]]; then
      fail "run_between: it was not held: $*"
      break
    fi
    read -r -t 0.01 <>"$WORK/never"
  done
  eval "$hook"
  while read -r key tracer; do
    [[ $key != TracerPid: || $tracer == 0 ]] || kill -KILL "$tracer"
  done <"/proc/$process/status"
  STATUS=0
  wait "$process" || STATUS=$?
  _slurp STDOUT "$WORK/stdout"
  _slurp STDERR "$WORK/stderr"
  _judge "$expected" "$@"
}

OWNED="e1000e owns physical memory"
BOUND="driver e1000e is bound now, and was not before"

# A driver claims the region between two accesses of one session.

for i in 0 1; do
  app_start
  case_begin "mapping $i is claimed between two reads: the second fails"
  run_held 3 claim "$MMIODBG" read --json -v -p "$APP" "${APP_AT[i]}+0x5200" \
    "${APP_AT[i]}+0x5200" "${APP_AT[i]}+0x8" "${APP_AT[1 - i]}+0x5200"
  value_is 1 "$MARK"
  error_is 2 revoked "$OWNED" "$BOUND" "a read of this page worked"
  error_is 3 revoked "$OWNED" "$BOUND" "another page of the mapping worked"
  error_is 4 revoked "$OWNED" "$BOUND"
  counts_are 1 3 0
  stderr_has "the mapping was revoked"
  sigbus 0 1
  bus e1000e r 0x5200 4
  release
  case_end
  target_stop APP

  app_start
  case_begin "mapping $i is claimed in the middle of a range: what was read is kept"
  run_held 3 claim "$MMIODBG" read -q -v -p "$APP" -n 4 "${APP_AT[i]}+0x5200"
  stdout_is "$MARK" - - -
  stderr_has "(3 elements"
  check "one diagnostic" [ "$(grep -c '^mmiodbg: .* was revoked' <<<"$STDERR")" = 1 ]
  bus e1000e r 0x5200 4
  release
  case_end
  target_stop APP

  app_start
  case_begin "mapping $i is claimed between two writes: the rest is not reached"
  run_held 3 claim "$MMIODBG" write --json -v --fill -p "$APP" -n 4 \
    "${APP_AT[i]}+0x5200=0x5"
  error_is 2 revoked "$OWNED" "a write of this page worked"
  [[ $ELEMENT == *'"written": false'* ]] || fail "written: $ELEMENT"
  counts_are 1 1 2
  bus e1000e w 0x5200 4 0x5
  release
  case_end
  target_stop APP

  app_start
  case_begin "mapping $i is claimed between the halves of a read-modify-write"
  run_between 3 claim "$MMIODBG" write --json -p "$APP" \
    "${APP_AT[i]}+0x5200=0x1:0x1" "${APP_AT[i]}+0x5204=1"
  error_is 1 revoked "$OWNED"
  stderr_has "the read was made, the write was not: the mapping was revoked"
  [[ $ELEMENT == *"\"old\": \"$MARK\""*'"written": false'* ]] ||
    fail "old, written: $ELEMENT"
  counts_are 0 1 1
  bus e1000e r 0x5200 4
  release
  case_end
  target_stop APP
done

app_start
case_begin "claimed, and let go, between two accesses: revoked all the same"
run_held 3 'claim; release' "$MMIODBG" read --json -v -p "$APP" \
  "${APP_AT[0]}+0x5200" "${APP_AT[0]}+0x5204" "${APP_AT[1]}+0x8"
value_is 1 "$MARK"
error_is 2 revoked "no driver owns the physical memory" "no driver is bound" \
  "a read of this page worked"
counts_are 1 2 0
sigbus 0 1
bus e1000e r 0x5200 4
case_end
target_stop APP

# A driver has claimed the region before.

app_start
case_begin "claimed before: a read, a write, a range fail; nothing is accessed"
claim
for place in "@$E1000E/bar0" "${APP_AT[0]}" "${APP_AT[1]}"; do
  run 6 "$MMIODBG" read --json -p "$APP" "$place+0x8"
  error_is 1 revoked "$OWNED" "driver e1000e is bound" \
    "Input/output error"
  counts_are 0 1 0
  run 6 "$MMIODBG" read -q -p "$APP" "$place+0x8"
  stdout_is -
  stderr_like "^mmiodbg: ${place//+/\\+}\+0x8: the mapping was revoked: "
  run 6 "$MMIODBG" read -p "$APP" "$place+0x8"
  stdout_is
  run 6 "$MMIODBG" read -q -n 4 -p "$APP" "$place"
  stdout_is - - - -
  check "one diagnostic" [ "$(grep -c '^mmiodbg:' "$WORK/stderr")" = 1 ]
  stderr_has "(4 elements"
  run 6 "$MMIODBG" write --json -p "$APP" "$place+0x5204=0"
  error_is 1 revoked "$OWNED"
  counts_are 0 1 0
  run 6 "$MMIODBG" write --json -p "$APP" "$place+0x5204=0:1" "$place+0x5208=1"
  error_is 1 revoked "$OWNED"
  [[ $ELEMENT != *'"old"'* ]] || fail "old: $ELEMENT"
  counts_are 0 1 1
done
sigbus 0 1
bus_none
case_end

case_begin "claimed before: maps and info tell who has it"
run 0 "$MMIODBG" maps --raw --noheadings -p "$APP" -o KIND,DRIVER "$E1000E"
check "the new driver" [ "$(sort "$WORK/stdout" | tr '\n' ';')" = \
  "mem e1000e;pci e1000e;" ]
run 0 "$MMIODBG" info -p "$APP" "@$E1000E/bar0"
stdout_like "owned by e1000e"
bus_none
case_end

case_begin "--retry: tried until the time is over; 0: once"
run 6 "$MMIODBG" read --json -p "$APP" "${APP_AT[0]}+0x8"
error_is 1 revoked
check "more than one attempt" [ "$ATTEMPTS" -gt 1 ]
begin=${EPOCHREALTIME/./}
run 6 "$MMIODBG" read --json --retry 0 -p "$APP" "${APP_AT[0]}+0x8"
error_is 1 revoked
check "one attempt, not $ATTEMPTS" [ "$ATTEMPTS" = 1 ]
none=$((${EPOCHREALTIME/./} - begin))
begin=${EPOCHREALTIME/./}
run 6 "$MMIODBG" write --json --retry 1s -p "$APP" "${APP_AT[1]}+0x5204=1:1"
error_is 1 revoked
check "more attempts than $ATTEMPTS" [ "$ATTEMPTS" -gt 1 ]
long=$((${EPOCHREALTIME/./} - begin))
check "$long us are a second" [ "$long" -ge 1000000 ]
echo "# --retry 0: $none us; --retry 1s: $long us, $ATTEMPTS attempts"
bus_none
case_end

# Who has let go leaves no owner and no driver behind. Up to 6.12 the flags of
# the mapping tell; later nothing does, but the process's own load.

case_begin "claimed once, and let go: it stays taken away, as far as can be seen"
release
for place in "${APP_AT[0]}" "${APP_AT[1]}"; do
  run 6 "$MMIODBG" read --json -p "$APP" "$place+0x8"
  error_is 1 revoked SIGBUS "no driver is bound"
  run 6 "$MMIODBG" write -p "$APP" "$place+0x5204=1"
  stderr_has "the mapping was revoked"
  case $(</proc/sys/kernel/osrelease) in
  6.*)
    run 6 "$MMIODBG" read --json --via kernel -p "$APP" "$place+0x8"
    error_is 1 revoked "VmFlags lack \`ar\`" "no driver is bound"
    run 6 "$MMIODBG" write --via kernel -p "$APP" "$place+0x5204=1"
    stderr_has "the mapping was revoked"
    ;;
  *)
    run 1 "$MMIODBG" read --json --via kernel -p "$APP" "$place+0x8"
    error_is 1 unknown "no driver is bound"
    run 1 "$MMIODBG" write --via kernel -p "$APP" "$place+0x5204=1"
    stderr_has "probably taken away, but nothing else shows it"
    ;;
  esac
done
sigbus 0 1
bus_none
case_end

case_begin "what the process maps afresh works, beside what was taken away"
tell APP map "$SYS/$E1000E/resource0"
read -r _ _ fresh _ <<<"$REPLY"
unwatched tell APP store 2 32 0x5200 "$MARK"
run 3 "$MMIODBG" read -q -p "$APP" "${APP_AT[0]}+0x5200" "$fresh+0x5200"
stdout_is - "$MARK"
bus e1000e r 0x5200 4 "$MARK"
case_end
target_stop APP

# One mapping that shows more than the driver claims. All its parts get the
# kernel's mark of a mapping that lost pages.

case_begin "a part of a mapping is claimed: the rest of it goes on"
first=$E1000E_BASE last=$NVME_BASE
((first < last)) || first=$NVME_BASE last=$E1000E_BASE
target_start APP "/dev/mem,off=$first,len=$((last - first + 0x4000))"
device=$((APP_AT[0] + E1000E_BASE - first))
other=$((APP_AT[0] + NVME_BASE - first))
claim
run 3 "$MMIODBG" read --json -p "$APP" "$(printf %#x $((device + 8)))" \
  "$(printf %#x $((other + 8)))"
error_is 1 revoked "$OWNED"
value_is 2 0x00010400
run 0 "$MMIODBG" read -q -p "$APP" "$(printf %#x $((other + 8)))"
stdout_is 0x00010400
release
run 0 "$MMIODBG" read -q -p "$APP" "$(printf %#x $((other + 8)))"
stdout_is 0x00010400
bus nvme r 0x8 4 0x00010400 x3+0
target_stop APP
case_end

# The process changes its mappings between two accesses of one run. $APP has
# edu (0), e1000e (1) and nvme (2), through sysfs.

three_start()
{
  target_start APP "$SYS/$EDU/resource0" "$SYS/$E1000E/resource0" \
    "$SYS/$NVME/resource0"
  X=${APP_AT[1]}
  tell APP store 1 32 0x5200 "$MARK"
}

case_begin "unmapped between two reads"
unwatched three_start
run_held 3 'tell APP unmap 1' "$MMIODBG" read --json -v -p "$APP" \
  "$X+0x5200" "@$E1000E/bar0+0x5200" "@$NVME/bar0+0x8"
value_is 1 "$MARK"
error_is 2 unmapped
value_is 3 0x00010400
stderr_has "not there any more"
bus e1000e r 0x5200 4
bus nvme r 0x8 4
target_stop APP
case_end

case_begin "unmapped between two writes, and the halves of one"
unwatched three_start
run_held 3 'tell APP unmap 1' "$MMIODBG" write --json -v -p "$APP" \
  "$X+0x5200=5" "$X+0x5204=6" "@$NVME/bar0+0x1000=1"
error_is 2 unmapped
counts_are 1 1 1
target_stop APP
unwatched three_start
run_between 3 'tell APP unmap 1' "$MMIODBG" write --json -p "$APP" \
  "$X+0x5204=5:5" "@$NVME/bar0+0x1000=1"
error_is 1 unmapped
stderr_has "the read was made, the write was not: "
counts_are 0 1 1
target_stop APP
bus e1000e w 0x5200 4 0x5
bus e1000e r 0x5204 4
case_end

case_begin "a part is unmapped in the middle of a range: the rest goes on"
unwatched three_start
run_held 3 'tell APP unmap 1 0x1000 0x1000' "$MMIODBG" read --json -v -p "$APP" \
  -n 2 "$X+0xffc" "$X+0x5200"
value_is 1 0x00000000
error_is 2 unmapped
value_is 3 "$MARK"
value_is 4 0x00000000
target_stop APP
bus e1000e r 0xffc 4
bus e1000e r 0x5200 4 x2
case_end

other='tell APP mapat 1 "$SYS/$EDU/resource0,len=$E1000E_SIZE"'
case_begin "another device is mapped there between two writes, and the halves of one"
unwatched three_start
run_held 3 "$other" "$MMIODBG" write --json -v -p "$APP" "$X+0x5200=5" \
  "$X+0x80=6"
error_is 2 replaced "before: " "now: "
counts_are 1 1 0
stderr_has "replaced by another"
target_stop APP
unwatched three_start
run_between 3 "$other" "$MMIODBG" write --json -p "$APP" "$X+0x5204=5:5"
error_is 1 replaced "before: " "now: "
stderr_has "the read was made, the write was not: "
target_stop APP
bus e1000e w 0x5200 4 0x5
bus e1000e r 0x5204 4
case_end

case_begin "another device is mapped there between two reads: a value of that is none"
unwatched three_start
run_held 3 "$other" "$MMIODBG" read --json -v -p "$APP" "$X+0x5200" "$X+0x0"
value_is 1 "$MARK"
error_is 2 replaced "before: " "now: "
stderr_has "perhaps of something else"
target_stop APP
bus e1000e r 0x5200 4 "$MARK"
bus edu r 0x0 4
case_end

case_begin "another device is mapped there while a range is read"
unwatched three_start
run_between 6 "$other" "$MMIODBG" read -q -p "$APP" -n 3 "$X+0x5200"
stdout_is - - -
stderr_has "perhaps of something else"
target_stop APP
bus e1000e r 0x5200 4 "$MARK"
bus edu r 0x5204 4 x2
case_end

case_begin "the same is mapped there again between two accesses: they are made"
unwatched three_start
run_held 0 'tell APP mapat 1 "$SYS/$E1000E/resource0"' "$MMIODBG" read -q \
  -v -p "$APP" "$X+0x5200" "$X+0x5200"
stdout_is "$MARK" "$MARK"
run_held 0 'tell APP mapat 1 "$SYS/$E1000E/resource0"' "$MMIODBG" write --json \
  -v -p "$APP" "$X+0x5200=5" "$X+0x5204=6"
counts_are 2 0 0
run_between 0 'tell APP mapat 1 "$SYS/$E1000E/resource0"' "$MMIODBG" write \
  --json -p "$APP" "$X+0x5204=9:0xf"
counts_are 1 0 0
target_stop APP
bus e1000e r 0x5200 4 "$MARK" x2+0
bus e1000e w 0x5200 4 0x5
bus e1000e w 0x5204 4 0x6
bus e1000e r 0x5204 4 0x6
bus e1000e w 0x5204 4 0x9
case_end

case_begin "taken by a driver, let go, and mapped again: the access is made"
unwatched three_start
run_held 0 'claim; release; tell APP mapat 1 "$SYS/$E1000E/resource0"
  unwatched tell APP store 1 32 0x5200 0x55' \
  "$MMIODBG" read -q -v -p "$APP" "$X+0x5200" "$X+0x5200"
stdout_is "$MARK" 0x00000055
target_stop APP
bus e1000e r 0x5200 4 "$MARK"
bus e1000e r 0x5200 4 0x55
case_end

# The process ends, or becomes another, between two elements.

for way in exit kill exec; do
  case $way in
  exit) hook='tell APP exit 0; wait "$APP"' ;;
  kill) hook='kill -KILL "$APP"; wait "$APP" 2>/dev/null' ;;
  exec) hook='tell APP exec /bin/sleep 600; becomes "$APP" sleep' ;;
  esac

  case_begin "$way of the process in the middle of a range that is read"
  unwatched three_start
  run_held 3 "$hook" "$MMIODBG" read --json -v -p "$APP" -n 3 "$X+0x5200" \
    "@$NVME/bar0+0x8"
  value_is 1 "$MARK"
  error_is 2 gone
  counts_are 1 1 4
  target_stop APP
  unwatched three_start
  run_held 3 "$hook" "$MMIODBG" read -q -v -p "$APP" -n 3 "$X+0x5200"
  stdout_is "$MARK" -
  target_stop APP
  bus e1000e r 0x5200 4 x2+0
  case_end

  case_begin "$way of the process in the middle of a range that is written"
  unwatched three_start
  run_held 3 "$hook" "$MMIODBG" write --json -v -p "$APP" -n 3 --fill \
    "$X+0x5200=7"
  error_is 2 gone
  counts_are 1 1 1
  target_stop APP
  bus e1000e w 0x5200 4 0x7
  case_end

  case_begin "$way of the process between the halves of a read-modify-write"
  unwatched three_start
  run_between 3 "$hook" "$MMIODBG" write --json -p "$APP" "$X+0x5204=7:7" \
    "@$NVME/bar0+0x1000=1"
  error_is 1 gone
  stderr_has "the read was made, the write was not: "
  counts_are 0 1 1
  target_stop APP
  bus e1000e r 0x5204 4
  case_end
done

# vfio-pci: no state of the device makes an access method (a thread of the target
# needs none: tracee-vfio.sh). The command register
# of the config space (+4) is written through vfio, as its user does that.

case_begin "vfio, with memory switched off and on: no access method, always"
modprobe -a vfio-pci vfio_iommu_type1 || fail "no vfio-pci"
sysfs vfio-pci "$SYS/$E1000E/driver_override"
unwatched app_start
unwatched sysfs "$E1000E" /sys/bus/pci/drivers/vfio-pci/bind
unwatched target_start VFIO "vfio:$E1000E:0" "anon,len=4096"
for command in 6 4 6; do
  tell VFIO config 4 $command
  reply_is ok
  tell VFIO load 0 32 8
  case $command in
  6) reply_has "value 0x" ;;
  4) reply_is error: SIGBUS code 2 ;;
  esac
  for words in "read -q @$E1000E/bar0+0x8" "read -q ${VFIO_AT[0]}+0x8" \
    "read -q --force --retry 1s ${VFIO_AT[0]}+0x8" \
    "write @$E1000E/bar0+0x5204=0" "write --force ${VFIO_AT[0]}+0x5204=0:1"; do
    # shellcheck disable=SC2086 # words
    run 7 "$MMIODBG" $words --via kernel -p "$VFIO"
    stdout_is
    stderr_has "no access method"
  done
  # shellcheck disable=SC2086 # words
  run 7 "$MMIODBG" read --json --via kernel -p "$VFIO" "${VFIO_AT[1]}" "@$E1000E/bar0+0x8"
  stdout_has '"kind": "no-access-method"'
done
# It has the region for itself, as any driver.
for place in "${APP_AT[@]}"; do
  run 6 "$MMIODBG" read --json -p "$APP" "$place+0x5200"
  # vfio-pci, or vfio, by kernel
  error_is 1 revoked " owns physical memory" "driver vfio-pci is bound"
done
sigbus 0 1
bus e1000e r 0x8 4 x2+0
target_stop APP
unwatched target_stop VFIO
sysfs "$E1000E" /sys/bus/pci/drivers/vfio-pci/unbind
sysfs '' "$SYS/$E1000E/driver_override"
unwatched enable "$E1000E"
case_end

# PCI remove. It takes the way through sysfs away, and no page: the process's
# own loads go on, and so does whoever comes through /dev/mem.

remove='sysfs 1 "$SYS/$NVME/remove"'
nvme_start()
{
  target_start APP "$SYS/$NVME/resource0" "/dev/mem,off=$NVME_BASE,len=0x4000"
}

nvme_start
case_begin "removed between two reads: revoked through sysfs"
run_held 3 "$remove" "$MMIODBG" read --json -v -p "$APP" "${APP_AT[0]}+0x8" \
  "${APP_AT[0]}+0x8" "${APP_AT[0]}+0x2000" "${APP_AT[1]}+0x8"
value_is 1 0x00010400
error_is 2 revoked "gone from sysfs" "a read of this page worked"
error_is 3 revoked "gone from sysfs"
value_is 4 0x00010400
tell APP load 0 32 0x8
reply_is value 0x00010400
tell APP load 1 32 0x8
reply_is value 0x00010400
bus nvme r 0x8 4 0x00010400 x4+0
case_end

case_begin "removed before: refused, or revoked with --force"
for words in "read -q X+0x8" "write X+0x1000=0" "write X+0x1000=1:1"; do
  # shellcheck disable=SC2086 # words
  run 1 "$MMIODBG" -p "$APP" ${words//X/@$NVME/bar0}
  stdout_is
  stderr_has "left sysfs"
  # shellcheck disable=SC2086 # words
  run 7 "$MMIODBG" -p "$APP" ${words//X/${APP_AT[0]}}
  stdout_is
  stderr_has "gone from sysfs"
  # shellcheck disable=SC2086 # words
  run 6 "$MMIODBG" -p "$APP" --force --json --via kernel \
    ${words//X/${APP_AT[0]}}
  error_is 1 revoked "gone from sysfs"
done
run 0 "$MMIODBG" info -p "$APP" "${APP_AT[0]}"
stdout_like "state +the device is gone from sysfs"
run 0 "$MMIODBG" maps --raw --noheadings -p "$APP" -o DEVICE,PROBLEM
stdout_has "$NVME/bar0 the\\x20device\\x20has\\x20left\\x20sysfs"
# What the process itself still finds.
run 0 "$MMIODBG" -p "$APP" --force read -q "${APP_AT[0]}+0x8"
stdout_is 0x00010400
bus nvme r 0x8 4 0x00010400
case_end

# Nothing has taken the region, so that nothing was taken from /dev/mem.

case_begin "removed before: through /dev/mem the device answers as ever"
run 0 "$MMIODBG" read -q -p "$APP" "${APP_AT[1]}+0x8" "phys:$NVME_BASE+0x8"
stdout_is 0x00010400 0x00010400
run 0 "$MMIODBG" write -p "$APP" "${APP_AT[1]}+0x1000=0"
bus nvme r 0x8 4 0x00010400 x2+0
bus nvme w 0x1000 4 0x0
case_end

case_begin "found again at another address: the old mapping is not the device's"
unwatched sysfs 1 /sys/bus/pci/rescan
read -r start _ <"$SYS/$NVME/resource" || fail "not found again"
check "another address" [ "$start" != "$NVME_BASE" ]
unwatched enable "$NVME"
run 1 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0+0x8"
stdout_is
stderr_has "another address"
run 1 "$MMIODBG" write -p "$APP" "@$NVME/bar0+0x1000=0"
stderr_has "another address"
run 0 "$MMIODBG" info -p "$APP" "${APP_AT[0]}+0x8"
stdout_like "another address now"
run any "$MMIODBG" read -q -p "$APP" "${APP_AT[0]}+0x8"
check "refused, or failed" [ "$STATUS" != 0 ]
stdout_hasnt 0x
bus_none
case_end

case_begin "found again: who maps it now reads it, by the same name"
unwatched target_start AGAIN "$SYS/$NVME/resource0"
tell AGAIN load 0 32 8
reply_is value 0x00010400
run 0 "$MMIODBG" maps --raw --noheadings -p "$AGAIN" -o PCI,PHYSICAL
stdout_is "$NVME/bar0 $(printf '%#x' "$start")"
run 0 "$MMIODBG" read -q -p "$AGAIN" "@$NVME/bar0+0x8" "phys:$start+0x8"
stdout_is 0x00010400 0x00010400
target_stop AGAIN
# The trace knows nvme by its old address: "?" stands for it.
bus_any
case_end
