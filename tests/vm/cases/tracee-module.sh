# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A driver that takes its page away, gives it back and moves it
# (module/mmiodbg_test.c): what a thread of the target meets, where the kernel path
# (module.sh) meets nothing.
#
# Page 0 is nvme's first, page 1 is e1000e's: their registers at +0x8 tell which it
# was. The target $APP has it mapped, by index:
#   0 with generic_access_phys    1 without access    2 with an own one
#   3 with one that fails
#
#vm: devices edu nvme e1000e
#vm: module
#vm: series 6.1 sid
#vm: timeout 300

DEVICE=/dev/mmiodbg-test
IN_NVME=0x00010400
IN_E1000E=0x00080283
enable "$NVME" "$E1000E"
insmod "$MMIODBG_MODULE" "page0=$NVME_BASE" "page1=$E1000E_BASE" ||
  fail "no module"
target_start APP "$DEVICE,len=4096" "$DEVICE,off=4096,len=4096" \
  "$DEVICE,off=8192,len=4096" "$DEVICE,off=12288,len=4096"
for name in bus segv trap; do
  tell APP signal "$name" count
done

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

# is VALUE MAPPING [OPTION...]: what is found at +0x8
is()
{
  run 0 "$MMIODBG" read -q -p "$APP" "${@:3}" "${APP_AT[$2]}+0x8"
  stdout_is "$1"
}

# error_is KIND TEXT...: the first element has this error, and no value
error_is()
{
  local text

  stdout_has "\"error\": { \"kind\": \"$1\","
  stdout_hasnt '"value"'
  for text in "${@:2}"; do
    stdout_like "\"evidence\": \[.*$text.*\]"
  done
}

# revoked MAPPING [OPTION...]: a read at +0x8 meets nothing
revoked()
{
  run 6 "$MMIODBG" read --json -p "$APP" "${@:2}" "${APP_AT[$1]}+0x8"
  error_is revoked SIGBUS
}

# not_written MAPPING VALUE [OPTION...]: a write at +0x28 meets nothing
not_written()
{
  run 6 "$MMIODBG" write --json -p "$APP" "${@:3}" "${APP_AT[$1]}+0x28=$2"
  error_is revoked SIGBUS
  stdout_has '"written": false'
}

case_begin "nothing is there before the first fault: the tracee makes it"
driver_is faults 0 mappings 4
is "$IN_NVME" 0
driver_is faults 1
is "$IN_NVME" 0
is "$IN_NVME" 0 --via kernel
driver_is faults 1
bus nvme r 0x8 4 "$IN_NVME" x3+0
case_end

case_begin "zapped: the tracee's touch brings it back"
driver zap
is "$IN_NVME" 0
driver zap
is "$IN_NVME" 0 --via tracee
driver zap
run 0 "$MMIODBG" read -q --retry 0 -p "$APP" -n 4 "${APP_AT[0]}+0x8"
bus nvme r 0x8 4 "$IN_NVME" x2+0
bus nvme r 0x8 4 x4
case_end

case_begin "revoked: SIGBUS, which the target does not see; restored: it is there"
driver revoke
revoked 0
revoked 0 --retry 0
revoked 0 --via tracee
not_written 0 0
not_written 0 1:1
not_written 0 0x5000 --via tracee
tell APP counts
reply_is counts bus 0 segv 0 trap 0 usr1 0
driver restore
is "$IN_NVME" 0
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "moved: the other page is there at once"
driver move 1
is "$IN_E1000E" 0
run 0 "$MMIODBG" write -q -p "$APP" "${APP_AT[0]}+0x28=0x12345000"
driver move 0
run 0 "$MMIODBG" write -q -p "$APP" "${APP_AT[0]}+0x28=0x6789a000"
is "$IN_NVME" 0
bus e1000e r 0x8 4 "$IN_E1000E"
bus e1000e w 0x28 4 0x12345000
bus nvme w 0x28 4 0x6789a000
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "without an access method: works, and is revoked and back again"
is "$IN_NVME" 1
run 0 "$MMIODBG" write -q -p "$APP" "${APP_AT[1]}+0x28=0x1000" \
  "${APP_AT[1]}+0x28=0x2000:0xf000"
driver revoke
revoked 1
not_written 1 0
driver restore
is "$IN_NVME" 1
bus nvme r 0x8 4 "$IN_NVME"
bus nvme w 0x28 4 0x1000
bus nvme r 0x28 4 0x1000
bus nvme w 0x28 4 0x2000
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "with a method that fails: works"
is "$IN_NVME" 3
driver zap
is "$IN_NVME" 3
run 0 "$MMIODBG" write -q -p "$APP" "${APP_AT[3]}+0x28=0x3000"
bus nvme r 0x8 4 "$IN_NVME" x2+0
bus nvme w 0x28 4 0x3000
case_end

case_begin "with its own method, which needs no entry: revoked only if that says so"
driver zap
is "$IN_NVME" 2
driver revoke
revoked 2
driver restore
bus nvme r 0x8 4 "$IN_NVME"
case_end

case_begin "read-only, though maps says rw-s: a store finds SIGBUS, a load works"
driver readonly
is "$IN_NVME" 0
run 6 "$MMIODBG" write --json -p "$APP" "${APP_AT[0]}+0x28=0"
error_is revoked SIGBUS
stdout_has '"written": false'
run any "$MMIODBG" write --json -p "$APP" "${APP_AT[1]}+0x28=0x1000:0xf000"
check "status $STATUS" [ "$STATUS" = 3 ]
stdout_has '"written": false'
stderr_has "the read was made, the write was not"
driver writable
run 0 "$MMIODBG" write -q -p "$APP" "${APP_AT[1]}+0x28=0x4000"
tell APP counts
reply_is counts bus 0 segv 0 trap 0 usr1 0
bus nvme r 0x8 4 "$IN_NVME"
bus nvme r 0x28 4
bus nvme w 0x28 4 0x4000
case_end

case_begin "permissions that the process itself takes: no load of its own"
tell APP protect 0 none
run 7 "$MMIODBG" read -q --via tracee -p "$APP" "${APP_AT[0]}+0x8"
stdout_is
tell APP protect 0 r
is "$IN_NVME" 0 --via tracee
run 7 "$MMIODBG" write -q --via tracee -p "$APP" "${APP_AT[0]}+0x28=0"
tell APP protect 0 rw
is "$IN_NVME" 0 --via tracee
tell APP counts
reply_is counts bus 0 segv 0 trap 0 usr1 0
bus nvme r 0x8 4 "$IN_NVME" x2+0
case_end

case_begin "revoked between two accesses; it comes back while one is retried"
driver populate
run_held 3 "driver revoke" "$MMIODBG" read -v -q -p "$APP" "${APP_AT[0]}+0x8" \
  "${APP_AT[0]}+0x8"
stdout_is "$IN_NVME" -
driver after 1000 restore
run 0 "$MMIODBG" read -q --retry 60s -p "$APP" "${APP_AT[0]}+0x8"
stdout_is "$IN_NVME"
driver revoke
driver after 1000 restore
run 0 "$MMIODBG" write -q --retry 60s -p "$APP" "${APP_AT[1]}+0x28=0x7000"
bus nvme r 0x8 4 "$IN_NVME" x2+0
bus nvme w 0x28 4 0x7000
case_end

case_begin "a storm: each value is of one of the two pages, or there is none"
driver storm 6000 11
values=0 errors=0
for i in 0 1 2 3; do
  run any "$MMIODBG" read -q --retry 0 -p "$APP" "${APP_AT[i]}+0x8" \
    "${APP_AT[i]}+0x8" "${APP_AT[i]}+0x8" "${APP_AT[i]}+0x8"
  run any "$MMIODBG" read -q --via tracee --retry 0 -p "$APP" \
    "${APP_AT[i]}+0x8" "${APP_AT[i]}+0x8" "${APP_AT[i]}+0x8"
  mapfile -t lines <<<"${STDOUT%$'\n'}"
  for line in "${lines[@]}"; do
    case $line in
    "$IN_NVME" | "$IN_E1000E") values=$((values + 1)) ;;
    -)                         errors=$((errors + 1)) ;;
    *) fail "mapping $i has $line" ;;
    esac
  done
done
echo "# $values values, $errors errors"
check "values" [ "$values" -gt 0 ]
driver_is storm 0 pending 0
driver move 0
is "$IN_NVME" 0
tell APP counts
reply_is counts bus 0 segv 0 trap 0 usr1 0
target_stop APP
bus_any
case_end
