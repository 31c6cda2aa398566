#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Accesses that a thread of the target makes: what they find, what is said of
# them, what is refused, and that the target is afterwards as it was before
#
# A file stands in for the device. Of it the kernel's path makes each access
# exactly, so that `auto` takes a thread only where that fails; what it does of
# a real device is tested in tests/vm.

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

: "${MMIOTHREADS:=$top_builddir/tests/target/mmiothreads}"
[[ $MMIOTHREADS == /* ]] || MMIOTHREADS=$PWD/$MMIOTHREADS
patience=${MMIODBG_TEST_PATIENCE:-1}
# A stop on a machine that is busy.
long=$((10 * patience))s

prepare() {
  # By this its agents are known.
  export TRACEE_TEST=$work
  pattern regs
  cp regs regs.before
  pattern other
  cp other other.before
  file=$work/regs
  at=$(region "$file")
  target_start "$file"
  base=${map[0]}
  target_is
}

# target_is: the last target, as it is now, is the one that is looked at
target_is() {
  on=(-p "$pid" --treat-as-device "$file")
  via=(--via tracee "${on[@]}")
  remember
}

# remember: how signals are dealt with by the target
remember() {
  dispositions >before
}

dispositions() {
  cat "/proc/$pid/task/"*/status 2>/dev/null | grep -E '^Sig(Ign|Cgt|Blk|Pnd)'
}

# finish: after each test. A target that is left is not traced, does not stand
# still, and deals with signals as before; no agent is left, either.
finish() {
  local - && set +T

  [ -e before ] || return 0
  wait_until no_agent || return
  [ -n "$(dispositions)" ] || return 0
  dispositions | cmp before - || {
    diff before <(dispositions)
    fail "process $pid deals with signals in another way"
  }
  untouched
}

# untouched: no thread of the target is traced, or stands
untouched() {
  local - && set +T
  local found

  found=$(cat "/proc/$pid/task/"*/status 2>/dev/null |
    grep -E '^(TracerPid:.*[1-9]|State:.[tT])') || return 0
  fail "process $pid is held: $found"
}

is_untouched() {
  untouched >/dev/null 2>&1
}

no_agent() {
  local - && set +T
  local comm

  # shellcheck disable=SC2013 # words
  for comm in $(grep -lsx mmiodbg-agent /proc/[0-9]*/comm); do
    ! grep -qsz "^TRACEE_TEST=$work$" "${comm%comm}environ" || return 1
  done
}

# threads_start OPTIONS...: mmiothreads, with `file` at `base`. Sets `thread`,
# too: the one in the call.
threads_start() {
  threads_launch "$MMIOTHREADS" --file="$work/page" "$@"
  file=$work/page
  at=$(region "$file")
  target_is
}

threads_launch() {
  local - && set +T
  local number=${#target_pids[@]} line=

  mkfifo "to.$number" "from.$number"
  "$@" <"to.$number" >"from.$number" 2>"target.$number.err" 3>&- &
  target_pids+=($!)
  # shellcheck disable=SC2034 # tell() uses it
  exec {to_target}>"to.$number" {from_target}<"from.$number"
  IFS= read -r -t 60 -u "$from_target" line ||
    fail "no target: $(cat "target.$number.err")"
  read -r _ pid base _ thread <<<"$line"
  [ "$pid" = "${target_pids[-1]}" ] || target_pids+=("$pid")
}

# in_call TID [NUMBER]: a thread of the target waits in a call
in_call() {
  local number=${2:-[0-9]*}

  # shellcheck disable=SC2053 # a pattern
  [[ $(cat "/proc/$pid/task/$1/syscall") == $number\ * ]]
}

# all_through_tracee COUNT: elements of JSON
all_through_tracee() {
  jq_is '[.elements[].backend] | unique[]' tracee
  jq_is '.elements | length' "$1"
  jq_is '.pause | keys | join(" ")' 'bursts longest_nanoseconds'
  jq_is '.pause.bursts >= 1 and .pause.longest_nanoseconds > 100' true
}

# Values

@test "read: each width and order, as through the kernel" {
  local -a places=()
  local width order offset

  for width in 8 16 32 64; do
    for order in '' be le; do
      for offset in 0x10 0x18 0xff8 0x1000 0x1ff8; do
        places+=("$at+$offset/$width$order")
      done
    done
  done
  places+=("$at+0x7/8" "$at+0xfff/8" "$at+0x1fff/8" "$at+0x1ffe/16" \
    "$at+0x1ffc" "$base+0x20" "@0+0x24")
  expect 0 read --via kernel "${on[@]}" "${places[@]}"
  cp out out.kernel
  expect 0 read "${via[@]}" "${places[@]}"
  cmp out.kernel out
  err_is
  same regs
}

@test "write: each width and order" {
  local order

  expect 0 write "${via[@]}" "$at+0x10/8=0xa1" "$at+0x12/16le=0xb1b2" \
    "$at+0x14/32le=0xc1c2c3c4" "$at+0x18/64le=0xd1d2d3d4d5d6d7d8" \
    "$at+0x1000/16be=0xe1e2" "$at+0x1004/32be=0xf1f2f3f4" \
    "$at+0x1ff8/64be=0x0102030405060708" "$at+0x20/8=-1" "$at+0x24=0"
  out_is
  err_is
  put_bytes regs.before 0x10 a1
  put_bytes regs.before 0x12 b2 b1
  put_bytes regs.before 0x14 c4 c3 c2 c1
  put_bytes regs.before 0x18 d8 d7 d6 d5 d4 d3 d2 d1
  put_bytes regs.before 0x1000 e1 e2
  put_bytes regs.before 0x1004 f1 f2 f3 f4
  put_bytes regs.before 0x1ff8 01 02 03 04 05 06 07 08
  put_bytes regs.before 0x20 ff
  put_bytes regs.before 0x24 00 00 00 00
  same regs
}

@test "read: bits; a counter in two halves" {
  put_bytes regs 0x40 78 56 34 92
  expect 0 read "${via[@]}" "$at+0x40/32le.7:4" "$at+0x40/32le.31" \
    "$at+0x40/8.3" "$at+0x40/32be.7:0"
  out_is "$at+0x40/32le.7:4 = 0x7" "$at+0x40/32le.31 = 0x1" \
    "$at+0x40/8.3 = 0x1" "$at+0x40/32be.7:0 = 0x92"
  expect 0 read --via kernel -q "${on[@]}" "$at+0x18/32x2"
  cp out out.kernel
  expect 0 read -v -q "${via[@]}" "$at+0x18/32x2"
  cmp out.kernel out
  # High, low, high.
  sed -E -n 's/^mmiodbg: read 32 bits at 0x([0-9a-f]+) .* tracee, .*/\1/p' err \
    >found
  printf '%x\n' $((base + 0x1c)) $((base + 0x18)) $((base + 0x1c)) | cmp - found
}

@test "write: bits and masks are one read and one write" {
  local location

  for location in "$at+0x10/8.3:0=0x5" "$at+0x10/8=0x5:0xf"; do
    cp regs.before regs
    expect 0 write -v "${via[@]}" "$location"
    out_is
    bytes_are regs 0x10 15
    [ "$(grep -c 'bits at' err)" = 2 ]
    sed -n 1p err >first
    how='through tracee, register, 1 attempt, [0-9.]+ us'
    file_matches first "mmiodbg: read 8 bits at 0x[0-9a-f]+ .* = 0x10 $how"
    err_matches "mmiodbg: write 8 bits at 0x[0-9a-f]+ .* = 0x15 $how" \
      "mmiodbg: a thread of process $pid was held [12] times?, for\
 [0-9]+\\.[0-9]{3} us at the longest"
    [ "$(wc -l <err)" = 3 ]
  done
  # Only a write, of all bits.
  expect 0 write -v "${via[@]}" "$at+0x10/8=0x10:0xff"
  [ "$(grep -c 'bits at' err)" = 1 ]
  err_has 'write 8 bits at'
  same regs
  need jq
  expect 0 write --json "${via[@]}" "$at+0x10/32le.15:8=0xaa,0=1"
  all_through_tracee 1
  jq_is '.elements[0] | .old, .raw' $'0x13121110\n0x1312aa11'
}

@test "a range: 1000 reads, and --fill" {
  need jq
  expect 0 read -q --via kernel "${on[@]}" -n 1000 "$at+0x100"
  cp out out.kernel
  expect 0 read -q "${via[@]}" -n 1000 "$at+0x100"
  cmp out.kernel out
  err_is
  # A thread is held for more than one of them, if there is time.
  expect 0 read --json --max-pause 10s "${via[@]}" -n 1000 "$at+0x100"
  all_through_tracee 1000
  jq_is '.pause.bursts < 500' true
  expect 0 read "${via[@]}" "$at+0xff8..+0x10/8"
  out_is "$at+0xff8: f8 f9 fa fb fc fd fe ff 00 01 02 03 04 05 06 07"
  expect 0 write --fill "${via[@]}" "$at+0xff8..+0x10/16be=0x1234"
  err_is
  put_bytes regs.before 0xff8 12 34 12 34 12 34 12 34 12 34 12 34 12 34 12 34
  same regs
}

@test "write: --verify" {
  need jq
  expect 0 write --verify -v "${via[@]}" "$at+0x10/8=0x77" "$at+0x18/64=5"
  [ "$(grep -c 'mmiodbg: write .* tracee' err)" = 2 ]
  [ "$(grep -c 'mmiodbg: read .* tracee' err)" = 2 ]
  bytes_are regs 0x10 77
}

@test "--jsonl: the pauses stand in the last line" {
  need jq
  expect 0 read --jsonl "${via[@]}" -n 4 "$at"
  [ "$(jq -c 'select(.backend == "tracee" and has("value"))' out | wc -l)" = 4 ]
  [ "$(tail -n 1 out | jq -r '.pause | keys | join(" ")')" = \
    'bursts longest_nanoseconds' ]
  # And where no thread was held, nowhere.
  expect 0 read --jsonl --via kernel "${on[@]}" -n 4 "$at"
  nowhere out pause
  expect 0 read -v --json "${on[@]}" "$at"
  jq_is 'has("pause")' false
  nowhere err ' was held '
}

@test "a thread finishes what the kernel's path does not make" {
  need strace jq
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of 0 strace -qq -o trace -P "/proc/$pid/mem" -e trace=pread64 \
    -e inject=pread64:error=EIO "$MMIODBG" read --json --retry 10m "${on[@]}" \
    "$at+0x10/8" "$at+0x14"
  all_through_tracee 2
  jq_is '[.elements[].value] | join(" ")' "0x10 $(number 32 0x14)"
  jq_is '[.elements[].attempts] | unique[]' 1
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of 0 strace -qq -o trace -P "/proc/$pid/mem" -e trace=pwrite64 \
    -e inject=pwrite64:error=EIO "$MMIODBG" write -v "${on[@]}" \
    "$at+0x10/8=3:0xf"
  err_matches 'mmiodbg: read 8 bits .* = 0x10 through kernel, .*' \
    'mmiodbg: write 8 bits .* = 0x13 through tracee, .*'
  put_bytes regs.before 0x10 13
  same regs
}

@test "--dry-run makes no call of ptrace" {
  need strace
  ASAN_OPTIONS=detect_leaks=0 expect_of 0 strace -qq -f -o trace \
    -e trace=ptrace,fork,vfork,clone,clone3,kcmp,pwrite64 "$MMIODBG" write \
    --dry-run "${via[@]}" "$at+0x10/8=3:0xf" "$at+0x18/64=5"
  sed -i -E '/exited|resumed/d' trace
  file_is trace
  out_has 'would read 8 bits' 'would write 8 bits' 'would write 64 bits'
  [ "$(grep -c 'through tracee$' out)" = 3 ]
  same regs
}

@test "the target itself is not told of it" {
  tell signal bus count
  tell signal segv count
  tell signal trap count
  remember
  expect 0 read -q "${via[@]}" -n 100 "$at"
  expect 0 write "${via[@]}" "$at=5:0xff" "$at+0x10/64=5"
  truncate -s 4096 regs
  expect 6 read "${via[@]}" "$at+0x1000"
  expect 6 write "${via[@]}" "$at+0x1000=1"
  tell counts
  [ "$answer" = 'counts bus 0 segv 0 trap 0 usr1 0' ]
}

@test "signals that the target blocks" {
  tell signal bus block
  tell signal trap block
  tell signal segv block
  remember
  expect 0 read -q "${via[@]}" "$at+0x10/8"
  out_is 0x10
  truncate -s 4096 regs
  expect 6 read "${via[@]}" "$at+0x1000"
  err_has 'met SIGBUS (BUS_ADRERR)'
  # It would end the target, if it were left.
  tell signal bus unblock
  tell signal trap unblock
  tell signal segv unblock
  remember
  tell load 0 8 0x10
  [ "$answer" = 'value 0x10' ]
}

# What is asked of threads

@test "info tells which backend serves what" {
  local width

  need jq
  expect 0 info "${on[@]}" "$at"
  for width in 8 16 32 64; do
    out_matches "  read $width +kernel" "  write $width +kernel"
  done
  expect 0 info "${via[@]}" "$at"
  for width in 8 16 32 64; do
    out_matches "  read $width +tracee" "  write $width +tracee"
  done
  expect 0 info --json "${via[@]}" "$at"
  jq_is '[.locations[0] | .read, .write | .[].backend] | unique[]' tracee
  tell map regs,prot=r,private
  expect 0 info "${via[@]}" "${answer:+$(cut -d' ' -f3 <<<"$answer")}"
  for width in 8 16 32 64; do
    out_matches "  read $width +tracee" "  write $width +refused: .*read-only"
  done
}

@test "--thread" {
  tell thread
  other=${answer#thread }
  remember
  expect 0 read "${via[@]}" --thread "$other" -q "$at+0x10/8"
  out_is 0x10
  expect 0 read "${via[@]}" --thread "$pid" -q "$at+0x10/8"
  out_is 0x10
  # That thread, and no other one, is named.
  truncate -s 4096 regs
  expect 6 read --retry 0 "${via[@]}" --thread "$other" "$at+0x1000"
  err_has "a load by thread $other of the target met SIGBUS"
  expect 6 read --retry 0 "${via[@]}" --thread "$pid" "$at+0x1000"
  err_has "a load by thread $pid of the target met SIGBUS"
  expect 6 read --retry 0 "${on[@]}" --thread "$other" "$at+0x1000"
  err_has "a load by thread $other of the target met SIGBUS"
  # One of another process, none at all, and nonsense.
  for other in $$ 1 2147483647; do
    bad 4 read "${via[@]}" --thread "$other" "$at"
    err_has "process $pid has no thread $other"
    bad 4 write "${on[@]}" --thread "$other" "$at=1"
    expect 4 read --dry-run "${via[@]}" --thread "$other" "$at"
  done
  for other in 0 -1 '' x 2147483648 1s 01; do
    bad 2 read "${via[@]}" --thread "$other" "$at"
    err_has --thread
  done
}

@test "--max-pause" {
  local time

  need jq
  for time in 1ns 10us 1ms 0x10us 10s; do
    expect 0 read -q "${via[@]}" --max-pause $time -n 20 "$at+0/8"
    [ "$(tr '\n' ' ' <out)" = "$(printf '0x%02x ' {0..19})" ]
    err_is
  done
  for time in 0ns 0s 5 11s 10001ms 1.5s -1s '' x; do
    bad 2 read "${via[@]}" --max-pause "$time" "$at"
    err_has --max-pause
  done
  # A longer time is used.
  expect 0 read --json "${via[@]}" --max-pause 10s -n 1000 "$at"
  few=$(jq .pause.bursts out)
  expect 0 read --json "${via[@]}" --max-pause 100us -n 1000 "$at"
  jq_is ".pause.bursts > $few" true
}

@test "--via kernel takes neither --thread nor --max-pause, maps and info, too" {
  bad 2 read --via kernel "${on[@]}" --thread "$pid" "$at"
  err_has --thread '--via kernel'
  bad 2 write --via kernel "${on[@]}" --max-pause 1ms "$at=1"
  err_has --max-pause '--via kernel'
  for option in "--thread=$pid" --max-pause=1ms; do
    bad 2 info "$option" "${on[@]}" "$at"
    err_has 'takes no --'
    bad 2 maps "$option" "${on[@]}"
  done
  bad 2 read --via tracer "${on[@]}" "$at"
  err_has 'auto, kernel or tracee'
  same regs
}

# What is refused

@test "a signal that an access needs is ignored" {
  local name

  for name in bus segv trap; do
    tell signal $name ignore
    remember
    refused 7 read "${via[@]}" "$at"
    err_has "process $pid ignores SIG${name^^}"
    refused 7 write --force "${via[@]}" "$at=1"
    expect 7 read --dry-run "${via[@]}" "$at"
    expect 0 read -q "${on[@]}" "$at+0x10/8"
    out_is 0x10
    truncate -s 4096 regs
    expect 1 read "${on[@]}" "$at+0x1000"
    err_has 'Input/output error'
    cp regs.before regs
    tell signal $name default
    remember
    expect 0 read -q "${via[@]}" "$at+0x10/8"
  done
  need jq
  tell signal bus ignore
  remember
  expect 7 read --json "${via[@]}" "$at"
  jq_is .error.kind unsafe
  expect 0 info "${via[@]}" "$at"
  out_matches '  read 32 +refused: .* ignores SIGBUS, .*'
}

@test "traced by strace" {
  need strace
  strace -qq -o /dev/null -p "$pid" 3>&- &
  tracer=$!
  target_pids+=("$tracer")
  wait_until grep -q "^TracerPid:.$tracer$" "/proc/$pid/status"
  traced_already "$tracer" strace
  kill -INT "$tracer"
  wait "$tracer" || :
  tell load 0 8 0x10
}

@test "traced by gdb" {
  need gdb
  mkfifo to.gdb
  gdb -q -nx -iex 'set debuginfod enabled off' -p "$pid" <to.gdb >gdb.out 2>&1 \
    3>&- &
  tracer=$!
  target_pids=("$tracer" "${target_pids[@]}")
  exec {to_gdb}>to.gdb
  wait_until grep -q "^TracerPid:.$tracer$" "/proc/$pid/status"
  wait_until state_is "$pid" t
  traced_already "$tracer" gdb
  state_is "$pid" t
  printf 'detach\nquit\n' >&"$to_gdb"
  exec {to_gdb}>&-
  tell load 0 8 0x10
}

traced_already() {
  refused 5 read "${via[@]}" "$at"
  err_has "process $pid" "process $1 ($2) traces already"
  refused 5 write "${via[@]}" "$at=1"
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  # The kernel's path fails: what threads were not used for is evidence.
  truncate -s 4096 regs
  expect 1 read -v "${on[@]}" "$at+0x1000"
  err_has 'Input/output error' "the target's threads were not used: "
  cp regs.before regs
  grep -q "^TracerPid:.$1$" "/proc/$pid/status"
  same regs
}

@test "private, read-only and unreadable mappings" {
  local spec

  for spec in prot=r,private private prot=r; do
    tell map "regs,$spec"
    read -r _ _ base _ <<<"$answer"
    expect 0 read -q "${via[@]}" "$base+0x10/8"
    out_is 0x10
    refused 7 write "${via[@]}" "$base+0x10/8=1"
    refused 7 write --force "${via[@]}" "$base+0x10/8=1"
    [ $spec = private ] || err_has 'read-only'
    [ $spec != private ] || err_has private
    expect 7 write "${on[@]}" "$base+0x10/8=1"
  done
  tell map regs,prot=w
  read -r _ _ base _ <<<"$answer"
  refused 7 read "${via[@]}" "$base+0x10/8"
  err_has 'the target itself may not read this mapping'
  refused 7 write "${via[@]}" "$base+0x10/8=1:0xf"
  same regs
  expect 0 write "${via[@]}" "$base+0x10/8=0x44"
  bytes_are regs 0x10 44
  tell map regs,prot=none
  read -r _ _ base _ <<<"$answer"
  refused 7 read "${via[@]}" "$base"
  refused 7 write "${via[@]}" "$base=1"
}

@test "misaligned places, and none" {
  refused 7 read "${via[@]}" "$at+0x2"
  err_has aligned
  refused 7 write "${via[@]}" "$at+0x4/64=1"
  refused 7 read --force "${via[@]}" "$at+0x1/16"
  refused 1 read "${via[@]}" "$at+0x2000"
  # All is checked before the first of them.
  refused 7 write "${via[@]}" "$at+0x10=1" "$at+0x2=1"
  same regs
}

@test "ordinary memory" {
  tell map anon,len=0x1000
  read -r _ _ base _ <<<"$answer"
  refused 2 read "${via[@]}" "$base"
  err_has "ordinary memory is not accessed by the target's threads"
  refused 2 write --force "${via[@]}" "$base=1"
  expect 0 read -q "${on[@]}" "$base"
  expect 0 write --force "${on[@]}" "$base=1"
}

@test "process 1, and ourselves" {
  local path

  # The number stays when the shell becomes mmiodbg.
  # shellcheck disable=SC2016 # of the inner shell
  expect_of 7 "$BASH" -c 'exec "$@" -p $$ "@file:$1"' - "$MMIODBG" read \
    --via tracee --treat-as-device "$MMIODBG"
  one_diagnostic
  err_has 'ourselves, are not used'
  [ $EUID = 0 ] || return 0
  path=$(awk '$6 ~ "^/" { print $6; exit }' /proc/1/maps 2>/dev/null) || :
  [ -n "$path" ] || return 0
  refused 7 read -p 1 --via tracee --treat-as-device "$path" "$(region "$path")"
  err_has 'threads of process 1 are not used'
  grep -q '^TracerPid:.0$' /proc/1/status
}

@test "a captured tree" {
  tree_begin
  tree_process 4242 dpdk-app
  tree_mapping 0x10000000 0x1000 rw-s 0 /dev/uio0
  refused 2 read -p 4242 --via tracee 0x10000000
  err_has 'captured tree'
  refused 2 write -p 4242 --via tracee --thread 4242 0x10000000=1
  err_has 'captured tree'
}

@test "MMIODBG_PID" {
  MMIODBG_PID=$pid expect 0 read -q --via tracee --treat-as-device "$file" \
    "$at+0x10/8"
  out_is 0x10
  # And the one process that has it mapped.
  expect 0 read -q --via tracee --treat-as-device "$file" "$at+0x10/8"
  out_is 0x10
  MMIODBG_PID=$$ expect 1 read -q --via tracee --treat-as-device "$file" "$at"
}

@test "the only thread waits in what would fail with EINTR" {
  need jq
  threads_start --alone --call=epoll_wait:60000
  wait_until in_call "$thread"
  refused 7 read "${via[@]}" "$at+0x40"
  err_has "no thread of process $pid can make the access" \
    "thread $pid, in epoll_wait, would see its system call fail with EINTR" \
    --force
  expect 7 read --json "${via[@]}" "$at+0x40"
  jq_is '.elements[0].error.kind' no-thread
  jq_is '.elements[0].error.evidence | any(test("in epoll_wait"))' true
  refused 7 write "${via[@]}" "$at+0x40=1"
  untouched
  expect 0 read -q --via kernel "${on[@]}" "$at+0x40"
  out_is 0x5e1f0010
  expect 0 read -q --force "${via[@]}" "$at+0x40"
  out_is 0x5e1f0010
  tell result
  [[ $answer == 'result -1 EINTR '* ]]
}

@test "threads that wait elsewhere are taken: the call goes on" {
  threads_start --threads=4 --call=epoll_wait:60000
  wait_until in_call "$thread"
  expect 0 read -q "${via[@]}" -n 100 "$at"
  refused 7 read "${via[@]}" --thread "$thread" "$at+0x40"
  err_has "thread $thread, in epoll_wait, would see"
  expect 0 write "${via[@]}" "$at+0x44=7:0xf"
  expect 0 read -q "${via[@]}" "$at+0x44" "$at+0x48/64"
  out_is 0x5e1f0017 0x5e1f00135e1f0012
  tell ping
  [ "$answer" = ok ]
  tell wake
  tell result
  [[ $answer == 'result 1 - '* ]]
}

# What changes

@test "the file is cut short" {
  need jq
  truncate -s 4096 regs
  expect 6 read --json "${via[@]}" "$at+0x1000" "$at+0x1000/64"
  jq_is '[.elements[].error.kind] | unique[]' revoked
  jq_is '.elements[0].error.message |
    test("a load by thread [0-9]+ of the target met SIGBUS .BUS_ADRERR")' true
  # The time was used up once.
  jq_is '.elements[0].attempts > 1' true
  jq_is '.elements[1].attempts' 1
  expect 3 read -q "${via[@]}" "$at+0xffc..+8"
  out_is "$(number 32 0xffc)" -
  expect 3 write --fill "${via[@]}" "$at+0xff8..+0x10/8=0x55"
  err_has '8 of 16 elements were written' \
    'a store by thread' 'met SIGBUS (BUS_ADRERR)'
  put_bytes regs.before 0xff8 55 55 55 55 55 55 55 55
  head -c 4096 regs.before | cmp - regs
  expect 6 write --json "${via[@]}" "$at+0x1000=1:0xf"
  jq_is '.elements[0].error.kind' revoked
  jq_is '.elements[0].written' false
  # The target has seen nothing of it.
  tell load 0 8 0x10
  [ "$answer" = 'value 0x10' ]
}

@test "the target takes its permissions back" {
  need jq
  tell protect 0 none
  expect 7 read --json "${via[@]}" "$at"
  tell protect 0 r
  expect 0 read -q "${via[@]}" "$at+0x10/8"
  refused 7 write "${via[@]}" "$at=1"
  same regs
}

# begin_read: reads slowly, for each element is shown by itself; goes on until
# some were
begin_read() {
  rm -f pipe
  mkfifo pipe
  # Whatever those who started us ignore, as nohup does with SIGHUP.
  env --default-signal=HUP,TERM "$MMIODBG" read --jsonl "${via[@]}" -n 2048 \
    "$at" >pipe 2>err </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  IFS= read -r -t 60 -u "$from_program" first
  IFS= read -r -t 60 -u "$from_program" first
}

# ends STATUS: it does, and its output is in `out`
ends() {
  { echo "$first" && cat <&"$from_program"; } >out
  status=0
  wait "$program" || status=$?
  [ "$status" = "$1" ] || {
    tail -n 3 out
    show err
    fail "status $status instead of $1"
  }
}

@test "the target is killed, or exits, or executes another program" {
  local end

  need jq
  for end in KILL exit exec; do
    begin_read
    case $end in
    KILL) kill -KILL "$pid" ;;
    exit) tell exit 0 ;;
    exec) tell exec /bin/sleep 600 ;;
    esac
    ends 3
    jq -e -s '(map(has("error")) | index(true)) as $n | $n > 0 and
      (.[:$n] | all(has("value"))) and .[$n].error.kind == "gone"' out
    one_diagnostic_err
    if [ $end = exec ]; then
      # By the event, or by the address space, whichever is seen first.
      err_has "process $pid " ' another program'
      untouched
    else
      err_has "process $pid has ended"
    fi
    target_start "$file"
    target_is
  done
}

@test "the target unmaps, or maps something else" {
  local change

  need jq
  for change in unmapped replaced; do
    begin_read
    if [ $change = unmapped ]; then
      tell unmap 0
    else
      tell mapat 0 other
    fi
    ends 3
    [ "$(jq -r 'select(.error) | .error.kind' out | sort -u)" = $change ]
    # One for what was made just before, one for the rest.
    err_has 'the mapping'
    untouched
    same other
    target_start "$file"
    target_is
  done
}

@test "the program is killed: the target goes on" {
  local signal

  # SIGINT is ignored by what a shell has in the background.
  for signal in HUP TERM KILL; do
    begin_read
    kill -$signal "$program"
    wait "$program" 2>/dev/null || :
    exec {from_program}<&-
    wait_until no_agent
    wait_until is_untouched
    tell load 0 8 0x10
    [ "$answer" = 'value 0x10' ]
    dispositions | cmp before -
  done
}

# With --attach and --stop

@test "--attach and --stop" {
  local option

  need jq
  tell thread
  remember
  for option in --attach "--stop --max-stop $long" \
    "--attach --stop --max-stop $long"; do
    # shellcheck disable=SC2086 # words
    expect 0 read -q $option "${via[@]}" "$at+0x10/8" "$at+0x18/64"
    out_is 0x10 "$(number 64 0x18)"
    err_is
    # shellcheck disable=SC2086
    expect 0 write --json $option "${via[@]}" "$at+0x10/8=5:0xf" "$at+0x20=7"
    err_is
    jq_is '[.elements[] | .backend, .written | tostring] | join(" ")' \
      'tracee true tracee true'
    [ "$option" = --attach ] || jq_is .stop.threads 2
    bytes_are regs 0x10 15
    expect 0 read -q "${on[@]}" "$at+0x20"
    out_is 0x00000007
    cp regs.before regs
    untouched
    # shellcheck disable=SC2086
    expect 0 read -q $option "${via[@]}" -n 1000 "$at"
    [ "$(wc -l <out)" = 1000 ]
    untouched
  done
  same regs
}

@test "--stop: a page that is gone" {
  truncate -s 4096 regs
  for option in --attach "--stop --max-stop $long"; do
    # shellcheck disable=SC2086 # words
    expect 3 read -q $option --retry 20ms "${via[@]}" "$at+0x10/8" "$at+0x1000"
    out_is 0x10 -
    err_has 'met SIGBUS (BUS_ADRERR)'
    untouched
  done
  tell load 0 8 0x10
}

@test "a target that is stopped by a signal" {
  kill -STOP "$pid"
  wait_until state_is "$pid" T
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  status=0
  "$MMIODBG" read -q "${via[@]}" "$at+0x10/8" >out 2>err </dev/null 3>&- ||
    status=$?
  # It may be refused, but it stays stopped.
  [ $status = 0 ] || [ $status = 7 ] || fail "status $status: $(cat err)"
  wait_until no_agent
  state_is "$pid" T
  kill -CONT "$pid"
  tell load 0 8 0x10
  [ "$answer" = 'value 0x10' ]
}

# Outputs

@test "a full disk, and no standard output" {
  local format

  [ -c /dev/full ] || skip 'no /dev/full'
  into_full() {
    "$MMIODBG" "$@" >/dev/full
  }
  into_nothing() {
    "$MMIODBG" "$@" >&-
  }
  for format in '' -q --json --jsonl; do
    # shellcheck disable=SC2086 # none
    expect_of 1 into_full read $format "${via[@]}" "$at" -n 100
    err_has 'standard output: No space left on device'
    # shellcheck disable=SC2086
    expect_of 1 into_nothing read $format "${via[@]}" "$at" -n 100
    untouched
  done
  expect_of 0 into_nothing write "${via[@]}" "$at+0x10/8=0x11"
  bytes_are regs 0x10 11
}

# Another architecture

# narrow_start OPTIONS...: a target of 32 bits, compiled with these, which waits
# in pause
narrow_start() {
  need jq
  need_narrow "$@"
  threads_launch ./narrow "$file" 29
  target_is
  wait_until in_call "$pid" 29
}

@test "a 32-bit target" {
  local width

  narrow_start -DWITH_HALVES
  for width in 8 16 32; do
    expect 0 read -q "${via[@]}" "$at+0x18/$width" "$at+0xff8/${width}be"
    cp out out.tracee
    expect 0 read -q --via kernel "${on[@]}" "$at+0x18/$width" \
      "$at+0xff8/${width}be"
    cmp out out.tracee
  done
  expect 0 write -v "${via[@]}" "$at+0x10/8=3:0xf" "$at+0x20/16be=0xabcd" \
    "$at+0x30/32le=0x11223344"
  [ "$(grep -c ' through tracee, ' err)" = 4 ]
  put_bytes regs.before 0x10 13
  put_bytes regs.before 0x20 ab cd
  put_bytes regs.before 0x30 44 33 22 11
  same regs
  refused 7 read "${via[@]}" "$at+0/64"
  err_has 'a 32-bit process has no access of 64 bits'
  refused 7 write "${via[@]}" "$at+0x20/64=1"
  expect 7 read --json "${via[@]}" "$at+0/64"
  jq_is .error.kind width
  expect 0 info "${via[@]}" "$at"
  out_matches '  read 32 +tracee' '  read 64 +refused: a 32-bit process has .*'
  expect 0 read -q "${via[@]}" "$at+0x18/32x2"
  truncate -s 0 regs
  expect 6 read --retry 0 "${via[@]}" "$at"
  err_has 'met SIGBUS (BUS_ADRERR)'
  in_call "$pid" 29
}

@test "a target whose code has no such load and store" {
  narrow_start
  # One of 32 bits is not taken apart, nor is one made of two of 8.
  refused 7 read "${via[@]}" "$at+0/16"
  err_has 'no plain load of 16 bits'
  refused 7 write "${via[@]}" "$at+0x10/16=1:0xff"
  expect 7 read --json "${via[@]}" "$at+0x10/16"
  jq_is .error.kind no-instruction
  expect 0 read -q "${via[@]}" "$at+0x10/8" "$at+0x10"
  expect 0 read -q "${on[@]}" "$at+0x10/16be"
  out_is 0x1011
  same regs
}
