#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `watch`: what is printed and when, what is read, what happens if nobody reads
# the output, and a target that changes meanwhile

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

clock='[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}'
since='\+[0-9]+\.[0-9]{6}'

prepare() {
  watcher=
  truncate -s 8192 regs
  file=$work/regs
  at=$(region "$file")
  target_start "$file"
  base=${map[0]}
  on=(-p "$pid" --treat-as-device "$file")
}

finish() {
  [ ! -S terminal ] || terminal kill-server
}

# terminal COMMAND...: of tmux, which shows us a terminal of its own
terminal() {
  tmux -S "$work/terminal" -f /dev/null "$@" 3>&-
}

# watch_start ARGUMENTS...: in the background, into `out` and `err`
watch_start() {
  local - && set +T
  : >out
  : >err
  "$MMIODBG" watch "${on[@]}" "$@" >out 2>err </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
}

# watch_ends STATUS
watch_ends() {
  local - && set +T
  status=0
  wait "$watcher" || status=$?
  [ "$status" = "$1" ] || {
    show out err
    fail "status $status instead of $1"
  }
}

has_lines() {
  [ "$(wc -l <out)" -ge "$1" ]
}

# until_lines N: that many were printed
until_lines() {
  wait_until has_lines "$1"
}

# set_register OFFSET VALUE: of 32 bits
set_register() {
  local - && set +T
  tell store 0 32 "$1" "$2"
}

# texts: what stands behind the times. When a mapping goes, a read may just have
# been made.
texts() {
  sed -E -e "s/^($clock|$since) //" \
    -e 's/the read was made, but perhaps of something else: //' out >texts
}

# reads STATUS ARGUMENTS...: as `traced`, of which only accesses are traced: the
# calls of two threads would stand one in the other
reads() {
  local - && set +T
  local wanted=$1

  shift
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of "$wanted" strace -qq -f -y -s 0 -o trace --seccomp-bpf \
    -e trace="${memory_calls/,lseek/}" "$MMIODBG" watch "${on[@]}" "$@"
  sed -n -E -e 's/^[0-9]+ +//' \
    -e 's@^([a-z_0-9]+)\([0-9]+<[^>]*/mem>, .*, ([0-9]+), ([0-9]+)\) += .*@\1 \2 \3@p' \
    -e t -e '/<[^>]*\/mem>/p' \
    -e '/^(ptrace|process_vm_readv|process_vm_writev)\(/p' trace >accesses
}

@test "the first value of each location, then what changes" {
  watch_start --interval 5ms --samples 400 "$at+0x10" "$at+0x20/8" "$at+0x24.7:4"
  until_lines 3
  set_register 0x10 3
  until_lines 4
  set_register 0x10 0x10000102
  until_lines 5
  set_register 0x24 0xf0
  until_lines 6
  set_register 0x24 0xf1
  set_register 0x40 1
  kill -TERM "$watcher"
  watch_ends 143
  texts
  file_is texts "$at+0x10 = 0x00000000" "$at+0x20/8 = 0x00" \
    "$at+0x24.7:4 = 0x0" \
    "$at+0x10 = 0x00000003 (was 0x00000000, bits 1:0)" \
    "$at+0x10 = 0x10000102 (was 0x00000003, bits 28, 8, 0)" \
    "$at+0x24.7:4 = 0xf (was 0x0, bits 3:0)"
  [ "$(grep -cE "^$clock @" out)" = 6 ]
  err_is
}

@test "times: of the clock, and from the start on" {
  local before after

  before=$(date +%H:%M:%S.%N)
  expect 0 watch "${on[@]}" --samples 1 "$at+0x10"
  after=$(date +%H:%M:%S.%N)
  # Not at midnight.
  [[ $after < $before ]] ||
    [[ $(head -c 15 out) > ${before:0:14} && $(head -c 15 out) < $after ]]
  expect 0 watch "${on[@]}" --samples 6 --interval 100ms --all --relative \
    "$at+0x10"
  [ "$(grep -cE "^$since @" out)" = 6 ]
  # 0, 0.1, ...; a busy machine is late, but it is never early, and lateness
  # does not add up.
  awk -F '[+ ]' '
    { due = (NR - 1) / 10; if ($2 < due) exit 1; late = $2 - due }
    END { exit !(NR == 6 && late < 0.4) }' out ||
    [ "${MMIODBG_TEST_PATIENCE:-1}" != 1 ]
}

@test "many bits that changed are a mask" {
  set_register 0x10 0
  watch_start --interval 5ms --samples 400 "$at+0x10"
  until_lines 1
  set_register 0x10 0x55555
  until_lines 2
  kill -TERM "$watcher"
  watch_ends 143
  texts
  [ "$(tail -n 1 texts)" = \
    "$at+0x10 = 0x00055555 (was 0x00000000, bits 0x00055555)" ]
}

@test "colour: the digits that changed, and failures" {
  watch_start --interval 5ms --color always "$at+0x10"
  until_lines 1
  set_register 0x10 0x30001
  until_lines 2
  tell unmap 0
  until_lines 3
  kill -TERM "$watcher"
  watch_ends 143
  texts
  file_is texts "$at+0x10 = 0x00000000" \
    "$at+0x10 = 0x000"$'\e[1;36m3\e[0m000\e[1;36m1\e[0m'" (was 0x00000000, bits 17:16, 0)" \
    "$at+0x10: "$'\e[31mthe mapping is not there any more\e[0m'
}

@test "--mask: other bits are shown, and do not count" {
  watch_start --interval 2ms --mask 0xf0 "$at+0x10" "$at+0x20.15:8"
  until_lines 2
  set_register 0x10 0xf
  set_register 0x20 0xf00
  sleep 0.1
  set_register 0x10 0x12f
  until_lines 3
  set_register 0x20 0x3000
  until_lines 4
  kill -TERM "$watcher"
  watch_ends 143
  texts
  file_is texts "$at+0x10 = 0x00000000" "$at+0x20.15:8 = 0x00" \
    "$at+0x10 = 0x0000012f (was 0x00000000, bits 8, 5, 3:0)" \
    "$at+0x20.15:8 = 0x30 (was 0x00, bits 5:4)"
}

# Each sample reads what was named, once, in the order of the line, and nothing
# else is touched.
@test "--samples: so many accesses, and no others" {
  local interval a b c

  need strace
  a=$((base + 0x10)) b=$((base + 0x14)) c=$((base + 0x40))
  for interval in 0 1ms 20ms; do
    reads 0 --interval $interval --samples 3 "$at+0x40/16" \
      "$at+0x10..+0x8"
    accesses_are "r16@$c" "r32@$a" "r32@$b" "r16@$c" "r32@$a" "r32@$b" \
      "r16@$c" "r32@$a" "r32@$b"
  done
  reads 0 --interval 0 --samples 1000 "$at+0x10"
  [ "$(sort -u accesses)" = "pread64 4 $a" ]
  [ "$(wc -l <accesses)" = 1000 ] || fail "$(wc -l <accesses) accesses"
}

@test "--for: the time is kept, asleep and awake" {
  local interval

  for interval in 0 1ms 30ms 10s; do
    within 3 expect 0 watch "${on[@]}" --for 300ms --interval $interval \
      --json "$at+0x10"
    jq -e '.elapsed_nanoseconds >= 300000000 and .taken >= 1' out
    [ $interval != 10s ] || jq_is .taken 1
    [ $interval != 0 ] || jq -e '.taken > 100' out
  done
  # The last one is before the end.
  expect 0 watch "${on[@]}" --for 100ms --interval 50ms --json "$at+0x10"
  validates
  jq -e '.taken <= 2 and .taken + .missed <= 2' out
}

@test "--until: it ends when that holds, and 124 if it never does" {
  watch_start --interval 2ms --until "$at+0x10 ge 5" "$at+0x10"
  until_lines 1
  set_register 0x10 4
  until_lines 2
  is_gone "$watcher" && fail 'it did not wait'
  set_register 0x10 6
  watch_ends 0
  texts
  file_is texts "$at+0x10 = 0x00000000" \
    "$at+0x10 = 0x00000004 (was 0x00000000, bit 2)" \
    "$at+0x10 = 0x00000006 (was 0x00000004, bit 1)"
  expect 124 watch "${on[@]}" --samples 3 --interval 0 --until "$at+0x10 eq 5" \
    "$at+0x10"
  err_has "$at+0x10: eq 5 does not hold: it is 0x00000006"
  expect 124 watch "${on[@]}" --for 50ms --interval 1ms --json \
    --until "$at+0x10 eq 5" "$at+0x20"
  validates
  jq -e '.met == false and .error.kind == "timeout" and
    (.condition | endswith("+0x10 eq 5"))' out
  expect 0 watch "${on[@]}" --json --until "$at+0x10.2 set" "$at+0x20"
  validates
  jq -e '.met and .taken == 1 and (has("error") | not)' out
}

# A register is read once a sample, though both are about it.
@test "--until: one access more, unless the register is watched" {
  local a b condition

  need strace
  a=$((base + 0x10)) b=$((base + 0x14))
  for condition in "$at+0x14 eq 9" "$at+0x14.3:1 eq 2" "$at+0x14/32be gt 1" \
    "$((base + 0x14)) set 4"; do
    reads 124 --interval 0 --samples 2 \
      --until "$condition" "$at+0x10..+0x8"
    accesses_are "r32@$a" "r32@$b" "r32@$a" "r32@$b"
  done
  # What stands elsewhere, or has another width, is not printed.
  reads 124 --interval 0 --samples 2 --until "$at+0x14 eq 9" \
    "$at+0x10"
  accesses_are "r32@$a" "r32@$b" "r32@$a" "r32@$b"
  [ "$(wc -l <out)" = 1 ]
  reads 124 --interval 0 --samples 1 --until "$at+0x14/8 eq 9" \
    "$at+0x14"
  accesses_are "r32@$b" "r8@$b"
}

@test "--until: of a register in another order of bytes" {
  set_register 0x10 0x01000000
  expect 0 watch "${on[@]}" --samples 1 --until "$at+0x10/32be eq 1" "$at+0x10"
  expect 0 watch "${on[@]}" --samples 1 --until "$at+0x10 eq 0x1000000" \
    "$at+0x10/32be"
  out_has "$at+0x10/32be = 0x00000001"
  expect 124 watch "${on[@]}" --samples 1 --until "$at+0x10/32be eq 0x1000000" \
    "$at+0x10"
  err_has 'it is 0x00000001'
}

# Where the condition is about a register that is watched, that one alone is told
# of; where it had an access of its own, that fails and comes back by itself.
@test "--until: the mapping goes and comes back: each register tells it once" {
  local -a places=("$at+0x10" "$at+0x14")
  local place index=0 lines

  for place in "${places[@]}"; do
    watch_start --interval 5ms --until "$place eq 5" "$at+0x10"
    until_lines 1
    tell unmap $index
    lines=$([ "$place" = "$at+0x10" ] && echo 2 || echo 3)
    until_lines "$lines"
    sleep 0.3
    if has_lines $((lines + 1)); then
      fail "$(cat out)"
    fi
    tell map "$file"
    index=$((index + 1))
    until_lines $((2 * lines - 1))
    put_bytes regs "${place##*+}" 05
    watch_ends 0
    put_bytes regs "${place##*+}" 00
    sed -E 's/after [0-9.]+ s/after N s/' out >masked
    cp masked out
    texts
    grep -F "$place" texts >rest
    if [ "$place" = "$at+0x10" ]; then
      file_is rest "$place = 0x00000000" \
        "$place: the mapping is not there any more" \
        "$place = 0x00000000 (back after N s)" \
        "$place = 0x00000005 (was 0x00000000, bits 2, 0)"
    else
      file_is rest "$place: the mapping is not there any more" \
        "$place = 0x00000000 (back after N s)"
    fi
    [ "$(wc -l <texts)" = $((2 * lines - (lines > 2))) ]
  done
}

@test "--until: -n and -t are not for it, -w is" {
  need strace
  expect 124 watch "${on[@]}" -n 4 --samples 1 --until "$at+0x40 eq 1" "$at+0x10"
  reads 124 -w 16 --samples 1 --until "$at+0x40 eq 1" \
    "$at+0x10"
  accesses_are "r16@$((base + 0x10))" "r16@$((base + 0x40))"
}

@test "--all: every sample" {
  expect 0 watch "${on[@]}" --samples 5 --interval 0 --all "$at+0x10" "$at+0x14"
  texts
  [ "$(sort texts | uniq -c | tr -s ' ')" = " 5 $at+0x10 = 0x00000000
 5 $at+0x14 = 0x00000000" ]
}

@test "--quiet: values" {
  watch_start --interval 2ms -q "$at+0x10" "$at+0x14.3:0"
  until_lines 2
  set_register 0x10 0xabcd
  until_lines 3
  tell unmap 0
  until_lines 5
  kill -TERM "$watcher"
  watch_ends 143
  out_is 0x00000000 0x0 0x0000abcd - -
  err_is
}

@test "--quiet: nothing of a condition that has an access of its own" {
  watch_start --interval 2ms -q --until "$at+0x14 eq 5" "$at+0x10"
  until_lines 1
  tell unmap 0
  until_lines 2
  tell map "$file"
  until_lines 3
  put_bytes regs 0x14 05
  watch_ends 0
  out_is 0x00000000 - 0x00000000
  err_is
}

@test "--jsonl: a line at a time, as it is known" {
  local line

  need jq
  mkfifo pipe
  "$MMIODBG" watch "${on[@]}" --jsonl --interval 2ms --samples 1000000 \
    "$at+0x10" >pipe 2>err </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
  exec {lines}<pipe
  read -r -t 60 -u "$lines" line
  jq -e '.command == "watch" and .process == "mmiotarget" and
    .event == "first" and .sample == 1 and .value == "0x00000000" and
    .num == 0 and .changes == 0 and .lost == 0 and (has("was") | not) and
    (.time | test("^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.][0-9]{9}Z$")) and
    .elapsed_nanoseconds > 0' <<<"$line"
  [ "$(jq -r .place <<<"$line")" = "$at+0x10" ]
  set_register 0x10 0x90
  read -r -t 60 -u "$lines" line
  jq -e '.event == "change" and .value == "0x00000090" and .num == 144 and
    .was == "0x00000000" and .changed == "0x00000090" and .changes == 1 and
    .sample > 1' <<<"$line"
  tell unmap 0
  read -r -t 60 -u "$lines" line
  jq -e '.event == "failure" and .error.kind == "unmapped" and
    (has("value") | not)' <<<"$line"
  tell map "$file"
  read -r -t 60 -u "$lines" line
  jq -e '.event == "back" and .value == "0x00000090" and
    .changed == "0x00000000" and .away_nanoseconds > 0' <<<"$line"
  kill -TERM "$watcher"
  cat <&"$lines" >rest
  validates lines rest
  exec {lines}<&-
  watch_ends 143
  [ "$(wc -l <rest)" = 1 ]
  jq -e '.command == "watch" and .taken > 1 and .lost == 0' rest
}

@test "--json: one document, whatever ends it" {
  local signal

  need jq
  expect 0 watch "${on[@]}" --json --interval 0 --samples 3 --all "$at+0x10" \
    "$at+0x20/8"
  validates
  jq -e '(.samples | length) == 6 and .taken == 3 and
    [.samples[].sample] == [1, 1, 2, 2, 3, 3] and
    [.samples[].event] == ["first", "first", "same", "same", "same", "same"]
    ' out
  for signal in INT TERM; do
    mkfifo "pipe.$signal"
    env --default-signal=INT "$MMIODBG" watch "${on[@]}" --json --interval 1s \
      "$at+0x10" >"pipe.$signal" 2>err </dev/null 3>&- &
    watcher=$!
    target_pids+=("$watcher")
    exec {lines}<"pipe.$signal"
    # The document is begun when there is something in it, and flushed.
    read -r -t 60 -u "$lines" line
    read -r -t 60 -N 20 -u "$lines" more
    kill -"$signal" "$watcher"
    { echo "$line" && printf %s "$more" && cat <&"$lines"; } >out
    exec {lines}<&-
    watch_ends $((128 + $(kill -l "$signal")))
    jq -e '(.samples | length) == 1 and .taken == 1' out
    validates
  done
  # Nor without a process.
  expect 4 watch --json -p 99999999 "$at+0x10"
  validates
  jq -e '.command == "watch" and .samples == [] and
    .error.kind == "no-process"' out
}

@test "--histogram: each value, how often, in the order of that" {
  local rows

  need jq
  set_register 0x10 1
  watch_start --interval 1ms --histogram --relative "$at+0x10" "$at+0x20.3:0"
  until_lines 2
  sleep 0.1
  set_register 0x10 2
  until_lines 3
  kill -TERM "$watcher"
  watch_ends 143
  err_is
  sed -n '/^PLACE/,$p' out >table
  file_matches table 'PLACE +VALUE +COUNT +SHARE +FIRST +LAST' \
    "${at//[@+.]/.}.0x10 +0x0000000[12] +[0-9]+ +[0-9.]+% +$since +$since" \
    "${at//[@+.]/.}.0x20.3:0 +0x0 +[0-9]+ 100.00% +$since +$since"
  [ "$(grep -c '+0x10' table)" = 2 ]
  [ "$(awk '/[+]0x10/ { sum += $3 } END { print sum }' table)" = \
    "$(awk '/[+]0x20/ { print $3 }' table)" ]
  rows=$(awk '/[+]0x10/ { print $3 }' table)
  [ "$rows" = "$(sort -rn <<<"$rows")" ]
  # With a mask only its bits; and what failed is counted.
  watch_start --json --interval 1ms --histogram --mask 0xf "$at+0x10"
  # Of an item of a list the line ends with the next one.
  until_lines 1
  set_register 0x10 0xf2
  sleep 0.1
  tell unmap 0
  until_lines 2
  kill -TERM "$watcher"
  watch_ends 143
  validates
  jq -e '.taken as $taken |
    (.histogram | map(.count) | add) == $taken and
    [.histogram[] | .value // .sum] == ["0x00000002", "failed"] and
    (.histogram[0] | .first < .last)' out
}

@test "--verbose: how many samples, and how fast" {
  expect 0 watch "${on[@]}" -v --interval 0 --samples 100 "$at+0x10"
  err_matches 'mmiodbg: 100 samples in [0-9.]+ s, [0-9.]+/s, at the longest [0-9.]+ ms apart; 0 more were due, but it was late for them'
}

# The ring is full soon. The sampler goes on, and all that was lost is counted.
@test "a reader that does not read: samples are lost, counted, and no memory grows" {
  local before after

  need jq
  mkfifo pipe
  # A sanitizer keeps what was freed.
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1 \
    "$MMIODBG" watch "${on[@]}" --jsonl --all --interval 0 \
    --until "$at+0x10 eq 0x77" "$at+0x10" >pipe 2>err </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
  exec {lines}<pipe
  read -r -t 60 -u "$lines" first
  wait_until blocked_in_pipe "$watcher"
  sleep 1
  before=$(resident "$watcher")
  sleep 1
  after=$(resident "$watcher")
  [ "$after" -le $((before + 256)) ] || fail "it grew from $before to $after kB"
  [ "$after" -lt 65536 ] || fail "$after kB"
  # What was sampled while nobody read is at most what has room in the ring.
  { echo "$first" && cat <&"$lines"; } >out &
  reader=$!
  wait_until grep -q '"lost": [1-9]' out
  # No signal: that would not let the rest be printed for as long as a slow machine
  # needs.
  set_register 0x10 0x77
  watch_ends 0
  wait "$reader"
  exec {lines}<&-
  jq -e -s '
    (.[:-1] | map(.lost) | add) as $told | .[-1] as $sum |
    $sum.lost > 1000 and $sum.taken == (length - 1) + $sum.lost and
    $told <= $sum.lost and $told > 0 and
    .[-2].value == "0x00000077" and
    (.[:-1] | map(.sample) | . == sort)' out
  # Nobody has waited: the samples came all the time.
  jq -e -s '.[-1].longest_gap_nanoseconds < 2000000000' out
}

# blocked_in_pipe PID: one of its threads waits for a reader
blocked_in_pipe() {
  grep -q pipe_w "/proc/$1/task/"*/wchan || grep -qE '^1 0x1 ' "/proc/$1/task/"*/syscall
}

# samples_go_on PID: by more than the ring has room for
samples_go_on() {
  local before

  before=$(calls_of "$1")
  wait_until more_were_made "$1" $((before + 40000))
}

# Calls of read and the like, of which each sample is one.
calls_of() {
  sed -n 's/^syscr: //p' "/proc/$1/io"
}

more_were_made() {
  [ "$(calls_of "$1")" -gt "$2" ]
}

resident() {
  awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

@test "a reader that is late: the changes that were lost are told as a line" {
  mkfifo pipe
  "$MMIODBG" watch "${on[@]}" --all --interval 0 \
    --until "$at+0x10 eq 0x77" "$at+0x10" >pipe 2>err </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
  exec {lines}<pipe
  wait_until blocked_in_pipe "$watcher"
  samples_go_on "$watcher"
  cat <&"$lines" >out &
  reader=$!
  wait_until grep -q 'samples were lost$' out
  set_register 0x10 0x77
  watch_ends 0
  wait "$reader"
  exec {lines}<&-
  out_matches '[0-9]+ samples were lost' '[0-9]+ samples were lost in all'
  [ "$(tail -n 1 out | cut -d ' ' -f 1)" -ge \
    "$(awk '/lost$/ { sum += $1 } END { print sum }' out)" ]
  # With -q these are no values.
  set_register 0x10 0
  "$MMIODBG" watch "${on[@]}" --all -q --interval 0 \
    --until "$at+0x10 eq 0x77" "$at+0x10" >pipe 2>err </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
  exec {lines}<pipe
  wait_until blocked_in_pipe "$watcher"
  samples_go_on "$watcher"
  cat <&"$lines" >out &
  reader=$!
  wait_until grep -q 'samples were lost$' err
  set_register 0x10 0x77
  watch_ends 0
  wait "$reader"
  exec {lines}<&-
  [ "$(uniq out)" = $'0x00000000\n0x00000077' ]
  err_matches 'mmiodbg: [0-9]+ samples were lost in all'
}

# The last value is told, though it came while there was no room and has not
# changed since.
@test "a reader that is late: it learns the last value" {
  local i
  local -a often=()

  for ((i = 0; i < 256; i++)); do
    often+=("$at+0x0")
  done
  for i in 1 4 16 60; do
    late_reader "$i"
    ! grep -q 'lost in all' out || break
  done
  out_has 'lost in all'
  texts
  grep -F "$at+0x0 = " texts | tail -n 256 | cut -d ' ' -f 3 | sort | uniq -c \
    >last
  file_matches last ' *256 0x00123456'
}

# late_reader SECONDS: it reads nothing for so long, while a thread of the target
# changes the register
late_reader() {
  rm -f pipe
  mkfifo pipe
  "$MMIODBG" watch "${on[@]}" --interval 0 --until "$at+0x8 eq 1" \
    "${often[@]}" >pipe 2>err </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
  exec {lines}<pipe
  read -r -t 60 -u "$lines" first
  tell toggle 0 0x0 0xffff
  wait_until blocked_in_pipe "$watcher"
  sleep "$1"
  tell toggled
  set_register 0x0 0x123456
  sleep 0.2
  set_register 0x8 1
  cat <&"$lines" >out
  exec {lines}<&-
  watch_ends 0
  set_register 0x8 0
}

@test "a reader that closes the pipe ends it quietly, also while nothing changes" {
  local before

  set -o pipefail
  before=$SECONDS
  status=0
  timeout -s KILL 90 "$MMIODBG" watch "${on[@]}" --interval 100s "$at+0x10" \
    2>err | head -n 1 >out || status=$?
  [ "$status" = 141 ]
  [ $((SECONDS - before)) -lt $((20 * ${MMIODBG_TEST_PATIENCE:-1})) ]
  texts
  file_is texts "$at+0x10 = 0x00000000"
  err_is
  status=0
  "$MMIODBG" watch "${on[@]}" --interval 0 --all --jsonl "$at+0x10" 2>err |
    head -n 1 >out || status=$?
  [ "$status" = 141 ]
  err_is
  # Where SIGPIPE is ignored it is an error like any other.
  status=0
  (
    trap '' PIPE
    exec timeout -s KILL 90 "$MMIODBG" watch "${on[@]}" --interval 100s "$at+0x10" 2>err
  ) | head -n 1 >out || status=$?
  [ "$status" = 1 ]
  err_is 'mmiodbg: standard output: Broken pipe'
}

@test "a full disk ends it, and is said" {
  within 10 expect_of 1 bash -c '"$@" >/dev/full' - "$MMIODBG" watch "${on[@]}" \
    --interval 100s "$at+0x10"
  err_is 'mmiodbg: standard output: No space left on device'
}

@test "a signal ends it in good order: what there is to tell is told" {
  local signal

  for signal in INT TERM HUP QUIT; do
    env --default-signal=INT,QUIT "$MMIODBG" watch "${on[@]}" --interval 100s \
      --histogram "$at+0x10" >out 2>err </dev/null 3>&- &
    watcher=$!
    target_pids+=("$watcher")
    until_lines 1
    kill -"$signal" "$watcher"
    watch_ends $((128 + $(kill -l "$signal")))
    out_matches 'PLACE .*' ".* 0x00000000 +1 100.00% .*"
    err_is
  done
  # Spinning, too; and more of them change nothing.
  watch_start --interval 0 --histogram "$at+0x10"
  until_lines 1
  kill -TERM "$watcher"
  kill -HUP "$watcher" || :
  kill -TERM "$watcher" || :
  status=0
  wait "$watcher" || status=$?
  [ "$status" = 143 ] || [ "$status" = 129 ]
  out_matches 'PLACE .*'
}

# It comes while the second access of the second sample is made: the others of that
# sample are not. What was read is told, and counts.
@test "a signal ends it in the middle of a sample, which counts" {
  need jq strace
  local program

  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    strace -qq -f -o trace -P "/proc/$pid/mem" -e trace=pread64 \
    -e inject=pread64:delay_enter=2000000:when=7 "$MMIODBG" watch "${on[@]}" \
    --jsonl --all --interval 20ms "$at+0x10..+0x10" "$at+0x20" >out 2>err \
    </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
  until_lines 5
  sleep 0.5
  read -r program _ <trace
  kill -TERM "$program"
  watch_ends 143
  jq -e -s '.[-1].taken == .[-2].sample' out
}

@test "a signal ends it though nobody reads the output: after 3 seconds" {
  local interval

  for interval in 0 1ms; do
    rm -f pipe
    mkfifo pipe
    "$MMIODBG" watch "${on[@]}" --interval $interval --all "$at+0x0..+0x100" \
      >pipe 2>err </dev/null 3>&- &
    watcher=$!
    target_pids+=("$watcher")
    exec {lines}<pipe
    wait_until blocked_in_pipe "$watcher"
    sleep 0.2
    kill -TERM "$watcher"
    within 15 watch_ends 142
    exec {lines}<&-
  done
}

@test "a mapping that goes and comes: told once, and when it is back" {
  watch_start --interval 5ms "$at+0x10" "$at+0x20..+0x8"
  until_lines 3
  set_register 0x10 5
  until_lines 4
  tell unmap 0
  until_lines 6
  sleep 0.3
  tell map "$file"
  until_lines 9
  tell store 1 32 0x24 8
  until_lines 10
  kill -TERM "$watcher"
  watch_ends 143
  sed -E 's/after [0-9]+\.[0-9]{6} s/after N s/' out >masked
  cp masked out
  texts
  sed -n '5,$p' texts >rest
  file_is rest "$at+0x10: the mapping is not there any more" \
    "$at+0x20 to $at+0x24 (2 elements): the mapping is not there any more" \
    "$at+0x10 = 0x00000005 (back after N s)" \
    "$at+0x20 = 0x00000000 (back after N s)" \
    "$at+0x24 = 0x00000000 (back after N s)" \
    "$at+0x24 = 0x00000008 (was 0x00000000, bit 3)"
  err_is
}

@test "a mapping that goes: other locations are watched on" {
  pattern other
  on+=(--treat-as-device "$file")
  tell map "$file"
  local second=${answer#map 1 }

  second=${second%% *}
  watch_start --interval 5ms "$base" "$second/16"
  until_lines 2
  tell unmap 0
  until_lines 3
  tell store 1 32 0 0x77
  until_lines 4
  kill -TERM "$watcher"
  watch_ends 143
  texts
  file_is texts "$base = 0x00000000" "$second/16 = 0x0000" \
    "$base: the mapping is not there any more" \
    "$second/16 = 0x0077 (was 0x0000, bits 6:4, 2:0)"
}

# An address and an index are no names: what stands there later may be another
# device, which nobody has named.
@test "another device at the same address is not read" {
  need strace
  pattern other
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    strace -qq -f -y -o trace -e trace=pread64 "$MMIODBG" watch "${on[@]}" \
    --interval 5ms "$base" @0+0x4 "$at+0x8" >out 2>err </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
  until_lines 3
  tell mapat 0 other
  until_lines 6
  # Now it is a device again, but the second page of it.
  truncate -s 16384 regs
  tell mapat 0 "$file,off=8192,len=8192"
  sleep 0.5
  [ "$(wc -l <out)" = 6 ]
  [ "$(grep -c 'replaced by another' out)" = 3 ]
  cp trace trace.before
  sleep 0.3
  # Nothing is read there.
  diff <(grep -cF "/mem>" trace.before) <(grep -cF "/mem>" trace)
  tell mapat 0 "$file"
  until_lines 9
  texts
  tail -n 3 texts >rest
  [ "$(grep -c 'back after' rest)" = 3 ]
  # The tracer ends as what it traces does.
  read -r program _ <trace
  kill -TERM "$program"
  watch_ends 143
}

# The same device elsewhere is found by its name.
@test "a device that is mapped elsewhere is found again, an address is not" {
  watch_start --interval 5ms "$at+0x10" "$((base + 0x20))"
  until_lines 2
  # The place stays taken.
  tell mapat 0 anon,len=0x2000
  until_lines 4
  tell map "$file"
  tell store 1 32 0x10 9
  until_lines 5
  sleep 0.3
  kill -TERM "$watcher"
  watch_ends 143
  texts
  [ "$(wc -l <texts)" -le 6 ]
  grep -qE "^${at//[@+.]/.}.0x10 = 0x0000000[09] \(back after" texts
  if grep -q "$((base + 0x20)) = .*back" texts; then
    fail "$(cat texts)"
  fi
}

@test "accesses that fail in the middle: told once, and when they succeed again" {
  need strace
  # Each sample is one attempt; the third to the sixth fail.
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of 0 strace -qq -f -o trace -P "/proc/$pid/mem" -e trace=pread64 \
    -e inject=pread64:error=EIO:when=3..6 "$MMIODBG" watch "${on[@]}" \
    --via kernel --retry 0 --interval 5ms --samples 8 --jsonl "$at+0x10"
  validates lines
  jq -e -s '[.[] | .event] == ["first", "failure", "back", null] and
    .[1].sample == 3 and .[2].sample == 7 and .[3].taken == 8' out
  [ "$(grep -c pread64 trace)" = 8 ]
  # Only the first of them is tried again.
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of 6 strace -qq -f -o trace -P "/proc/$pid/mem" -e trace=pread64 \
    -e inject=pread64:error=EIO:when=3+ "$MMIODBG" watch "${on[@]}" \
    --via kernel --retry 100ms --interval 20ms --samples 22 --json "$at+0x10"
  validates
  jq -e '[.samples[].event] == ["first", "failure"] and
    .samples[1].error.attempts > 2 and .error.kind == "revoked"' out
  # 20 samples, and the attempts of the first.
  [ "$(grep -c EIO trace)" -lt 60 ]
}

@test "a device that falls asleep is not accessed until it wakes" {
  need strace
  tree_begin
  tree_pci 0000:03:00.0 0x8086 0x10d3 '' 0xfea00000:0x4000:0x40200
  tree_process 4242 app
  tree_mapping 0x10000000 0x4000 rw-s 0xfea00000 \
    /sys/devices/pci0000:00/0000:03:00.0/resource0
  tree_memory 0x10000000 78 56 34 12
  on=(-p 4242)
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    strace -qq -f -y -o trace -e trace=pread64 "$MMIODBG" watch "${on[@]}" \
    --interval 5ms @03:00.0/bar0 >out 2>err </dev/null 3>&- &
  watcher=$!
  target_pids+=("$watcher")
  until_lines 1
  echo D3hot >"$tree/sys/bus/pci/devices/0000:03:00.0/power_state"
  until_lines 2
  cp trace trace.before
  sleep 0.3
  diff <(grep -c '/mem>' trace.before) <(grep -c '/mem>' trace)
  echo D0 >"$tree/sys/bus/pci/devices/0000:03:00.0/power_state"
  until_lines 3
  read -r program _ <trace
  kill -TERM "$program"
  watch_ends 143
  sed -E 's/after [0-9.]+ s/after N s/' out >masked
  cp masked out
  texts
  file_matches texts '@03:00.0/bar0 = 0x12345678' \
    '@03:00.0/bar0: the device is in a low-power state, and would answer all-ones or not at all' \
    '@03:00.0/bar0 = 0x12345678 [(]back after N s[)]'
}

@test "the status tells what the last sample had" {
  # Alone; and together with one that stays.
  failing_at_the_end 6
  one_diagnostic_err
  err_has "${map[0]}: " "the mapping is not there any more"
  failing_at_the_end 3 "$at+0x10"
  one_diagnostic_err
  err_has "${map[0]}: " "the mapping is not there any more"
}

@test "a range of which a part has a value at the end: 3" {
  truncate -s 4096 regs
  expect 3 watch "${on[@]}" --retry 0 --samples 2 --interval 10ms \
    "$at+0xffc..+0x8"
  texts
  head -n 1 texts >first
  file_is first "$at+0xffc = 0x00000000"
  one_diagnostic_err
  expect 6 watch "${on[@]}" --retry 0 --samples 2 --interval 10ms \
    "$at+0x1000..+0x8" "$at+0x1ff0"
}

# failing_at_the_end STATUS LOCATION...: the mapping of the first location goes
# before the time is over; a slow machine gets more of it
failing_at_the_end() {
  local wanted=$1 time

  shift
  for time in 500ms 3s 20s 60s; do
    target_start "$file" "$file"
    on=(-p "$pid" --treat-as-device "$file")
    watch_start --interval 5ms --for $time "${map[0]}" "$@"
    until_lines $((1 + $#))
    tell unmap 0
    status=0
    wait "$watcher" || status=$?
    [ "$status" = 0 ] || break
  done
  [ "$status" = "$wanted" ] || fail "status $status: $(cat out err)"
}

@test "the target ends, is killed, or execs: 4" {
  local how

  for how in 'exit 0' kill 'exec /bin/sleep 600'; do
    watch_start --interval 5ms --histogram "$at+0x10"
    until_lines 1
    if [ "$how" = kill ]; then
      kill -KILL "$pid"
    else
      tell "$how"
    fi
    watch_ends 4
    err_has "process $pid"
    # What there was is told.
    out_matches 'PLACE .*'
    target_start "$file"
    on=(-p "$pid" --treat-as-device "$file")
  done
  # At once, however long the interval.
  watch_start --interval 100s --json "$at+0x10"
  until_lines 1
  kill -KILL "$pid"
  within 10 watch_ends 4
  jq -e '.error.kind == "gone" and (.samples | length) == 1' out
}

@test "widths, counters in two halves, big-endian registers" {
  set_register 0x10 0x12345678
  set_register 0x14 1
  expect 0 watch "${on[@]}" --samples 2 --interval 0 "$at+0x10/8" "$at+0x10/16be" \
    "$at+0x10/32x2" "$at+0x10/64"
  texts
  file_is texts "$at+0x10/8 = 0x78" "$at+0x10/16be = 0x7856" \
    "$at+0x10/32x2 = 0x0000000112345678" "$at+0x10/64 = 0x0000000112345678"
}

# A program whose registers have names.
driver_start() {
  need gcc
  cat >driver.c <<'C'
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum mode { OFF, SLOW, FAST = 4 };

struct regs {
	uint32_t id;
	union {
		uint32_t raw;
		struct {
			uint32_t enable : 1;
			enum mode mode : 3;
			uint32_t : 4;
			uint32_t rate : 8;
		};
	} ctrl;
	int32_t level;
	enum mode state;
	uint16_t ring[3];
	void *next;
};

volatile struct regs *regs;

float factor = 1.5f;
_Bool enabled = 1;

int main(int argc, char **argv)
{
	char byte;

	(void)argc;
	regs = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED,
		    open(argv[1], O_RDWR), 0);
	printf("map 0 %p\nready %d\n", (void *)regs, (int)getpid());
	fflush(stdout);
	/* It unmaps and maps the device, or loads a library. */
	while (read(0, &byte, 1) > 0) {
		if (byte == 'u')
			munmap((void *)regs, 8192);
		if (byte == 'm')
			regs = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
				    MAP_SHARED, open(argv[1], O_RDWR), 0);
		if (byte == 'l' && !dlopen("libm.so.6", RTLD_NOW))
			return 1;
	}
	return 0;
}
C
  gcc -g -O0 -o driver driver.c -ldl
  target_launch ./driver "$file"
  base=${map[0]}
  on=(-p "$pid" --treat-as-device "$file")
}

@test "names: fields and enumerators, and what they were" {
  [ "$(byte_order)" = little ] || skip 'the bit-fields are of a little-endian'
  driver_start
  watch_start --interval 5ms ptr:regs regs.ctrl.mode
  until_lines 9
  put_bytes regs 0x4 09
  until_lines 11
  put_bytes regs 0x4 03 30
  until_lines 13
  put_bytes regs 0x8 fe ff ff ff
  until_lines 14
  put_bytes regs 0xc 04
  until_lines 15
  put_bytes regs 0x14 07
  until_lines 16
  # A pointer into the device.
  # shellcheck disable=SC2046 # bytes
  put_bytes regs 0x18 $(printf '%016x' $((base + 0x10)) | sed 's/../& /g' |
    awk '{ for (i = 8; i; i--) printf "%s ", $i }')
  until_lines 17
  kill -TERM "$watcher"
  watch_ends 143
  texts
  head -n 9 texts >start
  file_is start "regs.id = 0x00000000" \
    "regs.ctrl = 0x00000000 { enable = 0, mode = 0 (OFF), rate = 0 }" \
    "regs.level = 0x00000000" "regs.state = 0x00000000 (OFF)" \
    "regs.ring[0] = 0x0000" "regs.ring[1] = 0x0000" "regs.ring[2] = 0x0000" \
    "regs.next = 0x0000000000000000" "regs.ctrl.mode = 0x0 (OFF)"
  sed -n '10,16p' texts >rest
  file_is rest \
    "regs.ctrl = 0x00000009 { enable = 1, mode = 4 (FAST), rate = 0 } (was 0x00000000 { enable = 0, mode = 0 (OFF) }, bits 3, 0)" \
    "regs.ctrl.mode = 0x4 (FAST) (was 0x0 (OFF), bit 2)" \
    "regs.ctrl = 0x00003003 { enable = 1, mode = 1 (SLOW), rate = 0x30 } (was 0x00000009 { mode = 4 (FAST), rate = 0 }, bits 13:12, 3, 1)" \
    "regs.ctrl.mode = 0x1 (SLOW) (was 0x4 (FAST), bits 2, 0)" \
    "regs.level = 0xfffffffe (-2) (was 0x00000000, bits 31:1)" \
    "regs.state = 0x00000004 (FAST) (was 0x00000000 (OFF), bit 2)" \
    "regs.ring[2] = 0x0007 (was 0x0000, bits 2:0)"
  grep -qF "regs.next = $(printf '0x%016x' $((base + 0x10))) (-> $at+0x10)" texts
}

@test "names: JSON, a condition by the name of a value, one access" {
  [ "$(byte_order)" = little ] || skip 'the bit-fields are of a little-endian'
  need jq strace
  driver_start
  put_bytes regs 0x4 09
  reads 0 --jsonl --samples 5 --interval 1ms \
    --until 'regs.ctrl.mode eq FAST' regs.ctrl
  validates lines
  [ "$(grep -c "pread64 4 $((base + 4))" accesses)" = 1 ]
  [ "$(grep -c pread64 accesses)" = 1 ]
  head -n 1 out >first
  jq -e '.name == "regs.ctrl" and (.place | endswith("+0x4") or startswith("0x")) and
    (.fields | map(.enum // .num)) == [1, "FAST", 0]' first
}

@test "names: a condition on a signed type, and a value that it cannot have" {
  local op

  driver_start
  put_bytes regs 0x8 fe ff ff ff
  for op in lt le gt ge; do
    expect 2 wait "${on[@]}" regs.level $op 0xfffffffe --timeout 0
    one_diagnostic
    err_has 'its type is signed, and has no such value in 32 bits' \
      'a negative one has a minus; with a width (/32) the bits are meant'
    refused 2 watch "${on[@]}" regs.id --until "regs.level $op 0x80000000"
  done
  expect 0 wait "${on[@]}" regs.level lt 0x7fffffff --timeout 0
  expect 0 wait "${on[@]}" regs.level le -2 --timeout 0
  expect 124 wait "${on[@]}" regs.level gt 0 --timeout 0
  expect 0 wait "${on[@]}" regs.level/32 ge 0xfffffffe --timeout 0
  expect 0 wait "${on[@]}" regs.level eq 0xfffffffe --timeout 0
  expect 0 wait "${on[@]}" regs.level ne 0xffffffff --timeout 0
  expect 0 wait "${on[@]}" regs.id le 0xffffffff --timeout 0
  refused 2 wait "${on[@]}" factor eq 1 --timeout 0
  err_has 'with a width (/32) the bits are meant'
  expect 0 wait "${on[@]}" factor/32 eq 0x3fc00000 --timeout 0
}

@test "names: a condition is called alike whether it holds or not" {
  [ "$(byte_order)" = little ] || skip 'the bit-fields are of a little-endian'
  driver_start
  put_bytes regs 0x4 05
  expect 0 wait "${on[@]}" -t 'struct regs' -m ctrl.mode "$at" eq 2 --timeout 0
  out_has "$at.ctrl.mode = 0x2 after"
  expect 124 wait "${on[@]}" -t 'struct regs' -m ctrl.mode "$at" eq FAST \
    --timeout 0
  err_has "$at.ctrl.mode: eq FAST does not hold: it is 0x2"
}

@test "names: conditions on a boolean" {
  driver_start
  expect 0 wait "${on[@]}" enabled eq true --timeout 0
  expect 124 wait "${on[@]}" enabled eq false --timeout 0
  expect 0 wait "${on[@]}" enabled ne false --timeout 0
  refused 2 wait "${on[@]}" enabled eq yes --timeout 0
  err_has 'its type has no such name for a value'
  refused 2 wait "${on[@]}" regs.id eq true --timeout 0
  err_has 'it has no names for values'
}

@test "names: a histogram of some bits has no meanings, and none has other bits" {
  [ "$(byte_order)" = little ] || skip 'the bit-fields are of a little-endian'
  need jq
  driver_start
  # enable, mode = FAST, rate
  put_bytes regs 0x4 09 30
  expect 0 watch "${on[@]}" --samples 1 --histogram --mask 1 regs.ctrl.mode \
    regs.ctrl
  sed -n '/^PLACE/,$p' out >table
  file_matches table 'PLACE +VALUE +COUNT .*' \
    "regs[.]ctrl[.]mode +0x0 +1 .*" "regs[.]ctrl +0x00000001 +1 .*"
  expect 0 watch "${on[@]}" --samples 1 --histogram --mask 1 --json \
    regs.ctrl.mode regs.ctrl
  validates
  jq -e '[.histogram[] | [.value, .num, .enum, .raw, .fields]] ==
    [["0x0", 0, null, null, null], ["0x00000001", 1, null, null, null]] and
    .samples[0].enum == "FAST" and .samples[0].raw == "0x00003009"' out
  # A mask of all of it leaves nothing out.
  for mask in '' '--mask 0xffffffff'; do
    # shellcheck disable=SC2086 # none, or two words
    expect 0 watch "${on[@]}" --samples 1 --histogram --json $mask \
      regs.ctrl.mode regs.ctrl
    validates
    jq -e '(.histogram[0] | [.value, .enum, .raw]) == ["0x4", "FAST", null] and
      (.histogram[1].fields | map(.enum // .num)) == [1, "FAST", 48]' out
  done
}

# With the files of the program the names are others, too.
@test "names: looked up anew when the target has loaded a library and mapped anew" {
  [ "$(byte_order)" = little ] || skip 'the bit-fields are of a little-endian'
  driver_start
  put_bytes regs 0x4 09
  watch_start --interval 5ms --until 'regs.state eq FAST' regs.ctrl
  until_lines 1
  echo lu >&"$to_target"
  # The other place is looked for by name, and where the pointer leads nowhere.
  wait_until has_gone regs.ctrl
  put_bytes regs 0x4 03
  sleep 0.3
  echo m >&"$to_target"
  wait_until grep -q 'regs.ctrl = .*back after' out
  put_bytes regs 0x4 01
  wait_until grep -q 'bit 1)$' out
  put_bytes regs 0xc 04
  watch_ends 0
  sed -E 's/after [0-9.]+ s/after N s/' out >masked
  cp masked out
  texts
  grep -F 'regs.ctrl = ' texts >rest
  file_is rest "regs.ctrl = 0x00000009 { enable = 1, mode = 4 (FAST), rate = 0 }" \
    "regs.ctrl = 0x00000003 { enable = 1, mode = 1 (SLOW), rate = 0 } (back after N s; was 0x00000009 { mode = 4 (FAST) }, bits 3, 1)" \
    "regs.ctrl = 0x00000001 { enable = 1, mode = 0 (OFF), rate = 0 } (was 0x00000003 { mode = 1 (SLOW) }, bit 1)"
}

# has_gone LABEL: its failure was told
has_gone() {
  grep -qE "$1: .*(not there|replaced)" out
}

@test "--screen: a table that is kept up to date, at the height of the terminal" {
  need tmux
  screen_start 160x8 "$at+0x0..+0x20" --interval 20ms
  wait_until screen_has "$at+0x0 "
  wait_until screen_has '3 more rows have no room here'
  set_register 0x4 0x15
  wait_until screen_has 'bits 4, 2, 0'
  wait_until screen_line "$at+0x4" "0x00000015 +1 +$clock +bits 4, 2, 0"
  # It follows the size of the terminal.
  terminal resize-window -x 160 -y 24
  wait_until screen_has "$at+0x1c "
  wait_until screen_lacks 'no room here'
  terminal resize-window -x 160 -y 6
  wait_until screen_has '5 more rows have no room here'
  terminal resize-window -x 160 -y 20
  tell unmap 0
  wait_until screen_line "$at+0x1c" "- +0 +$clock the (mapping is not|read was ma).*"
  tell map "$file"
  wait_until screen_line "$at+0x1c" "0x00000000 +0 +$clock"
  # The end: what was on the screen is back, and the last table stays.
  terminal send-keys C-c
  wait_until screen_has 'status 130'
  screen_has before
  screen_line "$at+0x4" "0x00000015 .*"
  [ "$(terminal display-message -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" = '0 1 1' ]
}

@test "--screen --mask: the value is that of now, and only the mask counts changes" {
  need tmux
  screen_start 160x20 "$at+0x10" "$at+0x20.15:8" --interval 20ms --mask 0x10
  wait_until screen_line "$at+0x10" "0x00000000 +0 +$clock"
  set_register 0x10 0x3
  set_register 0x20 0xff0001
  wait_until screen_line "$at+0x10" "0x00000003 +0 +$clock"
  set_register 0x10 0x13
  wait_until screen_line "$at+0x10" "0x00000013 +1 +$clock +bit 4"
  set_register 0x10 0x15
  set_register 0x20 0x8700
  wait_until screen_line "$at+0x10" "0x00000015 +1 +$clock +bit 4"
  wait_until screen_line "$at+0x20.15:8" "0x87 +0 +$clock"
  terminal send-keys C-c
  wait_until screen_has 'status 130'
  screen_line "$at+0x10" "0x00000015 +1 .*"
}

@test "--screen --mask --until: the last table has the value that it ended with" {
  need tmux
  screen_start 160x20 "$at+0x10" --interval 20ms --mask 1 --until "$at+0x10 eq 6"
  wait_until screen_line "$at+0x10" "0x00000000 +0 +$clock"
  set_register 0x10 6
  wait_until screen_has 'status 0'
  screen_line "$at+0x10" "0x00000006 +0 +$clock"
}

# screen_start WIDTHxHEIGHT ARGUMENTS...: a watch in a terminal of its own
screen_start() {
  local size=$1

  shift
  cat >run.sh <<-END
	trap : INT
	echo before
	cd '$work'
	$(printf '%q ' "$MMIODBG" watch "${on[@]}" --screen "$@")
	echo status \$?
	exec sleep 600
	END
  terminal new-session -d -x "${size%x*}" -y "${size#*x}" \
    "bash run.sh"
  wait_until screen_has PLACE
}

screen_has() {
  terminal capture-pane -p >screen
  grep -qF -e "$1" screen
}

screen_lacks() {
  terminal capture-pane -p >screen
  [ -s screen ] && ! grep -qF -e "$1" screen
}

# screen_line LABEL REGEX: the line of a place
screen_line() {
  terminal capture-pane -p >screen
  grep -F -e "$1 " screen | sed -E 's/^[^ ]+ +//' | grep -qE -e "^$2 *\$"
}

@test "--screen: one sample, and no rate before there is one" {
  need tmux
  screen_start 160x20 "$at+0x10" --interval 20ms --samples 1
  wait_until screen_has 'status 0'
  screen_has ' 1 sample  -/s  0 lost'
  terminal kill-server
  screen_start 160x20 "$at+0x10" --interval 20ms
  wait_until screen_lacks '-/s'
  screen_has '/s  0 lost'
}

@test "--screen: alternate while it runs, and away at a stop" {
  need tmux
  cat >rc <<-END
	PS1='prompt> '
	END
  terminal new-session -d -x 100 -y 10 \
    "bash --rcfile '$work/rc' -i"
  wait_until screen_has 'prompt>'
  terminal send-keys \
    "$(printf '%q ' "$MMIODBG" watch "${on[@]}" --screen "$at+0x10")" Enter
  wait_until screen_has PLACE
  [ "$(terminal display-message -p '#{alternate_on} #{cursor_flag}')" = '1 0' ]
  terminal send-keys C-z
  wait_until screen_has Stopped
  [ "$(terminal display-message -p '#{alternate_on} #{cursor_flag}')" = '0 1' ]
  terminal send-keys fg Enter
  wait_until screen_has PLACE
  [ "$(terminal display-message -p '#{alternate_on}')" = 1 ]
  terminal send-keys C-c
  wait_until screen_has 'prompt>'
  [ "$(terminal display-message -p '#{alternate_on}')" = 0 ]
}

# The third sample takes longer than a signal leaves time for; so long strace stays.
@test "--screen: away also if the end is not in good order" {
  need tmux strace
  local mmiodbg=$MMIODBG

  cat >traced <<SH
#!/bin/sh
export ASAN_OPTIONS="\$ASAN_OPTIONS:detect_leaks=0"
exec strace -qq -f -o trace -P /proc/$pid/mem -e trace=pread64 \
  -e inject=pread64:delay_enter=15000000:when=3 '$mmiodbg' "\$@"
SH
  chmod +x traced
  MMIODBG=$work/traced
  screen_start 100x10 "$at+0x10" --interval 20ms
  wait_until screen_has ' 3 samples'
  terminal send-keys C-c
  wait_until screen_has 'status 142'
  screen_has before
  [ "$(terminal display-message -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" = '0 1 1' ]
}

@test "--screen: only on a terminal that can do it, and not with JSON" {
  need script
  bad 2 watch "${on[@]}" --screen "$at+0x10"
  err_has 'standard output is no terminal'
  expect 2 watch "${on[@]}" --screen --json "$at+0x10"
  validates
  err_is 'mmiodbg: --screen and --json exclude each other; leave one of the two out'
  expect 2 watch "${on[@]}" --screen --jsonl "$at+0x10"
  validates lines
  bad 2 watch "${on[@]}" --screen -q "$at+0x10"
  bad 2 watch "${on[@]}" --screen --all "$at+0x10"
  script -qec "env TERM=dumb $(printf '%q ' "$MMIODBG" watch "${on[@]}" --screen "$at+0x10")" \
    /dev/null >out </dev/null && fail 'it went well'
  out_has 'TERM=dumb'
}

@test "wrong usage is told, and nothing is accessed" {
  bad 2 watch "${on[@]}"
  bad 2 watch "${on[@]}" "$at+0x10=1"
  bad 2 watch "${on[@]}" --stop "$at+0x10"
  err_has 'leave --stop out'
  bad 2 watch "${on[@]}" --interval 5 "$at+0x10"
  bad 2 watch "${on[@]}" --for 0s "$at+0x10"
  bad 2 watch "${on[@]}" --samples 0 "$at+0x10"
  bad 2 watch "${on[@]}" --mask 0 "$at+0x10"
  bad 2 watch "${on[@]}" --mask 0x100 "$at+0x10" "$at+0x14/8"
  err_has "$at+0x14/8: --mask has none of its 8 bits"
  bad 2 watch "${on[@]}" --until "$at+0x10 = 1" "$at+0x10"
  bad 2 watch "${on[@]}" --until "$at+0x10" "$at+0x10"
  err_has "a condition is one word, in quotes: '$at+0x10 eq 1'"
  # Without quotes.
  bad 2 watch "${on[@]}" "$at+0x10" --until "$at+0x10" == 1
  err_has "a condition is one word, in quotes: '$at+0x10 eq 1'"
  bad 2 watch "${on[@]}" --until "$at+0x10>1" "$at+0x10"
  err_has "$at+0x10 gt VALUE"
  bad 2 watch "${on[@]}" --until "$at+0x10..+0x8 eq 1" "$at+0x10"
  bad 1 watch "${on[@]}" --until "$at+0x9000 eq 1" "$at+0x10"
  bad 2 watch "${on[@]}" --timeout 1s "$at+0x10"
  bad 7 watch "${on[@]}" "$at+0x11"
  truncate -s 1M large
  target_start "$work/large"
  bad 2 watch -p "$pid" --treat-as-device "$work/large" -n 65537 -w 8 \
    "$(region "$work/large")"
  err_has '65537 registers' 'at most 65536'
}

@test "--dry-run: the accesses of one sample, and none is made" {
  need strace
  reads 0 --dry-run --until "$at+0x14 eq 1" "$at+0x10"
  out_is "would read 32 bits at $(printf '0x%x' $((base + 0x10))) ($at+0x10) through kernel" \
    "would read 32 bits at $(printf '0x%x' $((base + 0x14))) ($at+0x14) through kernel"
  accesses_are
  reads 0 --dry-run --until "$at+0x10.1 set" "$at+0x10"
  [ "$(wc -l <out)" = 1 ]
}

@test "by threads of the target: the same" {
  need strace
  tell thread
  watch_start --via tracee --interval 20ms "$at+0x10" "$at+0x20/64"
  until_lines 2
  set_register 0x10 7
  until_lines 3
  kill -TERM "$watcher"
  watch_ends 143
  texts
  file_is texts "$at+0x10 = 0x00000000" "$at+0x20/64 = 0x0000000000000000" \
    "$at+0x10 = 0x00000007 (was 0x00000000, bits 2:0)"
  tell load 0 32 0x10
  [ "$answer" = 'value 0x00000007' ]
  expect 0 watch "${on[@]}" --attach --via tracee --interval 0 --samples 20 \
    "$at+0x10"
}

# The samples of the others go on, in their time, and the end is kept.
@test "a location that is tried again holds up neither others nor the end" {
  need jq
  truncate -s 4096 regs
  within 20 expect 3 watch "${on[@]}" --retry 60s --interval 100ms --for 1s \
    --json --all "$at+0x1000" "$at+0x10"
  validates
  jq -e '([.samples[] | select(.event == "same")] | length) as $same |
    .elapsed_nanoseconds < 15e9 and
    ($same == .taken - 1 and .taken + .missed <= 11)' out
  # A sample that none follows is tried again all the same.
  within 20 expect 6 watch "${on[@]}" --retry 200ms --interval 0 --samples 1 \
    --json "$at+0x1000"
  jq -e '.elapsed_nanoseconds > 2e8 and .samples[0].error.attempts > 2' out
}

@test "what is away for less than --retry is not told, whatever the interval" {
  need jq
  watch_start --retry 60s --interval 5ms --jsonl "$at+0x1000" "$at+0x10"
  until_lines 2
  truncate -s 4096 regs
  sleep 0.3
  set_register 0x10 1
  until_lines 3
  truncate -s 8192 regs
  sleep 0.3
  put_bytes regs 0x1000 01
  until_lines 4
  truncate -s 4096 regs
  sleep 0.3
  kill -TERM "$watcher"
  watch_ends 143
  # At the end it is told.
  jq -e -s '[.[] | .event] == ["first", "first", "change", "change", "failure",
    null] and .[4].error.kind == "revoked" and .[5].taken > 20' out
}
