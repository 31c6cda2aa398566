#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The target changes while it is looked at: before the first access, and in the
# middle of a run
#
# Nothing here depends on time: the program waits in a pipe that nobody
# empties, or is stopped by a signal at a system call.

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

prepare() {
  launcher=()
  pattern regs
  cp regs regs.before
  pattern other
  cp other other.before
  file=$work/regs
  at=$(region "$file")
  target_start "$file"
  base=${map[0]}
  on=(-p "$pid" --treat-as-device "$file")
}

start_orphan() {
  target_orphan "$file"
  on=(-p "$pid" --treat-as-device "$file")
}

# In the middle of a run

# begin_read ARGUMENTS...: reads all of the region, 2048 elements, and waits in
# the pipe when it has made some of them
begin_read() {
  rm -f pipe
  mkfifo pipe
  "${launcher[@]}" "$MMIODBG" read --jsonl "${on[@]}" "$@" -n 2048 "$at" \
    >pipe 2>err </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  IFS= read -r -t 60 -u "$from_program" first
  wait_until state_is "$program" S
}

# begin_write LOCATION: the same; -v has a line for each access
begin_write() {
  mkfifo pipe
  "$MMIODBG" write -v --json --fill "${on[@]}" "$@" 2>pipe >out </dev/null \
    3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  IFS= read -r -t 60 -u "$from_program" first
  wait_until state_is "$program" S
}

# go_on STATUS: lets it come to its end
go_on() {
  if [ -s out ] || [ ! -e err ]; then
    { echo "$first" && cat <&"$from_program"; } >err
  else
    { echo "$first" && cat <&"$from_program"; } >out
  fi
  status=0
  wait "$program" || status=$?
  [ "$status" = "$1" ] || {
    echo "status $status instead of $1"
    show err
    tail -n 3 out
    return 1
  }
}

# Elements that have a value come first, then failures of this kind; and if some
# were not reached, a line that says so.
reads_then_fails() {
  [ "$(grep -c '"location": ' out)" = "$2" ] || [ "$2" = some ]
  jq -e -s --arg kind "$1" '
    map(select(has("location") | not)) as $last
    | map(select(has("location")))
    | (map(has("error")) | index(true)) as $n
    | $n > 0
    and (.[:$n] | all(has("value")))
    and (.[$n:] | all((has("value") | not) and .error.kind == $kind))
    and ($last | map([.done, .failed, .not_reached])) ==
      if length < 2048 then [[$n, length - $n, 2048 - length]] else [] end
    ' out >/dev/null || {
    tail -n 2 out
    return 1
  }
}

@test "read: the target exits" {
  need jq
  begin_read
  tell exit 0
  target_ends
  go_on 3
  reads_then_fails gone some
  # Nothing more is tried.
  [ "$(jq -c 'select(.error)' out | wc -l)" = 1 ]
  [ "$(wc -l <out)" -lt 2048 ]
  one_diagnostic_err
  err_has "process $pid has ended"
}

@test "read: the target is killed" {
  need jq
  begin_read
  kill -KILL "$pid"
  target_ends
  go_on 3
  reads_then_fails gone some
  err_has "process $pid has ended"
}

@test "read: the target is killed, and nobody has waited for it" {
  need jq
  start_orphan
  begin_read
  kill -KILL "$pid"
  wait_until state_is "$pid" Z
  go_on 3
  reads_then_fails gone some
  err_has "process $pid has ended"
}

@test "read: the target execs" {
  need jq
  begin_read
  tell exec /bin/sleep 600
  wait_until grep -qx sleep "/proc/$pid/comm"
  go_on 3
  reads_then_fails gone some
  one_diagnostic_err
  err_has exec
}

@test "read: the target unmaps" {
  need jq
  begin_read
  tell unmap 0
  go_on 3
  reads_then_fails unmapped 2048
  one_diagnostic_err
  err_has 'not there any more' "($(grep -c '"error"' out) elements)"
}

@test "read: the target unmaps a part of it" {
  need jq
  begin_read
  tell unmap 0 0x1000 0x1000
  go_on 3
  [ "$(grep -c '"error"' out)" = 1024 ]
  [ "$(tail -n 1024 out | grep -c '"error"')" = 1024 ]
  one_diagnostic_err
}

@test "read: the target maps memory without permissions in its place" {
  need jq
  begin_read
  # Pages that the kernel has none of: past the end of a file.
  tell mapat 0 other,off=0x2000,len=0x2000
  go_on 3
  reads_then_fails replaced 2048
  one_diagnostic_err
  err_has 'replaced by another'
}

@test "read: the file is cut short" {
  need jq
  begin_read --via kernel
  truncate -s 4096 regs
  go_on 3
  [ "$(grep -c '"error"' out)" = 1024 ]
  [ "$(jq -r 'select(.error) | .error.kind' out | sort -u)" = unknown ]
}

@test "read: the file is cut short, and the target's threads tell" {
  local via

  need jq
  for via in auto tracee; do
    rm -f err out
    cp regs.before regs
    begin_read --via $via --retry 0
    truncate -s 4096 regs
    go_on 3
    [ "$(jq -c 'select(.error)' out | wc -l)" = 1024 ]
    [ "$(jq -r 'select(.error) | .error.kind' out | sort -u)" = revoked ]
    one_diagnostic_err
    err_has 'met SIGBUS (BUS_ADRERR)' '(1024 elements)'
    tell load 0 8 0x10
    [ "$answer" = 'value 0x10' ]
  done
}

@test "read: the main thread ends, and the others go on" {
  tell thread
  begin_read
  tell leaderexit
  go_on 0
  err_is
}

@test "read: the target maps the same again" {
  begin_read
  tell mapat 0 regs
  go_on 0
  err_is
  [ "$(wc -l <out)" = 2048 ]
}

# Elements that were written come first, then one failure of this kind; the
# file has the former and no other.
writes_then_fails() {
  jq -e --arg kind "$1" '
    .done > 0 and .failed == 1 and .not_reached > 0
    and .done + .failed + .not_reached == 2048
    and (.elements | length) == .done + 1
    and (.elements[:-1] | all(.written))
    and (.elements[-1] | .written == false and .error.kind == $kind)
    ' out >/dev/null || {
    show err
    tail -n 2 out
    return 1
  }
  written=$(jq .done out)
  [ "$(od -An -v -tx4 -w4 regs | grep -c 5a5a5a5a)" = "$written" ]
  err_has "$written of 2048 elements were written"
}

@test "write: the target exits" {
  need jq
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  tell exit 0
  target_ends
  go_on 3
  writes_then_fails gone
  err_has "process $pid has ended"
}

@test "write: the target is killed, and nobody has waited for it" {
  need jq
  start_orphan
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  kill -KILL "$pid"
  wait_until state_is "$pid" Z
  go_on 3
  writes_then_fails gone
  err_has "process $pid has ended"
}

@test "write: the target execs" {
  need jq
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  tell exec /bin/sleep 600
  wait_until grep -qx sleep "/proc/$pid/comm"
  go_on 3
  writes_then_fails gone
  err_has exec
}

@test "write: the target unmaps" {
  need jq
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  tell unmap 0
  go_on 3
  writes_then_fails unmapped
  err_has 'not there any more'
}

@test "write: the target maps something else in its place" {
  need jq
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  tell mapat 0 other
  go_on 3
  writes_then_fails replaced
  err_has 'replaced by another'
  same other
}

@test "write: the target maps another part of the file in its place" {
  need jq
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  cat other.before >>regs
  tell mapat 0 regs,off=0x2000,len=0x2000
  go_on 3
  writes_then_fails replaced
  cmp <(tail -c 8192 regs) other.before
}

@test "write: the target takes the permission away" {
  need jq
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  tell protect 0 r
  go_on 3
  writes_then_fails replaced
  err_has 'has changed since'
}

@test "write: the target unmaps the part that is still to come" {
  need jq
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  tell unmap 0 0x1000 0x1000
  go_on 3
  writes_then_fails replaced
}

@test "write: the main thread ends, and the others go on" {
  tell thread
  begin_write "$at+0..+0x2000=0x5a5a5a5a"
  tell leaderexit
  go_on 0
  [ "$(od -An -v -tx4 -w4 regs | grep -c 5a5a5a5a)" = 2048 ]
}

@test "write: a mask whose target goes in the middle" {
  need jq
  begin_write "$at+0..+0x2000=0x5a5a5a5a:0xffffff00"
  tell exit 0
  target_ends
  go_on 3
  jq -e '.elements[-1].error.kind == "gone"' out >/dev/null
}

@test "write: memory that grows at its end is the same" {
  tell map anon,len=0x2000
  base=$(cut -d ' ' -f 3 <<<"$answer")
  on+=(--force)
  begin_write "$base..+0x2000=0x5a5a5a5a"
  tell map anon,len=0x2000
  go_on 0
  tell load 1 32 0x1ffc
  [ "$answer" = 'value 0x5a5a5a5a' ]
}

@test "write: memory whose second half became a device's is not written" {
  need jq
  # Two mappings that the kernel shows as one.
  tell map anon,len=0x1000
  tell map anon,len=0x1000
  base=$(cut -d ' ' -f 3 <<<"$answer")
  grep -qi "^${base#0x}-$(printf %x $((base + 0x2000))) " "/proc/$pid/maps" ||
    skip 'the kernel has not merged the mappings'
  on+=(--force)
  begin_write "$base..+0x2000=0x5a5a5a5a"
  tell mapat 1 other,len=0x1000
  go_on 3
  same other
  jq -e '.done == 1024 and .elements[-1].error.kind == "replaced"' out
}

# Before the first access

# stopped_before_access ARGUMENTS...: everything is checked and the memory is
# open, but nothing was accessed; the program stands still
stopped_before_access() {
  local opens

  need strace
  # How many files it opens until it has opened the memory.
  traced 0 "$@" --dry-run
  opens=$(grep -F 'openat(' trace | grep -n '"mem"' | cut -d : -f 1)
  [ -n "$opens" ]
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    strace -qq -f -y -s 0 -o trace -e inject="openat:signal=STOP:when=$opens" \
    "$MMIODBG" "$@" >out 2>err </dev/null 3>&- &
  tracer=$!
  target_pids+=("$tracer")
  program_stops
}

# program_stops: `program` is stopped, by the signal that its tracer sent
program_stops() {
  wait_until grep -q 'stopped by SIGSTOP' trace
  read -r program _ < <(grep 'stopped by SIGSTOP' trace)
  target_pids+=("$program")
}

# goes_on STATUS: and nothing was accessed
goes_on() {
  kill -CONT "$program"
  status=0
  wait "$tracer" || status=$?
  [ "$status" = "$1" ] || {
    echo "status $status instead of $1"
    show out err
    return 1
  }
  if grep -E '(pread64|pwrite64)\([0-9]+<[^>]*/mem>' trace; then
    fail 'it touched the target'
  fi
  one_diagnostic
  same regs
  same other
}

# changed_before KIND-OF-CHANGE STATUS COMMANDS-TO-THE-TARGET
changed_before() {
  local command
  local wanted=$1

  shift
  for command in read write; do
    if [ $command = read ]; then
      stopped_before_access read "${on[@]}" "$at+0x10/8"
    else
      stopped_before_access write "${on[@]}" "$at+0x10/8=0x5a"
    fi
    "$@"
    goes_on "$wanted"
    # Another target for the second round.
    [ $command = write ] || {
      target_start "$file"
      on=(-p "$pid" --treat-as-device "$file")
      rm trace
    }
  done
}

@test "before: the target exits" {
  exits() {
    tell exit 0
    target_ends
  }
  changed_before 4 exits
  err_has "process $pid has ended"
}

@test "before: the target is killed, and nobody has waited for it" {
  start_orphan
  stopped_before_access write "${on[@]}" "$at+0x10/8=0x5a"
  kill -KILL "$pid"
  wait_until state_is "$pid" Z
  goes_on 4
  err_has "process $pid has ended"
}

@test "before: the target execs" {
  execs() {
    tell exec /bin/sleep 600
    wait_until grep -qx sleep "/proc/$pid/comm"
  }
  changed_before 4 execs
  err_has exec
}

@test "before: the target unmaps" {
  changed_before 6 tell unmap 0
  err_has 'not there any more'
}

@test "before: the target maps something else in its place" {
  changed_before 6 tell mapat 0 other
  err_has 'replaced by another'
}

@test "before: the target changes the permissions" {
  changed_before 6 tell protect 0 none
  err_has 'has changed since'
}

@test "before: the target unmaps a part" {
  changed_before 6 tell unmap 0 0x1000 0x1000
  err_has 'has changed since'
}

@test "before: one of two mappings has gone, and neither is accessed" {
  tell map other
  local second=${answer#map 1 }

  second=${second%% *}
  stopped_before_access read "${on[@]}" "$at+0x10/8" "$second/8"
  tell unmap 1
  goes_on 6
  err_has 'not there any more'
}

# Between the read and the write of a mask

@test "between: the mapping is replaced after the read of a mask" {
  need strace
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    strace -qq -f -o trace -P "/proc/$pid/mem" -e trace=pread64 \
    -e inject=pread64:signal=STOP:when=1 "$MMIODBG" write -v "${on[@]}" \
    "$at+0x10/8=0x3:0xf" >out 2>err </dev/null 3>&- &
  tracer=$!
  target_pids+=("$tracer")
  program_stops
  tell mapat 0 other
  kill -CONT "$program"
  status=0
  wait $tracer || status=$?
  [ $status = 3 ]
  out_is
  err_has 'the read was made, the write was not' 'replaced by another'
  same regs
  same other
}

# The target is held by others

@test "a target that is stopped is read and written" {
  kill -STOP "$pid"
  wait_until state_is "$pid" T
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  expect 0 write "${on[@]}" "$at+0x10/8=0x77"
  bytes_are regs 0x10 77
  state_is "$pid" T
  kill -CONT "$pid"
  tell load 0 8 0x10
}

@test "a target that is traced is read and written, and info says by whom" {
  need strace
  strace -qq -o /dev/null -p "$pid" 3>&- &
  tracer=$!
  target_pids+=("$tracer")
  wait_until grep -q "^TracerPid:.$tracer$" "/proc/$pid/status"
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  expect 0 write "${on[@]}" "$at+0x10/8=0x77"
  bytes_are regs 0x10 77
  expect 0 info "${on[@]}" "$at"
  out_matches " *traced by +process $tracer"
  kill -INT "$tracer"
  wait $tracer || :
  tell load 0 8 0x10
}

# The program goes away

@test "a program that is interrupted or killed leaves no mark" {
  local signal

  for signal in INT TERM KILL; do
    launcher=()
    if [ $signal = INT ]; then
      # A shell starts what stands behind with SIGINT ignored.
      launcher=(env --default-signal=INT)
      "${launcher[@]}" true 2>/dev/null || continue
    fi
    rm -f pipe err
    begin_read
    kill -$signal "$program"
    status=0
    wait "$program" || status=$?
    [ $status = $((128 + $(kill -l $signal))) ]
    exec {from_program}<&-
    tell load 0 8 0x10
    [ "$answer" = 'value 0x10' ]
    grep -q '^TracerPid:.0$' "/proc/$pid/status"
  done
  same regs
}
