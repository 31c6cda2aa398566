#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is wrong is refused before anything is touched: the documented status,
# one diagnostic, nothing on standard output

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

prepare() {
  need strace
  pattern regs
  cp regs regs.before
  file=$work/regs
  at=$(region "$file")
  target_start "$file"
  base=${map[0]}
  stand_in=(--treat-as-device "$file")
  on=(-p "$pid" "${stand_in[@]}")
}

# Processes

@test "process: none of this number" {
  bad 4 read -p 999999999 "${stand_in[@]}" "$at"
  err_has 'no process 999999999'
  bad 4 maps -p 999999999
  bad 4 info -p 999999999 "$at"
  bad 4 write -p 999999999 "${stand_in[@]}" "$at+0=1"
}

@test "process: 0, negative, huge, octal, not a number" {
  bad 4 read -p 0 "${stand_in[@]}" "$at"
  bad 4 read -p -1 "${stand_in[@]}" "$at"
  bad 4 read --pid=-1 "${stand_in[@]}" "$at"
  bad 2 read -p 2147483648 "${stand_in[@]}" "$at"
  bad 2 read -p 4294967297 "${stand_in[@]}" "$at"
  bad 2 read -p 18446744073709551617 "${stand_in[@]}" "$at"
  bad 2 read -p 010 "${stand_in[@]}" "$at"
  bad 2 read -p '' "${stand_in[@]}" "$at"
  bad 4 read -p " $pid" "${stand_in[@]}" "$at"
  bad 4 read -p "$pid " "${stand_in[@]}" "$at"
  bad 4 read -p "$pid,$pid" "${stand_in[@]}" "$at"
}

@test "process: of this name there is none, or several" {
  bad 4 read -p cli-test-nobody "${stand_in[@]}" "$at"
  err_has "called 'cli-test-nobody'"
  tell name "two-$BASHPID"
  local first=$pid
  target_start "$file"
  tell name "two-$BASHPID"
  bad 2 read -p "two-$BASHPID" "${stand_in[@]}" "$at"
  err_has '2 processes' "$first" "$pid"
}

# zombie_start NAME: `zombie` is one of this name
zombie_start() {
  mkfifo pids end
  # The parent must not be a shell any more, which would wait for it.
  # shellcheck disable=SC2016 # of the inner shells
  bash -c 'bash -c "read -r _ <end; printf %s \"\$0\" >/proc/self/comm" "$0" &
    echo $! >pids; exec sleep 600' "$1" 3>&- &
  target_pids+=($!)
  zombie=$(cat pids)
  wait_until grep -qx sleep "/proc/$!/comm"
  echo >end
  wait_until state_is "$zombie" Z
}

@test "process: a zombie of the same name is none of several" {
  tell name "zomb-$BASHPID"
  zombie_start "zomb-$BASHPID"
  [ "$(cat "/proc/$zombie/comm")" = "zomb-$BASHPID" ]
  expect 0 read -q -p "zomb-$BASHPID" "${stand_in[@]}" "$at+0/8"
}

@test "process: a thread, and which process it is of" {
  tell thread
  local thread=${answer#thread }
  bad 4 read -p "$thread" "${stand_in[@]}" "$at"
  err_has "$thread is a thread of process $pid" "-p $pid"
  bad 4 maps -p "$thread" "${stand_in[@]}"
}

@test "process: a kernel thread" {
  if [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ]; then
    bad 5 read -p 2 "${stand_in[@]}" "$at"
    err_has 'a kernel thread'
    # By name only what has an address space is found.
    bad 4 maps -p kthreadd
  fi
  tree_begin
  tree_process 2 kthreadd
  echo '2 (kthreadd) S 0 0 0 0 -1 2129984 0 0' >"$process/stat"
  bad 5 maps -p 2
  err_has 'a kernel thread'
  bad 4 maps -p kthreadd
}

@test "process: a zombie" {
  zombie_start "gone-$BASHPID"
  bad 4 read -p "$zombie" "${stand_in[@]}" "$at"
  err_has zombie
  bad 4 maps -p "$zombie"
  bad 4 info -p "$zombie" "$base"
}

@test "process: a zombie leader with live threads works" {
  tell thread
  tell leaderexit
  state_is "$pid" Z
  traced 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  accesses_are "r8@$base+0x10"
  expect 0 write "${on[@]}" "$at+0x10/8=0x77"
  bytes_are regs 0x10 77
  expect 0 maps "${on[@]}" -o DEVICE --noheadings
  out_is "${at#@}"
  expect 0 info "${on[@]}" "$at"
  expect 0 read -q "${stand_in[@]}" "$at+0x10/8"
  out_is 0x77
  tell name "left-$BASHPID"
  expect 0 read -q "${stand_in[@]}" "$at+0x10/8"
}

@test "process: none that has the device" {
  local other

  other=$(region "$work/other")
  bad 1 read --treat-as-device "$work/other" "$other"
  err_has 'no process has it mapped'
  bad 2 read "${stand_in[@]}" "$base"
  err_has 'of which process' '-p'
  bad 2 read "${stand_in[@]}" @0
  bad 2 read regs.ctrl
}

# Places

@test "place: nothing is mapped there" {
  bad 1 read "${on[@]}" 0x10
  err_has 'nothing mapped'
  bad 1 read "${on[@]}" 0xfffffffffffffff0
  bad 1 read "${on[@]}" 0x7ffffffff000
  bad 1 read "${on[@]}" phys:0x1000
  bad 1 write "${on[@]}" phys:0x1000=1
  bad 1 read "${on[@]}" @7
  bad 2 read "${on[@]}" @0+0x2000
  bad 1 read "${on[@]}" @uio0
  bad 1 read "${on[@]}" @03:00.0/bar0
}

@test "place: over the end of the mapping or the region" {
  bad 1 read "${on[@]}" "$at+0x2000/8"
  bad 1 read "${on[@]}" "$at+0x1ffc..+8"
  bad 1 read "${on[@]}" -n 2049 "$at"
  bad 1 write --fill "${on[@]}" -n 2049 "$at+0=1"
  bad 1 read "${on[@]}" -n 0x1fffffffffffffff "$at+0/64"
  bad 1 read "${on[@]}" "$at+0xfffffffffffffff8/64"
  bad 7 read "${on[@]}" "$at+0x1fff"
  bad 7 read "${on[@]}" "$at+0x1ffe"
  bad 1 read "${on[@]}" "$base+0x1ffc..+0x10000000"
  same regs
}

@test "place: before the start, beyond all addresses" {
  bad 2 read "${on[@]}" "$at+4-8"
  bad 2 read "${on[@]}" 0x10-0x20
  bad 2 read "${on[@]}" 0xffffffffffffffff+1
  bad 2 read "${on[@]}" "$at+0xffffffffffffffff+0x1"
  bad 2 read "${on[@]}" "$at+0xfffffffffffffffc..+8"
  bad 1 read "${on[@]}" -n 2 0xfffffffffffffffc
}

@test "place: misaligned" {
  bad 7 read "${on[@]}" "$at+0x1"
  err_has misaligned
  bad 7 read "${on[@]}" "$at+0x2"
  bad 7 read "${on[@]}" "$at+0x4/64"
  bad 7 read "${on[@]}" "$at+0x1/16"
  bad 7 read "${on[@]}" "$at+0x2/32x2"
  err_has '32 bits'
  bad 7 read "${on[@]}" "$base+0x1"
  bad 7 write "${on[@]}" "$at+0x1=1"
  bad 7 write --force "${on[@]}" "$at+0x1=1"
  bad 7 read "${on[@]}" "$at+0xffe"
  bad 7 read "${on[@]}" "$at+0x1..+8"
  same regs
}

@test "place: ranges that are none" {
  bad 2 read "${on[@]}" "$at+0x10..+0"
  bad 2 read "${on[@]}" "$at+0x10..$at+0x10"
  bad 2 read "${on[@]}" "$at+0x10..$at+0x8"
  bad 2 read "${on[@]}" "$at+0x10..+0x6"
  err_has 'no multiple'
  bad 2 read "${on[@]}" "$at+0x10..$base+0x20"
  bad 2 read "${on[@]}" "$at+0x10..@0+0x20"
  bad 2 read "${on[@]}" "$at+0x10..+4..+8"
  bad 2 read "${on[@]}" "$at+0x10.."
  bad 2 read "${on[@]}" "..+4"
  bad 2 read "${on[@]}" -n 2 "$at+0x10..+8"
}

@test "place: an ambiguous offset, an octal number" {
  bad 2 read "${on[@]}" "$at+40"
  err_has 0x40 0d40
  bad 2 read "${on[@]}" "$at+010"
  bad 2 read "${on[@]}" 010
  bad 2 write "${on[@]}" "$at+0=010"
  bad 2 read "${on[@]}" "$at+0x"
  bad 2 read "${on[@]}" "$at+0x1g"
  bad 2 read "${on[@]}" "$at+0x_1"
  bad 2 read "${on[@]}" "$at+0x10000000000000000"
  bad 2 read "${on[@]}" "$at+fe"
  bad 2 read "${on[@]}" "$at+1k"
  same regs
}

# Widths, bits, values

@test "width: none of this name" {
  local width

  for width in 0 1 4 7 24 128 w l b 32bee 32x4 '' 032 -8 64x2 '32 ' 32x2be; do
    bad 2 read "${on[@]}" "$at+0/$width"
    bad 2 read "${on[@]}" -w "$width" "$at"
  done
}

@test "width: twice and different" {
  bad 2 read "${on[@]}" -w 16 "$at+0/32"
  bad 2 read "${on[@]}" -w 32be "$at+0/32"
  bad 2 read "${on[@]}" -w 64 "$at+0/32x2"
  bad 2 read "${on[@]}" -w 16 -w 32 "$at"
  bad 2 read -w 16 "${on[@]}" "$at" --width=8
  bad 2 read "${on[@]}" "$at+0/32/32"
  expect 0 read "${on[@]}" -w 16 -w 16 "$at+0/16"
}

@test "value: too large, missing, not wanted" {
  bad 2 write "${on[@]}" "$at+0=0x100000000"
  bad 2 write "${on[@]}" "$at+0/8=256"
  bad 2 write "${on[@]}" "$at+0/8=-129"
  bad 2 write "${on[@]}" "$at+0/16be=0x10000"
  bad 2 write "${on[@]}" "$at+0/64=0x10000000000000000"
  bad 2 write "${on[@]}" -w 8 "$at+0=0x100"
  bad 2 write "${on[@]}" "$at+0.3:0=16"
  bad 2 write "${on[@]}" "$at+0.3=2"
  bad 2 write "${on[@]}" "$at+0"
  bad 2 write "${on[@]}" "$at+0="
  bad 2 write "${on[@]}" "$at+0=-"
  bad 2 write "${on[@]}" "$at+0=+1"
  bad 2 write "${on[@]}" "$at+0=1=2"
  bad 2 write "${on[@]}" "$at+0==1"
  bad 2 write "${on[@]}" "$at+0/32x2=1"
  bad 2 write "${on[@]}" "$at+0=0b2"
  bad 2 write "${on[@]}" "$at+0=1 "
  bad 2 write "${on[@]}" "$at+0=0x"
  bad 2 read "${on[@]}" "$at+0=1"
  bad 2 read "${on[@]}" "$at+0.7:4=1"
  same regs
}

@test "value: one for a range needs --fill" {
  bad 2 write "${on[@]}" "$at+0x10..+8=1"
  err_has --fill
  bad 2 write "${on[@]}" -n 2 "$at+0x10=1"
  bad 2 write "${on[@]}" -n 1 "$at+0x10=1"
  same regs
}

@test "mask: outside of the width, empty, with bits" {
  bad 2 write "${on[@]}" "$at+0/8=1:0x100"
  bad 2 write "${on[@]}" "$at+0=1:0x100000000"
  bad 2 write "${on[@]}" -w 16 "$at+0=1:0x10000"
  bad 2 write "${on[@]}" "$at+0=1:0"
  bad 2 write "${on[@]}" "$at+0=1:"
  bad 2 write "${on[@]}" "$at+0=1:-1"
  bad 2 write "${on[@]}" "$at+0=1:3:3"
  bad 2 write "${on[@]}" "$at+0.7:4=1:3"
  bad 2 write "${on[@]}" "$at+0=1:3,7=1"
  bad 2 read "${on[@]}" "$at+0:3"
  same regs
}

@test "options of which one is meant, given twice" {
  bad 2 read "${on[@]}" --treat-as-device "$work/other" "$at"
  err_has '--treat-as-device is given twice, with different files'
  bad 2 --treat-as-device "$work/other" read "${on[@]}" "$at"
  expect 0 read "${on[@]}" --treat-as-device "$file" "$at"
  bad 2 watch "${on[@]}" --samples 1 --until "$at eq 1" --until "$at eq 2" "$at"
  err_has '--until is given twice, with different conditions'
  expect 0 watch "${on[@]}" --interval 0 --until "$at ge 0" --until "$at ge 0" \
    --samples 1 "$at"
  # A line may look elsewhere than its batch does.
  expect 0 batch "${on[@]}" -e "maps --treat-as-device $work/other"
}

@test "bits: the wrong way round, outside of the width, given twice" {
  bad 2 read "${on[@]}" "$at+0.4:7"
  err_has 7:4
  bad 2 read "${on[@]}" "$at+0.32"
  bad 2 read "${on[@]}" "$at+0/8.8"
  bad 2 read "${on[@]}" -w 8 "$at+0.15:8"
  bad 2 read "${on[@]}" "$at+0.64"
  bad 2 read "${on[@]}" "$at+0."
  bad 2 read "${on[@]}" "$at+0.-1"
  bad 2 read "${on[@]}" "$at+0.7:"
  bad 2 read "${on[@]}" "$at+0.7:4/32"
  bad 2 read "${on[@]}" "$at+0.7.4"
  bad 2 write "${on[@]}" "$at+0.7:4=1,4=1"
  bad 2 write "${on[@]}" "$at+0.7:4=1,"
  bad 2 write "${on[@]}" "$at+0.7:4=1,40=1"
  bad 2 write "${on[@]}" "$at+0=1,7=1"
  same regs
}

# The target has no debug information: of its names only its file is read, and
# of its memory what tells which file that is.
@test "names: those that are not there are refused clearly" {
  local name

  for name in absent_.ctrl ptr:absent_ var:absent_ 'absent_->ctrl' \
    'absent_[3]' 'ptr:absent_+0x10'; do
    nameless 1 "$name"
    err_has "no object 'absent_'" "$name"
  done
  nameless 1 libfoo.so::regs
  err_has "no module and no source file 'libfoo.so'"
  nameless 1 "$(huge x)"
  bad 2 read "${on[@]}" reg:block.ctrl
  err_has 'this version'
  bad 2 read "${on[@]}" "$at+0.mode"
  err_has '-t TYPE'
  bad 2 write "${on[@]}" "$at+0.mode=FAST"
  bad 2 write "${on[@]}" "$at+0=FAST"
  bad 2 write "${on[@]}" "$at+0.3=1,en=1"
  bad 2 read "${on[@]}" -m id "$at"
  bad 2 read "${on[@]}" -m 'id.' "$at"
  bad 2 read "${on[@]}" -t '' "$at"
  bad 2 read "${on[@]}" -t 'struct regs' "$at..+0x10"
  same regs
}

@test "other tools' syntax gets a hint" {
  bad 2 write "${on[@]}" "$base" 32 1
  err_has /32=
  bad 2 read "${on[@]}" "$base" w
  bad 2 read "${on[@]}" "$base" 32
  bad 2 read "${on[@]}" 03:00.0/bar0
  err_has '@'
  bad 2 read "${on[@]}" /dev/mem
  bad 2 read "${on[@]}" "$file"
  bad 2 read "${on[@]}" 'regs-'
  err_has '->'
  bad 2 write "${on[@]}" "$base:1"
  bad 2 read "${on[@]}" '*regs'
}

@test "a bad location behind good ones: nothing is accessed" {
  local last

  for last in '' @ "$at+40" @uio9 0x10 "$at+1" reg:x "$at+0x2000" "$at+0=1"; do
    "$MMIODBG" read "${on[@]}" "$last" >/dev/null 2>&1 </dev/null || status=$?
    bad $status read "${on[@]}" "$at" "$base+0x20..+0x20" "$last"
  done
  bad 7 write "${on[@]}" "$at+0x10=1" "$at+0x20=1" "$at+0x31=1"
  bad 1 write "${on[@]}" "$at+0x10=1" 0x10=1
  bad 2 write "${on[@]}" "$at+0x10=1" "$at+0x20"
  bad 2 write "${on[@]}" "$at+0x10=1" "$at+0x20/8=256"
  tell map anon,len=4096
  bad 7 write "${on[@]}" "$at+0x10=1" "$(cut -d ' ' -f 3 <<<"$answer")=1"
  same regs
}

# Options

@test "options: unknown ones, and the nearest" {
  bad 2 read "${on[@]}" --widht 8 "$at"
  err_has --width
  bad 2 read "${on[@]}" -x "$at"
  err_has "'-x'"
  bad 2 read "${on[@]}" -qx "$at"
  bad 2 --frobnicate
  bad 2 -x
  bad 2 --frobnicate=1 read "$at"
  bad 2 read "${on[@]}" --wi=8 --v "$at"
  bad 2 read "${on[@]}" -é "$at"
  bad 2 read "${on[@]}" --é "$at"
}

@test "options: without their argument, with one too many" {
  local option

  for option in -p --pid -w --width -n --count --via --treat-as-device \
    --color; do
    bad 2 read "$at" $option
    err_has needs
  done
  bad 2 maps -o
  bad 2 -p
  bad 2 read "${on[@]}" --quiet=1 "$at"
  bad 2 read "${on[@]}" --force= "$at"
  bad 2 read "${on[@]}" "$at" --json=yes
}

@test "options: of other commands" {
  bad 2 maps -p "$pid" -w 8
  bad 2 -w 8 maps -p "$pid"
  bad 2 maps -p "$pid" -q
  bad 2 maps -p "$pid" --force
  bad 2 info "${on[@]}" -n 2 "$at"
  bad 2 read "${on[@]}" --fill "$at"
  bad 2 read "${on[@]}" --verify "$at"
  bad 2 --verify read "${on[@]}" "$at"
  bad 2 read "${on[@]}" -o PID "$at"
}

@test "options: bad values" {
  local value

  for value in '' 0 -1 1k 010 0x 1.5 x ' 1' '1 ' 18446744073709551616 \
    0xffffffffffffffff; do
    bad 2 read "${on[@]}" -n "$value" "$at"
  done
  for value in '' kernal Kernel 'kernel ' auto,kernel; do
    bad 2 read "${on[@]}" --via "$value" "$at"
  done
  for value in '' 0 -1 0x 1.5 x 4294967296; do
    bad 2 read "${on[@]}" --thread "$value" "$at"
  done
  for value in '' 0 1 0ms 11s 1h -1ms; do
    bad 2 read "${on[@]}" --max-pause "$value" "$at"
  done
  expect 0 read -q "${on[@]}" --via kernel "$at+0/8"
  expect 0 read -q "${on[@]}" --via auto "$at+0/8"
  for value in '' yes Always; do
    bad 2 read "${on[@]}" --color "$value" "$at"
  done
  for value in '' + ',' 'PID,' ',PID' 'PID,,RANGE' FOO +FOO 'PID,FOO' 'PID ' \
    ++PID; do
    bad 2 maps -p "$pid" -o "$value"
  done
  for value in '' relative ./x; do
    bad 2 read -p "$pid" --treat-as-device "$value" "$at"
  done
}

@test "options: before the command, behind it, behind the locations" {
  expect 0 -p "$pid" "${stand_in[@]}" -w 8 -q read "$at+0x10"
  out_is 0x10
  expect 0 read "$at+0x10" -qw8 -p"$pid" "${stand_in[@]}" "$at+0x11"
  out_is 0x10 0x11
  expect 0 -q read -w 8 "$at+0x10" "${on[@]}"
  out_is 0x10
  expect 0 read "${on[@]}" -q -w 8 -- "$at+0x10" "$at+0x11"
  out_is 0x10 0x11
  expect 0 read "${on[@]}" -q -w 8 "$at+0x10" -- "$at+0x11"
  out_is 0x10 0x11
  expect 0 -q "${on[@]}" -- read "$at+0x10/8"
  out_is 0x10
  bad 2 read "${on[@]}" -- "$at" -w 8
  bad 2 read "${on[@]}" "$at" -- -q
  bad 2 -w 8 read "${on[@]}" -w 16 "$at"
}

@test "commands: none, unknown, too many words, too few" {
  bad 2
  bad 2 --
  bad 2 -q
  bad 2 ''
  bad 2 raed "$at"
  err_has read
  bad 2 READ "$at"
  bad 2 read
  bad 2 write
  bad 2 info
  bad 2 read "${on[@]}"
  bad 2 maps uio0 uio1
  bad 2 "$at"
}

@test "commands: help and version touch nothing" {
  traced 0 --help
  accesses_are
  out_has Usage
  for command in maps info read write peek poke; do
    traced 0 $command --help
    accesses_are
    out_has "Usage: mmiodbg"
  done
  traced 0 read "${on[@]}" "$at" --version
  accesses_are
  expect 0 -V
  out_matches 'mmiodbg [0-9.]+'
}

@test "maps: devices that are none" {
  local device

  for device in '' @ 0 7 03:00 03:00.8 03:20.0 uio uio-1 uio0/bar0 \
    03:00.0/bar6 03:00.0/bar0+0x10 uio0=1 /dev/uio0+0x10x/ relative/path \
    dri/ mem0 'uio0 ' 'file:' file:relative 00000000000:03:00.0; do
    if [ "$device" = /dev/uio0+0x10x/ ]; then
      # A path is a path, whatever is in it.
      expect 1 maps -p "$pid" "$device"
      continue
    fi
    bad 2 maps -p "$pid" "$device"
  done
}

# Strings that hurt

@test "empty strings" {
  bad 2 read "${on[@]}" ''
  bad 2 read "${on[@]}" "$at" ''
  bad 2 write "${on[@]}" ''
  bad 2 info "${on[@]}" ''
  bad 2 maps -p "$pid" ''
  bad 2 ''
  bad 2 -p '' read "$at"
  MMIODBG_PID='' bad 2 read "${stand_in[@]}" "$base"
  MMIODBG_SYSROOT='' expect 0 read "${on[@]}" "$at"
}

# huge CHARACTER: 120,000 of it; an argument has 128 KiB at most
huge() {
  head -c 120000 /dev/zero | tr '\0' "$1"
}

@test "arguments of a megabyte" {
  local x nines

  x=$(huge x)
  nines=$(huge 9)
  bad 2 read "${on[@]}" "@$x"
  bad 2 read "${on[@]}" "@$x" "@$x" "@$x" "@$x" "@$x" "@$x" "@$x" "@$x" "@$x"
  bad 2 read "${on[@]}" "$nines"
  bad 2 read "${on[@]}" "0x$nines"
  bad 2 read "${on[@]}" "@$nines"
  bad 2 read "${on[@]}" "@uio$nines"
  bad 2 read "${on[@]}" "@uio0/map$nines"
  bad 2 read "${on[@]}" "@$nines:00.0/bar0"
  bad 2 read "${on[@]}" "$at+0x$nines"
  bad 2 read "${on[@]}" "$at+0/$nines"
  bad 2 read "${on[@]}" "$at+0.$nines"
  bad 2 read "${on[@]}" "$at+0.$x"
  bad 2 write "${on[@]}" "$at+0=$nines"
  bad 2 write "${on[@]}" "$at+0=$x"
  bad 2 write "${on[@]}" "$at+0=1:$nines"
  bad 2 read "${on[@]}" "${x::60000}$(huge . | head -c 60000)"
  nameless 1 "${x::60000}::${x::60000}"
  bad 2 read "${on[@]}" "$(huge '[')"
  bad 2 read "${on[@]}" "$(huge +)"
  bad 2 read "${on[@]}" "$at$(huge +)"
  bad 2 read "${on[@]}" "$(huge .)"
  bad 1 read "${on[@]}" "@file:/$x"
  bad 1 read "${on[@]}" "@file:/$x" "@file:/$x" "@file:/$x" "@file:/$x" \
    "@file:/$x" "@file:/$x" "@file:/$x" "@file:/$x" "@file:/$x"
  bad 2 read "${on[@]}" "@file:/$x\\"
  bad 1 read "${on[@]}" "@file:/$(huge \\)/"
  bad 2 read "${on[@]}" "@dri/$x+"
  bad 1 read "${on[@]}" "@dri/$x"
}

@test "options, names and commands of a megabyte" {
  local x nines

  x=$(huge x)
  nines=$(huge 9)
  bad 2 "$x"
  bad 2 "--$x"
  bad 2 "-$x"
  bad 2 read "--${x::60000}=${x::60000}" "$at"
  bad 4 read -p "$x" "${stand_in[@]}" "$at"
  bad 2 read -p "$nines" "${stand_in[@]}" "$at"
  bad 2 read "${on[@]}" -n "$nines" "$at"
  bad 2 read "${on[@]}" -n "$x" "$at"
  bad 2 read "${on[@]}" -w "$x" "$at"
  bad 2 read "${on[@]}" --via "$x" "$at"
  bad 2 read "${on[@]}" --color "$x" "$at"
  bad 2 maps -p "$pid" -o "$x"
  bad 1 read -p "$pid" --treat-as-device "/$x" "$at"
  bad 2 maps -p "$pid" "$x"
  MMIODBG_PID=$x bad 4 read "${stand_in[@]}" "$at"
  MMIODBG_SYSROOT=/$x bad 1 read "${on[@]}" "$at"
}

@test "many locations" {
  local -a many

  mapfile -t many < <(yes "$at+0x10/8" | head -n 5000)
  expect 0 read -q "${on[@]}" "${many[@]}"
  [ "$(wc -l <out)" = 5000 ]
  bad 7 read -q "${on[@]}" "${many[@]}" "$at+1"
}

@test "control characters and wrong UTF-8 in arguments are escaped" {
  local ugly

  for ugly in $'\e[31mred' $'new\nline' $'\r' $'\xff\xfe' $'\xc3' $'\u202e' \
    $'tab\t' $'\u200b' $'\x7f' $'\xf4\x90\x80\x80' $'\xed\xa0\x80' $'\u009b'; do
    refused 2 "$ugly"
    [ "$ugly" != $'\u202e' ] || nowhere err "$ugly"
    refused 2 "--$ugly"
    refused 2 read "${on[@]}" "@$ugly"
    refused 2 read "${on[@]}" "$at+0=$ugly"
    refused 1 read "${on[@]}" "@file:/$ugly"
    refused 4 read -p "$ugly" "${stand_in[@]}" "$at"
    refused 2 read "${on[@]}" --via "$ugly" "$at"
    refused 2 maps -p "$pid" -o "$ugly"
    refused 2 maps -p "$pid" "$ugly"
  done
}

@test "what is escaped is escaped once" {
  bad 2 $'\e[31m'
  err_has "'\\x1b[31m'"
  bad 2 $'--\e[31m'
  err_has "'--\\x1b[31m'"
  bad 4 read -p $'\e[31m' "${stand_in[@]}" "$at"
  err_has "'\\x1b[31m'"
}

# Hostile targets

@test "hostile names of processes and files are escaped everywhere" {
  need jq
  local ugly=$'\e[31m\xff\nx'
  local prog=p$BASHPID$ugly

  cp "$MMIOTARGET" "$prog"
  cp regs "regs$ugly"
  target_launch "./$prog" "$work/regs$ugly"
  stand_in=(--treat-as-device "$work/regs$ugly")
  on=(-p "$pid" "${stand_in[@]}")
  at=$(region "$work/regs$ugly")

  expect 0 maps "${on[@]}" -o +PATH,NAME,PROBLEM,TYPE
  is_clean out
  [ "$(wc -l <out)" = 2 ]
  expect 0 maps "${on[@]}" -o +PATH --raw --noheadings
  is_clean out
  [ "$(wc -l <out)" = 1 ]
  LC_ALL=C expect 0 maps "${on[@]}"
  is_clean out
  expect 0 maps "${on[@]}" -o +PATH --json
  is_clean out
  jq_is '.maps | length' 1
  jq_is '.maps[0].path | test("\\u001b") | tostring' false
  expect 0 maps "${on[@]}" -o +PATH --jsonl
  is_clean out
  [ "$(jq -c . <out | wc -l)" = 1 ]
  expect 0 info "${on[@]}" "$at"
  is_clean out
  expect 0 info --json "${on[@]}" "$at"
  is_clean out
  jq_is '.locations | length' 1
  expect 0 read --json "${on[@]}" "$at+0x10/8"
  is_clean out
  jq_is '.elements[0].value' 0x10
  expect 0 read -q -v "${on[@]}" "$at+0x10/8"
  is_clean err
  bad 1 read "${on[@]}" @7
  bad 1 read "${on[@]}" @uio0
  bad 7 read "${on[@]}" "$at+1"
  injected pread64:error=EIO 1 read -q "${on[@]}" "$at+0x10/8"
  one_diagnostic_err
  expect 0 read -q -p "$prog" "${stand_in[@]}" "$at+0x10/8"
  out_is 0x10
  expect 0 read -q "${stand_in[@]}" "$at+0x10/8"
  target_launch "./$prog" "$work/regs$ugly"
  bad 2 read "${stand_in[@]}" "$at+0x10/8"
  bad 2 read -p "$prog" "${stand_in[@]}" "$at+0x10/8"
}

@test "text that turns around or hides is escaped in tables, too" {
  tell name $'a\u202eb\u200bc'
  expect 0 maps "${on[@]}"
  nowhere out $'\u202e' $'\u200b'
  expect 0 maps "${on[@]}" --raw
  nowhere out $'\u202e' $'\u200b'
  expect 0 maps "${on[@]}" --json
  nowhere out $'\u202e' $'\u200b'
}

@test "names that look like something else" {
  local name="a b) R $BASHPID ("

  tell name "$name"
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  expect 0 read -q -p "$name" "${stand_in[@]}" "$at+0x10/8"
  tell name 12345
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  tell name "\\012$BASHPID"
  expect 0 read -q -p "\\012$BASHPID" "${stand_in[@]}" "$at+0x10/8"
  tell name "-q$BASHPID"
  expect 0 read -q --pid="-q$BASHPID" "${stand_in[@]}" "$at+0x10/8"
}

@test "paths with blanks and everything that the grammar knows" {
  need jq
  local name path

  mkdir -p dir/a
  for name in 'a b' 'a+b' 'a=b' 'a..b' 'a\b' 'a...b' 'a:b' 'b (deleted)x' \
    "a'b\"c" ' ' 'x..' 'ä' '@uio0' 'a/8' 'a\x41' $'a\e[31m' $'new\nline' \
    $'a\xff' a\\; do
    path=$work/dir/$name
    cp regs "$path"
    target_start "$path"
    on=(-p "$pid" --treat-as-device "$path")
    expect 0 read -q "${on[@]}" "$(region "$path")+0x10/8"
    out_is 0x10
    # What maps shows is what @ takes.
    expect 0 maps "${on[@]}" --json -o DEVICE
    at=@$(jq -r '.maps[0].device' <out)
    expect 0 read -q "${on[@]}" "$at+0x10/8"
    out_is 0x10
    expect 0 maps "${on[@]}" --noheadings -o DEVICE
    [ "@$(cat out)" = "$at" ]
    expect 0 maps "${on[@]}" "${at#@}"
    expect 0 maps "${on[@]}" "$path"
    kill -KILL "$pid"
  done
}

# Standard files

@test "a full disk is a failure" {
  [ -c /dev/full ] || skip 'no /dev/full'
  into_full() {
    "$MMIODBG" "$@" >/dev/full
  }
  expect_of 1 into_full read "${on[@]}" "$at"
  one_diagnostic
  err_has 'standard output: No space left'
  expect_of 1 into_full read "${on[@]}" -q -n 2048 "$at"
  one_diagnostic
  err_has 'standard output: No space left'
  expect_of 1 into_full read "${on[@]}" --jsonl -n 20 "$at"
  one_diagnostic
  err_has 'standard output: No space left'
  expect_of 1 into_full maps "${on[@]}"
  one_diagnostic
  expect_of 1 into_full info "${on[@]}" "$at"
  one_diagnostic
  expect_of 1 into_full --help
  one_diagnostic
  expect_of 1 into_full --version
  one_diagnostic
  # Nothing was to be said.
  expect_of 0 into_full write "${on[@]}" "$at+0x10/8=0x77"
  bytes_are regs 0x10 77
  # The first failure counts.
  expect_of 7 into_full write "${on[@]}" "$at+0x11=1"
}

@test "standard output that is closed" {
  # shellcheck disable=SC2317
  without() {
    "$MMIODBG" "$@" >&-
  }
  expect_of 1 without read "${on[@]}" "$at"
  one_diagnostic
  err_has 'standard output: '
  expect_of 0 without write "${on[@]}" "$at+0x10/8=0x77"
  bytes_are regs 0x10 77
  expect_of 1 without maps "${on[@]}"
  expect_of 1 without --help
}

@test "standard input and error that are closed" {
  without() {
    "$MMIODBG" "$@" <&- 2>&-
  }
  expect_of 0 without read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  expect_of 0 without read -q -v "${on[@]}" "$at+0x10/8"
  expect_of 7 without read "${on[@]}" "$at+1"
  expect_of 2 without
  all_closed() {
    "$MMIODBG" "$@" <&- >&- 2>&-
  }
  expect_of 0 all_closed write "${on[@]}" "$at+0x10/8=0x77"
  bytes_are regs 0x10 77
  expect_of 1 all_closed read "${on[@]}" "$at"
  expect_of 7 all_closed write "${on[@]}" "$at+1=1"
  # None of what was opened came to be one of the three.
  bytes_are regs 0x10 77
  put_bytes regs.before 0x10 77
  same regs
}

@test "a reader that goes away: SIGPIPE ends it" {
  env --default-signal=PIPE true 2>/dev/null || skip 'no env --default-signal'
  local -a many=("$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at")

  into_head() {
    "$@" | head -n 1
    return "${PIPESTATUS[0]}"
  }
  expect_of 141 into_head env --default-signal=PIPE "$MMIODBG" read -q -n 2048 \
    "${on[@]}" "${many[@]}"
  err_is
  expect_of 1 into_head env --ignore-signal=PIPE "$MMIODBG" read -q -n 2048 \
    "${on[@]}" "${many[@]}"
  one_diagnostic_err
  err_has 'standard output: Broken pipe'
}

# The environment

@test "a captured tree that is not there" {
  MMIODBG_SYSROOT=$work/nowhere bad 1 read "${on[@]}" "$at"
  MMIODBG_SYSROOT=$file bad 1 read "${on[@]}" "$at"
  mkdir empty
  MMIODBG_SYSROOT=$work/empty bad 4 read "${on[@]}" "$at"
  MMIODBG_SYSROOT=$work/empty bad 1 read -p name "${stand_in[@]}" "$at"
}

@test "with --json, a refusal is an object, too" {
  need jq
  local kind

  status=0
  for kind in 'usage 2 +40' 'misaligned 7 +1' 'not-mapped 1 +0x2000'; do
    # shellcheck disable=SC2086 # words
    set -- $kind
    expect "$2" read --json "${on[@]}" "$at$3"
    one_diagnostic_err
    jq_is '.error.kind' "$1"
    jq_is '.elements | length' 0
    expect "$2" read --jsonl "${on[@]}" "$at$3"
    jq_is '.error.kind' "$1"
    [ "$(wc -l <out)" = 1 ]
  done
  expect 4 read --json -p 999999999 "$at"
  jq_is '.error.kind' no-process
}
