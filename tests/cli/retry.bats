#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Accesses that did not reach the device: how long they are tried again, what
# ends that, and what is said
#
# A file stands in for the device. Cut short, it takes its last page away from
# the target; what is appended brings it back. Unless told otherwise an access
# that the kernel's path did not make is made by a thread of the target, which
# meets SIGBUS then; `kernel` is for what the kernel's path says by itself.

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

prepare() {
  pattern regs
  cp regs regs.before
  pattern other
  cp other other.before
  file=$work/regs
  at=$(region "$file")
  target_start "$file"
  target_options
  # A page that was cut off, and one that was not.
  bad=$at+0x1000
  good=$at+0x10
}

target_options() {
  on=(-p "$pid" --treat-as-device "$file")
  kernel=("${on[@]}" --via kernel)
}

# cut: the second page is gone, for the target and for us
cut_page() {
  truncate -s 4096 regs
}

# It is back, with what was in it.
bring_back() {
  tail -c 4096 regs.before >>regs
}

# The program, in the background

# begin ARGUMENTS...: `program`, with its output in `out` and `err`. A shell
# starts what stands behind with some signals ignored.
begin() {
  env --default-signal true 2>/dev/null || skip 'env sets no signals'
  rm -f out err
  ulimit -c 0
  env --default-signal "$MMIODBG" "$@" >out 2>err </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
}

# is_waiting: it is in a pause between two attempts. There, and only there,
# SIGQUIT and SIGTERM are blocked but not SIGUSR1; the start of an agent blocks
# all, and that of a child of this shell blocks no SIGQUIT.
is_waiting() {
  local - && set +T
  local name mask

  while read -r name mask; do
    [ "$name" != SigBlk: ] || break
  done 2>/dev/null <"/proc/$program/status"
  [ "$name" = SigBlk: ] || fail "it has ended: $(cat err)"
  (((0x$mask & 0x4204) == 0x4004))
}

# begin_waiting ARGUMENTS...: until it waits
begin_waiting() {
  begin "$@"
  wait_until is_waiting
}

# signal_waiting SIGNAL: while it waits
signal_waiting() {
  local - && set +T
  local i

  for ((i = 0; i < 1000; i++)); do
    wait_until is_waiting
    kill -STOP "$program"
    wait_until state_is "$program" T
    if is_waiting; then
      kill -"$1" "$program"
      kill -CONT "$program"
      return
    fi
    kill -CONT "$program"
  done
  fail 'it never waits'
}

# interrupted SIGNAL ARGUMENTS...: it is ended so while it waits. Where a pause
# is over just then, the signal ends it at once and without a word, as one does
# between two pauses: that is tried again.
interrupted() {
  local i number=$1

  shift
  for ((i = 0; i < 10; i++)); do
    begin_waiting "$@"
    signal_waiting "$number"
    ends $((128 + $(kill -l "$number")))
    [ ! -s err ] || return 0
  done
  fail 'it says nothing'
}

is_over() {
  [ ! -e "/proc/$program" ] || state_is "$program" Z
}

# ends STATUS: of it, and soon: not after the minutes that it was given
ends() {
  within 20 wait_until is_over
  status=0
  wait "$program" || status=$?
  [ "$status" = "$1" ] || {
    show out err
    fail "status $status instead of $1"
  }
}

# untouched: the target runs, and nobody traces it
untouched() {
  tell load 0 8 0x10
  [ "$answer" = 'value 0x10' ]
  grep -q '^TracerPid:.0$' "/proc/$pid/status"
}

# How long

@test "an absence of a second is outlasted: read" {
  need jq
  cut_page
  begin_waiting read -v --retry 10m "${kernel[@]}" "$bad" "$good/8"
  sleep 1
  bring_back
  ends 0
  out_is "$bad = $(number 32 0x1000)" "$good/8 = 0x10"
  line='mmiodbg: read 32 bits at .* = 0x[0-9a-f]{8} through kernel, register, '
  line+='[0-9]{2,} attempts in [0-9]{3,}\.[0-9]{3} ms, [0-9.]+ us'
  err_matches "$line"
  line='mmiodbg: read 8 bits at .* = 0x10 through kernel, register, 1 attempt, '
  line+='[0-9.]+ us'
  err_matches "$line"
  [ "$(wc -l <err)" = 2 ]
  cut_page
  begin_waiting read --json --retry 10m "${kernel[@]}" "$bad" "$good/8"
  sleep 1
  bring_back
  ends 0
  err_is
  jq_is '.elements[0].value' "$(number 32 0x1000)"
  jq_is '.elements[0].attempts > 10' true
  # From the first attempt, which came before the second of the sleep.
  jq_is '.elements[0].waited_nanoseconds > 9e8' true
  jq_is '.elements[0].waited_nanoseconds > .elements[0].nanoseconds' true
  jq_is '.elements[1] | .attempts, .waited_nanoseconds | tostring' $'1\n0'
}

@test "an absence of a second is outlasted: write" {
  cut_page
  begin_waiting write -v --retry 10m "${kernel[@]}" "$bad/32le=0x11223344" \
    "$good/8=0x77"
  sleep 1
  bring_back
  ends 0
  out_is
  put_bytes regs.before 0x1000 44 33 22 11
  put_bytes regs.before 0x10 77
  same regs
  [ "$(grep -c 'attempts in' err)" = 1 ]
  [ "$(wc -l <err)" = 2 ]
}

@test "an absence of a second is outlasted: not by --via kernel alone" {
  local via line

  need jq
  for via in auto tracee; do
    cut_page
    begin_waiting read -v --retry 10m --via $via "${on[@]}" "$bad" "$good/8"
    sleep 1
    bring_back
    ends 0
    out_is "$bad = $(number 32 0x1000)" "$good/8 = 0x10"
    line='mmiodbg: read 32 bits at .* = 0x[0-9a-f]{8} through '
    line+='(kernel|tracee), register, [0-9]{2,} attempts in .*'
    err_matches "$line" \
      "mmiodbg: a thread of process $pid was held [0-9]+ times?, for .*"
    [ "$(grep -c attempt err)" = 2 ]
    untouched
    cut_page
    begin_waiting write --json --retry 10m --via $via "${on[@]}" \
      "$bad/32le=0x11223344" "$good/8=0x77"
    sleep 1
    bring_back
    ends 0
    err_is
    jq_is '.elements[0].attempts > 10' true
    jq_is '.elements[0].waited_nanoseconds > 9e8' true
    jq_is '.elements[1].attempts' 1
    # Each attempt found a thread, while the page was gone.
    jq_is '.pause.bursts > 10' true
    put_bytes regs.before 0x1000 44 33 22 11
    put_bytes regs.before 0x10 77
    same regs
    put_bytes regs 0x10 10
    put_bytes regs.before 0x10 10
    untouched
  done
}

@test "an absence of a second is outlasted: --attach and --stop" {
  local option via

  for option in --attach '--stop --max-stop 10m'; do
    for via in kernel auto; do
      cut_page
      # shellcheck disable=SC2086 # words
      begin_waiting read -q --retry 10m --via $via $option "${on[@]}" "$bad" \
        "$good/8"
      stands
      sleep 1
      stands
      [ ! -s out ]
      bring_back
      ends 0
      out_is "$(number 32 0x1000)" 0x10
      err_is
      untouched
    done
  done
}

# stands: the target does if that is asked for, but for the one step of a thread
# that makes an access
stands() {
  case $option-$via in
  --stop*kernel) state_is "$pid" t ;;
  --stop*) wait_until state_is "$pid" t ;;
  esac
}

@test "no time: one attempt" {
  local time

  need jq
  cut_page
  for time in 0 0ns 0us 0ms 0s 0m 0x0s; do
    expect 1 read --json --retry $time "${kernel[@]}" "$bad" -n 2
    jq_is '[.elements[].attempts, .elements[].error.attempts] | unique[]' 1
    jq_is '[.elements[].waited_nanoseconds,
      .elements[].error.waited_nanoseconds] | unique[]' 0
    one_diagnostic_err
    nowhere err attempt
    expect 1 write --json --retry $time "${kernel[@]}" "$bad=5"
    jq_is '.elements[0].attempts' 1
    jq_is '.elements[0].written' false
  done
  expect 1 read -v --retry 0 "${kernel[@]}" "$bad"
  err_matches 'mmiodbg: read 32 bits .* failed through kernel, .*' \
    '.*, register, 1 attempt, [0-9.]+ us'
  # And one of a thread's.
  for time in auto tracee; do
    expect 6 read -v --retry 0 --via $time "${on[@]}" "$bad"
    err_matches 'mmiodbg: read 32 bits .* failed through tracee, .*' \
      '.*, register, 1 attempt, [0-9.]+ us'
    err_has ' held 1 time, '
  done
}

@test "100ms unless told" {
  local via

  need jq
  cut_page
  expect 1 read --json "${kernel[@]}" "$bad"
  # 14, but for a machine that is busy
  jq_is '.elements[0].attempts | . > 4 and . <= 14' true
  jq_is '.elements[0].waited_nanoseconds > 5e7' true
  jq_is '.elements[0].attempts == .elements[0].error.attempts' true
  jq_is '.elements[0].waited_nanoseconds ==
    .elements[0].error.waited_nanoseconds' true
  one_diagnostic_err
  err_matches ".* \\([0-9]+ attempts in [0-9]+ ms\\)(;.*)?"
  expect 1 write --json "${kernel[@]}" "$bad=5"
  jq_is '.elements[0].attempts | . > 4 and . <= 14' true
  expect 1 read --json --retry 1ms "${kernel[@]}" "$bad"
  jq_is '.elements[0].attempts | . > 1 and . <= 6' true
  for via in auto tracee; do
    expect 6 read --json --via $via "${on[@]}" "$bad"
    jq_is '.elements[0].attempts | . > 4 and . <= 14' true
    jq_is '.elements[0].waited_nanoseconds > 5e7' true
    jq_is '.elements[0].attempts == .pause.bursts' true
    one_diagnostic_err
    err_has "by thread $pid of the target met SIGBUS (BUS_ADRERR) (" \
      ' attempts in '
  done
}

@test "the last --retry counts; it may stand before the command" {
  need jq
  cut_page
  expect 1 read --json --retry 10m --retry=0 "${kernel[@]}" "$bad"
  jq_is '.elements[0].attempts' 1
  expect 1 --json --retry 0 read "${kernel[@]}" "$bad"
  jq_is '.elements[0].attempts' 1
}

@test "bad times" {
  local time

  for time in 5 100 -1s -0 +1s 1h 1S 1MS 1sec 1.5s '1 s' ' 1s' '1s ' s ms x '' \
    00 007s 0x 0xs 1e3ms 1s1ms 99999999999999999999s 18446744073709551615us \
    307445734562m 1ns0 $'1s\n'; do
    bad 2 read --retry "$time" "${on[@]}" "$good"
    [ "$(wc -l <err)" = 3 ] || fail "no caret for '$time'"
    err_has --retry
    bad 2 write "--retry=$time" "${on[@]}" "$good=1"
    expect 2 read --dry-run --retry "$time" "${on[@]}" "$good"
  done
  bad 2 read "${on[@]}" "$good" --retry
  same regs
}

@test "times that are none of the bad ones" {
  local time

  for time in 0 1ns 0x10us 1_000ms 2s 5m 18446744073709551615ns 307445734m; do
    expect 0 read -q --retry "$time" "${on[@]}" "$good/8"
    out_is 0x10
    err_is
  done
}

@test "maps and info take no --retry" {
  local command

  for command in maps 'info @0'; do
    # shellcheck disable=SC2086 # words
    bad 2 $command --retry 1s "${on[@]}"
    err_has "takes no --retry"
    # shellcheck disable=SC2086
    bad 2 --retry 1s $command "${on[@]}"
    err_has "takes no --retry"
  done
}

# What else is accessed

@test "a read goes on past a page that is gone" {
  need jq
  cut_page
  expect 3 read -q "${on[@]}" "$at+0xff8..+0x10"
  out_is "$(number 32 0xff8)" "$(number 32 0xffc)" - -
  one_diagnostic_err
  err_has "$bad to $at+0x1004 (2 elements, at most "
  expect 3 read "${on[@]}" "$at+0xffe..+4/8"
  out_is "$at+0xffe: fe ff -- --"
  one_diagnostic_err
  # And to the next location, which is there.
  expect 3 read --json "${on[@]}" "$bad..+0x400" "$good/8"
  jq_is '.elements | length' 257
  jq_is '[.elements[:256][] | has("value")] | unique[]' false
  jq_is '.elements[256].value' 0x10
  jq_is '[.done, .failed, .not_reached] | join(" ")' '1 256 0'
  # The time was used up once, and then each was tried once.
  jq_is '.elements[0].attempts > 4' true
  jq_is '[.elements[1:][].attempts] | unique[]' 1
}

@test "what is back gets the full time again" {
  need jq
  cut_page
  expect 3 read --json --retry 20ms "${on[@]}" "$bad" "$bad" "$good" "$bad"
  jq_is '[.elements[].attempts > 1] | join(" ")' 'true false false true'
}

@test "a write stops there" {
  need jq
  cut_page
  expect 3 write --fill "${on[@]}" "$at+0xff8..+0x10/32le=0x77777777"
  out_is
  put_bytes regs.before 0xff8 77 77 77 77 77 77 77 77
  head -c 4096 regs.before | cmp - regs
  err_has '2 of 4 elements were written' ' attempts in '
  [ "$(wc -l <err)" = 2 ]
  expect 3 write --json "${on[@]}" "$good/8=0x11" "$bad/8=0x22" \
    "$at+0x20/8=0x33"
  put_bytes regs.before 0x10 11
  head -c 4096 regs.before | cmp - regs
  jq_is '[.done, .failed, .not_reached] | join(" ")' '1 1 1'
  jq_is '[.elements[].written] | join(" ")' 'true false'
}

@test "ordinary memory is tried once" {
  need jq
  tell mapat 0 other,off=0x2000,len=0x1000
  base=${map[0]}
  expect 1 read --json --retry 10m -p "$pid" "$base"
  jq_is '.elements[0].class' memory
  jq_is '.elements[0].attempts' 1
}

# faulty FAULT STATUS ARGUMENTS...: under strace; `calls` is then the accesses
# in order, "r r w"
faulty() {
  local fault=$1 wanted=$2

  shift 2
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of "$wanted" strace -qq -o trace -P "/proc/$pid/mem" \
    -e trace=pread64,pwrite64 -e inject="$fault" "$MMIODBG" "$1" --via kernel \
    "${@:2}"
  calls=$(sed -n -e 's/^pread64(.*/r/p' -e 's/^pwrite64(.*/w/p' trace |
    tr '\n' ' ')
  calls=${calls% }
}

@test "a read-modify-write reads once, and only its write is tried again" {
  need strace jq
  faulty pwrite64:error=EIO:when=1..3 0 write --json --retry 10m "${on[@]}" \
    "$good/8=3:0xf"
  [ "$calls" = 'r w w w w' ]
  jq_is '.elements[0] | .attempts, .old, .value | tostring' $'5\n0x10\n0x13'
  put_bytes regs.before 0x10 13
  same regs
  faulty pread64:error=EIO:when=1..2 0 write --retry 10m "${on[@]}" \
    "$good/8=4:0xf"
  [ "$calls" = 'r r r w' ]
  put_bytes regs.before 0x10 14
  same regs
  # In vain: it is partly done, and that is said.
  faulty pwrite64:error=EIO 3 write --retry 20ms "${on[@]}" "$good/8=5:0xf"
  [[ $calls == 'r w w'* && ${calls#r} != *r* ]]
  one_diagnostic_err
  err_matches 'mmiodbg: .*: the read was made, the write was not: .*' \
    '.* \([0-9]+ attempts in [0-9]+ ms\)(;.*)?'
  faulty pread64:error=EIO 1 write --retry 20ms "${on[@]}" "$good/8=5:0xf"
  [[ $calls == 'r r'* && $calls != *w* ]]
  one_diagnostic_err
  nowhere err 'the read was made'
  same regs
}

@test "--verify: the read is tried again, and never the write" {
  need strace
  faulty pread64:error=EIO:when=1..3 0 write --verify --retry 10m "${on[@]}" \
    "$good/8=0x21"
  [ "$calls" = 'w r r r r' ]
  faulty pread64:error=EIO 3 write --verify --retry 20ms "${on[@]}" \
    "$good/8=0x22"
  [[ $calls == 'w r r'* && ${calls#w} != *w* ]]
  bytes_are regs 0x10 22
}

@test "what may have happened is never tried again" {
  need strace
  faulty pread64:retval=2 9 read -q --retry 10m "${on[@]}" "$good"
  [ "$calls" = r ]
  out_is -
  faulty pread64:error=EFAULT 9 read -q --retry 10m "${on[@]}" "$good"
  [ "$calls" = r ]
  faulty pwrite64:retval=1 9 write --retry 10m "${on[@]}" "$good=5"
  [ "$calls" = w ]
  faulty pwrite64:error=EFAULT 9 write --retry 10m "${on[@]}" "$good=5"
  [ "$calls" = w ]
  one_diagnostic
  # Of a read-modify-write, the read was made.
  faulty pwrite64:error=EFAULT 3 write --retry 10m "${on[@]}" "$good=5:0xff"
  [ "$calls" = 'r w' ]
  one_diagnostic
  nowhere err 'the write was not'
  same regs
}

@test "an address space that is gone is not tried again" {
  need strace
  faulty pread64:retval=0 4 read -q --retry 10m "${on[@]}" "$good"
  [ "$calls" = r ]
  out_is -
}

# A page that worked before

@test "what worked before in the run is revoked" {
  need jq
  mkfifo pipe
  "$MMIODBG" read --jsonl --retry 20ms "${kernel[@]}" -n 1024 "$bad" >pipe 2>err \
    </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  IFS= read -r -t 60 -u "$from_program" first
  wait_until state_is "$program" S
  cut_page
  { echo "$first" && cat <&"$from_program"; } >out
  ends 3
  [ "$(wc -l <out)" = 1024 ]
  [ "$(jq -r 'select(.error) | .error.kind' out | sort -u)" = revoked ]
  # Values come first.
  jq -e -s '(map(has("error")) | index(true)) as $n | $n > 0 and
    (.[:$n] | all(has("value"))) and (.[$n:] | all(has("error")))' out
  # The time was used up once.
  [ "$(jq 'select(.error and .attempts > 1) | .attempts' out | wc -l)" = 1 ]
  one_diagnostic_err
  line='mmiodbg: .* elements, at most [0-9]+ attempts\): the mapping was '
  line+='revoked: a read of this page worked earlier in this session; --retry .*'
  err_matches "$line"
  jq -e -s 'map(select(.error))[0].error.evidence |
    any(. == "a read of this page worked earlier in this session")' out
}

@test "what did not work before is not said to be revoked" {
  need jq
  cut_page
  expect 1 read --json "${kernel[@]}" "$bad"
  jq_is '.elements[0].error.kind' unknown
  jq_is '.elements[0].error.evidence | length > 1' true
  jq_is '.elements[0].error.evidence[0]' 'the mapping is as it was'
  expect 3 read --json "${kernel[@]}" "$good" "$bad"
  jq_is '.elements[1].error.kind' unknown
  jq_is '.elements[1].error.evidence |
    any(. == "another page of the mapping worked earlier in this session")' true
}

@test "a thread of the target tells what did not work before" {
  need jq
  cut_page
  for via in auto tracee; do
    expect 3 read --json --via $via "${on[@]}" "$good" "$bad" "$bad/8"
    jq_is '[.elements[] | .error.kind | tostring] | join(" ")' \
      'null revoked revoked'
    jq_is '.elements[1].error.evidence |
      any(test("^a load by thread [0-9]+ of the target met SIGBUS"))' true
    jq_is '.elements[1].error.evidence | any(. == "the mapping is as it was")' \
      true
    expect 6 write --json --via $via "${on[@]}" "$bad=5"
    jq_is '.elements[0].error.kind' revoked
    jq_is '.elements[0].written' false
    err_has "a store by thread $pid of the target met SIGBUS (BUS_ADRERR)"
    untouched
  done
  bring_back
  same regs
}

# What ends the waiting

@test "a signal ends it: JSON is complete, and the target runs" {
  local number option via kind

  need jq
  cut_page
  for number in INT TERM HUP QUIT; do
    for option in '' --attach '--stop --max-stop 10m'; do
      for via in kernel auto; do
        kind=revoked
        [ $via = auto ] || kind=unknown
        # shellcheck disable=SC2086 # words
        interrupted $number read --json --retry 10m --via $via $option \
          "${on[@]}" "$good/8" "$bad" "$good/8" "$good/8"
        jq_is '.elements[0].value' 0x10
        jq_is '[.done, .failed, .not_reached] | join(" ")' '1 1 2'
        jq_is '.elements[1].error.kind' $kind
        jq_is '.elements[1].error.message |
          startswith("interrupted while waiting: ")' true
        jq_is '.elements[1].attempts == .elements[1].error.attempts' true
        untouched
      done
    done
  done
}

@test "a signal ends it: the output is complete" {
  cut_page
  interrupted INT read --retry 10m "${on[@]}" "$at+0xffc..+0x10" "$good/8"
  out_is "$at+0xffc: $(number 32 0xffc | cut -c 3-) --------"
  one_diagnostic_err
  interrupted TERM read -q --retry 10m "${on[@]}" "$good/8" "$bad" "$good/8"
  out_is 0x10 -
  interrupted TERM read --jsonl --retry 10m "${on[@]}" "$good/8" "$bad" \
    "$good/8"
  [ "$(grep -cv '^{.*}$' out)" = 0 ]
  interrupted TERM write --fill --retry 10m "${on[@]}" "$at+0xff8..+0x10=5"
  err_has '2 of 4 elements were written'
  untouched
}

@test "an ignored signal does not end it" {
  cut_page
  # As it is behind nohup, or in the background of a shell.
  rm -f out err
  (
    trap '' INT HUP
    exec env --default-signal=QUIT "$MMIODBG" read -q --retry 10m "${on[@]}" \
      "$bad" >out 2>err </dev/null 3>&-
  ) &
  program=$!
  target_pids+=("$program")
  wait_until is_waiting
  kill -INT "$program"
  kill -HUP "$program"
  sleep 0.1
  wait_until is_waiting
  bring_back
  ends 0
  out_is "$(number 32 0x1000)"
}

@test "a stop of ours is no end: it goes on waiting" {
  cut_page
  begin_waiting read -q --retry 10m "${on[@]}" "$bad"
  kill -STOP "$program"
  wait_until state_is "$program" T
  kill -CONT "$program"
  wait_until is_waiting
  bring_back
  ends 0
  out_is "$(number 32 0x1000)"
}

# options: with which the target is held, one a line
options() {
  printf '%s\n' '' --attach '--stop --max-stop 10m'
}

@test "the target is killed" {
  local option

  while read -r option; do
    cut_page
    # shellcheck disable=SC2086 # words
    begin_waiting read -q --retry 10m $option "${on[@]}" "$bad" "$good"
    kill -KILL "$pid"
    ends 4
    out_is -
    one_diagnostic_err
    err_has "process $pid has ended"
    bring_back
    target_start "$file"
    target_options
  done < <(options)
}

@test "the target is killed, and nobody has waited for it" {
  target_orphan "$file"
  on=(-p "$pid" --treat-as-device "$file")
  cut_page
  begin_waiting write --retry 10m "${on[@]}" "$bad=5"
  kill -KILL "$pid"
  wait_until state_is "$pid" Z
  ends 4
  one_diagnostic
  err_has "process $pid has ended"
}

@test "the target exits" {
  local option

  for option in '' --attach; do
    cut_page
    # shellcheck disable=SC2086 # none
    begin_waiting write --retry 10m $option "${on[@]}" "$bad=5"
    tell exit 0
    ends 4
    one_diagnostic
    bring_back
    target_start "$file"
    target_options
  done
  same regs
}

@test "the target execs" {
  local option

  for option in '' --attach; do
    cut_page
    # shellcheck disable=SC2086 # none
    begin_waiting write --retry 10m $option "${on[@]}" "$bad=5"
    tell exec /bin/sleep 600
    ends 4
    one_diagnostic
    err_has exec
    grep -qx sleep "/proc/$pid/comm"
    bring_back
    target_start "$file"
    target_options
  done
  same regs
}

@test "the target unmaps" {
  local command

  for command in read write; do
    cut_page
    if [ $command = read ]; then
      begin_waiting read -q --retry 10m "${on[@]}" "$bad"
    else
      begin_waiting write --retry 10m "${on[@]}" "$bad=5"
    fi
    tell unmap 0
    # Were it looked at again, there would be something.
    bring_back
    ends 6
    one_diagnostic_err
    err_has 'not there any more'
    same regs
    target_start "$file"
    target_options
  done
}

@test "the target maps something else in its place" {
  local command tries

  for command in read write; do
    for ((tries = 0; tries < 10; tries++)); do
      cut_page
      if [ $command = read ]; then
        begin_waiting read -q --retry 10m "${on[@]}" "$bad"
      else
        begin_waiting write --retry 10m "${on[@]}" "$bad=5"
      fi
      tell mapat 0 other
      within 20 wait_until is_over
      # In the moment between a check and its write it may still happen: then
      # that is said, and it starts over.
      [ $command = write ] && grep -q 'perhaps to something else' err || break
      ends 9
      cp other.before other
      bring_back
      target_start "$file"
      target_options
    done
    ends 6
    one_diagnostic_err
    err_has 'replaced by another'
    nowhere out 0x
    same other
    bring_back
    target_start "$file"
    target_options
  done
}

@test "the target maps the same in its place: it goes on waiting" {
  cut_page
  begin_waiting read -q --retry 10m "${on[@]}" "$bad"
  tell mapat 0 regs
  wait_until is_waiting
  bring_back
  ends 0
  out_is "$(number 32 0x1000)"
}

@test "--max-stop ends it, when the target has stood still for so long" {
  need jq
  cut_page
  begin read --json --retry 10m --stop --max-stop 500ms "${on[@]}" "$good/8" \
    "$bad" "$good/8"
  wait_until is_over
  status=0
  wait "$program" || status=$?
  [ "$status" = 3 ]
  jq_is '.elements[0].value' 0x10
  jq_is '.elements[1].error | has("kind")' true
  jq_is '[.elements[] | has("value")] | join(" ")' 'true false'
  jq_is .not_reached 1
  untouched
}

# Outputs

@test "a full disk is said, and the first failure counts" {
  local format

  [ -c /dev/full ] || skip 'no /dev/full'
  cut_page
  into_full() {
    "$MMIODBG" "$@" >/dev/full
  }
  for format in '' -q --json --jsonl; do
    # shellcheck disable=SC2086 # none
    expect_of 3 into_full read $format --retry 5ms "${on[@]}" "$at+0xffc..+8"
    err_has 'standard output: No space left on device' ' attempts in '
    # shellcheck disable=SC2086 # none
    expect_of 1 into_full read $format --retry 5ms "${on[@]}" "$good"
    one_diagnostic
  done
}

@test "--dry-run waits for nothing, and makes no attempt" {
  need strace jq
  cut_page
  traced 0 read --dry-run --retry 10m "${on[@]}" "$bad"
  [ ! -s accesses ]
  expect 0 read --json --dry-run --retry 10m "${on[@]}" "$bad"
  jq_is '.elements[0] | .attempts, .waited_nanoseconds | tostring' $'0\n0'
}
