# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # STATUS is for the words
#
# A driver that takes its page away, gives it back and moves it, whenever it is
# told to (module/mmiodbg_test.c): what the kernel path meets then, what the
# process itself meets, and which device sees it. What a thread of the process meets
# that is made to do it: tracee-module.sh.
#
# Page 0 is nvme's first, page 1 is e1000e's: their registers at +0x8 tell which
# it was. The target $APP has it mapped, by index:
#   0 with generic_access_phys    1 without access    2 with an own one
#   3 with one that fails
#
#vm: devices edu nvme e1000e
#vm: module
#vm: series 6.1 6.12 sid
#vm: also 6.12
#vm: timeout 300

DEVICE=/dev/mmiodbg-test
IN_NVME=0x00010400
IN_E1000E=0x00080283
enable "$NVME" "$E1000E"
insmod "$MMIODBG_MODULE" "page0=$NVME_BASE" "page1=$E1000E_BASE" ||
  fail "no module"
target_start APP "$DEVICE,len=4096" "$DEVICE,off=4096,len=4096" \
  "$DEVICE,off=8192,len=4096" "$DEVICE,off=12288,len=4096"

# driver COMMAND...: it is done then
driver()
{
  printf '# driver: %s\n' "$*"
  echo "$*" >"$DEVICE" || fail "driver $*"
}

# driver_is NAME VALUE...: once nothing is under way
driver_is()
{
  local line

  read -r line <"$DEVICE"
  printf '# driver: %s\n' "$line"
  while (($# >= 2)); do
    [[ " $line " == *" $1 $2 "* ]] || fail "the driver says $line, not $1 $2"
    shift 2
  done
}

# is VALUE MAPPING [OPTION...]: what the kernel path finds at +0x8
is()
{
  run 0 "$MMIODBG" read -q --via kernel -p "$APP" "${@:3}" "${APP_AT[$2]}+0x8"
  stdout_is "$1"
}

UNKNOWN="Input/output error; the mapping is still there; either the driver offers no \
access method or its pages were taken away"
# What is said of a mapping of which nothing is known.
FLAGS="VmFlags: rd "
METHOD="whether the driver offers an access method is not known"

# undecided COMMAND...: fails, with all that can be said of an unknown driver
undecided()
{
  run 1 "$@"
  stdout_hasnt '"value"'
  error_is unknown "$UNKNOWN" "the mapping is as it was" "$METHOD" "$FLAGS" \
    "the kernel said: Input/output error"
}

# fails MAPPING: a read at +0x8, at once
fails()
{
  undecided "$MMIODBG" read --via kernel --json --retry 0 -p "$APP" \
    "${APP_AT[$1]}+0x8"
  stdout_has '"attempts": 1,'
}

# write_fails MAPPING: a write at +0x28
write_fails()
{
  undecided "$MMIODBG" write --via kernel --json --retry 0 -p "$APP" \
    "${APP_AT[$1]}+0x28=0"
  stdout_has '"written": false'
}

# error_is KIND MESSAGE EVIDENCE...: so says the JSON; MESSAGE is its beginning
error_is()
{
  local text

  stdout_has "\"error\": { \"kind\": \"$1\", \"errno\": 5, \"message\": \"$2"
  for text in "${@:3}"; do
    stdout_like "\"evidence\": \[.*$text.*\]"
  done
}

# run_meanwhile STATUS HOOK COMMAND...: as run; but HOOK (words of the shell)
# runs while COMMAND waits before a further attempt.
run_meanwhile()
{
  local expected=$1 hook=$2 process number deadline=$((SECONDS + 30))

  shift 2
  printf '$ %s    # meanwhile: %s\n' "$*" "$hook"
  "$@" </dev/null >"$WORK/stdout" 2>"$WORK/stderr" &
  process=$!
  # In ppoll(2)?
  while ! { read -r number _ <"/proc/$process/syscall" &&
    [[ $number == 271 ]]; } 2>/dev/null; do
    if ((SECONDS > deadline)) || [[ ! -d /proc/$process ]]; then
      fail "run_meanwhile: it did not wait: $*"
      break
    fi
    read -r -t 0.001 <>"$WORK/never"
  done
  eval "$hook"
  STATUS=0
  wait "$process" || STATUS=$?
  _slurp STDOUT "$WORK/stdout"
  _slurp STDERR "$WORK/stderr"
  _judge "$expected" "$@"
}

# target_has VALUE MAPPING: what the process finds there
target_has()
{
  tell APP load "$2" 32 8
  reply_is "value $1"
}

# target_faults MAPPING: it finds nothing
target_faults()
{
  tell APP load "$1" 32 8
  reply_is "error: SIGBUS code 2"
}

case_begin "nothing is there before the first fault, which the kernel path makes not"
fails 0
driver_is faults 0 mappings 4
target_has "$IN_NVME" 0
driver_is faults 1
is "$IN_NVME" 0
driver_is faults 1
bus nvme r 0x8 4 "$IN_NVME" x2+0
case_end

case_begin "zapped: nothing is there until the process touches it"
driver zap
fails 0
fails 0
target_has "$IN_NVME" 0
is "$IN_NVME" 0
bus nvme r 0x8 4 "$IN_NVME" x2+0
case_end

case_begin "revoked: nothing is there, for the process neither; restored: a fault brings it back"
driver revoke
fails 0
target_faults 0
fails 0
driver restore
fails 0
target_has "$IN_NVME" 0
is "$IN_NVME" 0
bus nvme r 0x8 4 "$IN_NVME" x2+0
case_end

case_begin "populated: it is there without a fault"
driver revoke
fails 0
read -r before <"$DEVICE"
driver populate
is "$IN_NVME" 0
read -r after <"$DEVICE"
check "no fault was made" \
  [ "${before#*faults }" = "${after#*faults }" ]
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "moved: the other page is there, for all accesses, once something is"
driver move 1
fails 0
target_has "$IN_E1000E" 0
is "$IN_E1000E" 0
driver populate
is "$IN_E1000E" 0
run 0 "$MMIODBG" write -q --via kernel -p "$APP" "${APP_AT[0]}+0x28=0x12345000"
driver move 0
fails 0
driver populate
is "$IN_NVME" 0
run 0 "$MMIODBG" write -q --via kernel -p "$APP" "${APP_AT[0]}+0x28=0x6789a000"
target_has "$IN_NVME" 0
bus e1000e r 0x8 4 "$IN_E1000E" x3+0
bus e1000e w 0x28 4 0x12345000
bus nvme r 0x8 4 "$IN_NVME"
bus nvme w 0x28 4 0x6789a000
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "read-only: reads work, and no store, though maps says rw-s"
driver readonly
fails 0
driver populate
is "$IN_NVME" 0
write_fails 0
# What the read of a masked write has shown.
run 3 "$MMIODBG" write --via kernel --json --retry 0 -p "$APP" "${APP_AT[0]}+0x8=0:1"
error_is unknown "the read was made, the write was not: Input/output error; the \
mapping is still there, and this page worked before; either it cannot be written \
now or its pages were taken away" "a read of this page worked"
tell APP store 0 32 0x28 0
reply_is "error: SIGBUS code 2"
target_has "$IN_NVME" 0
run 0 "$MMIODBG" maps -p "$APP"
stdout_like 'rw-s.*mmiodbg-test'
driver writable
driver populate
run 0 "$MMIODBG" write -q --via kernel -p "$APP" "${APP_AT[0]}+0x28=0x1000"
tell APP store 0 32 0x28 0x2000
reply_is ok
bus nvme r 0x8 4 "$IN_NVME" x3+0
bus nvme w 0x28 4 0x00001000
bus nvme w 0x28 4 0x00002000
case_end

case_begin "permissions that the process itself takes and gives back"
tell APP protect 0 r
run 7 "$MMIODBG" write -q --via kernel -p "$APP" "${APP_AT[0]}+0x28=0"
stderr_has "read-only"
is "$IN_NVME" 0
tell APP protect 0 rw
reply_is ok
tell APP store 0 32 0x28 0x3000
reply_is ok
run 0 "$MMIODBG" write -q --via kernel -p "$APP" "${APP_AT[0]}+0x28=0x4000"
bus nvme r 0x8 4 "$IN_NVME"
bus nvme w 0x28 4 0x00003000
bus nvme w 0x28 4 0x00004000
case_end

case_begin "without an access method: the kernel path fails, whatever is there"
target_has "$IN_NVME" 1
fails 1
driver zap
fails 1
driver populate
fails 1
target_has "$IN_NVME" 1
bus nvme r 0x8 4 "$IN_NVME" x2+0
case_end

case_begin "with one that follows the page: it needs no entry, and goes where the page is"
driver zap
is "$IN_NVME" 2
driver move 1
is "$IN_E1000E" 2
driver revoke
fails 2
driver move 0
driver restore
is "$IN_NVME" 2
run 0 "$MMIODBG" write -q --via kernel -p "$APP" "${APP_AT[2]}+0x28=0x5000"
driver readonly
write_fails 2
driver writable
bus nvme r 0x8 4 "$IN_NVME"
bus e1000e r 0x8 4 "$IN_E1000E"
bus nvme r 0x8 4 "$IN_NVME"
bus nvme w 0x28 4 0x00005000
case_end

case_begin "with one that fails: the kernel path does, and the process does not"
driver populate
fails 3
target_has "$IN_NVME" 3
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "later: what is told with 'after' is done by itself, and can be waited for"
driver revoke
fails 0
driver after 20 populate
driver_is revoked 0 pending 0
is "$IN_NVME" 0
driver after 20 move 1
driver_is page 1
fails 0
driver move 0
driver populate
bus nvme r 0x8 4 "$IN_NVME"
case_end

# Retries

case_begin "it comes back while a read is retried: one access, where the page is by then"
driver revoke
run_meanwhile 0 "driver move 1; driver populate" \
  "$MMIODBG" read --via kernel --json --retry 30s -p "$APP" "${APP_AT[0]}+0x8"
stdout_has "\"value\": \"$IN_E1000E\""
stdout_like '"attempts": ([2-9]|[0-9]{2,}),'
stdout_like '"waited_nanoseconds": [1-9]'
driver zap
run_meanwhile 0 "target_has $IN_E1000E 0" \
  "$MMIODBG" read --via kernel -q --retry 30s -p "$APP" "${APP_AT[0]}+0x8"
stdout_is "$IN_E1000E"
driver move 0
driver populate
bus e1000e r 0x8 4 "$IN_E1000E" x3+0
case_end

case_begin "it comes back while a write is retried: one access, where the page is by then"
driver revoke
run_meanwhile 0 "driver move 1; driver populate" \
  "$MMIODBG" write --via kernel -v --retry 30s -p "$APP" "${APP_AT[0]}+0x28=0x77000"
stderr_like '[0-9]+ attempts in [0-9]'
driver readonly
driver populate
run_meanwhile 0 "driver writable; driver move 0; driver populate" \
  "$MMIODBG" write --via kernel -q --retry 30s -p "$APP" "${APP_AT[0]}+0x28=0x88000"
bus e1000e w 0x28 4 0x00077000
bus nvme w 0x28 4 0x00088000
case_end

case_begin "it does not come back: tried until the time is over"
driver revoke
undecided "$MMIODBG" read --via kernel --json --retry 300ms -p "$APP" \
  "${APP_AT[0]}+0x8"
stdout_like '"attempts": ([2-9]|[0-9]{2,}), "waited_nanoseconds": [1-9][0-9]{7,} '
run 1 "$MMIODBG" read --via kernel -q -p "$APP" "${APP_AT[0]}+0x8"
stdout_is -
stderr_like "^mmiodbg: 0x[0-9a-fx+]+: $UNKNOWN \([0-9]+ attempts in [0-9]+ ms\); "
stderr_has "a driver that puts pages in late does so when the target itself touches"
driver populate
bus_none
case_end

case_begin "taken away between two reads of a session: revoked"
run_held 3 "driver revoke" "$MMIODBG" read --via kernel --json -v -p "$APP" \
  "${APP_AT[0]}+0x8" "${APP_AT[0]}+0x8"
stdout_has "\"value\": \"$IN_NVME\""
error_is revoked "the mapping was revoked: a read of this page worked" \
  "the mapping is as it was" "$METHOD" "a read of this page worked"
stdout_has '"done": 1, "failed": 1, "not_reached": 0'
driver populate
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "taken away between two writes: the second is not made, and no later one"
run_held 3 "driver zap" "$MMIODBG" write --via kernel --json -v -p "$APP" \
  "${APP_AT[0]}+0x28=0x1000" "${APP_AT[0]}+0x28=0x2000" "${APP_AT[0]}+0x28=0x3000"
# Or made read-only, for all that a write can tell.
error_is unknown "Input/output error; the mapping is still there, and this page \
worked before; either it cannot be written now or its pages were taken away" \
  "a write of this page worked"
stdout_has '"done": 1, "failed": 1, "not_reached": 1'
target_has "$IN_NVME" 0
bus nvme w 0x28 4 0x00001000
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "moved between two reads: the second is of the other page"
run_held 0 "driver move 1; driver populate" "$MMIODBG" read --via kernel -q -v \
  -p "$APP" "${APP_AT[0]}+0x8" "${APP_AT[0]}+0x8"
stdout_is "$IN_NVME" "$IN_E1000E"
driver move 0
driver populate
bus nvme r 0x8 4 "$IN_NVME"
bus e1000e r 0x8 4 "$IN_E1000E"
case_end

# More than one mapping

case_begin "several processes and mappings: all of them lose it, and get it back"
target_start OTHER "$DEVICE,len=4096" "$DEVICE,len=4096,prot=r" \
  "$DEVICE,off=8192,len=4096"
driver_is mappings 7
driver zap
for i in 0 1; do
  undecided "$MMIODBG" read --via kernel --json --retry 0 -p "$OTHER" \
    "${OTHER_AT[i]}+0x8"
done
fails 0
driver populate
for i in 0 1 2; do
  run 0 "$MMIODBG" read -q --via kernel -p "$OTHER" "${OTHER_AT[i]}+0x8"
  stdout_is "$IN_NVME"
done
is "$IN_NVME" 0
tell OTHER unmap 1
reply_is ok
driver_is mappings 6
driver move 1
driver populate
run 0 "$MMIODBG" read -q --via kernel -p "$OTHER" "${OTHER_AT[0]}+0x8"
stdout_is "$IN_E1000E"
is "$IN_E1000E" 0
target_stop OTHER
driver_is mappings 4
driver move 0
driver populate
bus nvme r 0x8 4 "$IN_NVME" x4+0
bus e1000e r 0x8 4 "$IN_E1000E" x2+0
case_end

case_begin "eager: a new mapping gets it without a fault"
driver eager
target_start EAGER "$DEVICE,len=4096"
driver_is eager 1 pending 0
run 0 "$MMIODBG" read -q --via kernel -p "$EAGER" "${EAGER_AT[0]}+0x8"
stdout_is "$IN_NVME"
target_stop EAGER
driver lazy
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "a storm has an end, and then the page is there"
driver storm 300 7
if echo "storm 300 7" 2>/dev/null >"$DEVICE"; then
  fail "two storms at once"
fi
driver_is storm 0 pending 0 revoked 0
run 0 "$MMIODBG" read --via kernel -q -p "$APP" "${APP_AT[0]}+0x8"
driver move 0
driver populate
is "$IN_NVME" 0
bus_any
case_end

case_begin "a storm while mappings come and go"
target_start OTHER "$DEVICE,len=4096" "$DEVICE,len=4096"
driver eager
driver storm 1500 9
for ((i = 0; i < 40; i++)); do
  tell OTHER mapat 0 "$DEVICE,off=$((i % 4 * 4096)),len=4096"
  tell OTHER many 3 "$DEVICE,len=4096"
  tell OTHER unmap 1
  tell OTHER map "$DEVICE,len=4096,prot=r"
  tell OTHER load 0 32 0x8
done
target_start THIRD "$DEVICE,len=4096" "$DEVICE,off=8192,len=4096"
tell OTHER exec /bin/true
target_stop THIRD
target_stop OTHER
driver_is storm 0 mappings 4
driver lazy
driver move 0
driver populate
is "$IN_NVME" 0
bus_any
case_end

case_begin "what the driver does not take"
for words in "" revok "move" "move 2" "move 0 1" "after 1" "after x revoke" \
  "after 1 after 1 revoke" "storm 1" "populate now"; do
  run 1 "$BASH" -c "echo '$words' >$DEVICE"
  stderr_has "Invalid argument"
done
for spec in "off=16384,len=4096" "len=8192" "len=4096,private"; do
  tell APP map "$DEVICE,$spec"
  reply_is "error: $DEVICE: Invalid argument"
done
run 1 rmmod mmiodbg_test
stderr_has "in use"
driver_is mappings 4
bus_none
case_end

case_begin "it goes when nobody has it open; memory it does not take"
target_stop APP
driver after 60000 revoke
run 0 rmmod mmiodbg_test
check "the device is gone" [ ! -e "$DEVICE" ]
run 1 insmod "$MMIODBG_MODULE"
run 1 insmod "$MMIODBG_MODULE" page0=0x100000 "page1=$NVME_BASE"
run 1 insmod "$MMIODBG_MODULE" "page0=$NVME_BASE" page1=0xfee00001
kernel_log_has "not a page of a device"
run 0 insmod "$MMIODBG_MODULE" "page0=$NVME_BASE" "page1=$E1000E_BASE"
run 0 rmmod mmiodbg_test
bus_none
case_end
