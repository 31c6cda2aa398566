# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016 # what waits in quotes is a hook
#
# TTM's buffers, which stay nowhere: bochs moves those that are shown into its 16
# MiB of video memory, and others out of it. The driver's access method reaches
# those in memory, a thread of the target all of them. What is read must be right, or
# an error.
#
# $APP has four buffers of 5 MiB, of which the video memory holds three, and one
# that is never shown. The words of buffer I are 0xb0I0000, 0xb0I0001 and so on.
#
# An access through TTM's method makes a buffer the one that was used last, so
# that it is not evicted soon: to be tried again keeps it where it is.
#
#vm: series 6.1 6.12
#vm: also 6.12
#vm: devices edu vga
#vm: timeout 600

WORDS=128

# error_is N KIND TEXT: the N-th element of the JSON has this error, with TEXT
# in its message or evidence, and no value; sets $ATTEMPTS
error_is()
{
  local -a lines

  mapfile -t lines <<<"$STDOUT"
  [[ ${lines[$1]-} == *"\"error\": { \"kind\": \"$2\","*"$3"* ]] ||
    fail "element $1 is '${lines[$1]-}', expected $2, $3"
  [[ ${lines[$1]-} != *'"value"'* ]] || fail "element $1 has a value"
  ATTEMPTS=0
  [[ ${lines[$1]-} =~ \"error\":.*\"attempts\":\ ([0-9]+) ]]
  ATTEMPTS=${BASH_REMATCH[1]:-0}
}

# words_of I: what it holds, as `check` wants it
words_of()
{
  printf 0x%x $((0xb000000 + ($1 << 16)))
}

# right I...: stdout has the words of these buffers, each right or "-"; counts
# both in $VALUES and $ERRORS
right()
{
  local -a lines
  local i j wanted line=0

  VALUES=0 ERRORS=0
  mapfile -t lines <<<"${STDOUT%$'\n'}"
  check "all lines" [ ${#lines[@]} = $(($# * WORDS)) ]
  for i; do
    for ((j = 0; j < WORDS; j++)); do
      printf -v wanted 0x%08x $((0xb000000 + (i << 16) + j))
      case ${lines[line]-} in
      "$wanted") VALUES=$((VALUES + 1)) ;;
      -)         ERRORS=$((ERRORS + 1)) ;;
      *) fail "buffer $i: word $j is ${lines[line]-}, or $wanted, or -" ;;
      esac
      line=$((line + 1))
    done
  done
}

# show I...: one after the other
show()
{
  local i

  for i; do
    tell APP show "$i"
    [[ $REPLY == ok ]] || fail "show $i: $REPLY"
  done
}

modprobe bochs || fail "no bochs"
buffer=drm:/dev/dri/card0,width=1280,height=1024
target_start APP $buffer $buffer $buffer $buffer $buffer
# The device clears its memory when the mode is set.
show 0 1 2 3
for i in 0 1 2 3; do
  tell APP fill "$i" 0 "$WORDS" "$(words_of "$i")"
done

case_begin "TTM: the device, its driver and the driver's method are known"
flags_are APP /dev/dri/card0 rd wr sh mr mw me ms pf io de dd sd
run 0 "$MMIODBG" maps --raw --noheadings -p "$APP" \
  -o KIND,DEVICE,PCI,DRIVER,CLASS,BACKENDS
stdout_has "drm dri/card0 $VGA bochs-drm buffer kernel:8,16,32,64"
run 0 "$MMIODBG" info -p "$APP" "${APP_AT[0]}"
stdout_like "access +driver method"
bus_none
case_end

case_begin "TTM, in memory: reads are right, touched before or not"
run 0 "$MMIODBG" read -q -p "$APP" -n $WORDS "${APP_AT[0]}"
right 0
run 0 "$MMIODBG" read -q -p "$APP" "${APP_AT[4]}+0x4ffffc" "${APP_AT[4]}" \
  "${APP_AT[0]}+0x8/64" "${APP_AT[0]}+0x5/8" "${APP_AT[0]}+0x6/16"
stdout_is 0x00000000 0x00000000 0x0b0000030b000002 0x00 0x0b00
bus_none
case_end

case_begin "TTM, in memory: writes change what is said, and nothing else"
tell APP fill 4 0 1024 0x44000000
run 0 "$MMIODBG" write -p "$APP" "${APP_AT[4]}+0x10=0x12345678" \
  "${APP_AT[4]}+0x14=0xff:0xf0" "${APP_AT[4]}+0xffc=0x7"
for words in "0 4 0x44000000" "0x10 1 0x12345678" "0x14 1 0x440000f5" \
  "0x18 1017 0x44000006" "0xffc 1 7"; do
  # shellcheck disable=SC2086 # words
  tell APP check 4 $words
  reply_is ok
done
tell APP load 4 32 0x1000
reply_is value 0x00000000
bus_none
case_end

kernel=("--via" kernel "-p" "$APP")

case_begin "TTM, in video memory: an error, and no value, touched or not"
unwatched show 0
for touched in no yes; do
  run 1 "$MMIODBG" read --json --retry 0 "${kernel[@]}" "${APP_AT[0]}"
  error_is 1 unknown "the driver's own access method"
  check "one attempt" [ "$ATTEMPTS" = 1 ]
  run 1 "$MMIODBG" read --json "${kernel[@]}" "${APP_AT[0]}"
  error_is 1 unknown "Input/output error"
  check "more than one attempt" [ "$ATTEMPTS" -gt 1 ]
  run 1 "$MMIODBG" read -q "${kernel[@]}" -n $WORDS "${APP_AT[0]}"
  right 0
  stderr_has "may be where that does not reach"
  run 1 "$MMIODBG" write --json "${kernel[@]}" "${APP_AT[0]}=1"
  error_is 1 unknown "the driver's own access method"
  run 1 "$MMIODBG" write --json "${kernel[@]}" "${APP_AT[0]}=1:1"
  error_is 1 unknown "the driver's own access method"
  tell APP check 0 0 "$WORDS" "$(words_of 0)"
  reply_is ok
  echo "# touched: $touched"
done
flags_are APP /dev/dri/card0 rd wr sh mr mw me ms pf io de dd sd
bus_none
case_end

# Away and back again, so that no touch of before has left an entry.
case_begin "TTM, in video memory: a thread of the target reads and writes it"
unwatched show 1 2 3 0
for via in auto tracee; do
  run 0 "$MMIODBG" read -q --via $via -p "$APP" -n $WORDS "${APP_AT[0]}"
  right 0
  check "all values" [ "$VALUES" = "$WORDS" ]
  run 0 "$MMIODBG" read -q --via $via -p "$APP" "${APP_AT[0]}+0x8/64" \
    "${APP_AT[0]}+0x5/8" "${APP_AT[0]}+0x6/16"
  stdout_is 0x0b0000030b000002 0x00 0x0b00
  run 0 "$MMIODBG" write --via $via -p "$APP" "${APP_AT[0]}+0x2000=0x12345678" \
    "${APP_AT[0]}+0x2000=0xff:0xf0" "${APP_AT[0]}+0x2008/64=0x1122334455667788"
  tell APP load 0 32 0x2000
  reply_is value 0x123456f8
  tell APP load 0 64 0x2008
  reply_is value 0x1122334455667788
  tell APP fill 0 0x2000 8 0
done
run 0 "$MMIODBG" read --json -p "$APP" "${APP_AT[0]}"
stdout_has '"backend": "tracee"'
stdout_has '"class": "buffer"'
tell APP check 0 0 "$WORDS" "$(words_of 0)"
reply_is ok
bus_none
case_end

case_begin "TTM, evicted: right again"
unwatched show 1 2 3
run 0 "$MMIODBG" read -q "${kernel[@]}" -n $WORDS "${APP_AT[0]}"
right 0
run 3 "$MMIODBG" read -q "${kernel[@]}" -n $WORDS "${APP_AT[3]}" "${APP_AT[0]}"
right 3 0
check "one buffer of two" [ "$VALUES" = "$WORDS" ]
for via in auto tracee; do
  run 0 "$MMIODBG" read -q --via $via -p "$APP" -n $WORDS "${APP_AT[3]}" \
    "${APP_AT[0]}"
  right 3 0
  check "two buffers of two" [ "$VALUES" = $((2 * WORDS)) ]
done
bus_none
case_end

case_begin "TTM, moved between two reads: an error, then, or the right one"
run_held 3 'unwatched show 0' "$MMIODBG" read --json -v "${kernel[@]}" \
  "${APP_AT[0]}" "${APP_AT[0]}+0x4" "${APP_AT[0]}+0x1000"
error_is 2 unknown "the driver's own access method"
error_is 3 unknown "the driver's own access method"
stdout_has '"value": "0x0b000000"'
unwatched show 1 2 3
run_held 0 'unwatched show 0' "$MMIODBG" read -q -v -p "$APP" "${APP_AT[0]}" \
  "${APP_AT[0]}+0x4" "${APP_AT[0]}+0x1000"
stdout_is 0x0b000000 0x0b000001 0x00000000
stderr_like "through kernel.*through tracee.*through tracee"
bus_none
case_end

case_begin "TTM, moved between two writes: the first is kept, the second not made"
unwatched show 1 2 3
run_held 3 'unwatched show 0' "$MMIODBG" write --json -v "${kernel[@]}" \
  "${APP_AT[0]}=1" "${APP_AT[0]}+0x4=2" "${APP_AT[0]}+0x8=3"
error_is 2 unknown "the driver's own access method"
stdout_has '"done": 1, "failed": 1, "not_reached": 1'
tell APP check 0 0 1 1
reply_is ok
tell APP check 0 4 $((WORDS - 1)) $(($(words_of 0) + 1))
reply_is ok
tell APP store 0 32 0 "$(words_of 0)"
unwatched show 1 2 3
run_held 0 'unwatched show 0' "$MMIODBG" write --json -v -p "$APP" \
  "${APP_AT[0]}=1" "${APP_AT[0]}+0x4=2" "${APP_AT[0]}+0x8=3"
stdout_has '"done": 3, "failed": 0, "not_reached": 0'
tell APP check 0 0 3 1
reply_is ok
tell APP fill 0 0 "$WORDS" "$(words_of 0)"
bus_none
case_end

case_begin "TTM: --retry waits until it has come back"
(
  read -r -t 1 <>"$WORK/never"
  tell APP cycle 1 3
) &
run 0 "$MMIODBG" read --json --retry 60s "${kernel[@]}" "${APP_AT[0]}+0x4"
stdout_has '"value": "0x0b000001"'
[[ $STDOUT =~ \"attempts\":\ ([0-9]+) ]]
check "attempts: ${BASH_REMATCH[1]}" [ "${BASH_REMATCH[1]}" -gt 10 ]
wait $!
tell APP cycled
echo "# $REPLY times, ${BASH_REMATCH[1]} attempts"
bus_any
case_end

# Of each buffer in turn one word, so that none is kept by the accesses. Each access
# waits for moves of 5 MiB.
turns=$((${MMIODBG_VM_ELEMENTS:-100} / 12))
for via in kernel auto tracee; do
  case_begin "TTM, moved all the time, $via: each value is right, or there is none"
  locations=() wanted=()
  for ((j = 0; j < turns; j++)); do
    for i in 0 1 2 3; do
      printf -v location '%s+%#x' "${APP_AT[i]}" $((4 * j))
      printf -v value 0x%08x $((0xb000000 + (i << 16) + j))
      locations+=("$location")
      wanted+=("$value")
    done
  done
  tell APP cycle 0 3
  reply_is ok
  values=0 errors=0
  for ((round = 0; round < 3; round++)); do
    run any "$MMIODBG" read -q --via $via --retry 0 -p "$APP" "${locations[@]}" \
      >/dev/null
    mapfile -t lines <<<"${STDOUT%$'\n'}"
    check "${#lines[@]} lines, status $STATUS: $STDERR" \
      [ ${#lines[@]} = ${#wanted[@]} ]
    for ((j = 0; j < ${#wanted[@]}; j++)); do
      case ${lines[j]:-} in
      "${wanted[j]}") values=$((values + 1)) ;;
      -)              errors=$((errors + 1)) ;;
      *) fail "${locations[j]} is ${lines[j]:-}, not ${wanted[j]}" ;;
      esac
    done
  done
  tell APP cycled
  echo "# $REPLY times, $values values, $errors errors"
  check "values" [ "$values" -gt 0 ]
  [[ $via != kernel ]] || check "errors" [ "$errors" -gt 0 ]
  bus_any
  case_end

  case_begin "TTM, moved all the time, $via: a write hits its buffer, or nothing"
  for i in 0 1 2 3; do
    tell APP fill "$i" 0x2000 $((turns + 1)) 0
  done
  locations=()
  for ((j = 0; j < turns; j++)); do
    for i in 0 1 2 3; do
      printf -v location '%s+%#x=%#x' "${APP_AT[i]}" $((0x2000 + 4 * j)) \
        $((0xc000000 + (i << 16) + j))
      locations+=("$location")
    done
  done
  tell APP cycle 0 3
  done=0
  for ((round = 0; round < 6; round++)); do
    run any "$MMIODBG" write --json --via $via --retry 1s -p "$APP" \
      "${locations[@]:done}" >/dev/null
    [[ $STDOUT =~ \"done\":\ ([0-9]+) ]]
    done=$((done + ${BASH_REMATCH[1]:-0}))
    ((done < ${#locations[@]})) || break
  done
  tell APP cycled
  echo "# $REPLY times, $done writes in $((round + 1)) runs"
  check "writes" [ "$done" -gt 0 ]
  for i in 0 1 2 3; do
    n=$(((done + 3 - i) / 4))
    tell APP check "$i" 0 "$WORDS" "$(words_of "$i")"
    [[ $REPLY == ok ]] || fail "buffer $i: $REPLY"
    tell APP check "$i" 0x2000 "$n" $((0xc000000 + (i << 16)))
    [[ $REPLY == ok ]] || fail "buffer $i, of $n written: $REPLY"
    tell APP check "$i" $((0x2000 + 4 * n)) 1 "$n"
    [[ $REPLY == ok || $STDOUT == *'"kind": "indeterminate"'* ]] ||
      fail "buffer $i, behind $n: $REPLY"
  done
  bus_any
  case_end
done

target_stop APP
