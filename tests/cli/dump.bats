#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `dump` and `load`: ranges to files and back, what fails on the way, and what
# stands in the files then

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

# part FILE OFFSET LENGTH: bytes of it
part() {
  tail -c +$(($2 + 1)) "$1" | head -c $(($3))
}

# hex_is FILE OFFSET LENGTH: `out` is what hexdump shows of it
hex_is() {
  hexdump -C -s $(($2)) -n $(($3)) "$1" >wanted
  cmp out wanted || {
    show out wanted
    return 1
  }
}

# fails_at N ARGUMENTS...: the Nth access of the target's memory, or with "N+"
# all from it on
fails_at() {
  injected "pread64:error=EIO:when=$1" "${@:2}" --retry 0
}

# What is written

@test "dump: the bytes, at every width and in either order of bytes" {
  local width

  for width in 8 16 32 64 16be 32be 64be 16le 32le 64le; do
    expect 0 dump "${on[@]}" -w "$width" "$at+0x8..+0x1230" -f bytes
    out_is
    err_is
    cmp bytes <(part regs 8 0x1230)
    expect 0 dump "${on[@]}" "$at+0x10/$width" -n 5 -f bytes
    cmp bytes <(part regs 0x10 $((5 * ${width//[a-z]/} / 8)))
  done
  expect 0 dump "${on[@]}" "$at" -f bytes
  cmp bytes <(part regs 0 4)
  expect 0 dump "${on[@]}" "$base..+0x20" -f bytes
  cmp bytes <(part regs 0 0x20)
  same regs
}

@test "dump: one access of the width for each element, ascending" {
  need strace
  local width i
  local -a wanted

  for width in 8 16 32 64; do
    wanted=()
    for ((i = 0; i < 16; i += width / 8)); do
      wanted+=("r$width@$(printf 0x%x $((base + 0x20 + i)))")
    done
    traced 0 dump "${on[@]}" "$at+0x20..+0x10/$width" -f bytes
    accesses_are "${wanted[@]}"
    cmp bytes <(part regs 0x20 0x10)
  done
}

@test "dump: as hexdump -C shows it" {
  need hexdump
  local from length

  dd if=/dev/zero of=regs bs=1 seek=$((0x400)) count=$((0x355)) conv=notrunc \
    status=none
  put_bytes regs 0x500 00 01 7f 80 ff 20 7c 2d 2d 7e 0a 09 1b
  for from in 0 1 0x3f8 0x400 0x4fc 0x1ff0; do
    for length in 1 4 15 16 17 32 47 48 64 100 0x400; do
      [ $((from + length)) -le 8192 ] || continue
      expect 0 dump "${on[@]}" "$at+0d$((from))/8" -n $((length))
      err_is
      hex_is regs "$from" "$length"
    done
  done
  expect 0 dump "${on[@]}" "$at..+0x2000"
  hex_is regs 0 0x2000
  expect 0 dump "${on[@]}" "$at..+0x2000/64be" --format hex -f text
  mv text out
  hex_is regs 0 0x2000
}

@test "dump: offsets beyond 4 GiB" {
  need hexdump
  truncate -s 6G large
  put_bytes large 0x140000010 78 56 34 12
  tell map large,off=0x140000000,len=0x1000
  on=(-p "$pid" --treat-as-device "$work/large")
  at=$(region "$work/large")
  expect 0 dump "${on[@]}" "$at+0x140000000..+0x1000"
  hex_is large 0x140000000 0x1000
}

@test "dump: an address has addresses before its lines" {
  expect 0 dump "${on[@]}" "$base..+0x10"
  printf '%08x  %s\n%08x\n' "$base" "00 01 02 03 04 05 06 07  08 09 0a 0b 0c \
0d 0e 0f  |................|" $((base + 16)) >wanted
  cmp out wanted
}

@test "dump: which form goes where" {
  expect 0 dump "${on[@]}" "$at" -f -
  cmp out <(part regs 0 4)
  expect 0 dump "${on[@]}" "$at" --format raw
  cmp out <(part regs 0 4)
  expect 0 dump "${on[@]}" "$at" -f - --format hex
  out_has '00000000  00 01 02 03   '
  cp out text
  expect 0 dump "${on[@]}" "$at" --format hex -f file
  out_is
  cmp file text
  refused 2 dump "${on[@]}" "$at" --format octal
  err_has 'no such form' 'raw or hex'
}

@test "dump: raw bytes are not for a terminal" {
  need script
  script -qec "$MMIODBG dump ${on[*]} $at --format raw" typescript >seen \
    </dev/null && fail 'status 0'
  grep -q 'raw bytes are not for a terminal' seen
  script -qec "$MMIODBG dump ${on[*]} $at -f /dev/tty" typescript >seen \
    </dev/null && fail 'status 0'
  grep -q 'raw bytes are not for a terminal' seen
  script -qec "$MMIODBG dump ${on[*]} $at" typescript >seen </dev/null
  grep -q '^00000000  00 01 02 03' seen
}

# Where it is written

@test "dump: a file is replaced as a whole, and keeps its permissions" {
  echo old >file
  chmod 640 file
  ln -s file link
  ln file hard
  expect 0 dump "${on[@]}" "$at..+0x10" -f link
  [ -L link ]
  cmp file <(part regs 0 0x10)
  [ "$(stat -c %a file)" = 640 ]
  [ "$(cat hard)" = old ]
  (umask 027 && expect 0 dump "${on[@]}" "$at..+0x10" -f new)
  [ "$(stat -c %a new)" = 640 ]
  [ -z "$(find . -name '.mmiodbg*')" ]
}

@test "dump: files that cannot be written: nothing is accessed" {
  mkdir folder
  bad 1 dump "${on[@]}" "$at" -f folder
  err_has 'folder: ' 'Is a directory'
  bad 1 dump "${on[@]}" "$at" -f absent/file
  err_has 'absent/file: ' 'No such file or directory'
  bad 1 dump "${on[@]}" "$at" -f regs/file
  bad 2 dump "${on[@]}" "$at" -f ''
  bad 2 dump "${on[@]}" "$at" -f one -f two
  [ ! -e one ]
}

@test "dump: no permission" {
  need_root
  need setpriv
  mkdir closed
  echo old >closed/file
  chown 65534 closed closed/file
  # Root without the privilege of writing anywhere.
  expect_of 5 setpriv --bounding-set=-dac_override,-dac_read_search \
    "$MMIODBG" dump "${on[@]}" "$at" -f closed/file
  err_has "closed/file: " 'Permission denied'
  [ "$(cat closed/file)" = old ]
}

@test "dump: a pipe with a name and /dev/null are written to as they are" {
  mkfifo pipe
  cat pipe >copy &
  expect 0 dump "${on[@]}" "$at..+0x40" -f pipe
  wait $!
  cmp copy <(part regs 0 0x40)
  [ -p pipe ]
  expect 0 dump "${on[@]}" "$at..+0x40" -f /dev/null
  [ -c /dev/null ]
  expect 1 dump "${on[@]}" "$at..+0x40" -f /dev/full
  err_has '/dev/full: it cannot be written: No space left on device'
  one_diagnostic
  [ -c /dev/full ]
}

@test "dump: a full disk: the old file stays" {
  need_root
  need unshare
  mkdir small
  cat >fill <<'SH'
mount -t tmpfs -o size=12k none small || exit 90
cp regs.before small/file || exit 91
"$@" && exit 92
[ "$(ls -A small)" = file ] && cmp small/file regs.before && exit 0
exit 93
SH
  expect_of 0 unshare -m sh fill "$MMIODBG" dump "${on[@]}" "$at..+0x2000" \
    -f small/file
  one_diagnostic
  err_has 'small/file: it cannot be written: No space left on device' \
    'the old file stays'
}

@test "dump: output that fails ends it: what cannot be written is not read" {
  need strace
  local reads

  # shellcheck disable=SC2016 # of the inner shell
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of 1 strace -qq -f -o trace -P "/proc/$pid/mem" -e trace=pread64 \
    sh -c '"$@" >/dev/full' - "$MMIODBG" dump "${on[@]}" "$at+0/8" -n 8192
  one_diagnostic
  err_has 'standard output: No space left on device'
  reads=$(grep -c pread64 trace)
  [ "$reads" -lt 4000 ] || fail "$reads reads"
}

# What is refused

@test "dump, load: one plain range" {
  local command

  expect 0 dump "${on[@]}" "$at" -f bytes
  for command in dump load; do
    bad 2 "$command" "${on[@]}" -f bytes
    err_has 'there is no location'
    bad 2 "$command" "${on[@]}" "$at" "$at+4" -f bytes
    err_has 'one location at a time'
    bad 2 "$command" "${on[@]}" "$at+0.7:4" -f bytes
    err_has 'no bits of them'
    bad 2 "$command" "${on[@]}" "$at+0/32x2" -f bytes
    err_has '32x2 takes three'
    bad 2 "$command" "${on[@]}" "$at=1" -f bytes
    bad 2 "$command" "${on[@]}" "$at..+8" -n 2 -f bytes
    err_has 'drop -n'
    bad 7 "$command" "${on[@]}" "$at+2" -f bytes
    err_has 'not aligned to 32 bits'
    bad 1 "$command" "${on[@]}" "$at+0x1ffc..+8" -f bytes
    bad 2 "$command" "${on[@]}" "$at..+6" -f bytes
    bad 2 "$command" "${on[@]}" "$at" --fill -f bytes
    err_has "\`$command\` takes no --fill"
  done
  cmp bytes <(part regs 0 4)
  bad 2 dump "${on[@]}" "$at" --verify
  bad 2 load "${on[@]}" "$at"
  err_has 'there is no file to load'
  expect 2 dump "${on[@]}" "$at" --json
  validates
  one_diagnostic_err
  err_has 'JSON and the bytes'
  tell unmap 0 0x1000 0x1000
  bad 1 dump "${on[@]}" "$at+0xff0..+0x20" -f bytes
  err_has 'has not mapped offset 0x1000'
  same regs
}

@test "dump: of no process" {
  bad 4 dump -p 4194304 "$at" -f bytes
  bad 2 dump 0x1000 -f bytes
  [ ! -e bytes ]
}

# What fails on the way

@test "dump: text shows -- where nothing could be read, and goes on" {
  need strace
  fails_at 3 3 dump "${on[@]}" "$at..+0x20"
  out_is "00000000  00 01 02 03 04 05 06 07  -- -- -- -- 0c 0d 0e 0f  \
|........----....|" \
    "00000010  10 11 12 13 14 15 16 17  18 19 1a 1b 1c 1d 1e 1f  \
|................|" \
    00000020
  one_diagnostic_err
  err_has "$at+0x8: "
  cp out text
  echo old >file
  fails_at 3 3 dump "${on[@]}" "$at..+0x20" --format hex -f file
  cmp file text
}

@test "dump: bytes are not written where one is missing; it ends there" {
  need strace
  echo old >file
  fails_at 3 3 dump "${on[@]}" "$at..+0x20" -f file
  out_is
  err_has "$at+0x8: " 'file: not written: raw bytes cannot show' \
    '--format hex'
  [ "$(cat file)" = old ]
  [ "$(grep -c pread64 trace)" = 3 ]
  fails_at 1+ 1 dump "${on[@]}" "$at..+0x20" -f new
  err_has 'new: not written: nothing could be read'
  [ ! -e new ]
  [ "$(grep -c pread64 trace)" = 1 ]
  # To standard output what was there has gone.
  fails_at 3 3 dump "${on[@]}" "$at..+0x20" -f -
  cmp out <(part regs 0 8)
  one_diagnostic_err
}

@test "dump: nothing could be read: no file" {
  need strace
  echo old >file
  fails_at 1+ 1 dump "${on[@]}" "$at..+0x40" --format hex -f file
  err_has "$at+0x0 to $at+0x3c (16 elements): " \
    'file: not written: nothing could be read'
  [ "$(cat file)" = old ]
}

# begin COMMAND ARGUMENTS...: it waits in the middle: -v has a line for each
# access, in a pipe that nobody empties
begin() {
  mkfifo pipe
  "$MMIODBG" "$1" -v "${on[@]}" "${@:2}" 2>pipe >out </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  IFS= read -r -t 60 -u "$from_program" first
  wait_until state_is "$program" S
}

# go_on STATUS: lets it come to its end
go_on() {
  { echo "$first" && cat <&"$from_program"; } >err
  status=0
  wait "$program" || status=$?
  [ "$status" = "$1" ] || {
    tail -n 3 err
    fail "status $status instead of $1"
  }
}

@test "dump: a hole in the middle of it, and what stands behind" {
  cat regs.before >>regs
  tell map "$file,len=0x3000"
  tell unmap 0
  begin dump "$at..+0x3000" --format hex -f text
  tell unmap 1 0x1000 0x1000
  go_on 3
  grep -A 1 '^00001000' text >hole
  file_is hole "00001000  -- -- -- -- -- -- -- --  -- -- -- -- -- -- -- --  \
|----------------|" '*'
  grep -v '^000010' text >rest
  cmp <(sed '/^\*$/d' rest) \
    <(hexdump -C -n $((0x3000)) regs | sed '/^00001...  /d; /^\*$/d')
  grep -q '1024 elements' err
}

@test "dump: the target ends in the middle of it" {
  begin dump "$at..+0x2000" --format hex -f text
  tell exit 0
  target_ends
  go_on 3
  grep -q "process $pid has ended" err
  [ "$(tail -n 1 text)" = 00002000 ]
  [ "$(head -n 1 text)" = "$(hexdump -C -n 16 regs | head -n 1)" ]
  grep -q -- '-- --  |-' text
  # Each line with values is the device's.
  grep -v -e -- -e '^\*' text | while IFS= read -r line; do
    hexdump -C -v regs | grep -qF "$line" || fail "$line"
  done
}

@test "dump: the target ends in the middle of bytes: no file" {
  echo old >file
  begin dump "$at..+0x2000" -f file
  tell exit 0
  target_ends
  go_on 3
  grep -q "process $pid has ended" err
  grep -q 'file: not written' err
  [ "$(cat file)" = old ]
  [ -z "$(find . -name '.mmiodbg*')" ]
}

@test "dump: ended by a signal: the old file stays, and nothing beside it" {
  echo old >file
  begin dump "$at..+0x2000" -f file
  kill -TERM "$program"
  go_on 143
  [ "$(cat file)" = old ]
  [ -z "$(find . -name '.mmiodbg*')" ]
}

@test "dump: ended by a signal while an access is tried again" {
  echo old >file
  tell load 0 8 0x1000
  truncate -s 4096 regs
  "$MMIODBG" dump "${on[@]}" --retry 60s "$at+0xff0..+0x20" --format hex \
    -f file >out 2>err </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  wait_until signals_are_held
  kill -TERM "$program"
  status=0
  wait "$program" || status=$?
  [ "$status" = 143 ]
  # Between two attempts it is told; an attempt itself ends without a word.
  [ ! -s err ] || one_diagnostic
  [ "$(cat file)" = old ]
}

signals_are_held() {
  local mask

  mask=$(sed -n 's/^SigBlk:[[:space:]]*//p' "/proc/$program/status")
  ((0x$mask & 1 << 14))
}

@test "dump: --stop and --attach" {
  expect 0 dump "${on[@]}" --stop "$at..+0x100" -f bytes
  cmp bytes <(part regs 0 0x100)
  expect 0 dump "${on[@]}" --attach "$at..+0x100" -f bytes
  cmp bytes <(part regs 0 0x100)
  expect 0 dump "${on[@]}" --via tracee "$at..+0x40" -f bytes
  cmp bytes <(part regs 0 0x40)
}

@test "load: standard input that is closed is not an empty one" {
  local form

  without() {
    "$MMIODBG" "$@" <&-
  }
  for form in raw hex; do
    expect_of 1 without load "${on[@]}" "$at..+8" -f - --format $form
    err_is 'mmiodbg: standard input: it cannot be read: Bad file descriptor'
  done
  expect 2 load "${on[@]}" "$at..+8" -f -
  err_is 'mmiodbg: standard input: it is empty'
}

@test "load: a file that is far too long is not said to be as long as was read" {
  {
    hexdump -C -n 16 regs | head -n 1
    printf '*\nffffffff0\n'
  } >far
  bad 1 load "${on[@]}" "$at" -f far --format hex
  err_has 'far: at least 1048576 bytes from there on: '
  part regs 0x0 0x1010 >bytes
  bad 1 load "${on[@]}" "$at+0x1000" -f bytes
  err_has 'bytes: 4112 bytes from there on: '
}

@test "dump: --dry-run looks at the file that would be made, and leaves it alone" {
  mkdir folder
  echo old >old
  bad 1 dump "${on[@]}" "$at..+8" -f no/new --dry-run
  err_has 'no/new: its folder cannot be opened'
  bad 1 dump "${on[@]}" "$at..+8" -f folder --dry-run
  err_has 'folder: it cannot be written'
  expect 1 dump "${on[@]}" "$at..+8" -f folder --dry-run --json
  validates
  expect 0 dump "${on[@]}" "$at..+8" -f old --dry-run
  file_is old old
  expect 0 dump "${on[@]}" "$at..+8" --dry-run
  expect 0 dump "${on[@]}" "$at..+8" -f /dev/null --dry-run
  [ -z "$(ls folder)" ]
}

@test "dump, load: --dry-run shows each access and makes none" {
  need strace
  part regs 0x100 8 >bytes
  traced 0 dump "${on[@]}" "$at..+8" -f new --dry-run
  accesses_are
  out_matches "would read 32 bits at $base \($at\+0x0\) through kernel" \
    "would read 32 bits at 0x[0-9a-f]+4 \($at\+0x4\) through kernel"
  [ ! -e new ]
  traced 0 load "${on[@]}" "$at..+8/16be" -f bytes --dry-run
  accesses_are
  [ "$(wc -l <out)" = 4 ]
  out_matches "would write 16 bits at $base \($at\+0x0\) = 0x0001 through .*"
  traced 0 load "${on[@]}" "$at" -f bytes --dry-run --json
  validates
  accesses_are
  same regs
  bad 2 load "${on[@]}" "$at" -f regs.256 --dry-run -w 8 --format hex
}

# load

@test "load: the bytes, one write of the width for each element, ascending" {
  need strace
  local width i
  local -a wanted

  part regs 0x41 16 >bytes
  for width in 8 16 32 64 16be 32be 64le; do
    wanted=()
    for ((i = 0; i < 16; i += ${width//[a-z]/} / 8)); do
      wanted+=("w${width//[a-z]/}@$(printf 0x%x $((base + 0x20 + i)))")
    done
    cp regs.before copy
    cat copy >regs
    traced 0 load "${on[@]}" "$at+0x20..+0x10/$width" -f bytes
    out_is
    err_is
    accesses_are "${wanted[@]}"
    dd if=bytes of=copy bs=1 seek=32 conv=notrunc status=none
    same regs copy
  done
}

@test "load: as long as the file, if the location is no range" {
  part regs 0x41 20 >bytes
  expect 0 load "${on[@]}" "$at+0x1000" -f bytes
  cmp <(part regs 0x1000 20) bytes
  expect 0 load "${on[@]}" "$base/8" -f bytes
  cmp <(part regs 0 20) bytes
  cat regs.before >regs
  refused 2 load "${on[@]}" "$at+0/64" -f bytes
  err_has 'bytes: 20 bytes are no multiple of the 8 of an element'
  refused 2 load "${on[@]}" "$at..+0x10" -f bytes
  err_has 'bytes: it has more than the 16 bytes of'
  refused 2 load "${on[@]}" "$at" -n 4 -f bytes
  refused 2 load "${on[@]}" "$at..+0x18" -f bytes
  err_has 'bytes: it has 20 bytes, and' 'has 24'
  refused 1 load "${on[@]}" "$at+0x1ff0" -f bytes
  err_has 'bytes: 20 bytes from there on: ' 'has not mapped offset 0x2000'
  same regs
}

@test "load: from standard input, a pipe, and what the kernel makes up" {
  part regs 0x41 16 >bytes
  expect_of 0 sh -c 'cat bytes | "$@"' - "$MMIODBG" load "${on[@]}" "$at+0x20" \
    -f -
  cmp <(part regs 0x20 16) bytes
  # From where it stands.
  expect_of 0 sh -c '(dd bs=1 count=4 of=/dev/null status=none; exec "$@") \
    <bytes' - "$MMIODBG" load "${on[@]}" "$at+0x40" -f -
  cmp <(part regs 0x40 12) <(part bytes 4 12)
  mkfifo pipe
  cat bytes >pipe &
  expect 0 load "${on[@]}" "$at+0x60..+0x10" -f pipe
  cmp <(part regs 0x60 16) bytes
  expect 0 load "${on[@]}" "$at+0x80/8" -f /proc/sys/kernel/ostype
  cmp <(part regs 0x80 6) /proc/sys/kernel/ostype
}

@test "load: files that are none, or never end" {
  mkdir folder
  : >empty
  within 20 refused 1 load "${on[@]}" "$at" -f /dev/zero
  err_has '/dev/zero: ' 'has not mapped offset 0x2000'
  within 20 refused 2 load "${on[@]}" "$at..+0x10" -f /dev/zero
  err_has '/dev/zero: it has more than the 16 bytes'
  refused 1 load "${on[@]}" "$at" -f absent
  err_has 'absent: it cannot be opened: No such file or directory'
  refused 1 load "${on[@]}" "$at" -f folder
  err_has 'folder: it cannot be read: Is a directory'
  refused 2 load "${on[@]}" "$at" -f empty
  err_has 'empty: it is empty'
  refused 2 load "${on[@]}" "$at" -f -
  err_has 'standard input: it is empty'
  truncate -s 1T huge
  within 20 refused 1 load "${on[@]}" "$at" -f huge
  within 20 refused 2 load "${on[@]}" "$at..+0x10" -f huge
  same regs
}

@test "load: what dump has written, in both forms" {
  local width

  for width in 8 16 32 64 32be; do
    expect 0 dump "${on[@]}" "$at+0x8..+0x1230/$width" -f bytes
    expect 0 dump "${on[@]}" "$at+0x8..+0x1230/$width" -f text --format hex
    dd if=/dev/zero of=regs bs=8192 count=1 conv=notrunc status=none
    cp regs copy
    dd if=bytes of=copy bs=1 seek=8 conv=notrunc status=none
    expect 0 load "${on[@]}" "$at+0x8..+0x1230/$width" -f bytes
    same regs copy
    dd if=/dev/zero of=regs bs=8192 count=1 conv=notrunc status=none
    expect 0 load "${on[@]}" "$at+0x8/$width" -f text --format hex
    same regs copy
    cat regs.before >regs
  done
}

@test "load: what hexdump has written, wherever its offsets start" {
  need hexdump
  head -c 100 /dev/zero >bytes
  printf 'a|b' >>bytes
  hexdump -C bytes >text
  expect 0 load "${on[@]}" "$at+0x20/8" --format hex -f text
  cmp <(part regs 0x20 103) bytes
  hexdump -C -v bytes >text
  expect 0 load "${on[@]}" "$at+0x120..+0d103/8" --format hex -f text
  cmp <(part regs 0x120 103) bytes
}

@test "load: text that is not as it should be: nothing is written" {
  local n

  expect 0 dump "${on[@]}" "$at..+0x40"
  cp out text
  # Cut at each line, and in the middle of them.
  for ((n = 1; n < $(wc -c <text); n += 13)); do
    head -c $n text >shorter
    refused 2 load "${on[@]}" "$at" --format hex -f shorter
    err_has 'shorter: line '
  done
  head -n 2 text >shorter
  bad 2 load "${on[@]}" "$at" --format hex -f shorter
  err_has 'shorter: line 3: it is cut short'
  sed '2s/11/--/' text >wrong
  bad 2 load "${on[@]}" "$at" --format hex -f wrong
  err_has 'wrong: line 2: "--" is a byte that could not be read'
  sed '3s/^.*20/00000030/' text >wrong
  refused 2 load "${on[@]}" "$at" --format hex -f wrong
  sed 2d text >wrong
  refused 2 load "${on[@]}" "$at" --format hex -f wrong
  err_has 'line 2: offset 0x00000020 does not follow: 0x00000010 would'
  sed 's/$/\r/' text >wrong
  refused 2 load "${on[@]}" "$at" --format hex -f wrong
  head -c 5000 "$MMIODBG" >wrong
  refused 2 load "${on[@]}" "$at" --format hex -f wrong
  err_has 'wrong: line 1: '
  printf '00000000  61 %1048576s|a|\n' '' >wrong
  refused 2 load "${on[@]}" "$at" --format hex -f wrong
  err_has 'wrong: line 1: the line is too long'
  printf '%s\n*\n%s\n' "00000000$(printf ' 00%.0s' {1..16})" fffffffffffffff0 \
    >wrong
  within 20 refused 1 load "${on[@]}" "$at" --format hex -f wrong
  within 20 refused 2 load "${on[@]}" "$at..+0x10" --format hex -f wrong
  refused 2 load "${on[@]}" "$at..+0x20" --format hex -f text
  err_has 'text: it has more than the 32 bytes of'
  refused 2 load "${on[@]}" "$at..+0x80" --format hex -f text
  err_has 'text: it has 64 bytes, and'
  # The text itself as bytes, by mistake.
  refused 2 load "${on[@]}" "$at+0/8" -f text
  err_has 'looks like text of ' '--format'
  same regs
  expect 0 load "${on[@]}" "$at+0/8" -f text --format raw
  cmp <(head -c "$(wc -c <text)" regs) text
}

@test "load: a write that fails ends it, and how many were written is told" {
  need strace
  part regs 0x41 16 >bytes
  injected pwrite64:error=EIO:when=3 3 load "${on[@]}" --retry 0 "$at" -f bytes
  err_has "$at+0x8: " '2 of 4 elements were written; the rest was not, after'
  [ "$(grep -c pwrite64 trace)" = 3 ]
  cmp <(part regs 0 8) <(part bytes 0 8)
  cmp <(part regs 8 32) <(part regs.before 8 32)
  cat regs.before >regs
  injected pwrite64:error=EIO:when=1 1 load "${on[@]}" --retry 0 "$at" -f bytes
  err_has '0 of 4 elements were written'
  same regs
}

@test "load: --verify, a read-only mapping, memory and --force" {
  need strace
  part regs 0x41 16 >bytes
  traced 0 load "${on[@]}" --verify "$at+0x20..+0x10/64" -f bytes
  [ "$(cut -d ' ' -f 1 accesses | tr '\n' ' ')" = \
    'pwrite64 pread64 pwrite64 pread64 ' ]
  cat regs.before >regs
  tell map anon,len=0x1000
  local memory
  memory=$(cut -d ' ' -f 3 <<<"$answer")
  bad 7 load "${on[@]}" "$memory" -f bytes
  err_has 'ordinary memory'
  expect 0 load "${on[@]}" --force "$memory" -f bytes
  expect 0 dump "${on[@]}" "$memory" -n 4 -f copy
  cmp copy bytes
  tell protect 0 r
  bad 7 load "${on[@]}" "$at" -f bytes
  bad 2 load "${on[@]}" @0 -f bytes
  err_has 'an index is not written through'
  same regs
}

@test "load: the target ends in the middle of it" {
  head -c 8192 /dev/zero | tr '\0' Z >bytes
  begin load "$at" -f bytes
  tell exit 0
  target_ends
  go_on 3
  grep -q "process $pid has ended" err
  grep -Eq '^mmiodbg: [0-9]+ of 2048 elements were written' err
  local n
  n=$(sed -n 's/^mmiodbg: \([0-9]*\) of 2048 elements were .*/\1/p' err)
  # One more may have been on its way.
  cmp <(head -c $((n * 4)) regs) <(head -c $((n * 4)) bytes)
  cmp <(part regs $((n * 4 + 4)) 64) <(part regs.before $((n * 4 + 4)) 64)
}

@test "load: the file becomes shorter in the middle of it: no crash" {
  truncate -s 512K regs
  tell map regs,len=0x80000
  tell unmap 0
  head -c 512K /dev/zero | tr '\0' Z >bytes
  begin load "$at" -f bytes
  truncate -s 1000 bytes
  go_on 3
  grep -q 'bytes: it has become shorter' err
  grep -q '^mmiodbg: 16384 of 131072 elements were written' err
  cmp <(head -c 64K regs) <(head -c 64K /dev/zero | tr '\0' Z)
  cmp <(part regs 65536 64) <(head -c 64 /dev/zero)
}

# JSON

@test "dump, load: JSON" {
  need jq strace
  expect 0 dump "${on[@]}" "$at..+0x20/16be" -f bytes --json
  validates
  jq_is .command dump
  jq_is .pid "$pid"
  jq_is .process mmiotarget
  jq_is .location "$at..+0x20/16be"
  jq_is .file bytes
  jq_is .format raw
  jq_is .width 16
  jq_is .bytes 32
  jq_is '.failures | length' 0
  jq_is .saved true
  jq_is .done 16
  jq_is .failed 0
  jq_is .not_reached 0
  fails_at 3 3 dump "${on[@]}" "$at..+0x20" -f new --json
  validates
  jq_is '.failures | length' 1
  jq_is '.failures[0] | [.first, .last, .count] | join(" ")' \
    "$at+0x8 $at+0x8 1"
  jq_is '.failures[0].error.errno' 5
  jq_is '[.saved, .done, .failed, .not_reached] | join(" ")' 'false 2 1 5'
  fails_at 3+ 3 dump "${on[@]}" "$at..+0x20" -f new --json --format hex
  validates
  jq_is '.failures[0] | [.first, .last, .count] | join(" ")' \
    "$at+0x8 $at+0x1c 6"
  jq_is '[.saved, .done, .failed, .not_reached] | join(" ")' 'true 2 6 0'
  fails_at 3 3 dump "${on[@]}" "$at..+0x20" -f new --jsonl
  validates lines
  [ "$(wc -l <out)" = 2 ]
  jq -se '.[0].error.errno == 5 and .[0].command == "dump"
    and .[1].done == 2 and .[1].file == "new"' out >/dev/null
  expect 0 load "${on[@]}" "$at" -f bytes --json
  validates
  jq_is '[.command, .file, .format, .bytes, .done] | join(" ")' \
    'load bytes raw 32 8'
  expect 1 load "${on[@]}" "$at" -f absent --json
  validates
  jq_is .error.errno 2
  jq_is '.failures | length' 0
  expect 2 load "${on[@]}" "$at..+0x10" -f bytes --json
  validates
  jq_is '.error.kind, .pid, .bytes' "usage
$pid
null"
  expect 2 dump "${on[@]}" "$at" "$at" -f new --json
  validates
  jq_is .error.kind usage
  injected pwrite64:error=EIO:when=2 3 load "${on[@]}" --retry 0 "$at" \
    -f bytes --json
  validates
  jq_is '.failures[0].first' "$at+0x4"
  jq_is '[.done, .failed, .not_reached] | join(" ")' '1 1 6'
}

# The bar

# seen_on_terminal DELAY ARGUMENTS...: runs a dump of ten elements, each of
# which takes DELAY microseconds, into `typescript`
seen_on_terminal() {
  local delay=$1

  shift
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    script -qec "strace -qq -o trace -P /proc/$pid/mem -e trace=pread64 \
-e inject=pread64:delay_enter=$delay $MMIODBG dump ${on[*]} $at..+0x28 $*" \
    typescript >/dev/null </dev/null
  sed -e 1d -e '$d' typescript | tr -d '\n' >seen
}

@test "dump: a bar on a terminal, for what takes longer than a second" {
  need script strace
  local erase=$'\r\033[K'

  seen_on_terminal 300000 -f bytes
  cmp bytes <(part regs 0 0x28)
  content seen
  [[ $content == $'\rdump ['*'40 %  16 B of 40 B, '*' s left'* ]] || {
    show seen
    fail 'no bar'
  }
  # It is gone at the end.
  [[ $content == *"$erase" ]]
  seen_on_terminal 150000 -f bytes -q
  [ ! -s seen ]
  seen_on_terminal 10000 -f bytes
  [ ! -s seen ]
  seen_on_terminal 150000
  [ "$(grep -c left seen)" = 0 ]
  seen_on_terminal 150000 -f bytes --json
  [ "$(grep -c left seen)" = 0 ]
  # Not where standard error is no terminal.
  seen_on_terminal 150000 -f bytes '2>err'
  [ ! -s seen ]
  err_is
}

@test "dump: the bar makes room for what has to be said" {
  need script strace
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    script -qec "strace -qq -o trace -P /proc/$pid/mem -e trace=pread64 \
-e inject=pread64:error=EIO:delay_enter=300000:when=2..5 \
$MMIODBG dump ${on[*]} $at..+0x28 -f text --format hex --retry 0 \
--via kernel --color never" typescript >/dev/null </dev/null || :
  grep -q 'dump \[' typescript || fail 'no bar'
  grep -q $'\r\033\\[Kmmiodbg: @' typescript
}

# Types

@test "dump, load: arrays and single registers of the target's types" {
  need gcc
  cat >driver.c <<'C'
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct regs {
	uint32_t id;
	uint16_t ring[4];
	struct {
		uint32_t low : 8, high : 24;
	} fields;
	float ratio;
};

struct one {
	uint32_t only;
};

volatile struct regs *regs;
volatile struct one *one;

int main(int argc, char **argv)
{
	char byte;

	regs = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED,
		    open(argv[argc - 1], O_RDWR), 0);
	one = (volatile struct one *)regs;
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
C
  gcc -g -O0 -o driver driver.c
  target_launch ./driver "$file"
  on=(-p "$pid" --treat-as-device "$file")
  expect 0 dump "${on[@]}" regs.ring -f bytes
  cmp bytes <(part regs 4 8)
  expect 0 dump "${on[@]}" regs.id
  [ "$(wc -l <out)" = 2 ]
  refused 2 dump "${on[@]}" ptr:regs -f new
  err_has 'it is a struct' 'save'
  refused 2 dump "${on[@]}" ptr:one -f new
  refused 2 dump "${on[@]}" regs.fields.low -f new
  err_has 'no bits'
  refused 2 load "${on[@]}" ptr:regs -f bytes
  expect 0 dump "${on[@]}" ptr:regs+0x0..+0x14 -f all
  cmp all <(part regs 0 0x14)
  part regs 0x41 8 >bytes
  expect 0 load "${on[@]}" regs.ring -f bytes
  cmp <(part regs 4 8) bytes
  # A type says how long it is.
  refused 2 load "${on[@]}" regs.id -f bytes
  err_has 'bytes: it has more than the 4 bytes of regs.id'
  part regs 0x41 4 >bytes
  expect 0 load "${on[@]}" regs.ratio -f bytes
  cmp <(part regs 0x10 4) bytes
  refused 2 load "${on[@]}" regs.ring -f bytes
  err_has 'it has 4 bytes, and regs.ring has 8'
}
