#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Conditions and `wait`: what holds, what does not, how long is waited, and what
# is no condition

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

prepare() {
  pattern regs
  cp regs regs.before
  file=$work/regs
  at=$(region "$file")
  target_start "$file"
  on=(-p "$pid" --treat-as-device "$file")
}

@test "wait: each OP, met at once" {
  local condition

  put_bytes regs 0x40 80 00 00 00
  cp regs regs.before
  for condition in 'eq 0x80' '== 128' 'ne 0x81' '!= 0' 'lt 0x81' 'le 0x80' \
    'gt 0x7f' 'ge 0x80' 'set 0x80' 'clear 0x7f'; do
    # shellcheck disable=SC2086 # two words
    expect 0 wait "${on[@]}" -q "$at+0x40" $condition --timeout 0
    out_is 0x00000080
    err_is
  done
  same regs
}

@test "wait: each OP, not met: 124" {
  local condition

  put_bytes regs 0x40 80 00 00 00
  for condition in 'eq 0x81' '== 0' 'ne 0x80' '!= 128' 'lt 0x80' 'le 0x7f' \
    'gt 0x80' 'ge 0x81' 'set 0x81' 'clear 0x80'; do
    # shellcheck disable=SC2086 # two words
    expect 124 wait "${on[@]}" "$at+0x40" $condition --timeout 0
    out_is
    err_has "does not hold: it is 0x00000080"
  done
}

@test "wait: bits, widths, byte order, negative values, set and clear alone" {
  put_bytes regs 0x40 f8 ff 01 00 00 00 00 80
  expect 124 wait "${on[@]}" -q "$at+0x40/8" lt 0 --timeout 0
  expect 0 wait "${on[@]}" -q "$at+0x40/8" le -8 --timeout 0
  out_is 0xf8
  expect 0 wait "${on[@]}" -q "$at+0x40/16" eq -8 --timeout 0
  expect 124 wait "${on[@]}" -q "$at+0x40/8" gt -8 --timeout 0
  expect 0 wait "${on[@]}" -q "$at+0x40/8" gt -9 --timeout 0
  expect 0 wait "${on[@]}" -q "$at+0x40/8" gt 9 --timeout 0
  expect 0 wait "${on[@]}" -q "$at+0x42.0" eq 1 --timeout 0 -w 16
  expect 0 wait "${on[@]}" -q "$at+0x40/8.7:3" set --timeout 0
  out_is 0x1f
  expect 0 wait "${on[@]}" -q "$at+0x40/8.2:0" clear --timeout 0
  out_is 0x0
  expect 0 wait "${on[@]}" -q "$at+0x40/64be" eq 0xf8ff010000000080 --timeout 0
  expect 0 wait "${on[@]}" -q "$at+0x40/64" ge 0x8000000000000000 --timeout 0
  expect 0 wait "${on[@]}" -q "$at+0x40/64" lt -1 --timeout 0
}

@test "wait: until the target changes it; the time is told" {
  local background

  put_bytes regs 0x40 00 00 00 00
  "$MMIODBG" wait "${on[@]}" "$at+0x40.3" eq 1 --timeout 60s >waited 2>&1 &
  background=$!
  target_pids+=("$background")
  sleep 0.3
  is_gone "$background" && fail "it did not wait: $(cat waited)"
  tell store 0 32 0x40 0x8
  wait "$background"
  grep -Eq "^$at\+0x40\.3 = 0x1 after [0-9]+\.[0-9]{6} ms$" waited ||
    fail "$(cat waited)"
}

@test "wait: the timeout is kept, asleep and spinning" {
  local interval

  put_bytes regs 0x40 00 00 00 00
  for interval in 0 1ms 50ms 10s; do
    within 5 expect 124 wait "${on[@]}" "$at+0x40" eq 1 --timeout 200ms \
      --interval $interval -v
    err_has "within 200ms"
  done
}

# A sample at the begin, and one when the time is over.
@test "wait: an interval that no clock reaches" {
  local interval

  put_bytes regs 0x40 00 00 00 00
  for interval in 10s 18446744073s; do
    within 5 expect 124 wait "${on[@]}" "$at+0x40" eq 1 --timeout 50ms \
      --interval $interval --json
    validates
    jq_is .samples 2
  done
}

@test "wait: --json, --jsonl, met and not met" {
  put_bytes regs 0x40 02 00 00 00
  expect 0 wait "${on[@]}" --json "$at+0x40.1" set --timeout 0
  jq -e '.command == "wait" and .met and .samples == 1 and .value == "0x1" and
    .raw == "0x00000002" and .elapsed_nanoseconds > 0 and
    (.condition | endswith("+0x40.1 set")) and (has("error") | not)' out
  validates
  expect 124 wait "${on[@]}" --jsonl "$at+0x40" eq 1 --timeout 0
  jq -e '.met == false and .value == "0x00000002" and
    .error.kind == "timeout"' out
  [ "$(wc -l <out)" = 1 ]
  validates lines
  expect 2 wait "${on[@]}" --json "$at+0x40" eq
  validates
  expect 0 wait "${on[@]}" --json --dry-run "$at+0x40" eq 1
  validates
}

@test "wait: what is no condition is usage, and is not accessed" {
  local i

  # The arguments, each followed by a part of the message; "|" ends them.
  local -a cases=(
    '|there is no condition'
    "$at+0x40|gt and lt for > and <"
    "$at+0x40 =1|eq VALUE"
    "$at+0x40==1|$at+0x40 eq VALUE"
    "$at+0x40>1|$at+0x40 gt VALUE"
    "$at+0x40 > 1|write gt"
    "$at+0x40 = 1|write eq"
    "$at+0x40 eqq 1|near: eq"
    "$at+0x40 maybe 1|eq, ne, lt, le, gt, ge, set or clear"
    "$at+0x40 eq|no value to compare with"
    "$at+0x40 eq 1 2|more than a condition"
    "$at+0x40 eq 0x1g|0x1g"
    "$at+0x40 eq 010|leading zero"
    "$at+0x40 eq 1 --timeout 5|unit"
    "$at+0x40 eq 0x1ffffffff|does not fit into 32 bits"
    "$at+0x40/8 eq -129|does not fit into 8 bits"
    "$at+0x40.3 eq 2|does not fit into 1 bit"
    "$at+0x40=1 eq 1|the value is a word of its own"
    "$at+0x40..+0x10 eq 1|about one register"
    "$at+0x40 -n 2 eq 1|about one register"
    "$at+0x40 eq READY|no names for values"
    "$at+0x40 eq 1 --stop|leave --stop out"
    "$at+0x40 eq 1 --samples 2|takes no --samples"
  )
  for i in "${cases[@]}"; do
    # shellcheck disable=SC2086 # words
    expect 2 wait "${on[@]}" ${i%%|*}
    out_is
    err_has "${i#*|}"
  done
}

@test "wait: a condition in one word" {
  expect 2 wait "${on[@]}" "$at+0x40 eq 1" --timeout 0
  out_is
  err_has 'a condition is three words' "leave the quotes out: $at+0x40 eq 1"
}

# holds_memory PID: it has the target's memory open, and has looked at locations
holds_memory() {
  find "/proc/$1/fd" -lname "/proc/$pid/mem" 2>/dev/null | grep -q .
}

@test "wait: a target that ends, and a mapping that goes, while it is waited" {
  local background status

  put_bytes regs 0x40 00 00 00 00
  "$MMIODBG" wait "${on[@]}" "$at+0x40" eq 1 --timeout 60s --retry 0 >waited 2>&1 &
  background=$!
  target_pids+=("$background")
  wait_until holds_memory "$background"
  tell unmap 0
  status=0
  wait "$background" || status=$?
  [ "$status" = 6 ] || fail "status $status: $(cat waited)"
  tell map "$file"
  "$MMIODBG" wait "${on[@]}" "$at+0x40" eq 1 --timeout 60s >waited 2>&1 &
  background=$!
  target_pids+=("$background")
  wait_until holds_memory "$background"
  kill -KILL "$pid"
  status=0
  wait "$background" || status=$?
  [ "$status" = 4 ] || fail "status $status: $(cat waited)"
}

@test "wait: --dry-run reads nothing and waits for nothing" {
  put_bytes regs 0x40 00 00 00 00
  expect 0 wait "${on[@]}" --dry-run "$at+0x40" eq 1
  out_has "would read 32 bits"
}

# What the access failed with is told, though it would have been tried again.
@test "wait: the timeout is kept while an access is tried again" {
  local timeout

  truncate -s 4096 regs
  for timeout in 0 200ms; do
    within 20 expect 6 wait "${on[@]}" "$at+0x1000" eq 1 --retry 60s \
      --timeout $timeout --json
    validates
    jq -e '.error.kind == "revoked" and .elapsed_nanoseconds < 15e9' out
  done
  jq -e '.elapsed_nanoseconds >= 2e8' out
}

@test "wait: -v tells the last access, and how many there were" {
  local last samples

  put_bytes regs 0x40 07 00 00 00
  last="mmiodbg: read 32 bits at 0x[0-9a-f]+ \($at\+0x40\) = 0x00000007 "
  last+='through kernel, register, 1 attempt, [0-9.]+ us'
  samples='in [0-9.]+ ms, of which the last is told'
  expect 0 wait -v "${on[@]}" "$at+0x40" eq 7
  err_matches "$last" "mmiodbg: 1 sample $samples"
  expect 124 wait -v "${on[@]}" "$at+0x40" eq 8 --timeout 20ms
  [ "$(grep -cE "^$last\$" err)" = 1 ]
  grep -qE "^mmiodbg: [0-9]+ samples $samples\$" err
  truncate -s 4096 regs
  expect 1 wait -v "${on[@]}" --via kernel --retry 0 "$at+0x1000" eq 1
  grep -qE '^mmiodbg: read 32 bits at .* failed through kernel' err
}

@test "wait: its usage says that VALUE may be left out" {
  expect 0 wait --help
  out_has ' LOCATION OP [VALUE]'
  expect 0 watch --help
  out_has "'LOCATION OP [VALUE]'"
}
