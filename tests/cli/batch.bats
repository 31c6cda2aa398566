#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `batch`: its language, what is checked before the first access, where errors
# point, streams, and a target that changes or ends between lines

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

prepare() {
  pattern regs
  cp regs regs.before
  file=$work/regs
  at=$(region "$file")
  target_start "$file"
  base=${map[0]}
  on=(-p "$pid" --treat-as-device "$file")
}

# lines TEXT...: into the file `lines`
lines() {
  printf '%s\n' "$@" >lines
}

# streamed STATUS ARGUMENTS...: `batch` with the file `lines` through a pipe
streamed() {
  local - && set +T
  local wanted=$1

  shift
  status=0
  # shellcheck disable=SC2002 # it is to be a pipe
  cat lines | "$MMIODBG" batch "$@" >out 2>err 3>&- || status=$?
  [ "$status" = "$wanted" ] || {
    echo "status $status instead of $wanted"
    show out err
    return 1
  }
}

# The language

@test "batch: commands, variables, comments; from a file, a pipe, -e" {
  lines '# a comment' '' "set base $at" '  write ${base}+0x10=0x1234  # behind' \
    'let v read ${base}+0x10' 'echo "v is ${v}"   and  '"'\${v}'" \
    'assert ${base}+0x10 eq ${v}' 'read ${base}+0x10/16' \
    "read -q '$at+0x10' \"$at+0x14\"" 'wait ${base}+0x10.2 set --timeout 0 -q'
  set -- "v is 0x00001234 and \${v}" "$at+0x10/16 = 0x1234" 0x00001234 \
    "$(number 32 0x14)" 0x1
  expect 0 batch "${on[@]}" lines
  out_is "$@"
  err_is
  streamed 0 "${on[@]}"
  out_is "$@"
  streamed 0 "${on[@]}" -
  out_is "$@"
  expect 0 batch "${on[@]}" -e "set b $at" -e 'read ${b}+0x10'
  out_is "$at+0x10 = 0x00001234"
  lines 'read -q ${b}+0x10' 'reed'
  expect 2 batch "${on[@]}" -e "set b $at" -e 'sed' lines
  out_is
  err_has -e:2: lines:2: '2 lines are wrong'
  sed -i '2d' lines
  expect 0 batch "${on[@]}" -e "set b $at" lines
  out_is 0x00001234
  streamed 0 "${on[@]}" -e "set b $at" -
  out_is 0x00001234
}

@test "batch: words as in a shell" {
  lines "echo a\\ b 'c  d' \"e \\\"f\\\" \\\\ \\\$\" g#h '' # i" "set x 'y  z'" \
    'echo ${x}' 'echo "${x}"${x}' $'echo\ttab\t' $'echo carriage return\r'
  expect 0 batch "${on[@]}" lines
  out_is 'a b c  d e "f" \ $ g#h ' 'y  z' 'y  zy  z' tab 'carriage return'
  printf 'echo no newline' >lines
  expect 0 batch "${on[@]}" lines
  out_is 'no newline'
  : >lines
  expect 0 batch "${on[@]}" lines
  out_is
}

@test "batch: a let of bits, of each width, of a region through an index" {
  expect 0 batch "${on[@]}" -e "let a read $at+0x10.7:4" \
    -e "let b read -w 16be $at+0x10" -e "let c read @0+0x10/64" \
    -e 'echo ${a} ${b} ${c}' -e 'write @0+0x10=${b}' -e "read -q $at+0x10"
  out_is "0x1 0x1011 $(number 64 0x10)" 0x00001011
}

@test "batch: on-error, and the status of the first failure" {
  local hole=$at+0x4000

  lines "assert $at+0x10 eq 0" "read $at"
  expect 1 batch "${on[@]}" lines
  out_is
  err_has "lines:1: $at+0x10: eq 0 does not hold: it is $(number 32 0x10)"
  lines 'on-error continue' "wait $at+0x10 eq 0 --timeout 0" \
    "assert $at+0x10 eq 0" "read $at"
  expect 124 batch "${on[@]}" lines
  out_is "$at = $(number 32 0)"
  lines 'on-error continue' 'on-error stop' "wait $at+0x10 eq 0 --timeout 0" \
    "read $at"
  expect 124 batch "${on[@]}" lines
  out_is
  lines 'on-error continue' "read $at $hole" "read $at+4 $at+0x11" \
    "assert $at eq 0" "read -q $at+8"
  streamed 1 "${on[@]}"
  out_is "$(number 32 8)"
  err_has "stdin:2: " "stdin:3: " "stdin:4: "
}

@test "batch: sleep takes its time, exit ends" {
  local before

  before=$(date +%s%N)
  expect 0 batch "${on[@]}" -e 'sleep 300ms' -e exit -e 'echo no'
  [ $(($(date +%s%N) - before)) -ge 300000000 ]
  out_is
}

@test "batch: help, of all and of one" {
  expect 0 batch "${on[@]}" -e help -e 'help read' -e 'help let' -e 'wait --help'
  out_has 'assert     LOCATION OP [VALUE]' 'Usage: mmiodbg [options] read' \
    'let NAME read LOCATION' 'Usage: mmiodbg [options] wait'
}

@test "batch: attach and detach" {
  local first=$pid

  cp regs other
  put_bytes other 0 aa bb cc dd
  target_start "$work/other"
  lines "read -q $base" "attach $pid" "read -q ${map[0]}" detach "attach $first" \
    "read -q $base" "maps --noheadings -o PID" "maps -p $pid --noheadings -o PID"
  expect 0 batch -p "$first" --treat-as-device "$file" lines
  out_is "$(number 32 0)" 0xddccbbaa "$(number 32 0)" "$first"
  expect 4 batch "${on[@]}" -e 'attach 99999999' -e "write $at=1"
  same regs
}

# Bad input

@test "batch: an error in the last line touches nothing; all are told" {
  local i

  # The line, "|", and a part of the message.
  local -a cases=(
    "read $at+0x11|aligned"
    "reed $at|near: read"
    "asert $at eq 1|near: assert"
    "write $at|no value to write"
    "read $at=1|a read takes no value"
    'echo ${nothing}|no such variable'
    'echo $x|written ${NAME}'
    'echo ${x|no '"'}'"
    'echo ${}|no name of a variable'
    "echo 'open|the quote does not end"
    'echo "open|the quote does not end'
    'echo \|nothing stands behind the backslash'
    'set x|set NAME TEXT'
    'set 1x y|no name of a variable'
    'set x y z|set NAME TEXT'
    "let x write $at=1|a value comes from"
    "let x read $at -n 2|the value of one register"
    "let x read $at+0x11|aligned"
    "assert $at|gt and lt for > and <"
    "assert $at > 1|write gt"
    "assert $at eq 1 2|more than a condition"
    'sleep 5|unit'
    'sleep|sleep TIME'
    'on-error ignore|stop or continue'
    "read -p 1 $at|a line has no -p"
    "read $at --frob|unknown option"
    "read --timeout 1s $at|takes no --timeout"
    'batch x|a batch holds no'
    'help reed|near: read'
    "read $at+0x4000|has not mapped"
    'read nonesuch|nonesuch'
    "wait $at eq 1 --interval|needs its TIME"
  )
  for i in "${cases[@]}"; do
    lines "write $at=0xffffffff" 'sleep 10s' "${i%%|*}"
    status=0
    timeout 5 "$MMIODBG" batch "${on[@]}" lines >out 2>err || status=$?
    [ "$status" != 0 ] || fail "no failure of ${i%%|*}"
    out_is
    err_has "lines:3: " "${i#*|}" '^' 'nothing was accessed'
  done
  same regs
  lines "write $at=1" 'read nothing' 'reed' 'exit now'
  expect 1 batch "${on[@]}" lines
  err_has lines:2: lines:3: lines:4: '3 lines are wrong'
  same regs
}

@test "batch: the caret stands under the word, also of a quoted one" {
  expect 7 batch "${on[@]}" -e "read  '$at' $at+0x11"
  grep -n '\^' err
  expect 2 batch "${on[@]}" -e "read  0x10 @uio0+"
  # The excerpt and the caret: the end of the line.
  err_has '  read  0x10 @uio0+
                   ^'
  expect 2 batch "${on[@]}" -e 'set x @uio0+' -e '  read ${x}'
  err_has '    read ${x}
         ^~~~'
}

@test "batch: values that are not known before it runs" {
  lines "let v read $at+0x10/8" "read -q $at+\${v}/8" "write $at+\${v}=\${v}" \
    "echo \${v}" "assert $at+0x10/8 eq \${v}"
  expect 0 batch "${on[@]}" lines
  out_is "$(number 8 0x10)" 0x10
  bytes_are regs 0x10 10 00 00 00
  cp regs.before regs.now
  expect 0 batch "${on[@]}" --dry-run lines
  out_has 'would read' || :
  err_has 'depends on a value that is not read in a dry run'
  # What is wrong whatever the value is found before.
  lines "write $at=1" "let v read $at+0x10/8" "reed \${v}"
  expect 2 batch "${on[@]}" lines
  bytes_are regs 0 00 01 02 03
}

@test "batch: --dry-run accesses nothing" {
  lines "write $at=1" "read $at" "wait $at eq 1" "assert $at eq 1" 'sleep 100s'
  within 5 expect 0 batch "${on[@]}" --dry-run lines
  out_has 'would write 32 bits' 'would read 32 bits'
  same regs
  # Also of statements; each once, and nothing in JSON.
  lines "assert $at+0x10/8 eq 1" "let v read $at+0x14/16"
  expect 0 batch "${on[@]}" --dry-run lines
  out_is "would read 8 bits at $(printf '0x%x' $((map[0] + 0x10))) ($at+0x10) through kernel" \
    "would read 16 bits at $(printf '0x%x' $((map[0] + 0x14))) ($at+0x14) through kernel"
  expect 0 batch "${on[@]}" --dry-run --jsonl lines
  ! grep -q would out || fail "$(cat out)"
}

@test "batch: -v tells the accesses of assert, let and wait" {
  lines "assert $at+0x10/8 eq 0x10" "let v read $at+0x14/8" \
    "wait $at+0x18/8 eq 0x18" "assert $at+0x1c/8 eq 0"
  expect 1 batch "${on[@]}" -v lines
  grep "read 8 bits" err >told || fail "$(cat err)"
  [ "$(sed -E 's/.* = (0x..) through kernel, register, 1 attempt, [0-9.]+ us$/\1/' told)" = \
    $'0x10\n0x14\n0x18\n0x1c' ]
  expect 1 batch "${on[@]}" lines
  ! grep -q 'read 8 bits' err || fail "$(cat err)"
}

@test "batch: a dry run does not read a file that it would have made" {
  "$MMIODBG" save "${on[@]}" -f here "$at"
  lines "save -f made $at" 'diff made' "restore made --only $at" \
    "dump -f bytes $at..+0x10" "load -f bytes $at..+0x10" 'diff here'
  within 5 expect 0 batch "${on[@]}" --dry-run lines
  [ ! -e made ] && [ ! -e bytes ]
  err_has 'lines:2: `diff` reads made, which is not made in a dry run' \
    'lines:3: `restore` reads made,' 'lines:5: `load` reads bytes,'
  ! grep -F 'lines:6:' err || fail 'the last line was put off, too'
  out_has 'would read 32 bits'
  # Not in a dry run.
  lines "save -f made $at" 'diff made'
  expect 0 batch "${on[@]}" lines
  # One that is not made at all.
  lines 'diff other'
  expect 2 batch "${on[@]}" --dry-run lines
}

@test "batch: files that lines read are checked before the first access" {
  local wrong

  "$MMIODBG" save "${on[@]}" -f here.json "$at" "$at+0x4"
  printf 12345678 >bytes
  for wrong in 'diff nosuch' 'diff here.json nosuch' 'diff lines' \
    "restore nosuch --only $at" 'restore here.json --only typo' \
    "load -f nosuch $at" "load -f bytes $at..+0x10" \
    "save -f nowhere/x $at" "save -f . $at" "dump -f nowhere/x $at"; do
    lines "write $at+0x30=0x77" "$wrong"
    status=0
    "$MMIODBG" batch "${on[@]}" lines >out 2>err || status=$?
    [ "$status" != 0 ] || fail "status 0: $wrong"
    err_has 'lines:2: ' 'nothing was accessed'
    same regs
  done
  [ "$(find . -name '.mmiodbg*')" = '' ]
  # One that a line makes, by a name that is known later, or at once.
  lines "let v read $at" 'set name made' "save -f \${name}\${v} $at" \
    'diff made0x03020100' "dump -f too $at..+0x8" "load -f too $at"
  expect 0 batch "${on[@]}" lines
  # What can be read once is left to its line.
  mkfifo pipe
  cat here.json >pipe &
  lines "read -q $at" 'diff pipe'
  within 20 expect 0 batch "${on[@]}" lines
}

@test "batch: standard input is for lines, if they come from there" {
  cp regs before
  lines "load -f - $at+0x100/8" "write $at+0x40=0x99"
  streamed 2 "${on[@]}"
  err_has 'stdin:1: the lines come from standard input: no file can'
  cmp regs before
  lines 'on-error continue' 'diff -' 'echo one' 'restore - --only x' 'echo two'
  streamed 2 "${on[@]}"
  out_is one two
  # Of -e they do not.
  status=0
  printf 1234 | "$MMIODBG" batch "${on[@]}" -e "load -f - $at+0x100/8" \
    >out 2>err || status=$?
  [ "$status" = 0 ]
  bytes_are regs 0x100 31 32 33 34
}

@test "batch: let: a value that could not be read is none" {
  lines 'on-error continue' "let v read $at+0x4" "let v read $at+0x100000" \
    "write $at+0x44=\${v}"
  streamed 1 "${on[@]}"
  err_has 'stdin:4: there is no such variable'
  same regs
}

# sleeps PID: in poll or ppoll, as `sleep` does
sleeps() {
  [[ $(cat "/proc/$1/syscall" 2>/dev/null) == 271\ * ]]
}

@test "batch: what a statement has attached to is let go of behind it" {
  lines "let v read --stop $at" "assert $at ge 0 --attach" 'sleep 60s'
  "$MMIODBG" batch -v "${on[@]}" lines >out 2>err 3>&- &
  wait_until sleeps "$!"
  [ "$(sed -n 's/^TracerPid:\t//p' "/proc/$pid/status")" = 0 ]
  kill "$!"
}

@test "batch: attach: the process that is attached to already" {
  lines "read $at" "attach $pid" "read -q $at"
  expect 0 batch --attach "${on[@]}" lines
  err_is
}

@test "batch: attach: a name that is not known yet" {
  lines "let v read $at" 'on-error continue' 'attach ${v}'
  status=0
  "$MMIODBG" batch "${on[@]}" lines >out 2>err || status=$?
  [ "$status" = 4 ]
  err_has 'lines:3: ' '0x03020100'
}

@test "batch: garbage, a NUL, a line of 1 MB, a longer one, no file" {
  head -c 100000 /dev/urandom >garbage
  for i in file stream; do
    lines "write $at=1"
    cat garbage >>lines
    status=0
    if [ $i = file ]; then
      "$MMIODBG" batch "${on[@]}" lines >out 2>err || status=$?
      same regs
    else
      sed -i 1d lines
      "$MMIODBG" batch "${on[@]}" <lines >out 2>err || status=$?
    fi
    [ "$status" = 2 ] || fail "status $status"
    is_clean err
  done
  printf 'echo a\nread \0\n' >lines
  expect 2 batch "${on[@]}" lines
  err_has 'lines:2: ' 'NUL'
  out_is
  { printf 'echo '; head -c 1000000 /dev/zero | tr '\0' x; echo; } >lines
  streamed 0 "${on[@]}"
  [ "$(wc -c <out)" = 1000001 ]
  { printf 'echo '; head -c 3000000 /dev/zero | tr '\0' x; echo; } >lines
  streamed 2 "${on[@]}"
  err_has 'stdin:1: ' 'longer than'
  expect 2 batch "${on[@]}" lines
  err_has 'lines:1: '
  expect 1 batch "${on[@]}" nonesuch
  err_has nonesuch 'No such file'
  expect 1 batch "${on[@]}" .
  expect 2 batch "${on[@]}" lines more
}

# Streams

@test "batch: a stream answers each line before it waits for the next" {
  mkfifo to_batch from_batch
  "$MMIODBG" batch "${on[@]}" <to_batch >from_batch 2>err &
  target_pids+=($!)
  local batch=$! writer reader line
  exec {writer}>to_batch {reader}<from_batch
  for i in 0x10 0x20 0x30; do
    echo "read -q $at+$i" >&"$writer"
    IFS= read -r -t 20 -u "$reader" line
    [ "$line" = "$(number 32 $i)" ]
    printf 'read -q %s\nread -q %s\n' "$at+$i/8" "$at+$i/16" >&"$writer"
    IFS= read -r -t 20 -u "$reader" line
    [ "$line" = "$(number 8 $i)" ]
    IFS= read -r -t 20 -u "$reader" line
    [ "$line" = "$(number 16 $i)" ]
  done
  exec {writer}>&-
  wait "$batch"
}

@test "batch: reads that are made together: each once, in order, none behind a failure" {
  local i

  need strace
  for i in {0..299}; do
    printf 'read %s+%#x\n' "$at" $((i * 4 % 1024))
  done >lines
  status=0
  # A leak checker cannot work in a process that is traced already.
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 strace -f \
    -e trace=pread64 -o trace "$MMIODBG" batch "${on[@]}" <lines >out 2>err ||
    status=$?
  [ $status = 0 ]
  [ "$(wc -l <out)" = 300 ]
  # Those of the device: 4 bytes, at ascending places.
  awk -v base="$base" '/pread64\(.*, 4, / {
      match($0, /, 4, [0-9]+/)
      print substr($0, RSTART + 5, RLENGTH - 5)
    }' trace >places
  [ "$(wc -l <places)" = 300 ]
  for i in {0..299}; do
    echo $((base + i * 4 % 1024))
  done | cmp - places
  # Lines 1 to 3 are read, the 4th is wrong, and nothing is read behind it.
  lines "read -q $at" "read -q $at+4" "read -q $at+8" "read $at+0x4001" \
    "write $at=1" "read $at"
  streamed 7 "${on[@]}" || streamed 1 "${on[@]}"
  out_is "$(number 32 0)" "$(number 32 4)" "$(number 32 8)"
  err_has stdin:4:
  same regs
}

@test "batch: a mapping that goes, comes back, and is replaced between lines" {
  mkfifo to_batch from_batch
  "$MMIODBG" batch "${on[@]}" <to_batch >from_batch 2>err &
  target_pids+=($!)
  local batch=$! writer reader line
  exec {writer}>to_batch {reader}<from_batch
  ask() {
    echo "$*" >&"$writer"
    IFS= read -r -t 20 -u "$reader" line
  }
  echo 'on-error continue' >&"$writer"
  ask "read -q $at+0x10"
  [ "$line" = "$(number 32 0x10)" ]
  tell unmap 0
  echo "read -q $at+0x10" >&"$writer"
  ask 'echo gone'
  [ "$line" = gone ]
  err_has 'stdin:3: ' 'no such device mapping'
  tell map "$file"
  ask "read -q $at+0x10"
  [ "$line" = "$(number 32 0x10)" ]
  # The same place shows another part of the file now.
  tell mapat 1 "$file,off=4096"
  ask "read -q $at+0x1010"
  [ "$line" = "$(number 32 0x1010)" ]
  exec {writer}>&-
  status=0
  wait "$batch" || status=$?
  [ "$status" = 1 ]
}

@test "batch: an index means what maps has shown" {
  cp regs second
  put_bytes second 0 11 22 33 44
  tell map "$work/second"
  mkfifo to_batch from_batch
  "$MMIODBG" batch -p "$pid" --treat-as-device "$work/second" <to_batch \
    >from_batch 2>err &
  target_pids+=($!)
  local batch=$! writer reader line
  exec {writer}>to_batch {reader}<from_batch
  ask() {
    echo "$*" >&"$writer"
    IFS= read -r -t 20 -u "$reader" line
  }
  echo 'on-error continue' >&"$writer"
  ask 'read -q @0'
  [ "$line" = 0x44332211 ]
  tell map "$work/second"
  # Which of the two it is was not shown.
  echo 'write @0=1' >&"$writer"
  ask 'echo tried'
  err_has 'the device mappings have changed'
  bytes_are second 0 11 22 33 44
  # Lists of something else show nothing of it.
  for other in "maps -p $$" 'maps -p 99999999' 'maps @file:/nothere' "maps $work/second"; do
    echo "$other" >&"$writer"
    echo 'write @0=1' >&"$writer"
    ask 'echo tried'
    while [ "$line" != tried ]; do
      IFS= read -r -t 20 -u "$reader" line || break
    done
    bytes_are second 0 11 22 33 44
  done
  ask 'maps --noheadings --raw -o INDEX'
  IFS= read -r -t 20 -u "$reader" line
  [ "$line" = 1 ]
  echo 'write @0=1' >&"$writer"
  ask 'echo written'
  bytes_are second 0 01 00 00 00
  exec {writer}>&-
  wait "$batch" || :
}

@test "batch: the target ends, and executes another program, between lines" {
  local how batch writer reader line first

  for how in kill exec; do
    mkfifo "to_$how" "from_$how"
    "$MMIODBG" batch "${on[@]}" <"to_$how" >"from_$how" 2>err &
    batch=$!
    target_pids+=("$batch")
    exec {writer}>"to_$how" {reader}<"from_$how"
    echo "read -q $at+0x10" >&"$writer"
    IFS= read -r -t 20 -u "$reader" line
    [ "$line" = "$(number 32 0x10)" ]
    if [ $how = kill ]; then
      kill -KILL "$pid"
      target_ends
      target_start "$file"
    else
      printf 'exec /bin/sleep 60\n' >&"$to_target"
      wait_until grep -q sleep "/proc/$pid/comm"
    fi
    echo "read -q $at+0x10" >&"$writer"
    exec {writer}>&-
    status=0
    wait "$batch" || status=$?
    [ "$status" = 4 ] || fail "$how: status $status: $(cat err)"
    on=(-p "$pid" --treat-as-device "$file")
  done
}

@test "batch: --stop and --attach of a line end with it" {
  lines "read -q --stop $at+0x10" "echo one" "read -q --attach $at+0x14" "echo two"
  expect 0 batch "${on[@]}" lines
  out_is "$(number 32 0x10)" one "$(number 32 0x14)" two
  expect 0 batch "${on[@]}" --attach -e "read -q $at+0x10" -e "read -q --stop $at+0x14" \
    -e "read -q $at+0x18"
  out_is "$(number 32 0x10)" "$(number 32 0x14)" "$(number 32 0x18)"
  expect 0 batch "${on[@]}" -e "read -q --via tracee $at+0x10" \
    -e "read -q $at+0x14" -e "read -q --via tracee $at+0x18"
  out_is "$(number 32 0x10)" "$(number 32 0x14)" "$(number 32 0x18)"
  grep -q '^TracerPid:[[:space:]]*0$' "/proc/$pid/status"
}

@test "batch: a target that has ended can be let go of and replaced" {
  local first=$pid
  target_start "$file"
  mkfifo to_batch from_batch
  "$MMIODBG" batch "${on[@]}" <to_batch >from_batch 2>err &
  target_pids+=($!)
  local batch=$! writer reader line
  exec {writer}>to_batch {reader}<from_batch
  printf 'on-error continue\nread -q %s\n' "$at" >&"$writer"
  IFS= read -r -t 20 -u "$reader" line
  [ "$line" = "$(number 32 0)" ]
  kill -KILL "$first"
  wait "$first" || :
  wait_until is_gone "$first"
  # What needs no target does not fail; what was learnt is not used any more.
  printf '%s\n' '# comment' '' 'echo here' "read $at" "read $at" "attach $pid" \
    'read -q @0+0x10' "read -q ${map[0]}" >&"$writer"
  exec {writer}>&-
  for wanted in here "$(number 32 0x10)" "$(number 32 0)"; do
    IFS= read -r -t 20 -u "$reader" line
    [ "$line" = "$wanted" ]
  done
  status=0
  wait "$batch" || status=$?
  [ "$status" = 4 ]
  err_is "mmiodbg: stdin:6: process $first has ended" \
    "mmiodbg: stdin:7: process $first has ended"
}

@test "batch: options of all lines that exclude each other are told behind attach, too" {
  lines "attach $pid" "read $at"
  streamed 2 --treat-as-device "$file" --max-stop 1s
  out_is
  err_has 'mmiodbg: stdin:2: --max-stop bounds a stop, and there is none'
}

@test "batch: what was learnt goes with the target" {
  lines "read $at" "read $at" "read $at" detach "read $at" "read $at" \
    "attach $pid" "read $at"
  streamed 0 "${on[@]}"
  [ "$(sort -u out)" = "$at = $(number 32 0)" ]
  [ "$(wc -l <out)" = 6 ]
}

@test "batch: more different reads than are learnt" {
  local i

  for i in {0..2999}; do
    printf 'read -q %s+%#x/8\n' "$at" $((i % 2048))
    # Blanks make it another line.
    printf 'read -q %s+%#x/8\n' "$at" $((i % 2048))
    printf 'read %s+%#x/8%*s\n' "$at" $((i % 1024)) $((i / 1024)) ''
  done | sed 's/^read -q/read/' >lines
  streamed 0 "${on[@]}"
  sed -n 's/^read \([^ ]*\) *$/\1/p' lines >wanted
  cut -d' ' -f1 out | cmp - wanted
}

@test "batch: a word of -e that holds more lines is no line" {
  expect 2 batch "${on[@]}" -e $'# setup\n'"write $at=1"
  err_is 'mmiodbg: -e:1: there is more than one line; an -e for each'
  expect 2 batch "${on[@]}" --json -e 'echo a' -e $'echo b\n'
  jq -e '.status == 2 and .error.kind == "usage" and .results == []' out
  same regs
}

@test "batch: lines of -e are checked before a stream, too" {
  lines 'echo no'
  streamed 2 "${on[@]}" -e "write $at=1" -e reed -
  out_is
  err_has -e:2: 'nothing was accessed'
  same regs
}

@test "batch: variables that grow without end" {
  { echo 'set x 0123456789'; yes 'set x ${x}${x}' | head -n 60; } >lines
  expect 2 batch "${on[@]}" lines
  err_has lines:19: 'longer than 1 MiB'
}

@test "batch: help of a statement sets no variable" {
  expect 2 batch "${on[@]}" -e 'let v read --help' -e 'echo ${v}'
  err_has 'no such variable'
  expect 0 batch "${on[@]}" -e 'let v read --help' -e 'assert --version'
  out_has 'Usage: mmiodbg [options] read'
}

# JSON

@test "batch: --json and --jsonl" {
  lines "read $at+0x10 $at+0x14" 'echo hello' "let v read $at" "assert $at eq \${v}" \
    "assert $at eq 1" "read $at"
  expect 1 batch "${on[@]}" --json lines
  jq -e '.command == "batch" and .status == 1 and (.results | length) == 3 and
    .results[0].command == "read" and .results[0].batch_line == 1 and
    (.results[0].elements | length) == 2 and .results[1].text == "hello" and
    .results[2].command == "assert" and .results[2].batch_line == 5 and
    .results[2].error.kind == "assertion"' out
  validates
  expect 1 batch "${on[@]}" --jsonl lines
  jq -se 'length == 5 and (map(.batch_line) == [1, 1, 2, 5, null]) and
    .[4].command == "batch" and .[4].status == 1' out
  validates lines
  lines "read $at" 'reed x'
  expect 2 batch "${on[@]}" --json lines
  jq -e '.status == 2 and (.results | length) == 1 and
    .results[0].batch_line == 2 and .results[0].error.kind == "usage"' out
  validates
  lines "wait $at ge 0 --timeout 0" "wait $at eq 0 --timeout 0" "maps" \
    "write $at=1" "info $at"
  expect 124 batch "${on[@]}" --json lines
  validates
  expect 124 batch "${on[@]}" --jsonl lines
  validates lines
  lines 'echo ${x' 'set 1' 'sleep' 'help' 'on-error x' 'attach' 'exit 1'
  expect 2 batch "${on[@]}" --json lines
  jq -e '(.results | length) == 7 and all(.results[]; has("error"))' out
  validates
  expect 2 batch "${on[@]}" --jsonl lines
  validates lines
  expect 2 batch "${on[@]}" --json lines more
  validates
  # A line that cannot be read has its object, too.
  printf 'echo a\nread \0\n' >lines
  streamed 2 "${on[@]}" --json
  jq -e '(.results | length) == 2 and .results[1].batch_line == 2 and
    .results[1].error.kind == "usage"' out
  validates
  streamed 2 "${on[@]}" --jsonl
  validates lines
}

@test "batch: a signal in the middle of a line ends it all" {
  for signal in HUP TERM; do
    lines "watch $at --interval 10ms" 'echo past'
    "$MMIODBG" batch "${on[@]}" lines >out 2>err 3>&- &
    program=$!
    target_pids+=("$program")
    wait_until grep -q "$at" out
    kill -"$signal" "$program"
    status=0
    wait "$program" || status=$?
    [ "$status" -gt 128 ]
    ! grep -q past out
    err_is 'mmiodbg: interrupted'
  done
}

@test "batch: info, maps and sym are checked before the first access" {
  for wrong in 'info @0+0x9000000' 'info' 'info @' 'maps -o bogus' 'maps xx' 'maps a b' \
    'maps -p 99999999' 'sym nothing' 'sym -o bogus main' 'sym -t nope' \
    'sym --into foo'; do
    lines "write $at=1" "$wrong"
    status=0
    "$MMIODBG" batch "${on[@]}" lines >out 2>err || status=$?
    [[ $status == [1-4] ]]
    err_has 'mmiodbg: lines:2: ' 'nothing was accessed'
    same regs
  done
  lines "info $at" maps "maps $at"
  expect 0 batch "${on[@]}" lines
}

@test "batch: what goes to one place is in order" {
  lines 'on-error continue' 'echo one' "read $at+0x1 -w 8 -v" 'echo two' \
    "assert $at eq 1" 'echo three' "read -v $at"
  "$MMIODBG" batch "${on[@]}" lines >all 2>&1 || :
  grep -noE '^(one|two|three)|does not hold|read (8|32) bits' all |
    cut -d: -f2 | tr '\n' ' ' >order
  [ "$(cat order)" = 'one read 8 bits two does not hold three read 32 bits ' ]
}

@test "batch: the lines of --json have its form" {
  need jq
  expect 0 batch "${on[@]}" --json -e "read --jsonl $at $at+4"
  jq -e '.results[0].elements | length == 2' out
  validates
  expect 2 batch "${on[@]}" --json -e 'quit now'
  jq -e '.results[0].command == "exit"' out
  validates
}

@test "batch: --treat-as-device is of all lines" {
  expect 2 batch "${on[@]}" -e "write $at=1" -e "read --treat-as-device $file $at"
  err_has '-e:2: a line has no --treat-as-device'
  same regs
}

@test "batch: standard input that does not wait by itself" {
  need python3
  mkfifo pipe
  python3 -c '
import os, sys
fd = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
os.dup2(fd, 0)
os.execv(sys.argv[1], sys.argv[1:])' "$MMIODBG" batch "${on[@]}" >out 2>err 3>&- &
  program=$!
  target_pids+=("$program")
  exec {writer}>pipe
  printf 'read -q %s\n' "$at" >&"$writer"
  wait_until grep -q "$(number 32 0)" out
  printf 'read -q %s' "$at+0x4" >&"$writer"
  sleep 0.2
  echo >&"$writer"
  exec {writer}>&-
  wait "$program"
  file_is err
  [ "$(wc -l <out)" = 2 ]
}

@test "batch: a caret is as wide as what is shown" {
  expect 2 batch "${on[@]}" -e 'read @0 €'
  grep -qxF '          ^' err
}
