#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --attach and --stop, on targets in which they are difficult: what is refused,
# and that the target goes on as if nothing had been
#
# Each situation is a real one, which mmiothreads makes. Where something takes
# its time, that is awaited; lengths of time are measured by the target.

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

: "${MMIOTHREADS:=$top_builddir/tests/target/mmiothreads}"
[[ $MMIOTHREADS == /* ]] || MMIOTHREADS=$PWD/$MMIOTHREADS
patience=${MMIODBG_TEST_PATIENCE:-1}

prepare() {
  # By this its agents are known.
  export STOP_TEST=$work
}

# The target

# begin OPTIONS...: a target in a situation. Sets `pid`, `address`, `other` (a
# process) and `thread`, and `at`, where it has 0x5e1f0010.
begin() {
  begin_of "$MMIOTHREADS" "$@"
}

begin_of() {
  local - && set +T
  local number=${#target_pids[@]} line=

  mkfifo "to.$number" "from.$number"
  "$@" <"to.$number" >"from.$number" 2>"target.$number.err" 3>&- &
  target_pids+=($!)
  exec {to_target}>"to.$number" {from_target}<"from.$number"
  IFS= read -r -t 60 -u "$from_target" line ||
    fail "no target: $(cat "target.$number.err")"
  read -r _ pid address other thread <<<"$line"
  printf -v at '%#x' $((address + 0x40))
  [ "$pid" = "${target_pids[-1]}" ] || target_pids+=("$pid")
  [ "$other" = 0 ] || target_pids+=("$other")
}

# answers ANSWER WORDS...: the target does, to that command
answers() {
  local wanted=$1

  shift
  tell "$@"
  [ "$answer" = "$wanted" ] || fail "$*: $answer instead of $wanted"
}

# untouched PID: none of its threads is traced, or in the stop of a tracer
untouched() {
  local - && set +T
  local found

  # Threads may end meanwhile.
  found=$(cat "/proc/$1/task/"*/status 2>/dev/null |
    grep -E '^(TracerPid:.*[1-9]|State:.t)') || return 0
  fail "process $1 is traced: $found"
}

is_untouched() {
  untouched "$1" >/dev/null 2>&1
}

# no_agent: none of ours is left; other tests may run
no_agent() {
  local - && set +T
  local comm

  # shellcheck disable=SC2013 # words
  for comm in $(grep -lsx mmiodbg-agent /proc/[0-9]*/comm); do
    ! grep -qsz "^STOP_TEST=$work$" "${comm%comm}environ" ||
      fail "an agent is left: ${comm//[!0-9]/}"
  done
}

# goes_on: the target does, and nothing is left of us
goes_on() {
  no_agent
  untouched "$pid"
  [ "$other" = 0 ] || untouched "$other"
  answers ok ping
  expect 0 read -q -p "$pid" "$at"
  out_is 0x5e1f0010
}

# is_traced PID: all of its threads are
is_traced() {
  ! grep -hs '^TracerPid:.0$' "/proc/$1/task/"*/status >/dev/null
}

# all_stopped PID: by a tracer
all_stopped() {
  ! cat "/proc/$1/task/"*/status 2>/dev/null | grep '^State:' |
    grep -qv 'State:.[tZ]'
}

# stops ARGUMENTS...: a stop that works, and goes unseen
# A stop on a machine that is busy.
long=$((10 * patience))s

stops() {
  expect 0 read -q --stop --max-stop $long -p "$pid" "$@" "$at"
  out_is 0x5e1f0010
  err_is
  no_agent
  untouched "$pid"
}

attaches() {
  expect 0 read -q --attach -p "$pid" "$at"
  out_is 0x5e1f0010
  err_is
  no_agent
  untouched "$pid"
}

# refuses TEXT ARGUMENTS...: a stop, which is status 7
refuses() {
  local text=$1

  shift
  refused 7 read --stop -p "$pid" "$@" "$at"
  err_has "$text"
  no_agent
  untouched "$pid"
}

# A long command in the background

# run_long ARGUMENTS...: `program`, until it has made some accesses
run_long() {
  "$MMIODBG" read -q "$@" -p "$pid" -n 100000000 "$address" >/dev/null 2>err \
    </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  wait_until has_read
  [ -e "/proc/$program/io" ] || fail "it has ended: $(cat err)"
}

has_read() {
  # Or it has ended: then there is nothing to wait for.
  [ -e "/proc/$program/io" ] || return 0
  awk '/^rchar/ { exit $2 < 200000 }' "/proc/$program/io" 2>/dev/null
}

# ends STATUSES: of it, as in a pattern
ends() {
  local status=0

  within 60 await_program
  [[ $status == ["$1"] ]] || {
    show err
    fail "status $status instead of one of $1"
  }
  no_agent
}

await_program() {
  wait "$program" || status=$?
}

# end_long: by a signal. Nothing is left of the agent a moment later.
end_long() {
  kill "$program"
  wait "$program" 2>/dev/null || :
  wait_until is_untouched "$pid"
  wait_until no_agent 2>/dev/null
}

# begin_pipe ARGUMENTS...: reads a page, and waits in a pipe for somebody to take
# the results; what was stopped goes on by then, and is attached to
begin_pipe() {
  rm -f pipe
  mkfifo pipe
  "$MMIODBG" read --jsonl "$@" -p "$pid" "$address" -n 1024 >pipe 2>err \
    </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  IFS= read -r -t 60 -u "$from_program" first
}

# end_pipe: takes them, into `out`
end_pipe() {
  { echo "$first" && cat <&"$from_program"; } >out
  exec {from_program}<&-
}

large=(--large=400000000)

# Plain targets

@test "1, 8 and 64 threads" {
  local threads option s

  need jq
  for threads in 1 8 64; do
    begin --threads=$threads
    s=s
    [ $threads != 1 ] || s=
    for option in --stop --attach '--attach --stop'; do
      # shellcheck disable=SC2086 # words
      expect 0 read -q $option -p "$pid" "$at"
      out_is 0x5e1f0010
      err_is
      # shellcheck disable=SC2086
      expect 0 read --json $option -p "$pid" "$at" -n 4
      err_is
      jq_is '[.elements[].value] | join(" ")' \
        '0x5e1f0010 0x5e1f0011 0x5e1f0012 0x5e1f0013'
      if [ "$option" = --attach ]; then
        jq_is 'has("stop")' false
      else
        jq_is '.stop | keys | join(" ")' 'nanoseconds threads'
        jq_is .stop.threads $threads
        jq_is '.stop.nanoseconds > 1000 and .stop.nanoseconds < 1e9' true
      fi
      goes_on
    done
    expect 0 read -v --stop --max-stop $long -p "$pid" "$at"
    err_matches "mmiodbg: process $pid \\($threads thread$s\\) stood still for\
 [0-9]+\\.[0-9]{3} us"
    expect 0 read --jsonl --stop --max-stop $long -p "$pid" "$at" -n 3
    [ "$(jq -c 'select(has("value"))' out | wc -l)" = 3 ]
    [ "$(tail -n 1 out | jq .stop.threads)" = $threads ]
    [ "$(jq -c 'select(has("stop"))' out | wc -l)" = 1 ]
    expect 0 write --force --stop --max-stop 10s -p "$pid" "$address=7"
    expect 0 read -q -p "$pid" "$address"
    out_is 0x00000007
    goes_on
  done
}

@test "--dry-run attaches nothing" {
  local option

  need strace
  begin --threads=4
  for option in --stop --attach; do
    ASAN_OPTIONS=detect_leaks=0 expect_of 0 strace -qq -f -o trace \
      -e trace=ptrace,fork,vfork,clone,clone3,kcmp "$MMIODBG" read --dry-run \
      $option -p "$pid" "$at"
    ! grep -vE 'exited|resumed' trace
    [ $option = --attach ] || out_has "would stop process $pid for 1s at most"
  done
  goes_on
}

@test "nothing is printed while the target stands still" {
  local format

  need strace
  begin --threads=4
  for format in -v -q --json --jsonl; do
    ASAN_OPTIONS=detect_leaks=0 expect_of 0 strace -qq -f -o trace \
      -e trace=ptrace,write,writev "$MMIODBG" read $format --stop \
      --max-stop $long -p "$pid" "$address" -n 1024
    grep -q 'PTRACE_INTERRUPT' trace
    grep -q 'PTRACE_CONT' trace
    awk '
      /PTRACE_INTERRUPT/ { begun = 1 }
      / writev?\([12],/ { if (begun) printed = 1; written = 1 }
      /PTRACE_CONT/ { if (printed) bad = 1 }
      END { exit bad || !written }' trace
  done
  goes_on
}

# Whom it does not stop

@test "refused: usage" {
  local time

  begin
  refused 2 read --max-stop 1s -p "$pid" "$at"
  err_has 'there is none'
  refused 2 read --attach --max-stop 1s -p "$pid" "$at"
  for time in 5 0s 1.5s 5h -1s 99999999999999999999s '' s 1S '1 s' 1sec; do
    refused 2 read --stop --max-stop "$time" -p "$pid" "$at"
    err_has --max-stop
  done
  for time in 1ms 250000us 999999999ns 1m 0x10ms; do
    expect 0 read --dry-run --stop --max-stop $time -p "$pid" "$at"
  done
  refused 2 maps --max-stop 1s
  refused 2 maps --stop
  refused 2 info --max-stop 1s -p "$pid" "$at"
  refused 2 info --attach -p "$pid" "$at"
  goes_on
}

@test "refused: itself, its ancestors and process 1" {
  local - && set +T

  # The only way to know our own number: to be a shell before. Without address
  # randomisation it has the same addresses as its first run.
  need setarch
  # shellcheck disable=SC2016 # of the inner shell
  base=$(setarch -R "$MMIODBG" --version >/dev/null &&
    setarch -R "$BASH" -c 'exec "$0" maps -v -p $$' "$MMIODBG" |
    grep -oE '0x[0-9a-f]+' | head -n 1) || :
  if [ -n "$base" ]; then
    for option in --attach --stop; do
      # shellcheck disable=SC2016
      expect_of 7 setarch -R "$BASH" -c 'exec "$@" -p $$' - "$MMIODBG" read \
        $option "$base"
      one_diagnostic
      err_has 'is this mmiodbg itself'
    done
  fi
  # shellcheck disable=SC2016
  script='read -r map </proc/$$/maps; "$@" -p $$ "0x${map%%-*}"; exit'
  expect_of 7 "$BASH" -c "$script" - "$MMIODBG" read --stop
  one_diagnostic
  err_matches 'mmiodbg: process [0-9]+ is an ancestor of ours, and is not stopped;.*'
  expect_of 7 "$BASH" -c "($script)" - "$MMIODBG" read --stop --force
  err_has 'is an ancestor of ours'
  expect_of 0 "$BASH" -c "$script" - "$MMIODBG" read --attach
  if [ $EUID = 0 ] && read -r map 2>/dev/null </proc/1/maps; then
    refused 7 read --stop -p 1 "0x${map%%-*}"
    err_has 'process 1 is never stopped'
    untouched 1
  fi
}

@test "refused: a captured tree" {
  local option

  tree_begin
  tree_process 4242 dpdk-app
  tree_mapping 0x10000000 0x1000 rw-p 0 '' 'rd wr mr mw me ac sd'
  for option in --attach --stop; do
    refused 2 read $option -p 4242 0x10000000
    err_has 'captured tree'
  done
}

@test "another process has the address space" {
  local signal

  for signal in 0 17; do
    begin --threads=4 --share=$signal
    refused 7 read --stop -p "$pid" "$at"
    err_has "process $other (mmiothreads) has the same address space as\
 process $pid"
    goes_on
    refused 7 read --stop --force -p "$pid" "$at"
    goes_on
    # And of that one: ours has it, too.
    refused 7 read --stop -p "$other" "$at"
    err_has "process $pid (mmiothreads) has the same address space as\
 process $other"
    goes_on
    attaches
    goes_on
    state_is "$other" S
    answers ok release
    is_gone "$other"
    stops
  done
}

@test "another process gets the address space while it is attached" {
  local signal

  for signal in 0 17; do
    begin --threads=4 "${large[@]}"
    run_long --attach
    tell share $signal
    other=${answer#process }
    target_pids+=("$other")
    wait_until is_untouched "$other"
    is_traced "$pid"
    state_is "$other" S
    end_long
    untouched "$other"
    state_is "$other" S
    answers ok ping
  done
}

@test "a vfork child has the address space" {
  begin --threads=4 --vfork
  refused 7 read --stop -p "$pid" "$at"
  err_has "process $other (mmiothreads) has the same address space as\
 process $pid"
  goes_on
  attaches
  goes_on
  state_is "$other" S
}

@test "a thread waits for its vfork child, which has its own address space" {
  begin --threads=4 --vfork-alone
  refused 1 read --stop --max-stop 200ms -p "$pid" "$at"
  err_has "thread $thread did not stop within 200ms" \
    'waits for the child of its vfork'
  goes_on
  attaches
  goes_on
  state_is "$other" S
}

# The main thread

@test "the main thread has ended" {
  need jq
  begin --threads=8 --leader-gone
  state_is "$pid" Z
  attaches
  stops
  expect 0 read --json --stop --max-stop $long -p "$pid" "$at"
  jq_is .stop.threads 8
  goes_on
}

# exec

# A diagnostic of the element that was not read any more, and perhaps one before
# it, of those that were read since the last look at the target.
gone_err() {
  local -a lines

  mapfile -t lines <err
  if [[ ${#lines[@]} == 2 &&
    ${lines[0]} == 'mmiodbg: '*'read was made, but perhaps of'* &&
    ${lines[1]} == 'mmiodbg: '* ]]; then
    is_clean err
  else
    one_diagnostic_err
  fi
}

loop_has() {
  grep -q "$1" "/proc/$pid/maps" 2>/dev/null
}

@test "a program that executes itself all the time" {
  local round option status done=0

  head -c 8192 /dev/zero | tr '\0' A >one
  head -c 8192 /dev/zero | tr '\0' B >two
  begin "--exec-loop=$work/one,$work/two"
  for ((round = 0; round < 100; round++)); do
    option=--stop
    ((round % 2)) || option=--attach
    status=0
    timeout -s KILL $((20 * patience)) "$MMIODBG" read -q $option \
      --treat-as-device "$work/one" -p "$pid" "$(region "$work/one")" -n 64 \
      >out 2>err 3>&- || status=$?
    # 3: after some of the 64 elements.
    [[ $status == [01346] ]] || {
      show out err
      fail "status $status with $option"
    }
    ! grep -vE '^(0x41414141|-)$' out || fail 'the value of another program'
    case $status in
    0) [ "$(wc -l <out)" = 64 ] && done=$((done + 1)) ;;
    *) gone_err ;;
    esac
  done
  no_agent
  [ "$done" -gt 0 ] || fail 'not one has been read'
  wait_until loop_has "$work/one"
  wait_until loop_has "$work/two"
}

@test "exec while it is attached" {
  local who

  for who in leader thread; do
    begin --threads=4 "${large[@]}"
    run_long --attach
    answers ok exec $who /bin/sleep 600
    ends 34
    gone_err
    err_has exec
    untouched "$pid"
    grep -qx sleep "/proc/$pid/comm"
    state_is "$pid" S
  done
}

@test "exec while it is attached: the elements" {
  local who

  need jq
  for who in leader thread; do
    begin --threads=4
    begin_pipe --attach
    answers ok exec $who /bin/sleep 600
    # It goes on, though we are still attached and wait in the pipe.
    wait_until grep -qx sleep "/proc/$pid/comm"
    wait_until state_is "$pid" S
    end_pipe
    ends 03
    untouched "$pid"
    # Its pipe may have taken all of them before.
    ! grep -q '"error"' out ||
      [ "$(jq -r 'select(.error) | .error.kind' out)" = gone ]
    ! jq -e 'select(has("value")) |
      select(.value | startswith("0x5e1f") | not)' out
  done
}

# Ends

@test "the target exits while it is attached" {
  begin --threads=4 "${large[@]}"
  run_long --attach
  printf 'exit 7\n' >&"$to_target"
  target_ends
  ends 34
  gone_err
  # Whichever comes first: the end of its memory, or of itself.
  err_matches '.*process [0-9]+ (has ended|is gone: it has ended or .*)'
}

@test "the target is killed in a state of the agent: that is what is told" {
  local state process agent

  for state in started attached looked interrupted stopped; do
    begin --threads=4
    mkfifo "pause.$state"
    exec 8<>"pause.$state"
    MMIODBG_TEST_AGENT=$state:$PWD/pause.$state "$MMIODBG" read -q --stop \
      --max-stop 700ms -p "$pid" "$at" >out 2>err 3>&- 8>&- &
    process=$!
    read -r -t $((20 * patience)) agent <&8 || fail "$state: no agent"
    [ -d "/proc/$agent" ] || fail "$state: the agent is gone"
    kill -KILL "$pid"
    status=0
    wait $process || status=$?
    exec 8>&-
    [ $status = 4 ] || {
      show out err
      fail "$state: status $status"
    }
    err_has "process $pid has ended"
    ! grep -F 'runs on' err
    [ "$(wc -l <err)" = 1 ]
    ! grep 0x out
  done
}

@test "the target is killed while it stands still" {
  begin --threads=8 "${large[@]}"
  run_long --stop --max-stop 10m
  all_stopped "$pid"
  kill -KILL "$pid"
  target_ends
  ends 34
  one_diagnostic_err
  err_matches '.*process [0-9]+ (has ended|is gone: it has ended or .*)'
}

# Coming and going

# often ROUNDS: stops and attaches, which may fail for want of time
often() {
  local i option done=0 limit=$((10 * patience))

  for ((i = 0; i < $1; i++)); do
    for option in "--stop --max-stop=${limit}s" --attach; do
      status=0
      # shellcheck disable=SC2086 # words
      timeout -s KILL $((2 * limit)) "$MMIODBG" read -q $option -p "$pid" \
        "$at" >out 2>err 3>&- || status=$?
      untouched "$pid"
      if [ $status = 0 ]; then
        out_is 0x5e1f0010
        err_is
        done=$((done + 1))
      else
        [ $status = 1 ] || fail "status $status of $option: $(cat err)"
        one_diagnostic
        err_has "process $pid changed until the time was up"
      fi
    done
  done
  [ "$done" -gt 0 ] || fail 'not once in time'
}

@test "50 threads that start others and end" {
  begin --threads=8 --churn=50
  often 10
  goes_on
}

@test "threads of CLONE_UNTRACED" {
  begin --threads=4 --untraced=8
  often 10
  goes_on
}

@test "200 processes that come and go" {
  local child

  # All of them run at once, and we would wait behind them.
  begin_of nice -n 19 "$MMIOTHREADS" --threads=4 --forks=200
  often 10
  goes_on
  while read -r child; do
    untouched "$child"
  done < <(cat "/proc/$pid/task/"*/children | tr ' ' '\n')
}

@test "4000 threads" {
  need jq
  if [ "$(ulimit -u)" != unlimited ] && [ "$(ulimit -u)" -lt 5000 ] ||
    [ "$(</proc/sys/kernel/threads-max)" -lt 8000 ]; then
    [ "${CI:-}" != true ] || fail 'no 4000 threads are permitted'
    skip 'no 4000 threads are permitted'
  fi
  begin --threads=4000
  attaches
  expect 0 read --json --stop --max-stop $((10 * patience))s -p "$pid" "$at"
  jq_is .stop.threads 4000
  goes_on
}

# Calls that notice

@test "calls with a limit of time that any stop interrupts" {
  local call

  for call in epoll_wait epoll_pwait semtimedop rt_sigtimedwait recvfrom read \
    io_getevents; do
    begin --threads=3 --call=$call:600000
    refused 7 read --stop -p "$pid" "$at"
    err_has "thread $thread is in $call, which fails with EINTR"
    goes_on
    refused 7 write --stop -p "$pid" "$at=0x5e1f0010"
    goes_on
    attaches
    # It waits, still.
    grep -q '^[0-9]' "/proc/$pid/task/$thread/syscall"
    stops --force
    tell result
    [[ $answer == 'result -1 EINTR '* ]] || fail "$call: $answer"
    goes_on
  done
}

@test "the same calls without a limit" {
  local call i value

  for call in epoll_wait epoll_pwait semtimedop rt_sigtimedwait recvfrom read \
    io_getevents futex poll ppoll; do
    begin --threads=3 --call=$call
    for i in 1 2 3; do
      stops
    done
    attaches
    grep -q '^[0-9]' "/proc/$pid/task/$thread/syscall"
    answers ok wake
    tell result
    case $call in
    semtimedop | futex) value=0 ;;
    rt_sigtimedwait) value=12 ;;
    *) value=1 ;;
    esac
    [[ $answer == "result $value - "* ]] || fail "$call: $answer"
    goes_on
    # A handler interrupts it as ever.
    begin --threads=3 --call=$call
    stops
    answers ok signal
    tell result
    [[ $answer == 'result -1 EINTR '* ]] || fail "$call, a signal: $answer"
    goes_on
  done
}

@test "a write that has done a part" {
  begin --threads=3 --call=write
  refused 7 read --stop -p "$pid" "$at"
  err_has "thread $thread is in write" 'only a part of its work'
  goes_on
  answers ok wake
  tell result
  [[ $answer == 'result 131072 - '* ]]
  begin --threads=3 --call=write
  stops --force
  tell result
  [[ $answer =~ ^result\ ([0-9]+)\ - && ${BASH_REMATCH[1]} -lt 131072 ]]
  goes_on
}

@test "calls with a limit of time that go on" {
  local calls=(nanosleep clock_nanosleep poll ppoll futex) call i
  local -A pids ats froms tos

  for call in "${calls[@]}"; do
    begin --threads=2 --call="$call:3000"
    pids[$call]=$pid ats[$call]=$at
    froms[$call]=$from_target tos[$call]=$to_target
  done
  # In the middle: what begins anew lasts for 5 seconds.
  sleep 2
  for i in 1 2 3; do
    for call in "${calls[@]}"; do
      pid=${pids[$call]} at=${ats[$call]}
      stops
    done
  done
  for call in "${calls[@]}"; do
    pid=${pids[$call]} at=${ats[$call]}
    from_target=${froms[$call]} to_target=${tos[$call]}
    tell result
    [[ $answer =~ ^result\ (-1 ETIMEDOUT|0 -)\ ([0-9]+)$ ]] ||
      fail "$call: $answer"
    [ "${BASH_REMATCH[2]}" -ge 3000 ] && [ "${BASH_REMATCH[2]}" -lt 5000 ] ||
      fail "$call: $answer"
    goes_on
  done
}

# A seccomp filter

@test "a filter: a sleep is not interrupted, whatever is forced" {
  local option

  begin --threads=3 --filter --call=nanosleep:4000
  for option in '' --force; do
    # shellcheck disable=SC2086 # none
    refused 7 read --stop $option -p "$pid" "$at"
    err_has "thread $thread is in nanosleep under a seccomp filter"
    goes_on
  done
  attaches
  tell result
  [[ $answer == 'result 0 - '* ]]
  goes_on
}

@test "a filter: a wait without limit goes on" {
  begin --threads=3 --filter --call=poll
  stops
  stops
  answers ok wake
  tell result
  [[ $answer == 'result 1 - '* ]]
  goes_on
}

@test "a filter: many short sleeps, and no stop kills" {
  local i force stopped=0

  begin --threads=3 --filter --naps
  for ((i = 0; i < 200; i++)); do
    force=()
    ((i % 2)) || force=(--force)
    status=0
    timeout -s KILL $((20 * patience)) "$MMIODBG" read -q --stop \
      --max-stop $long \
      "${force[@]}" -p "$pid" "$at" >out 2>err 3>&- || status=$?
    case $status in
    0) stopped=$((stopped + 1)) ;;
    7) ;;
    *)
      show out err
      fail "status $status in round $i"
      ;;
    esac
    answers ok naps
  done
  goes_on
}

# Job control

# seen EVENTS: the parent's waitpid has told of these, and of no other
seen() {
  answers "seen${1:+ $1}" seen
}

has_seen() {
  tell seen
  [ "$answer" = "seen $1" ]
}

@test "a target that is stopped by a signal stays so" {
  begin --director --threads=4
  kill -STOP "$pid"
  wait_until has_seen stopped:19
  for _ in 1 2; do
    stops
    state_is "$pid" T
    attaches
    state_is "$pid" T
  done
  seen stopped:19
  kill -CONT "$pid"
  wait_until has_seen 'stopped:19 continued:0'
  goes_on
  stops
  kill -STOP "$pid"
  wait_until has_seen 'stopped:19 continued:0 stopped:19'
  kill -CONT "$pid"
  wait_until has_seen 'stopped:19 continued:0 stopped:19 continued:0'
  goes_on
}

# stays_stopped: each of its threads stands, and is traced
stays_stopped() {
  wait_until all_stopped "$pid"
  for _ in {1..5}; do
    tell seen
    all_stopped "$pid"
    is_traced "$pid"
  done
}

@test "a target that is stopped by a signal stays so while it is attached" {
  local option

  begin --director --threads=4
  kill -STOP "$pid"
  wait_until has_seen stopped:19
  for option in --attach --stop; do
    begin_pipe $option
    stays_stopped
    end_pipe
    ends 0
    state_is "$pid" T
    untouched "$pid"
  done
  seen stopped:19
  kill -CONT "$pid"
  wait_until has_seen 'stopped:19 continued:0'
  # And after a stop that both have asked for.
  begin_pipe --stop --max-stop $long
  kill -STOP "$pid"
  wait_until has_seen 'stopped:19 continued:0 stopped:19'
  stays_stopped
  kill -CONT "$pid"
  wait_until has_seen 'stopped:19 continued:0 stopped:19 continued:0'
  answers ok ping
  is_traced "$pid"
  end_pipe
  ends 0
  goes_on
}

@test "a signal stops the target while it is attached" {
  begin --director --threads=4 "${large[@]}"
  at=$address
  run_long --attach
  kill -STOP "$pid"
  wait_until has_seen stopped:19
  end_long
  state_is "$pid" T
  seen stopped:19
  run_long --attach
  kill -CONT "$pid"
  wait_until has_seen 'stopped:19 continued:0'
  kill -STOP "$pid"
  wait_until has_seen 'stopped:19 continued:0 stopped:19'
  end_long
  state_is "$pid" T
  kill -CONT "$pid"
  wait_until has_seen 'stopped:19 continued:0 stopped:19 continued:0'
  answers ok ping
}

@test "a signal stops or continues the target while it stands still" {
  begin --director --threads=4 "${large[@]}"
  run_long --stop --max-stop 10m
  all_stopped "$pid"
  kill -STOP "$pid"
  end_long
  wait_until has_seen stopped:19
  wait_until state_is "$pid" T
  run_long --stop --max-stop 10m
  all_stopped "$pid"
  kill -CONT "$pid"
  end_long
  wait_until has_seen 'stopped:19 continued:0'
  answers ok ping
  state_is "$pid" S
  seen 'stopped:19 continued:0'
}

# Signals

@test "signals with values come all, in order" {
  begin --director --threads=4 "${large[@]}"
  run_long --attach
  answers ok send 1000
  answers 'received 1000 wrong 0' received 1000
  end_long
  run_long --stop --max-stop 10m
  all_stopped "$pid"
  answers ok send 1000
  answers 'received 1000 wrong 0' received 1000
  end_long
  answers 'received 2000 wrong 0' received 2000
  at=$address
  printf 'send 4000\n' >&"$to_target"
  for _ in {1..20}; do
    expect 0 read -q --stop --max-stop $long -p "$pid" "$at"
    expect 0 read -q --attach -p "$pid" "$at"
  done
  IFS= read -r -t 60 -u "$from_target" answer
  answers 'received 6000 wrong 0' received 6000
  untouched "$pid"
}

# Another architecture

# in_call: of the target's main thread
in_call() {
  [[ $(cat "/proc/$pid/syscall") == "$1 "* ]]
}

@test "a 32-bit target" {
  need_narrow
  # epoll_wait without a limit, and with one
  begin_of ./narrow 256 epoll events 1 -1
  wait_until in_call 256
  stops
  stops
  attaches
  in_call 256
  begin_of ./narrow 256 epoll events 1 600000
  wait_until in_call 256
  refused 7 read --stop -p "$pid" "$at"
  err_has "thread $pid is in epoll_wait, which fails with EINTR"
  untouched "$pid"
  stops --force
  answer=
  IFS= read -r -t 60 -u "$from_target" answer
  [ "$answer" = 'result -4' ]
  # nanosleep
  begin_of ./narrow 162 time 0
  wait_until in_call 162
  stops
  answer=
  IFS= read -r -t 60 -u "$from_target" answer
  [ "$answer" = 'result 0' ]
}

# Other tracers

traced_already() {
  local option

  for option in --attach --stop '--stop --force'; do
    # shellcheck disable=SC2086 # words
    refused 5 read $option -p "$pid" "$at"
    err_has "attaching to process $pid, which process $1 ($2) traces already" \
      'can be read and written all the same'
    no_agent
  done
  expect 0 read -q -p "$pid" "$at"
  out_is 0x5e1f0010
  expect 0 write --force -p "$pid" "$at=0x5e1f0010"
}

is_tracer() {
  grep -q "^TracerPid:.$1$" "/proc/$pid/status"
}

@test "a target that strace traces" {
  need strace
  begin --threads=4
  strace -qq -f -o strace.out -p "$pid" 3>&- &
  tracer=$!
  target_pids+=("$tracer")
  wait_until is_tracer "$tracer"
  traced_already "$tracer" strace
  is_tracer "$tracer"
  kill "$tracer"
  wait "$tracer" || :
  stops
  goes_on
}

@test "a target that gdb traces" {
  need gdb
  begin --threads=4
  mkfifo to.gdb
  gdb -q -nx -iex 'set debuginfod enabled off' -p "$pid" <to.gdb >gdb.out 2>&1 \
    3>&- &
  tracer=$!
  target_pids+=("$tracer")
  exec {to_gdb}>to.gdb
  wait_until is_tracer "$tracer"
  traced_already "$tracer" gdb
  printf 'detach\nquit\n' >&"$to_gdb"
  wait "$tracer" || :
  wait_until is_untouched "$pid"
  stops
  goes_on
}
