#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `save`, `diff` and `restore`: what stands in a snapshot, what has changed since,
# what is written back; files that are none, other devices, full disks

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

: "${MMIONAMES:=$top_builddir/tests/target/mmionames}"
[[ $MMIONAMES == /* ]] || MMIONAMES=$PWD/$MMIONAMES

prepare() {
  [ "$(byte_order)" = little ] || skip 'the bit-fields are of a little-endian'
  unset DEBUGINFOD_URLS
  pattern regs
  cp regs regs.before
  file=$work/regs
  at=$(region "$file")
}

# start: a target without names
start() {
  target_start "$file"
  base=${map[0]}
  on=(-p "$pid" --treat-as-device "$file")
}

# start_names: one with names, `regs` of which point to the file
start_names() {
  target_launch "$MMIONAMES" "$file"
  base=${map[0]}
  on=(-p "$pid" --treat-as-device "$file")
}

# registers_of FILE FILTER: what jq says of its registers, compact
registers_of() {
  jq -c ".registers[] | $2" "$1"
}

# edited FILE SED-SCRIPT: a copy, with this done to it, in `edited`
edited() {
  sed "$2" "$1" >edited
  ! cmp -s "$1" edited || fail "nothing to edit: $2"
}

# What is saved

@test "save: a struct is its registers, once each, in order; the file says it all" {
  need jq strace
  start_names
  put_bytes regs 0x80 09 30 fe 00
  traced 0 save "${on[@]}" ptr:regs -f s.json
  out_is
  err_is
  sed -i '/^process_vm_readv/d' accesses
  # shellcheck disable=SC2046
  accesses_are $(for place in 32@0x0 32@0x4 32@0x8 32@0x20 32@0x24 32@0x80 \
    64@0x88 32@0x90 32@0x98; do
    printf 'r%s@%d ' "${place%@*}" $((base + ${place#*@}))
  done)
  jq -e '.format == "mmiodbg-snapshot" and .version == 1 and .count == 9 and
    .target.pid == '"$pid"' and .target.process == "mmionames" and
    (.created | test("^20[0-9-]*T[0-9:]*\\.[0-9]{9}Z$")) and
    .devices[0].region == "file:'"$file"'" and
    .devices[0].class == "register" and (.devices | length) == 1' s.json
  registers_of s.json '[.name, .offset, .width, .order, .value]' >found
  file_is found '["regs.id","0x0",32,"le","0x03020100"]' \
    '["regs.liveness","0x4",32,"le","0x07060504"]' \
    '["regs.factorial","0x8",32,"le","0x0b0a0908"]' \
    '["regs.status","0x20",32,"le","0x23222120"]' \
    '["regs.irq_status","0x24",32,"le","0x27262524"]' \
    '["regs.ctrl","0x80",32,"le","0x00fe3009"]' \
    '["regs.dma.destination","0x88",64,"le","0x8f8e8d8c8b8a8988"]' \
    '["regs.dma.count","0x90",32,"le","0x93929190"]' \
    '["regs.dma.command","0x98",32,"le","0x9b9a9998"]'
  # A register a line.
  [ "$(grep -c '^{"name":"regs\.' s.json)" = 9 ]
  jq -e '.types[.registers[5].type].fields | map([.name, .bits]) ==
    [["bits.en","0:0"],["bits.mode","3:1"],["bits.rate","15:8"],
     ["bits.trim","23:16"]]' s.json
}

@test "save: ranges, widths, orders, halves, bits, an address, an index, memory" {
  need jq
  start_names
  expect 0 save "${on[@]}" -f s.json "$at+0x10/8" "$at+0x20/16be.11:4" \
    "$at+0x40..+0x8/32be" "$at+0x50/32x2" "$at+0x58/64" $((base + 0x60)) \
    @0+0x70 ordinary regs.ctrl.bits.mode
  registers_of s.json '[.name, .device, .offset, .location, .width, .order,
    .halves, .bits, .value]' >found
  file_is found \
    "[\"$at+0x10\",0,\"0x10\",null,8,null,null,null,\"0x10\"]" \
    "[\"$at+0x20.11:4\",0,\"0x20\",null,16,\"be\",null,\"11:4\",\"0x2021\"]" \
    "[\"$at+0x40\",0,\"0x40\",null,32,\"be\",null,null,\"0x40414243\"]" \
    "[\"$at+0x44\",0,\"0x44\",null,32,\"be\",null,null,\"0x44454647\"]" \
    "[\"$at+0x50\",0,\"0x50\",null,64,null,true,null,\"0x5756555453525150\"]" \
    "[\"$at+0x58\",0,\"0x58\",null,64,\"le\",null,null,\"0x5f5e5d5c5b5a5958\"]" \
    "[\"$(printf '0x%x' $((base + 0x60)))\",0,\"0x60\",null,32,\"le\",null,null,\"0x63626160\"]" \
    "[\"$at+0x70\",0,\"0x70\",null,32,\"le\",null,null,\"0x73727170\"]" \
    '["ordinary",null,null,"ordinary+0x0/32le",32,"le",null,null,"0x600df00d"]' \
    '["regs.ctrl.bits.mode",0,"0x80",null,32,"le",null,"3:1","0x83828180"]'
  expect 0 diff "${on[@]}" s.json
  out_is
  err_is
}

@test "save: without -f, and with -f -, it is standard output" {
  start
  expect 0 save "${on[@]}" "$at..+0x10" -f s.json
  expect 0 save "${on[@]}" "$at..+0x10"
  err_is
  diff <(sed 's/"created":"[^"]*"//' s.json) <(sed 's/"created":"[^"]*"//' out)
  expect 0 save "${on[@]}" "$at..+0x10" -f -
  [ "$(wc -l <out)" = "$(wc -l <s.json)" ]
  # From there, too.
  "$MMIODBG" save "${on[@]}" "$at..+0x10" | "$MMIODBG" diff "${on[@]}" -
}

@test "save: what could not be read is in it, with the reason; status 3" {
  need jq strace
  start
  injected pread64:error=EIO:when=2 3 save "${on[@]}" --retry 0 -f s.json \
    "$at..+0xc"
  err_has "$at+0x4: "
  registers_of s.json '[.value, .error.kind]' >found
  file_is found '["0x03020100",null]' '[null,"revoked"]' '["0x0b0a0908",null]'
  jq -e '.registers[1].error.message | length > 10' s.json
  # It is there now.
  expect 1 diff "${on[@]}" s.json
  out_is "$at+0x4: not read (revoked) -> 0x07060504"
}

@test "save: of which nothing could be read, there is no file, and an old one stays" {
  need strace
  start
  echo old >s.json
  injected pread64:error=EIO 1 save "${on[@]}" --retry 0 -f s.json "$at..+0xc"
  err_has 'nothing could be read'
  file_is s.json old
  injected pread64:error=EIO 1 save "${on[@]}" --retry 0 "$at..+0xc"
  out_is
}

@test "save: all ones are suspect, of a register" {
  need jq
  start
  put_bytes regs 0x10 ff ff ff ff
  expect 0 save "${on[@]}" -f s.json "$at+0x10" "$at+0x14"
  registers_of s.json .suspect >found
  file_is found true null
}

@test "save: what is wrong is said before the first access, and no file is made" {
  start
  bad 2 save "${on[@]}" -f s.json "$at..+0x10" "$at+0x8"
  err_has "$at+0x8: two of the locations have this register"
  expect 2 save "${on[@]}" --json "$at"
  validates
  err_has '-f FILE'
  bad 2 save "${on[@]}" -f s.json
  bad 2 save "${on[@]}" -f s.json "$at=1"
  bad 2 save "${on[@]}" -f '' "$at"
  bad 2 save "${on[@]}" -f a -f b "$at"
  bad 7 save "${on[@]}" -f s.json "$at+0x1"
  truncate -s 4M regs
  start
  bad 2 save "${on[@]}" -f s.json "$at" -n 262145
  err_has 'holds 262144 at most'
  bad 1 save "${on[@]}" -f no/s.json "$at"
  err_has no/s.json
  mkdir folder
  expect_of 1 "$MMIODBG" save "${on[@]}" -f folder "$at"
  [ ! -e s.json ]
}

@test "save: a register by two names is refused, and so is what overlaps; bits are not" {
  need jq strace
  start_names
  traced 2 save "${on[@]}" -f s.json regs.ctrl "$at+0x80"
  one_diagnostic
  err_has "$at+0x80: this is the register regs.ctrl, or overlaps it"
  sed -i '/^process_vm_readv/d' accesses
  accesses_are
  refused 2 save "${on[@]}" -f s.json "$at+0x80" regs.dma regs.ctrl
  err_has "regs.ctrl: this is the register $at+0x80"
  refused 2 save "${on[@]}" -f s.json ptr:regs "$at..+0x4"
  refused 2 save "${on[@]}" -f s.json "$at+0x80/64" regs.ctrl
  refused 2 save "${on[@]}" -f s.json regs.ctrl "$at+0x82/16"
  refused 2 save "${on[@]}" -f s.json regs.ctrl.bits.mode "$at+0x80.1:1"
  refused 2 save "${on[@]}" -f s.json "$at+0x80" $((base + 0x80))
  [ ! -e s.json ]
  expect 0 save "${on[@]}" -f s.json regs.ctrl.bits.mode "$at+0x80.0:0" \
    "$at+0x84"
  jq -e '.registers | map(.offset) == ["0x80", "0x80", "0x84"]' s.json
  # A file that was made otherwise.
  edited s.json 's/"0x84"/"0x80"/'
  bad 2 restore "${on[@]}" edited --only "$at"
  err_has "edited: $at+0x80.0 and $at+0x84 are the same register"
  bad 2 diff "${on[@]}" edited
  same regs
}

@test "save: as many registers as there may be, and they are compared" {
  truncate -s 1M regs
  start
  expect 0 save "${on[@]}" -f s.json "$at" -n 262144
  [ "$(grep -c '^{"name"' s.json)" = 262144 ]
  put_bytes regs 0xffffc 01
  within 60 expect 1 diff "${on[@]}" s.json
  out_is "$at+0xffffc: 0x00000000 -> 0x00000001"
}

@test "save: --dry-run reads nothing and makes no file; --json tells of it" {
  need jq strace
  start
  traced 0 save "${on[@]}" --dry-run -f s.json "$at..+0x8"
  accesses_are
  out_has 'would read 32 bits' "$at+0x4"
  [ ! -e s.json ]
  expect 0 save "${on[@]}" --json -f s.json "$at..+0x8"
  validates
  jq -e '.command == "save" and .file == "s.json" and .saved and .done == 2 and
    .failed == 0 and .not_reached == 0 and .pid == '"$pid" out
  injected pread64:error=EIO:when=2 3 save "${on[@]}" --retry 0 --jsonl \
    -f s.json "$at..+0x8"
  validates lines
  jq -e '.saved and .done == 1 and .failed == 1' out
  [ "$(wc -l <out)" = 1 ]
  expect 1 save "${on[@]}" --json -f no/s.json "$at"
  validates
  jq -e '.error.kind and (has("saved") | not)' out
}

@test "save: --dry-run looks at the file that would be made, and leaves it alone" {
  start
  mkdir folder closed
  echo old >s.json
  ln -s folder/new link
  bad 1 save "${on[@]}" --dry-run -f no/s.json "$at"
  err_has 'no/s.json: its folder cannot be opened'
  bad 1 save "${on[@]}" --dry-run -f folder "$at"
  err_has 'folder: it cannot be written' 'Is a directory'
  expect 1 save "${on[@]}" --dry-run --json -f folder "$at"
  validates
  err_has 'Is a directory'
  expect 0 save "${on[@]}" --dry-run -f s.json "$at"
  expect 0 save "${on[@]}" --dry-run -f link "$at"
  expect 0 save "${on[@]}" --dry-run -f /dev/null "$at"
  expect 0 save "${on[@]}" --dry-run -f - "$at"
  # It is not waited for a reader.
  mkfifo pipe
  within 5 expect 0 save "${on[@]}" --dry-run -f pipe "$at"
  file_is s.json old
  [ -z "$(ls folder)$(ls closed)" ]
  # Root may write everything.
  [ $EUID != 0 ] || return 0
  chmod 555 closed
  chmod 444 s.json pipe
  bad 5 save "${on[@]}" --dry-run -f closed/s.json "$at"
  bad 5 save "${on[@]}" --dry-run -f s.json "$at"
  bad 5 save "${on[@]}" --dry-run -f pipe "$at"
}

@test "save: --stop, for a snapshot of one moment" {
  start
  expect 0 save "${on[@]}" --stop -v -f s.json "$at..+0x100"
  err_has 'stood still for' '64 registers saved in s.json'
  expect 0 diff "${on[@]}" --stop s.json
}

@test "save: the same twice are the same but for the time" {
  start
  expect 0 save "${on[@]}" -f a.json "$at..+0x40"
  expect 0 save "${on[@]}" -f b.json "$at..+0x40"
  [ "$(diff a.json b.json | grep -c '^<')" = 1 ]
  expect 0 diff a.json b.json
  out_is
}

# A file system that is full, in a mount namespace of its own. Its name is the
# folder `full`.
on_full_disk() {
  need_root
  need unshare
  mkdir -p full
  # shellcheck disable=SC2016 # of the inner shell
  expect_of "$1" unshare -m bash -c '
    mount -t tmpfs -o size=64k tmpfs full && cp old full/s.json &&
      dd if=/dev/zero of=full/rest bs=1k count=100 2>/dev/null
    "$@"
    status=$?
    cp full/s.json after
    ls -A full >left
    exit $status' - "${@:2}"
}

@test "save: a full disk is an error, and the old file stays" {
  start
  expect 0 save "${on[@]}" -f old "$at"
  on_full_disk 1 "$MMIODBG" save "${on[@]}" -f full/s.json "$at..+0x400"
  err_has 'No space left' full/s.json
  cmp old after
  file_is left rest s.json
  [ -c /dev/full ] || skip 'no /dev/full'
  expect_of 1 bash -c '"$@" >/dev/full' - "$MMIODBG" save "${on[@]}" "$at"
  err_has 'No space left'
}

@test "save: a limit for files is an error, and the old file stays" {
  start
  expect 0 save "${on[@]}" -f s.json "$at"
  cp s.json old
  expect_of 1 bash -c 'ulimit -f 4; trap "" XFSZ; "$@"' - \
    "$MMIODBG" save "${on[@]}" -f s.json "$at..+0x1000"
  err_has 'File too large'
  cmp s.json old
  [ "$(find . -maxdepth 1 -name '*s.json*' | wc -l)" = 1 ]
}

# In the middle

# begin COMMAND ARGUMENTS...: runs it until it has made an access, and waits in
# the pipe that -v goes through
begin() {
  rm -f pipe
  mkfifo pipe
  "$MMIODBG" "$1" -v "${on[@]}" "${@:2}" 2>pipe >out </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  IFS= read -r -t 60 -u "$from_program" first
  wait_until state_is "$program" S
}

go_on() {
  { echo "$first" && cat <&"$from_program"; } >err
  status=0
  wait "$program" || status=$?
  [ "$status" = "$1" ] || {
    show err
    fail "status $status instead of $1"
  }
}

@test "save: the target's end in the middle: what was read is kept" {
  need jq
  start
  begin save -f s.json "$at" -n 2048
  kill -KILL "$pid"
  target_ends
  go_on 3
  err_has 'has ended'
  jq -e '.count == 2048 and (.registers | length) == 2048 and
    (.registers[0] | has("value")) and
    .registers[2047].error.kind == "not-reached" and
    ([.registers[] | select(.error.kind == "gone")] | length) == 1' s.json
  expect 4 diff "${on[@]}" s.json
}

@test "save: interrupted, there is no file" {
  start
  echo old >s.json
  begin save -f s.json "$at" -n 2048
  kill -TERM "$program"
  go_on 143
  file_is s.json old
  [ "$(find . -maxdepth 1 -name '*s.json*' | wc -l)" = 1 ]
}

@test "save, diff: interrupted while an access is tried again" {
  start
  expect 0 save "${on[@]}" -f old "$at" "$at+0x1000"
  cp old s.json
  put_bytes regs 0 ff
  # What is behind the end of the file cannot be read.
  truncate -s 4096 regs
  begin save -f s.json --via kernel --retry 60s "$at" "$at+0x1000"
  kill -TERM "$program"
  go_on 143
  cmp old s.json
  [ "$(find . -maxdepth 1 -name '*s.json*' | wc -l)" = 1 ]
  begin diff s.json --via kernel --retry 60s
  kill -TERM "$program"
  go_on 143
  out_is
}

@test "diff: the target's end in the middle" {
  start
  expect 0 save "${on[@]}" -f s.json "$at" -n 2048
  put_bytes regs 0 ff
  begin diff s.json
  kill -KILL "$pid"
  target_ends
  go_on 3
  out_has "$at+0x0: 0x03020100 -> 0x030201ff" '-> not read (gone)' \
    '-> not read (not-reached)'
  err_has 'has ended'
}

@test "restore: the target's end in the middle: what was written is named" {
  start
  expect 0 save "${on[@]}" -f s.json "$at" -n 2048
  begin restore s.json --only "$at"
  kill -KILL "$pid"
  target_ends
  go_on 3
  err_has 'of 2048 elements were written' "mmiodbg: written: $at+0x0" \
    'mmiodbg: not written: ' ' more'
}

# What has changed

@test "diff: registers and their fields, by name; enumerators by theirs" {
  need strace
  start_names
  put_bytes regs 0x80 09 30 fe 00
  expect 0 save "${on[@]}" -f s.json ptr:regs ordinary
  expect 0 diff "${on[@]}" s.json
  out_is
  err_is
  put_bytes regs 0x80 03 30 fd 00
  put_bytes regs 0x90 00
  traced 1 diff "${on[@]}" s.json
  out_is 'regs.ctrl: 0x00fe3009 -> 0x00fd3003' \
    'regs.ctrl.bits.mode: 4 (FAST) -> 1 (SLOW)' \
    'regs.ctrl.bits.trim: -2 -> -3' \
    'regs.dma.count: 0x93929190 -> 0x93929100'
  err_is
  # Each register was read once, in the order of the file.
  sed -i '/^process_vm_readv/d' accesses
  [ "$(wc -l <accesses)" = 10 ]
  [ "$(head -n 9 accesses | cut -d' ' -f3 | sort -n -c 2>&1)" = '' ]
}

@test "diff: colour, when it is asked for" {
  start
  expect 0 save "${on[@]}" -f s.json "$at"
  put_bytes regs 0 ff
  expect 1 diff "${on[@]}" --color always s.json
  out_is "$at+0x0: $(printf '\033[31m0x03020100\033[0m -> \033[32m0x030201ff\033[0m')"
  expect 1 diff "${on[@]}" s.json
  out_is "$at+0x0: 0x03020100 -> 0x030201ff"
}

@test "diff: -q says nothing but the status" {
  start
  expect 0 diff --help
  grep -A2 -e '-q, --quiet' out | tr -s ' \n' ' ' >quiet
  file_has quiet '`diff`: the status alone'
  expect 0 save "${on[@]}" -f s.json "$at"
  expect 0 diff "${on[@]}" -q s.json
  put_bytes regs 0 ff
  expect 1 diff "${on[@]}" -q s.json
  out_is
  err_is
}

@test "diff: two files, without a process: values, forms, what only one has" {
  need jq
  start_names
  put_bytes regs 0x10 ff ff ff ff
  expect 0 save "${on[@]}" -f a.json regs.ctrl "$at+0x10" "$at+0x14" \
    "$at+0x18" regs.id.bits.magic
  put_bytes regs 0x80 09
  put_bytes regs 0x10 01
  put_bytes regs 0 00
  expect 0 save "${on[@]}" -f b.json regs.ctrl "$at+0x10" "$at+0x14/16" \
    "$at+0x1c" regs.id.bits.magic
  kill -KILL "$pid"
  target_ends
  expect 1 diff a.json b.json
  out_is 'regs.ctrl: 0x83828180 -> 0x83828109' \
    'regs.ctrl.bits.en: 0 -> 1' 'regs.ctrl.bits.mode: 0 (OFF) -> 4 (FAST)' \
    "$at+0x10: 0xffffffff -> 0xffffff01" \
    "$at+0x14: 32 bits, le -> 16 bits, le" \
    "only in a.json: $at+0x18 = 0x1b1a1918" \
    "only in b.json: $at+0x1c = 0x1f1e1d1c"
  expect 1 diff --json a.json b.json
  validates
  jq -e '.command == "diff" and .old_file == "a.json" and
    .new_file == "b.json" and .different == 5 and .compared == 4 and
    (has("pid") | not) and (.differences | map(.change)) ==
      ["value", "value", "form", "only-old", "only-new"]' out
  jq -e '.differences[0] | .name == "regs.ctrl" and
    .changed == "0x00000089" and
    .changed_fields == ["bits.en", "bits.mode"] and
    .old.value == "0x83828180" and .new.fields[1].enum == "FAST"' out
  jq -e '.differences[1].old.suspect and
    .differences[2].new.width == 16 and
    (.differences[3] | has("new") | not)' out
  expect 1 diff --jsonl a.json b.json
  validates lines
  [ "$(wc -l <out)" = 6 ]
  jq -e -s '.[5].different == 5 and .[0].command == "diff"' out
  # A field that is the same is no difference.
  expect 0 diff a.json a.json
  out_is
}

@test "diff: two files: options of a process and its accesses are refused" {
  local option

  start
  expect 0 save "${on[@]}" -f s.json "$at"
  for option in "--pid=$pid" "--treat-as-device=$file" --no-debuginfod --stop \
    --attach --max-stop=1s --via=kernel --retry=0 --trust-kernel --thread=1 \
    --max-pause=1ms --force --dry-run; do
    bad 2 diff s.json s.json "$option"
    err_has "takes no ${option%%=*} with two files"
    bad 2 "$option" diff s.json s.json
  done
  expect 2 diff --json "${on[@]}" s.json s.json
  validates
  # What was not given for it is no reason.
  MMIODBG_PID=$pid expect 0 diff s.json s.json
  expect 0 diff -q -v --color never s.json s.json
  echo 'diff s.json s.json' >lines
  expect 0 batch "${on[@]}" --no-debuginfod lines
  echo 'diff s.json s.json --via kernel' >lines
  expect 2 batch "${on[@]}" lines
  err_has "takes no --via with two files"
}

@test "diff: two files of different devices are compared by names, and it is told" {
  need jq
  start_names
  expect 0 save "${on[@]}" -f a.json ordinary regs.ctrl regs.id "$at+0x10"
  edited a.json 's|"region":"file:|"region":"file:/another|'
  expect 0 diff a.json edited
  out_is
  err_is "mmiodbg: the snapshots are of different devices: regs.ctrl: it was file:$file, and is file:/another$file"
  expect 0 diff -q a.json edited
  err_is
  expect 0 diff a.json a.json
  err_is
  expect 0 diff --json a.json edited
  validates
  err_has 'of different devices'
  # No name is in both.
  mv edited b.json
  edited b.json 's|"name":"|&x|'
  expect 1 diff a.json edited
  err_is "mmiodbg: the snapshots are of different devices: it was file:$file, and is file:/another$file"
  expect 1 diff b.json edited
  err_is
  expect 0 save "${on[@]}" -f a.json regs.id
  # A register that has become a variable.
  edited a.json 's|"device":0,"offset":"0x0"|"location":"id"|'
  expect 0 diff a.json edited
  err_is 'mmiodbg: the snapshots are of different devices: regs.id: it was in a device, and is in ordinary memory'
  expect 0 diff edited a.json
  err_is 'mmiodbg: the snapshots are of different devices: regs.id: it was in ordinary memory, and is in a device'
  tree_again 0x10d3 0x20000 0x10000000
  expect 0 save -p 4242 -f a.json @03:00.0/bar0
  tree_again 0x1533 0x20000 0x10000000
  expect 0 save -p 4242 -f b.json @03:00.0/bar0
  expect 0 diff a.json b.json
  err_is 'mmiodbg: the snapshots are of different devices: @03:00.0/bar0+0x0: its PCI ids were 8086:10d3, and are 8086:1533 now'
}

@test "diff: names are those of the files, whatever they hold" {
  start
  expect 0 save "${on[@]}" -f s.json "$at"
  edited s.json 's/"name":"[^"]*"/"name":"\\u001b[31m\\u009bé\\n"/'
  expect 1 diff s.json edited
  is_clean out
  out_has 'only in edited: \x1b[31m\xc2\x9bé\x0a = 0x03020100'
}

@test "diff: the status is 2 for what is 1 elsewhere" {
  start
  expect 0 save "${on[@]}" -f s.json "$at"
  tell unmap 0
  refused 2 diff "${on[@]}" s.json
  err_has 'no such device mapping'
  refused 2 diff "${on[@]}" none.json
  err_has 'none.json: ' 'No such file'
  need jq
  expect 2 diff "${on[@]}" --json s.json
  validates
  jq -e '.error.kind == "not-mapped" and .differences == []' out
}

@test "diff: what cannot be read now" {
  need strace
  start
  expect 0 save "${on[@]}" -f s.json "$at..+0xc"
  put_bytes regs 0 ff
  injected pread64:error=EIO:when=2 3 diff "${on[@]}" --retry 0 s.json
  out_is "$at+0x0: 0x03020100 -> 0x030201ff" \
    "$at+0x4: 0x07060504 -> not read (revoked)"
  err_has "$at+0x4"
  # Not different, but nothing is known either.
  put_bytes regs 0 00
  injected pread64:error=EIO 3 diff "${on[@]}" --retry 0 s.json
}

@test "diff, restore: --dry-run makes no access" {
  need strace
  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x8"
  put_bytes regs 0 ff
  cp regs regs.before
  traced 0 diff "${on[@]}" --dry-run s.json
  accesses_are
  out_has 'would read 32 bits'
  traced 0 restore "${on[@]}" --dry-run s.json --only "$at"
  accesses_are
  out_has "would write 32 bits at $(printf '0x%x' $((base + 4))) ($at+0x4) = 0x07060504"
  same regs
}

@test "diff: neighbours are told by the names of the file, too" {
  need jq strace
  start_names
  expect 0 save "${on[@]}" -f s.json ptr:regs
  expect 0 diff "${on[@]}" --dry-run s.json
  out_has '(regs.id)' '(regs.liveness)' '(regs.factorial)' '(regs.ctrl)'
  nowhere out @
  expect 0 diff "${on[@]}" -v s.json
  err_has '(regs.id)' '(regs.liveness)' '(regs.factorial)'
  nowhere err @
  expect 0 diff "${on[@]}" --dry-run --json s.json
  validates
  jq -r '.elements[].name' out >found
  registers_of s.json .name | jq -r . | cmp - found
  # What fails alike is told at once.
  injected pread64:error=EIO 3 diff --retry 0 "${on[@]}" s.json
  err_has 'regs.id to regs.factorial (3 elements): '
}

# What is written back

@test "restore: what --only names, in the order of the file, one write each" {
  need strace
  start_names
  expect 0 save "${on[@]}" -f s.json regs.ctrl regs.id regs.liveness regs.dma
  put_bytes regs 0 00 00 00 00 00 00 00 00
  put_bytes regs 0x80 00 00 00 00
  put_bytes regs 0x90 00 00 00 00
  traced 0 restore "${on[@]}" s.json --only regs.liveness --only regs.ctrl \
    --only regs.dma
  out_is
  err_is
  sed -i '/^process_vm_readv/d' accesses
  accesses_are "w32@$((base + 0x80))" "w32@$((base + 4))" \
    "w64@$((base + 0x88))" "w32@$((base + 0x90))" "w32@$((base + 0x98))"
  bytes_are regs 0 00 00 00 00 04 05 06 07
  bytes_are regs 0x80 80 81 82 83
  expect 1 diff "${on[@]}" s.json
  out_is 'regs.id: 0x03020100 -> 0x00000000' \
    'regs.id.bits.minor: 2 -> 0' 'regs.id.bits.major: 3 -> 0'
  expect 0 restore "${on[@]}" s.json --only regs
  same regs
}

@test "restore: a field, and bits, are one read and one write" {
  need strace
  start_names
  put_bytes regs 0x80 09 30 fe 00
  expect 0 save "${on[@]}" -f s.json regs.ctrl "$at+0x10.7:4"
  expect 0 save "${on[@]}" -f rate.json regs.ctrl.bits.rate
  put_bytes regs 0x80 00 00 00 77
  put_bytes regs 0x10 05
  traced 0 restore "${on[@]}" s.json --only regs.ctrl.bits.mode \
    --only regs.ctrl.bits.trim --only "$at+0x10.7:4"
  sed -i '/^process_vm_readv/d' accesses
  accesses_are r32@$((base + 0x80)) w32@$((base + 0x80)) \
    r32@$((base + 0x10)) w32@$((base + 0x10))
  bytes_are regs 0x80 08 00 fe 77
  bytes_are regs 0x10 15
  # A field that was saved alone.
  traced 0 restore "${on[@]}" rate.json --only regs.ctrl.bits.rate
  bytes_are regs 0x80 08 30 fe 77
}

@test "restore: a region, a range of it, a place" {
  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x20"
  head -c 8192 /dev/zero >regs
  expect 0 restore "${on[@]}" s.json --only "$at+0x8..+0x8"
  bytes_are regs 0 00 00 00 00 00 00 00 00 08 09 0a 0b 0c 0d 0e 0f 00 00
  expect 0 restore "${on[@]}" s.json --only "$at+0x1c"
  bytes_are regs 0x18 00 00 00 00 1c 1d 1e 1f
  expect 0 restore "${on[@]}" s.json --only "$at"
  bytes_are regs 0 00 01 02 03
  bytes_are regs 0x1c 1c 1d 1e 1f 00 00
}

@test "restore: without --only it is refused, and says why" {
  start
  expect 0 save "${on[@]}" -f s.json "$at"
  bad 2 restore "${on[@]}" s.json
  err_has 'nothing says which of the registers are safe to write' '--only NAME'
  bad 2 restore "${on[@]}" --only "$at"
  bad 2 restore "${on[@]}" s.json "$at" --only "$at"
  err_has '--only NAME'
  bad 2 restore "${on[@]}" s.json --only ''
  bad 2 restore "${on[@]}" s.json --only "$at" --only "$at+0x4"
  err_has 's.json has no such register' "near names: $at+0x0"
  bad 2 restore "${on[@]}" s.json --only @0
  bad 2 restore "${on[@]}" s.json --only "$at+28"
  err_has 0x
  bad 2 restore "${on[@]}" s.json --only "$at" -w 32
  same regs
}

@test "restore: what was not read is skipped" {
  need jq strace
  start
  injected pread64:error=EIO:when=2 3 save "${on[@]}" --retry 0 -f s.json \
    "$at..+0xc"
  head -c 8192 /dev/zero >regs
  expect 0 restore "${on[@]}" s.json --only "$at"
  err_is "mmiodbg: $at+0x4 is skipped: it could not be read when it was saved"
  bytes_are regs 0 00 01 02 03 00 00 00 00 08 09 0a 0b
  expect 0 restore "${on[@]}" --json s.json --only "$at"
  validates
  jq -e --arg at "$at" '.command == "restore" and .file == "s.json" and
    .skipped == [$at + "+0x4"] and (.elements | map(.name)) ==
    [$at + "+0x0", $at + "+0x8"] and (.elements | all(.written))' out
  refused 1 restore "${on[@]}" s.json --only "$at+0x4"
  err_has 'nothing of that could be read'
}

@test "restore: it stops at the first failure, and names what was written" {
  need jq strace
  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x10"
  head -c 8192 /dev/zero >regs
  injected pwrite64:error=EIO:when=3 3 restore --retry 0 "${on[@]}" s.json \
    --only "$at"
  err_has "$at+0x8: " '2 of 4 elements were written' \
    "mmiodbg: written: $at+0x0, $at+0x4" \
    "mmiodbg: not written: $at+0x8, $at+0xc"
  bytes_are regs 0 00 01 02 03 04 05 06 07 00 00
  injected pwrite64:error=EIO:when=1 1 restore --retry 0 --json "${on[@]}" \
    s.json --only "$at"
  validates
  jq -e '.failed == 1 and .not_reached == 3' out
  err_has "mmiodbg: not written: $at+0x0, $at+0x4, $at+0x8, $at+0xc"
  nowhere err 'mmiodbg: written'
}

@test "restore: what may have been written is told as that" {
  need jq strace
  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x10"
  injected pwrite64:error=EFAULT:when=2+ 3 restore --via kernel --retry 1ms \
    "${on[@]}" s.json --only "$at"
  err_has "$at+0x4: the access may or may not have happened" \
    "mmiodbg: written: $at+0x0" "mmiodbg: perhaps written: $at+0x4" \
    "mmiodbg: not written: $at+0x8, $at+0xc"
  nowhere err "not written: $at+0x4"
  injected pwrite64:error=EFAULT:when=2+ 3 restore --via kernel --retry 1ms \
    --json "${on[@]}" s.json --only "$at"
  validates
  jq -e '.elements | map(.written) == [true, null]' out
  # It is certain of one that was not reached.
  injected pwrite64:error=EFAULT:when=1+ 9 restore --via kernel --retry 1ms \
    "${on[@]}" s.json --only "$at+0x8..+0x8"
  err_has "mmiodbg: perhaps written: $at+0x8" "mmiodbg: not written: $at+0xc"
  nowhere err 'mmiodbg: written'
}

@test "restore: --verify reads each back" {
  need strace
  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x8"
  traced 0 restore "${on[@]}" --verify s.json --only "$at"
  accesses_are w32@$((base)) r32@$((base)) w32@$((base + 4)) r32@$((base + 4))
}

@test "restore: ordinary memory is written with --force only" {
  start_names
  expect 0 save "${on[@]}" -f s.json ordinary driver.id
  refused 7 restore "${on[@]}" s.json --only ordinary
  err_has 'ordinary memory'
  expect 0 write "${on[@]}" --force ordinary=1
  expect 1 diff "${on[@]}" s.json
  out_is 'ordinary: 0x600df00d -> 0x00000001'
  expect 0 restore "${on[@]}" --force s.json --only ordinary
  expect 0 diff "${on[@]}" s.json
}

@test "restore: a device that answered all ones is not written all ones" {
  start
  put_bytes regs 0x10 ff ff ff ff ff ff ff ff
  expect 0 save "${on[@]}" -f dead.json "$at+0x10..+0x8"
  expect 0 save "${on[@]}" -f alive.json "$at+0x10..+0x8" "$at"
  put_bytes regs 0x10 00 00 00 00 00 00 00 00
  bad 7 restore "${on[@]}" dead.json --only "$at"
  err_has 'all ones'
  expect 0 restore "${on[@]}" alive.json --only "$at+0x10"
  bytes_are regs 0x10 ff ff ff ff 00 00 00 00
  expect 0 restore "${on[@]}" --force dead.json --only "$at"
  bytes_are regs 0x10 ff ff ff ff ff ff ff ff
}

@test "restore: big-endian registers, halves, and 64 bits" {
  start
  expect 0 save "${on[@]}" -f s.json "$at+0x0/16be" "$at+0x10/32x2" "$at+0x18/64be" \
    "$at+0x20/8"
  head -c 8192 /dev/zero >regs
  expect 0 restore "${on[@]}" s.json --only "$at+0x0" --only "$at+0x18" \
    --only "$at+0x20"
  bytes_are regs 0 00 01 00 00
  bytes_are regs 0x18 18 19 1a 1b 1c 1d 1e 1f 20 00
  bad 2 restore "${on[@]}" s.json --only "$at+0x10"
}

@test "restore: a counter in halves is skipped, and refused if it is named itself" {
  need jq strace
  start
  expect 0 save "${on[@]}" -f s.json "$at+0x8..+0x8" "$at+0x10/32x2" "$at+0x18/64"
  head -c 8192 /dev/zero >regs
  traced 0 restore "${on[@]}" s.json --only "$at"
  accesses_are "w32@$((base + 8))" "w32@$((base + 12))" "w64@$((base + 24))"
  err_is "mmiodbg: $at+0x10 is skipped: a counter in two halves (32x2) is not written"
  expect 0 restore "${on[@]}" --json s.json --only "$at+0x8..+0x10"
  validates
  jq -e --arg at "$at" '.skipped == [$at + "+0x10"] and
    (.elements | map(.name)) == [$at + "+0x8", $at + "+0xc"]' out
  for only in "$at+0x10" "$at+0x10..+0x8"; do
    bad 2 restore "${on[@]}" s.json --only "$only"
    err_is "mmiodbg: s.json: $at+0x10: a counter in two halves (32x2) is not written, for two writes are not one"
  done
  # It is named, and others are there.
  bad 2 restore "${on[@]}" s.json --only "$at" --only "$at+0x10"
  err_has "s.json: $at+0x10: "
}

@test "restore: locations are told without the value that is written" {
  need jq
  start
  expect 0 save "${on[@]}" -f s.json "$at+0x8/16be" "$at+0x10"
  expect 0 restore "${on[@]}" --json s.json --only "$at"
  validates
  jq -e --arg at "$at" '.elements | map(.location) ==
    [$at + "+0x8/16be", $at + "+0x10/32le"]' out
  edited s.json 's/"0x10","width/"0x2000","width/'
  bad 1 restore "${on[@]}" edited --only "$at+0x2000"
  err_has "edited: $at+0x10: the target has not mapped offset 0x2000" \
    "$at+0x2000/32le"
  nowhere err =0x
}

# A program that has more in its memory than registers.
write_program() {
  cat <<'C'
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

struct item {
	uint32_t head;
	uint32_t kind : 4, more : 12, : 0;
	uint16_t ring[3];
	struct item *next;
};

struct item second = {5, 6, 7, {8, 9, 10}, 0};
struct item first = {1, 2, 3, {4, 5, 6}, &second};
struct item *items = &first;
uint32_t spare[4] = {1, 2, 3, 4};
unsigned char raw[8] = {1, 2, 3, 4, 5, 6, 7, 8};

int main(void)
{
	char byte;

	printf("map 0 %p\nready %d\n", (void *)&first, (int)getpid());
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
C
}

@test "memory by its names: members, bit-fields, arrays, -t, -m; in another run, too" {
  need gcc jq
  write_program >program.c
  gcc -g -O0 -fPIE -pie -o program program.c
  target_launch ./program
  expect 0 save -p "$pid" -f s.json first second.kind items.next.more \
    items.next.ring spare.1.7:4 spare/32be raw+0x2/16
  registers_of s.json .location >found
  file_is found '"first+0x0/32le"' '"first+0x4/32le"' '"first+0x8/16le"' \
    '"first+0xa/16le"' '"first+0xc/16le"' '"first+0x10/64le"' \
    '"second.kind/32le"' '"items.next.more/32le"' \
    '"items.next.ring+0x0/16le"' '"items.next.ring+0x2/16le"' \
    '"items.next.ring+0x4/16le"' '"spare.1/32le.7:4"' '"spare+0x0/32be"' \
    '"spare+0x4/32be"' '"spare+0x8/32be"' '"spare+0xc/32be"' \
    '"raw+0x2+0x0/16le"'
  expect 0 save -p "$pid" -f m.json -m more ptr:items
  registers_of m.json '[.name, .location, .bits]' >found
  file_is found '["items.more","items.more/32le","15:4"]'
  expect 0 save -p "$pid" -f n.json -m ring ptr:items
  registers_of n.json '[.name, .location]' >found
  file_is found '["items.ring[0]","items.ring+0x0/16le"]' \
    '["items.ring[1]","items.ring+0x2/16le"]' \
    '["items.ring[2]","items.ring+0x4/16le"]'
  expect 0 save -p "$pid" -f t.json -t 'struct item' spare
  registers_of t.json '[.name, .location]' >found
  grep -qxF '["spare.ring[1]","spare+0xa/16le"]' found
  expect 0 save -p "$pid" -f u.json -t 'struct item' -m ring.1 spare
  registers_of u.json '[.name, (.location | startswith("0x"))]' >found
  file_is found '["spare.ring.1",true]'
  for name in s m n t u; do
    expect 0 diff -p "$pid" $name.json
    out_is
  done
  # Another run of it.
  target_launch ./program
  for name in m n t; do
    expect 0 diff -p "$pid" $name.json
  done
  expect 0 write -p "$pid" --force second.more=0x123 second.ring.1=0 \
    first.kind=0 spare.1=0xf5 raw.2=9 spare.2=0
  expect 1 diff -p "$pid" s.json
  sed -i '/^first.next: /d' out
  out_is 'first+0x4: 0x00000032 -> 0x00000030' 'first+0x4.kind: 2 -> 0' \
    'items.next.more: 0x007 -> 0x123' 'items.next.ring[1]: 0x0009 -> 0x0000' \
    'spare.1.7:4: 0x0 -> 0xf' 'spare[1]: 0x02000000 -> 0xf5000000' \
    'spare[2]: 0x03000000 -> 0x00000000' 'raw+0x2: 0x0403 -> 0x0409'
  expect 0 restore -p "$pid" --force s.json --only items.next --only raw \
    --only first+0x4.kind --only spare.1.7:4
  expect 1 diff -p "$pid" s.json
  sed -i '/^first.next: /d' out
  out_is 'spare[1]: 0x02000000 -> 0x05000000' \
    'spare[2]: 0x03000000 -> 0x00000000'
}

# Another target, another device

@test "another run, which has it mapped elsewhere: the registers are found" {
  start_names
  expect 0 save "${on[@]}" -f s.json ptr:regs ordinary driver.id \
    $((base + 0x40)) @0+0x44
  kill -KILL "$pid"
  target_ends
  before=$base
  until [ "$base" != "$before" ]; do
    start_names
  done
  expect 0 diff "${on[@]}" s.json
  put_bytes regs 0x40 00
  put_bytes regs 0x8 00
  expect 1 diff "${on[@]}" s.json
  out_is 'regs.factorial: 0x0b0a0908 -> 0x0b0a0900' \
    "$(printf '0x%x' $((before + 0x40))): 0x43424140 -> 0x43424100"
  expect 0 restore "${on[@]}" s.json --only "$at"
  same regs
}

@test "without -p, it is the process that has the device" {
  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x8"
  expect 0 diff --treat-as-device "$file" s.json
  expect 0 restore --treat-as-device "$file" s.json --only "$at"
  start_names
  refused 2 diff --treat-as-device "$file" s.json
  err_has '2 processes have it mapped'
  expect 0 save "${on[@]}" -f m.json ordinary
  refused 2 diff --treat-as-device "$file" m.json
  err_has 'of which process?'
}

@test "another file is another device: refused, unless forced" {
  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x8"
  pattern other
  put_bytes other 0 ff
  cp other other.before
  target_start "$work/other"
  on=(-p "$pid" --treat-as-device "$work/other")
  bad 7 diff "${on[@]}" s.json
  err_has "the snapshot is of file:$file, which the target has not mapped" \
    "file:$work/other is another device" '--force takes that one'
  bad 7 restore "${on[@]}" s.json --only "$at"
  same other
  expect 1 diff "${on[@]}" --force s.json
  out_is "$at+0x0: 0x03020100 -> 0x030201ff"
  expect 0 restore "${on[@]}" --force s.json --only "$at"
  same regs other
}

# tree_again ID SIZE ADDRESS: the machine of the next test, with another device
tree_again() {
  rm -rf "$tree"
  tree_begin
  tree_pci "${4:-0000:03:00.0}" 0x8086 "$1" vfio-pci "0xfea00000:$2:0x40200"
  tree_process 4242 dpdk-app
  tree_mapping "$3" 0x1000 rw-s 0xfea00000 \
    "/sys/devices/pci0000:00/${4:-0000:03:00.0}/resource0"
  tree_memory "$3" 00 01 02 03 04 05 06 07
}

@test "a PCI device: its identity is kept, and compared" {
  need jq
  tree_again 0x10d3 0x20000 0x10000000
  expect 0 save -p 4242 -f s.json @03:00.0/bar0 @03:00.0/bar0+0x4
  jq -e '.devices == [{"region": "0000:03:00.0/bar0", "kind": "pci",
    "class": "register", "size": "0x0000000000020000", "pci": "0000:03:00.0",
    "bar": 0, "id": "8086:10d3", "driver": "vfio-pci",
    "physical": "0x00000000fea00000"}]' s.json
  registers_of s.json .name >found
  file_is found '"@03:00.0/bar0+0x0"' '"@03:00.0/bar0+0x4"'
  expect 0 diff -p 4242 s.json
  # Elsewhere in the process, and with another driver: the same.
  tree_again 0x10d3 0x20000 0x20000000
  ln -sfn ../../../bus/pci/drivers/uio_pci_generic \
    "$tree/sys/bus/pci/devices/0000:03:00.0/driver"
  expect 0 diff -p 4242 s.json
  # Another card in the slot.
  tree_again 0x1533 0x20000 0x10000000
  for command in diff restore; do
    only=()
    [ "$command" = diff ] || only=(--only @03:00.0/bar0)
    refused 7 "$command" -p 4242 s.json "${only[@]}"
    err_has 'its PCI ids were 8086:10d3, and are 8086:1533 now' '--force'
    expect 0 "$command" -p 4242 --force s.json "${only[@]}"
  done
  tree_again 0x10d3 0x10000 0x10000000
  refused 7 diff -p 4242 s.json
  err_has 'had 0x20000 bytes, and has 0x10000 now'
  # The same card in another slot.
  tree_again 0x10d3 0x20000 0x10000000 0000:04:00.0
  refused 7 diff -p 4242 s.json
  err_has '0000:04:00.0/bar0 is another device'
  expect 0 diff -p 4242 --force s.json
  # Another card there.
  tree_again 0x1533 0x20000 0x10000000 0000:04:00.0
  refused 2 diff -p 4242 s.json
  err_has 'no such device mapping'
  refused 2 diff -p 4242 --force s.json
}

# tree_cards SLOT...: alike network cards in these, the first mapped at 0x10000000
tree_cards() {
  local slot number=0

  rm -rf "$tree"
  tree_begin
  tree_process 4242 dpdk-app
  for slot; do
    tree_pci "0000:$slot" 0x8086 0x10d3 vfio-pci \
      "$((0xfea00000 + number * 0x1000)):0x1000:0x40200"
    tree_mapping $((0x10000000 + number * 0x1000)) 0x1000 rw-s \
      $((0xfea00000 + number * 0x1000)) \
      "/sys/devices/pci0000:00/0000:$slot/resource0"
    tree_memory $((0x10000000 + number * 0x1000)) "0$((number + 1))" 00 00 00
    number=$((number + 1))
  done
}

@test "two devices of a snapshot do not become one, not even with --force" {
  local -a force
  local cards

  tree_cards 03:00.0 04:00.0
  expect 0 save -p 4242 -f two @03:00.0/bar0 @04:00.0/bar0
  expect 0 save -p 4242 -f one @03:00.0/bar0
  # One of them is what is left, or another one is.
  for cards in 03:00.0 04:00.0 05:00.0; do
    tree_cards "$cards"
    for force in '' --force; do
      bad 7 diff -p 4242 two ${force:+"$force"}
      err_has "0000:$cards/bar0, the only such device," \
        'which is in the snapshot, too'
      bad 7 restore -p 4242 two --only @03:00.0/bar0 --only @04:00.0/bar0 \
        ${force:+"$force"}
      nowhere err '--force'
    done
  done
  # It is in the snapshot, though not among what is restored.
  tree_cards 04:00.0
  bad 7 restore -p 4242 two --only @03:00.0/bar0 --force
  err_has '0000:04:00.0/bar0, the only such device, is 0000:04:00.0/bar0'
  bytes_are "$process/mem" 0x10000000 01 00 00 00
  expect 0 diff -p 4242 --force one
  # The others are found where they are.
  tree_cards 04:00.0 03:00.0
  expect 1 diff -p 4242 two
  expect 0 restore -p 4242 two --only @03:00.0/bar0 --only @04:00.0/bar0
  bytes_are "$process/mem" 0x10000000 02 00 00 00
  bytes_are "$process/mem" 0x10001000 01 00 00 00
}

@test "what leads to one register now is not written twice" {
  start_names
  expect 0 save "${on[@]}" -f s.json regs.ctrl ordinary
  # What was in memory is in the device now, where another register is.
  edited s.json 's|"location":"[^"]*"|"location":"regs.ctrl/32le"|'
  refused 7 restore "${on[@]}" --force edited --only regs.ctrl --only ordinary
  err_has 'edited: regs.ctrl and ordinary are the same register in this target'
  refused 7 diff "${on[@]}" --force edited
  same regs
}

@test "a BAR that is shown by UIO and by /dev/mem is that BAR" {
  need jq
  tree_begin
  tree_pci 0000:04:00.0 0x1234 0x11e8 uio_cif 0xfeb00000:0x1000:0x40200
  tree_uio 0 0000:04:00.0
  tree_uio_map 0 0 0xfeb00000 0x1000 0 regs
  tree_process 4242 app
  tree_mapping 0x10200000 0x1000 rw-s 0 /dev/uio0
  tree_memory 0x10200010 01 02 03 04
  tree_process 4343 other
  tree_mapping 0x10300000 0x2000 rw-s 0xfeb00000 /dev/mem
  tree_memory 0x10300010 01 02 03 05
  expect 0 save -p 4242 -f s.json @uio0+0x10
  jq -e '.devices[0].region == "0000:04:00.0/bar0" and
    .devices[0].kind == "uio" and .devices[0].id == "1234:11e8" and
    .registers[0].offset == "0x10"' s.json
  expect 0 diff -p 4242 s.json
  expect 1 diff -p 4343 s.json
  out_is '@uio0+0x10: 0x04030201 -> 0x05030201'
  expect 0 save -p 4343 -f m.json @mem+0xfeb00010 phys:0xfeb00014 \
    @mem+0xfeb01000
  jq -c '[.devices[].region], [.registers[] | [.device, .offset]]' m.json >found
  file_is found '["0000:04:00.0/bar0","mem"]' \
    '[[0,"0x10"],[0,"0x14"],[1,"0xfeb01000"]]'
  expect 0 diff -p 4343 m.json
}

# Files that are none

# cut_everywhere FILE COMMAND...: it is cut at any byte, and COMMAND refuses it
cut_everywhere() {
  local - && set +T
  local LC_ALL=C content said i

  content "$1"
  for ((i = 0; i < ${#content}; i++)); do
    printf %s "${content:0:i}" >piece
    status=0
    "${@:2}" piece >out 2>err </dev/null || status=$?
    IFS= read -r said <err || :
    [[ $status = 2 && ! -s out && $said == 'mmiodbg: piece:'*'cut short'* ]] ||
      fail "cut at $i: status $status, $said"
  done
  [ $i -gt 300 ]
}

@test "a file that is cut at any byte is refused" {
  start
  expect 0 save "${on[@]}" -f s.json "$at+0x10/16"
  cut_everywhere s.json "$MMIODBG" diff "${on[@]}"
}

@test "another version, a wrong value, and other edits are refused with the place" {
  local edit

  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x8"
  # What is done to it, and a part of the message.
  # shellcheck disable=SC2016 # of sed
  local -a edits=(
    's/"version":1/"version":2/|edited is a snapshot of version 2, and this mmiodbg reads version 1'
    's/mmiodbg-snapshot/other/|edited:1: "format" is '"'other'"
    's/0x03020100/0x103020100/|edited:9: "value" has 9 digits, and 32 bits are 8'
    's/0x03020100/0x0/|edited:9: "value" has 1 digit, and 32 bits are 8'
    's/"created":"[^"]*"/"created":"2026-02-30T00:00:00.000000000Z"/|edited:1: "created": there is no time '"'2026-02-30"
    's/"created":"[^"]*"/"created":"2026-11-29T25:61:61.000000000Z"/|edited:1: "created": there is no time'
    's/0x03020100/0x0302010g/|edited:9: "value": '"'0x0302010g'"' is not hexadecimal'
    's/"0x03020100"/50462976/|edited:9: "value": '"'5'"' where a text in quotes should stand'
    's/"value":"0x03020100"/"value":null/|edited:9: "value": '"'n'"' where'
    's/"width":32/"width":31/|edited:9: "width": 31 is not 8, 16, 32 or 64'
    's/"width":32/"width":32,"width":32/|edited:9: "width" is there twice'
    's/,"width":32//|edited:9: "width" is missing'
    's/"width"/"widht"/|edited:9: there is no member "widht" here; near: width'
    's/"device":0/"device":1/|there is no device 1'
    's/"offset":"0x4"/"offset":"0x6"/|edited:10: "offset": it is not aligned'
    's/+0x4"/+0x0"/|+0x0 is there twice'
    '10d|edited:10: "registers": '"'"']'"'"' where an object should stand'
    's/"count":2/"count":3/|"count" is 3, and there are 2 registers'
    's/^"count"/"more":1,"count"/|edited:12: there is no member "more" here'
    '$s/$/x/|the newline at the end'
    's/x86_64/x86\x0064/|byte 0x00'
    's/x86_64/\xff/|not UTF-8'
  )
  for edit in "${edits[@]}"; do
    edited s.json "${edit%%|*}"
    bad 2 diff "${on[@]}" edited
    err_has "${edit#*|}"
    bad 2 restore "${on[@]}" edited --only "$at"
    err_has "${edit#*|}"
    bad 2 diff s.json edited
  done
}

@test "other spellings that may stand in a file are the same" {
  local time

  start
  expect 0 save "${on[@]}" -f s.json "$at..+0x8"
  edited s.json 's/"offset":"0x0"/"offset":"0x0000"/
    s/"width":32/"width":32,"suspect":false,"halves":false/'
  expect 0 diff "${on[@]}" edited
  expect 0 diff s.json edited
  for time in 2024-02-29T23:59:59 2000-02-29T00:00:00 2016-12-31T23:59:60; do
    edited s.json "s/\"created\":\"[^\"]*\"/\"created\":\"$time.000000000Z\"/"
    expect 0 diff s.json edited
  done
  for time in 2023-02-29T00:00:00 1900-02-29T00:00:00 2026-00-01T00:00:00 \
    2026-13-01T00:00:00 2026-04-31T00:00:00 2026-01-00T00:00:00 \
    2026-01-01T24:00:00 2026-01-01T00:60:00 2026-01-01T00:00:61; do
    edited s.json "s/\"created\":\"[^\"]*\"/\"created\":\"$time.000000000Z\"/"
    bad 2 diff s.json edited
  done
}

@test "what is no file, and no snapshot" {
  start
  expect 0 save "${on[@]}" -f s.json "$at"
  mkdir folder
  : >empty
  head -c 4096 /dev/urandom >garbage
  head -c 100000 /dev/zero | tr '\0' '[' >deep
  truncate -s 1G large
  echo '{"a":1}' >json
  for name in folder empty garbage deep large json /dev/null /dev/zero none; do
    within 10 bad 2 diff "${on[@]}" "$name"
    bad 2 restore "${on[@]}" "$name" --only "$at"
    bad 2 diff s.json "$name"
  done
  bad 2 diff "${on[@]}"
  bad 2 diff "${on[@]}" a b c
  bad 2 diff - -
  # Root may read everything.
  if [ $EUID != 0 ]; then
    : >secret
    chmod 0 secret
    bad 5 diff "${on[@]}" secret
  fi
}

@test "standard input that is closed is not one that was cut short" {
  without() {
    "$MMIODBG" "$@" <&-
  }
  start
  expect_of 2 without diff "${on[@]}" -
  err_is 'mmiodbg: standard input cannot be read: Bad file descriptor'
  expect_of 2 without restore "${on[@]}" - --only x
  err_is 'mmiodbg: standard input cannot be read: Bad file descriptor'
}

@test "locations in a file that are not of that register are refused" {
  start_names
  expect 0 save "${on[@]}" -f s.json ordinary
  # What is said is what the location is found to be, where it is wrong.
  for place in 'ordinary/16' 'ordinary/32be' 'ordinary..+0x8/32le' \
    'ordinary/32le.3' 'ordinary=1' 'ordinary/32le=1,3' '' '@uio7' 'nothing' \
    'ptr:regs' 'phys:0' '0x0' 'reg:x'; do
    edited s.json "s|\"location\":\"[^\"]*\"|\"location\":\"$place\"|"
    status=0
    "$MMIODBG" diff "${on[@]}" edited >out 2>err || status=$?
    [ "$status" = 2 ] || fail "$place: $status"
    [ ! -s out ]
    status=0
    "$MMIODBG" restore "${on[@]}" --force edited --only ordinary >out 2>err ||
      status=$?
    [ "$status" = 1 ] || [ "$status" = 2 ] || fail "$place: $status"
  done
  # The file is named, and the register.
  edited s.json "s|\"location\":\"[^\"]*\"|\"location\":\"ordinary/32le=5\"|"
  refused 2 diff "${on[@]}" edited
  err_has "edited: ordinary: its location 'ordinary/32le=5' has a value"
  refused 2 restore "${on[@]}" --force edited --only ordinary
  err_has "edited: ordinary: its location 'ordinary/32le=5' has a value"
  # It led to memory, and does not lead to a device now.
  edited s.json "s|\"location\":\"[^\"]*\"|\"location\":\"regs.id.raw\"|"
  refused 7 diff "${on[@]}" edited
  err_has 'it was in ordinary memory, and is in a device'
  edited s.json "s|\"location\":\"[^\"]*\"|\"location\":\"regs.id.raw/32le.0=1,1\"|"
  refused 2 restore "${on[@]}" edited --only ordinary
  same regs
  # A region that is none.
  expect 0 save "${on[@]}" -f s.json "$at"
  for place in '' '0' '0000:03:00.0' 'uio0/map0+0x4' 'file:' 'x' '../x'; do
    edited s.json "s|\"region\":\"[^\"]*\"|\"region\":\"$place\"|"
    status=0
    "$MMIODBG" diff "${on[@]}" edited >out 2>err || status=$?
    [ "$status" = 2 ] || [ "$status" = 7 ] || fail "$place: $status"
    [ ! -s out ]
  done
}
