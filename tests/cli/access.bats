#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads and writes: widths, ranges, bits, masks, outputs, and which system
# calls they are

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

# A target that maps the file `regs`, which stands in for a device.
prepare() {
  pattern regs
  cp regs regs.before
  file=$work/regs
  at=$(region "$file")
  target_start "$file"
  base=${map[0]}
  on=(-p "$pid" --treat-as-device "$file")
}

# Reads

@test "read: 32 bits unless a width is given" {
  expect 0 read "${on[@]}" "$at+0x10"
  out_is "$at+0x10 = $(number 32 0x10)"
  err_is
}

@test "read: each width, by the location and by -w" {
  local width

  for width in 8 16 32 64; do
    expect 0 read "${on[@]}" "$at+0x18/$width"
    out_is "$at+0x18/$width = $(number $width 0x18)"
    expect 0 read "${on[@]}" -w $width "$at+0x18"
    out_is "$at+0x18 = $(number $width 0x18)"
    expect 0 read "${on[@]}" -w $width "$at+0x18/$width"
    out_is "$at+0x18/$width = $(number $width 0x18)"
  done
  same regs
}

@test "read: be and le" {
  expect 0 read -q "${on[@]}" "$at+0x10/16be" "$at+0x10/16le" \
    "$at+0x10/32be" "$at+0x10/32le" "$at+0x10/64be" "$at+0x10/64le" \
    "$at+0x10/8be"
  out_is 0x1011 0x1110 0x10111213 0x13121110 0x1011121314151617 \
    0x1716151413121110 0x10
  expect 0 read -q "${on[@]}" -w 16be "$at+0x12"
  out_is 0x1213
}

@test "read: an address, an index, the end of the region" {
  expect 0 read "${on[@]}" "$base"
  out_is "$base = $(number 32 0)"
  expect 0 read -q "${on[@]}" "$base+0xff-0x1f/8" @0+0x20
  out_is 0xe0 "$(number 32 0x20)"
  expect 0 read -q "${on[@]}" "$at+0x1ffc" "$at+0x1fff/8" "$at+0x1ff8/64"
  out_is "$(number 32 0xfc)" 0xff "$(number 64 0xf8)"
}

@test "read: several locations, in the order given" {
  expect 0 read "${on[@]}" "$at+0x20/8" "$at+0x10" "$at+0x20/8" "$base+0x1/8"
  out_is "$at+0x20/8 = 0x20" "$at+0x10 = $(number 32 0x10)" \
    "$at+0x20/8 = 0x20" "$base+0x1/8 = 0x01"
}

@test "read: rows of 16 bytes" {
  expect 0 read "${on[@]}" "$at+0x10..+0x18/8"
  out_is \
    "$at+0x10: 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f" \
    "$at+0x20: 20 21 22 23 24 25 26 27"
  expect 0 read "${on[@]}" -n 5 "$at+0x10/32le"
  out_is \
    "$at+0x10: 13121110 17161514 1b1a1918 1f1e1d1c" \
    "$at+0x20: 23222120"
  expect 0 read "${on[@]}" -w 64le "$at+0x8..+0x18"
  out_is \
    "$at+0x8: 0f0e0d0c0b0a0908 1716151413121110" \
    "$at+0x18: 1f1e1d1c1b1a1918"
  expect 0 read "${on[@]}" "$base+0x4..$base+0x8/16be"
  out_is "$(printf 0x%x $((base + 4))): 0405 0607"
}

@test "read: a range by its length, by its end, of one element" {
  expect 0 read -q "${on[@]}" "$at..+8/8"
  out_is 0x00 0x01 0x02 0x03 0x04 0x05 0x06 0x07
  expect 0 read -q "${on[@]}" "$at+0x4..$at+0x6/8"
  out_is 0x04 0x05
  expect 0 read "${on[@]}" "$at+0x4..+1/8"
  out_is "$at+0x4: 04"
  expect 0 read "${on[@]}" -n 1 "$at+0x4/8"
  out_is "$at+0x4/8 = 0x04"
}

@test "read: a range over the boundary of a page" {
  expect 0 read "${on[@]}" "$at+0xff8..+0x10/8"
  out_is "$at+0xff8: f8 f9 fa fb fc fd fe ff 00 01 02 03 04 05 06 07"
  expect 0 read -q "${on[@]}" -n 2048 "$at"
  [ "$(wc -l <out)" = 2048 ]
  [ "$(sort -u out | wc -l)" = 64 ]
}

@test "read: -n 0x10, -n 0b11, -n 1_0" {
  expect 0 read -q "${on[@]}" -n 0x10 "$at+0/8"
  [ "$(wc -l <out)" = 16 ]
  expect 0 read -q "${on[@]}" -n 0b11 "$at+0/8"
  out_is 0x00 0x01 0x02
  expect 0 read -q "${on[@]}" -n 1_0 "$at+0/8"
  [ "$(wc -l <out)" = 10 ]
}

@test "read: bits, shown as wide as they are" {
  put_bytes regs 0x40 78 56 34 92
  expect 0 read "${on[@]}" "$at+0x40/32le.7:4" "$at+0x40/32le.31" \
    "$at+0x40/32le.12:3" "$at+0x40/32le.31:0" "$at+0x40/8.3" \
    "$at+0x40/32be.7:0" "$at+0x40/32be.30:28"
  out_is "$at+0x40/32le.7:4 = 0x7" "$at+0x40/32le.31 = 0x1" \
    "$at+0x40/32le.12:3 = 0x2cf" "$at+0x40/32le.31:0 = 0x92345678" \
    "$at+0x40/8.3 = 0x1" "$at+0x40/32be.7:0 = 0x92" \
    "$at+0x40/32be.30:28 = 0x7"
  expect 0 read "${on[@]}" "$at+0x40..+4/8.7:4"
  out_is "$at+0x40: 7 5 3 9"
}

@test "read: 32x2 is high, low and high again" {
  put_bytes regs 0x40 44 33 22 11 88 77 66 55
  expect 0 read "${on[@]}" "$at+0x40/32x2"
  [ "$(byte_order)" = big ] || out_is "$at+0x40/32x2 = 0x5566778811223344"
  expect 0 read "${on[@]}" -w 32x2 "$at+0x44"
  out_matches '.* = 0x[0-9a-f]{16}'
  expect 0 read -q "${on[@]}" -w 32x2 -n 3 "$at+0x40"
  [ "$(wc -l <out)" = 3 ]
}

@test "read: -v says each access on standard error" {
  local address line

  expect 0 read -v "${on[@]}" "$at+0x10/16le" "$at+0x20..+2/8"
  out_is "$at+0x10/16le = 0x1110" "$at+0x20: 20 21"
  printf -v address 0x%x $((base + 0x10))
  grep -qF "mmiodbg: read 16 bits at $address ($at+0x10) = 0x1110 through \
kernel, register, 1 attempt, " err
  line='mmiodbg: read [0-9]+ bits at 0x[0-9a-f]+ \(.*\) = 0x[0-9a-f]+ '
  line+='through kernel, register, 1 attempt, [0-9]+\.[0-9]{3} us'
  [ "$(grep -cxE "$line" err)" = 3 ]
  [ "$(wc -l <err)" = 3 ]
}

@test "read: all ones are suspect in -v and JSON, and only there" {
  put_bytes regs 0x40 ff ff ff ff
  expect 0 read "${on[@]}" "$at+0x40"
  out_is "$at+0x40 = 0xffffffff"
  err_is
  expect 0 read -v "${on[@]}" "$at+0x40"
  err_has "$at+0x40: suspect: all ones"
  need jq
  expect 0 read --json "${on[@]}" "$at+0x40" "$at+0x44"
  jq_is '[.elements[].suspect] | tostring' '[true,false]'
}

@test "read: --json" {
  need jq
  put_bytes regs 0x40 78 56 34 12 ff ff ff ff ff ff 1f 00 00 00 00 00
  expect 0 read --json "${on[@]}" "$at+0x40/32le" "$at+0x40/32le.7:4" \
    "$at+0x44..+2/8" "$at+0x48/64le" "$at+0x40/64le"
  err_is
  jq_is .command read
  jq_is .dry_run false
  jq_is .pid "$pid"
  jq_is .process "${MMIOTARGET##*/}"
  jq_is '.elements | length' 6
  jq_is '.done, .failed, .not_reached | tostring' $'6\n0\n0'
  jq_is '.elements[0].location' "$at+0x40/32le"
  jq_is '.elements[0].place' "$at+0x40"
  jq_is '.elements[0].address' "$(printf '0x%016x' $((base + 0x40)))"
  jq_is '[.elements[].value] | join(" ")' \
    '0x12345678 0x7 0xff 0xff 0x00000000001fffff 0xffffffff12345678'
  jq_is '[.elements[].num] | map(tostring) | join(" ")' \
    '305419896 7 255 255 2097151 null'
  jq_is '[.elements[].width] | map(tostring) | join(" ")' '32 32 8 8 64 64'
  jq_is '.elements[1].bits' 7:4
  jq_is '.elements[1].raw' 0x12345678
  jq_is '[.elements[].class] | unique | join(" ")' register
  jq_is '[.elements[].backend] | unique | join(" ")' kernel
  jq_is '[.elements[].attempts] | unique | map(tostring) | join(" ")' 1
  jq_is '[.elements[].nanoseconds | type] | unique | join(" ")' number
}

@test "read: the largest num is below 2^53" {
  need jq
  put_bytes regs 0x40 ff ff ff ff ff ff 1f 00 00 00 00 00 00 00 20 00
  expect 0 read --json "${on[@]}" "$at+0x40/64le" "$at+0x48/64le"
  jq_is '.elements[0].num | tostring' 9007199254740991
  jq_is '.elements[1] | has("num") | tostring' false
}

@test "read: --jsonl is an object a line, with all that stands around it" {
  need jq
  expect 0 read --jsonl "${on[@]}" "$at+0x40..+4/8" "$at+0x10"
  [ "$(wc -l <out)" = 5 ]
  [ "$(jq -c . <out | wc -l)" = 5 ]
  [ "$(jq -r .command <out | sort -u)" = read ]
  [ "$(jq -r .value <out | head -n 2 | tr '\n' ' ')" = '0x40 0x41 ' ]
  [ "$(jq -r .place <out | tail -n 1)" = "$at+0x10" ]
}

@test "read: a failed element is no value: text, -q, JSON" {
  need strace jq
  on+=(--retry 0)
  injected pread64:error=EIO:when=2 3 read "${on[@]}" "$at+0x10..+6/8"
  out_is "$at+0x10: 10 -- 12 13 14 15"
  one_diagnostic_err
  err_has "mmiodbg: $at+0x11: "
  injected pread64:error=EIO:when=2 3 read -q "${on[@]}" "$at+0x10..+4/8"
  out_is 0x10 - 0x12 0x13
  injected pread64:error=EIO:when=2 3 read "${on[@]}" "$at+0/8" "$at+0x1/8" \
    "$at+0x2/8"
  out_is "$at+0/8 = 0x00" "$at+0x2/8 = 0x02"
  err_has "mmiodbg: $at+0x1/8: "
  injected pread64:error=EIO:when=2 3 read --json "${on[@]}" "$at+0x10..+3/8"
  jq_is '[.elements[] | has("value")] | tostring' '[true,false,true]'
  jq_is '[.elements[] | has("num")] | tostring' '[true,false,true]'
  jq_is '.elements[1].error | .kind, .errno, .attempts | tostring' \
    $'revoked\n5\n1'
  jq_is '.elements[1].error.message | type' string
  jq_is '.elements[1].error.evidence | type' array
  jq_is '.done, .failed | tostring' $'2\n1'
}

@test "read: neighbours that fail alike are one diagnostic" {
  need strace
  on+=(--retry 0)
  injected pread64:error=EIO 1 read "${on[@]}" "$at+0x10..+0x20/8"
  one_diagnostic_err
  err_has "$at+0x10 to $at+0x2f (32 elements)"
  injected pread64:error=EIO:when=3..4 3 read -q "${on[@]}" "$at+0x10..+5/8"
  out_is 0x10 0x11 - - 0x14
  one_diagnostic_err
  err_has "$at+0x12 to $at+0x13 (2 elements)"
}

@test "read: a short count is indeterminate, and no value" {
  need strace
  injected pread64:retval=2:when=1 9 read -q "${on[@]}" "$at+0x10"
  out_is -
  one_diagnostic_err
  injected pread64:error=EFAULT:when=1 9 read -q "${on[@]}" "$at+0x10"
  out_is -
  injected pread64:retval=2:when=2 3 read -q "${on[@]}" "$at+0x10..+0xc"
  [ "$(sed -n 2p out)" = - ]
}

@test "read: an address space that is gone ends it" {
  need strace
  injected pread64:retval=0:when=1 4 read -q "${on[@]}" "$at..+8/8"
  out_is -
  injected pread64:retval=0:when=3 3 read -q "${on[@]}" "$at..+8/8"
  out_is 0x00 0x01 -
  one_diagnostic_err
}

@test "read: 32x2 goes on until the high half stays; never is a failure" {
  need strace
  put_bytes regs 0x40 44 33 22 11 88 77 66 55
  # Calls that are not made: what they "read" is not the high half.
  injected pread64:retval=4:when=1 0 read -q "${on[@]}" "$at+0x40/32x2"
  [ "$(byte_order)" = big ] || out_is 0x5566778811223344
  [ "$(grep -c pread64 trace)" = 5 ]
  injected pread64:retval=4:when=1+4 1 read -q "${on[@]}" "$at+0x40/32x2"
  out_is -
  one_diagnostic_err
  err_has 'the high half changed'
}

# Writes

@test "write: each width, and nothing is said" {
  expect 0 write "${on[@]}" "$at+0x10/8=0xa1" "$at+0x20/16le=0xb1b2" \
    "$at+0x30/32le=0xc1c2c3c4" "$at+0x40/64le=0xd1d2d3d4d5d6d7d8"
  out_is
  err_is
  put_bytes regs.before 0x10 a1
  put_bytes regs.before 0x20 b2 b1
  put_bytes regs.before 0x30 c4 c3 c2 c1
  put_bytes regs.before 0x40 d8 d7 d6 d5 d4 d3 d2 d1
  same regs
}

@test "write: be, negative values, numbers of all bases" {
  expect 0 write "${on[@]}" "$at+0x10/16be=0xb1b2" \
    "$at+0x20/32be=0xc1c2c3c4" "$at+0x30/64be=0xd1d2d3d4d5d6d7d8" \
    "$at+0x40/8=-1" "$at+0x42/16le=-2" "$at+0x44/32le=0b1_0000" \
    "$at+0x48/32le=1_000" "$at+0x50/64le=-0x8000000000000000"
  put_bytes regs.before 0x10 b1 b2
  put_bytes regs.before 0x20 c1 c2 c3 c4
  put_bytes regs.before 0x30 d1 d2 d3 d4 d5 d6 d7 d8
  put_bytes regs.before 0x40 ff
  put_bytes regs.before 0x42 fe ff 10 00 00 00 e8 03 00 00
  put_bytes regs.before 0x50 00 00 00 00 00 00 00 80
  same regs
}

@test "write: a mask changes its bits only" {
  expect 0 write "${on[@]}" "$at+0x10/8=0x3:0xf" "$at+0x20/32le=0xff00:0x0ff0" \
    "$at+0x30/16be=0x1234:0xf0f0" "$at+0x40/8=0xff:0x80"
  put_bytes regs.before 0x10 13
  put_bytes regs.before 0x20 00 2f 22 23
  put_bytes regs.before 0x30 10 31
  put_bytes regs.before 0x40 c0
  same regs
}

@test "write: bits and fields" {
  expect 0 write "${on[@]}" "$at+0x10/8.3:0=0xf" "$at+0x20/8.7=1" \
    "$at+0x30/32le.31:24=0xaa,3:0=5,4=0" "$at+0x41/8.2:1=-1" \
    "$at+0x50/16be.15:12=7"
  put_bytes regs.before 0x10 1f
  put_bytes regs.before 0x20 a0
  put_bytes regs.before 0x30 25 31 32 aa
  put_bytes regs.before 0x41 47
  put_bytes regs.before 0x50 70
  same regs
}

@test "write: --fill" {
  expect 0 write "${on[@]}" --fill "$at+0x10..+4/8=0x77"
  expect 0 write "${on[@]}" --fill -n 3 "$at+0x20/16be=0x1234"
  expect 0 write "${on[@]}" --fill "$at+0x30..+4/8=0:0xf"
  expect 0 write "${on[@]}" --fill "$at+0xffe..+4/8=0x55"
  put_bytes regs.before 0x10 77 77 77 77
  put_bytes regs.before 0x20 12 34 12 34 12 34
  put_bytes regs.before 0x30 30 30 30 30
  put_bytes regs.before 0xffe 55 55 55 55
  same regs
}

@test "write: --verify reads back, and compares under the mask" {
  expect 0 write "${on[@]}" --verify "$at+0x10=0x1" "$at+0x20/8=3:0xf" \
    "$at+0x30/8.7:4=9" "$at+0x40/16be=0x1234"
  out_is
  err_is
}

@test "write: --verify of what was not taken" {
  need strace jq
  # A register that ignores what is written: the call is not made.
  injected pwrite64:retval=4 1 write "${on[@]}" --verify "$at+0x10/32le=0x1"
  out_is
  one_diagnostic_err
  err_has "$at+0x10/32le=0x1: 0x00000001 was written, 0x13121110 was read back"
  injected pwrite64:retval=1:when=2 3 write "${on[@]}" --verify \
    "$at+0x20/8=1" "$at+0x30/8=2" "$at+0x40/8=3"
  bytes_are regs 0x20 01
  bytes_are regs 0x30 30
  bytes_are regs 0x40 40
  injected pwrite64:retval=1 1 write --json "${on[@]}" --verify "$at+0x30/8=2"
  jq_is '.elements[0].written | tostring' true
  jq_is '.elements[0].error.kind' verify
}

@test "write: -v says the read and the write of a mask" {
  expect 0 write -v "${on[@]}" "$at+0x10/8=3:0xf"
  out_is
  sed -E 's/ at 0x.*\) = / = /; s/, [0-9.]+ us$//' err >short
  file_is short \
    'mmiodbg: read 8 bits = 0x10 through kernel, register, 1 attempt' \
    'mmiodbg: write 8 bits = 0x13 through kernel, register, 1 attempt'
}

@test "write: --json" {
  need jq
  expect 0 write --json "${on[@]}" "$at+0x10/8=3:0xf" "$at+0x20/8.7:4=9" \
    "$at+0x30/32=0x1"
  jq_is .command write
  jq_is '[.elements[].written] | unique | tostring' '[true]'
  jq_is '.elements[0] | .value, .old' $'0x13\n0x10'
  jq_is '.elements[1] | .value, .raw, .old' $'0x9\n0x90\n0x20'
  jq_is '.elements[2] | .value, (has("old") | tostring)' $'0x00000001\nfalse'
  jq_is '.done | tostring' 3
}

@test "write: it stops at the first failure, and says what was written" {
  need strace jq
  on+=(--retry 0)
  injected pwrite64:error=EIO:when=3 3 write "${on[@]}" --fill \
    "$at+0x10..+5/8=0x77"
  out_is
  put_bytes regs.before 0x10 77 77
  same regs
  err_has "mmiodbg: $at+0x12: " "2 of 5 elements were written"
  injected pwrite64:error=EIO:when=1 1 write "${on[@]}" --fill \
    "$at+0x20..+5/8=0x77"
  same regs
  err_has '0 of 5 elements were written'
  injected pwrite64:error=EIO:when=2 3 write --json "${on[@]}" "$at+0x20/8=1" \
    "$at+0x30/8=1" "$at+0x40/8=1"
  put_bytes regs.before 0x20 01
  same regs
  jq_is '.done, .failed, .not_reached | tostring' $'1\n1\n1'
  jq_is '[.elements[].written] | tostring' '[true,false]'
}

@test "write: a mask whose write failed is partly done" {
  need strace
  on+=(--retry 0)
  injected pwrite64:error=EIO:when=1 3 write -v "${on[@]}" "$at+0x10/8=3:0xf"
  same regs
  err_has 'the read was made, the write was not'
  injected pread64:error=EIO:when=1 1 write "${on[@]}" "$at+0x10/8=3:0xf"
  same regs
}

@test "write: an address space that is gone" {
  need strace
  injected pwrite64:retval=0:when=1 4 write "${on[@]}" "$at+0x10/8=1"
  one_diagnostic_err
  injected pwrite64:retval=1:when=1 9 write "${on[@]}" "$at+0x10/32=1"
  one_diagnostic_err
}

# Dry runs

@test "--dry-run says what would be done, and does nothing" {
  need strace
  traced 0 write --dry-run "${on[@]}" "$at+0x10/8=3" "$at+0x20/8=1:3"
  accesses_are
  out_has "would write 8 bits at $(printf 0x%x $((base + 0x10)))" \
    "would read 8 bits at $(printf 0x%x $((base + 0x20)))" ' through kernel'
  [ "$(wc -l <out)" = 3 ]
  err_is
  same regs
  traced 0 write --dry-run --verify --fill "${on[@]}" "$at+0x10..+3/8=3"
  accesses_are
  [ "$(wc -l <out)" = 6 ]
  traced 0 read --dry-run "${on[@]}" "$at+0x10/8" "$at+0x10/32x2"
  accesses_are
  [ "$(wc -l <out)" = 4 ]
  same regs
}

@test "--dry-run --json has no values that it does not know" {
  need jq
  expect 0 write --dry-run --json "${on[@]}" "$at+0x10/8=3" "$at+0x20/8=1:3"
  jq_is .dry_run true
  jq_is '[.elements[].written] | unique | tostring' '[false]'
  jq_is '.elements[0].value' 0x03
  jq_is '.elements[1] | has("value") or has("old") | tostring' false
  expect 0 read --dry-run --json "${on[@]}" "$at+0x10/8"
  jq_is '.elements[0] | has("value") | tostring' false
  jq_is '.elements[0].attempts | tostring' 0
  same regs
}

@test "--dry-run finds what a run would find" {
  refused 7 write --dry-run "${on[@]}" "$at+0x1=1"
  refused 1 read --dry-run "${on[@]}" "$at+0/8" 0x10
  refused 4 read --dry-run -p 999999999 "$at"
}

# Mappings of other kinds

@test "ordinary memory is read, and written with --force only" {
  need strace
  tell map anon,len=4096
  base=$(cut -d ' ' -f 3 <<<"$answer")
  tell store 1 32 0x10 0x12345678
  traced 0 read "${on[@]}" "$base+0x10"
  out_is "$base+0x10 = 0x12345678"
  accesses_are "r32@$base+0x10"
  traced 7 write "${on[@]}" "$base+0x10=1"
  one_diagnostic
  err_has --force
  accesses_are
  expect 0 write --force "${on[@]}" "$base+0x10=0x9abcdef0"
  tell load 1 32 0x10
  [ "$answer" = 'value 0x9abcdef0' ]
  expect 0 write --force "${on[@]}" "$base+0x20/64=0x1:0xff"
  tell load 1 64 0x20
  [ "$answer" = 'value 0x0000000000000001' ]
}

@test "ordinary memory is of no register: -v and JSON say memory" {
  need jq
  tell map anon,len=4096
  base=$(cut -d ' ' -f 3 <<<"$answer")
  expect 0 read -v "${on[@]}" "$base"
  err_has ' through kernel, memory, '
  tell store 1 32 0 0xffffffff
  expect 0 read --json "${on[@]}" "$base"
  jq_is '.elements[0].class' memory
  jq_is '.elements[0].suspect | tostring' false
}

@test "ordinary memory that is not writable is not written, whatever is forced" {
  need strace
  tell map anon,len=4096,prot=r
  base=$(cut -d ' ' -f 3 <<<"$answer")
  expect 0 read "${on[@]}" "$base"
  traced 7 write --force "${on[@]}" "$base=1"
  one_diagnostic
  accesses_are
  tell load 1 32 0
  [ "$answer" = 'value 0x00000000' ]
}

@test "a device that is mapped read-only is read, not written" {
  need strace
  cp regs other
  tell map other,prot=r
  on=(-p "$pid" --treat-as-device "$work/other")
  at=$(region "$work/other")
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  for force in '' --force; do
    traced 7 write $force "${on[@]}" "$at+0x10/8=1"
    one_diagnostic
    err_has read-only
    accesses_are
  done
  same other regs.before
}

@test "a private mapping is read, not written" {
  need strace
  cp regs other
  tell map other,private
  on=(-p "$pid" --treat-as-device "$work/other")
  at=$(region "$work/other")
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  for force in '' --force; do
    traced 7 write $force "${on[@]}" "$at+0x10/8=1"
    one_diagnostic
    err_has private
    accesses_are
  done
  tell load 1 8 0x10
  [ "$answer" = 'value 0x10' ]
}

@test "a mapping without permissions: a value or a failure, and no write" {
  cp regs other
  tell map other,prot=none
  on=(-p "$pid" --treat-as-device "$work/other")
  at=$(region "$work/other")
  refused 7 write --force "${on[@]}" "$at+0x10/8=1"
  # Kernels differ (proc_mem.force_override); a wrong value is none of it.
  status=0
  "$MMIODBG" read -q "${on[@]}" "$at+0x10/8" >out 2>err || status=$?
  case $status in
  0) out_is 0x10 ;;
  1) out_is - ;;
  *) fail "status $status" ;;
  esac
}

@test "of several mappings, the readable and the shared one is read" {
  # Newer ones stand below, and so have the lower index.
  tell map "$file,private"
  tell store 1 8 0x10 0x99
  tell map "$file,prot=none"
  need strace
  traced 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  accesses_are "r8@$base+0x10"
}

@test "of several mappings, the writable one is written" {
  need strace
  tell map "$file,prot=r"
  tell map "$file,private"
  traced 0 write "${on[@]}" "$at+0x10/8=0x77"
  accesses_are "w8@$base+0x10"
  put_bytes regs.before 0x10 77
  same regs
}

@test "a region in pieces is one region" {
  tell map "$file,off=0x1000,len=0x1000"
  tell unmap 0 0x1000 0x1000
  expect 0 read "${on[@]}" "$at+0xff8..+0x10/8"
  out_is "$at+0xff8: f8 f9 fa fb fc fd fe ff 00 01 02 03 04 05 06 07"
  expect 0 write "${on[@]}" --fill "$at+0xff8..+0x10/8=0x5a"
  put_bytes regs.before 0xff8 5a 5a 5a 5a 5a 5a 5a 5a \
    5a 5a 5a 5a 5a 5a 5a 5a
  same regs
}

@test "a region that is mapped in part has no more than that" {
  tell unmap 0 0x1000 0x1000
  expect 0 read -q "${on[@]}" "$at+0xfff/8"
  out_is 0xff
  refused 1 read "${on[@]}" "$at+0x1000/8"
  err_has 'has not mapped offset 0x1000'
  refused 1 read "${on[@]}" "$at+0xff8..+0x10/8"
  refused 1 write --fill "${on[@]}" "$at+0xff8..+0x10/8=1"
  same regs
}

@test "offsets count from the start of the region, an index from its mapping" {
  tell mapat 0 regs,off=0x1000,len=0x1000
  put_bytes regs 0x1010 aa
  expect 0 read -q "${on[@]}" "$at+0x1010/8" @0+0x10/8 "$base+0x10/8"
  out_is 0xaa 0xaa 0xaa
  refused 1 read "${on[@]}" "$at+0x10/8"
}

@test "a file that was cut short gives no value" {
  tell load 0 8 0x1000
  truncate -s 4096 regs
  expect 3 read -q "${on[@]}" "$at+0xffe..+4/8"
  out_is 0xfe 0xff - -
  one_diagnostic_err
  expect 1 write "${on[@]}" --via kernel "$at+0x1000/8=1"
  expect 6 write "${on[@]}" "$at+0x1000/8=1"
  err_has "a store by thread $pid of the target met SIGBUS (BUS_ADRERR)"
  [ "$(stat -c %s regs)" = 4096 ]
}

@test "a file that was deleted stands in as before" {
  rm regs
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  out_is 0x10
  expect 0 maps "${on[@]}" -o DEVICE --noheadings
  out_is "${at#@}"
  expect 0 info "${on[@]}" "$at"
  out_has '(deleted)'
}

@test "offsets beyond 4 GiB" {
  truncate -s 6G large
  put_bytes large 0x140000010 78 56 34 12
  tell map large,off=0x140000000,len=0x1000
  on=(-p "$pid" --treat-as-device "$work/large")
  at=$(region "$work/large")
  expect 0 read "${on[@]}" "$at+0x140000010/32le" "$at+0x140000010..+4/8"
  out_is "$at+0x140000010/32le = 0x12345678" "$at+0x140000010: 78 56 34 12"
  expect 0 write "${on[@]}" "$at+0x140000010/16le=0xabcd"
  bytes_are large 0x140000010 cd ab 34 12
  refused 1 read "${on[@]}" "$at+0x10"
  refused 1 read "${on[@]}" "$at+0x40000010"
}

@test "failures of different kinds: the status of the first" {
  need strace
  on+=(--retry 0)
  tell load 0 8 0x1000
  truncate -s 4096 regs
  injected pread64:error=EFAULT:when=2 1 read -q "${on[@]}" "$at+0x1000/8" \
    "$at+0x10/8"
  out_is - -
  injected pread64:error=EFAULT:when=1 9 read -q "${on[@]}" "$at+0x10/8" \
    "$at+0x1000/8"
  out_is - -
}

# Finding the process

@test "without -p, the one process that has it mapped" {
  expect 0 read -q --treat-as-device "$file" "$at+0x10/8"
  out_is 0x10
  export MMIODBG_PID=999999999
  refused 4 read --treat-as-device "$file" "$at+0x10/8"
  expect 0 read -q "${on[@]}" "$at+0x10/8"
  unset MMIODBG_PID
  MMIODBG_PID=$pid expect 0 read -q --treat-as-device "$file" "$base/8"
}

@test "without -p, two processes that have it mapped are named" {
  local first=$pid

  target_start "$file"
  refused 2 read --treat-as-device "$file" "$at+0x10/8"
  err_has "$first" "$pid" '2 processes'
  refused 2 read --treat-as-device "$file" "$base/8"
}

@test "-p takes a name: of the process, its program" {
  tell name "name-$BASHPID"
  expect 0 read -q --treat-as-device "$file" -p "name-$BASHPID" "$at+0x10/8"
  out_is 0x10
  cp "$MMIOTARGET" "prog-$BASHPID"
  target_launch "./prog-$BASHPID" "$file"
  expect 0 read -q --treat-as-device "$file" -p "prog-$BASHPID" "$at+0x10/8"
}

# The system calls

@test "one read is one pread64 of its width" {
  need strace
  for width in 8 16 32 64; do
    traced 0 read "${on[@]}" "$at+0x18/$width"
    accesses_are "r$width@$base+0x18"
  done
  traced 0 read "${on[@]}" "$at+0x18/16be" "$at+0x20.7:4" "$at+0x18/16be"
  accesses_are "r16@$base+0x18" "r32@$base+0x20" "r16@$base+0x18"
}

@test "a range is that many, ascending" {
  need strace
  traced 0 read "${on[@]}" "$at+0xffc..+8/16"
  accesses_are "r16@$base+0xffc" "r16@$base+0xffe" "r16@$base+0x1000" \
    "r16@$base+0x1002"
  traced 0 read "${on[@]}" -n 3 "$at+0/8" "$at+0x10/64"
  accesses_are "r8@$base" "r8@$base+1" "r8@$base+2" "r64@$base+0x10" \
    "r64@$base+0x18" "r64@$base+0x20"
}

@test "32x2 is three reads" {
  need strace
  traced 0 read "${on[@]}" "$at+0x10/32x2"
  accesses_are "r32@$base+0x14" "r32@$base+0x10" "r32@$base+0x14"
}

@test "a write is one pwrite64, a mask one of each, a full mask one" {
  need strace
  for width in 8 16 32 64; do
    traced 0 write "${on[@]}" "$at+0x18/$width=1"
    accesses_are "w$width@$base+0x18"
    traced 0 write "${on[@]}" "$at+0x18/$width=1:3"
    accesses_are "r$width@$base+0x18" "w$width@$base+0x18"
  done
  traced 0 write "${on[@]}" "$at+0x10=1:0xffffffff" "$at+0x18/8=1:0xff" \
    "$at+0x20/16.15:0=1" "$at+0x28/8.7:4=1,3:0=2" "$at+0x30/64be=1"
  accesses_are "w32@$base+0x10" "w8@$base+0x18" "w16@$base+0x20" \
    "w8@$base+0x28" "w64@$base+0x30"
  traced 0 write "${on[@]}" "$at+0x10.7:4=1,3=0" "$at+0x20.0=1"
  accesses_are "r32@$base+0x10" "w32@$base+0x10" "r32@$base+0x20" \
    "w32@$base+0x20"
  traced 0 write "${on[@]}" --fill "$at+0x10..+2/8=1:3"
  accesses_are "r8@$base+0x10" "w8@$base+0x10" "r8@$base+0x11" "w8@$base+0x11"
}

@test "--verify is one read more" {
  need strace
  traced 0 write "${on[@]}" --verify "$at+0x10=1" "$at+0x20=1:3"
  accesses_are "w32@$base+0x10" "r32@$base+0x10" "r32@$base+0x20" \
    "w32@$base+0x20" "r32@$base+0x20"
}

@test "maps and info do not touch the target's memory" {
  need strace
  traced 0 maps "${on[@]}" -o INDEX,RANGE,DEVICE,BACKENDS,TYPE,CLASS
  accesses_are
  traced 0 info "${on[@]}" "$at+0x10"
  accesses_are
  nowhere trace '"mem"'
}

@test "quiet, verbose and JSON make the same accesses" {
  need strace
  local option

  for option in -q -v --json --jsonl --color=always; do
    traced 0 read "${on[@]}" "$option" "$at+0x10..+4/8"
    accesses_are "r8@$base+0x10" "r8@$base+0x11" "r8@$base+0x12" \
      "r8@$base+0x13"
    traced 0 write "${on[@]}" "$option" "$at+0x10/8=1:3"
    accesses_are "r8@$base+0x10" "w8@$base+0x10"
  done
}

@test "--color: only when asked for, or on a terminal" {
  need strace
  on+=(--retry 0)
  injected pread64:error=EIO:when=1 3 read --color always "${on[@]}" \
    "$at..+2/8"
  grep -q $'\e\\[' out
  grep -q $'\e\\[' err
  injected pread64:error=EIO:when=1 3 read "${on[@]}" "$at..+2/8"
  is_clean out
  is_clean err
  NO_COLOR=1 injected pread64:error=EIO:when=1 3 read --color=always \
    "${on[@]}" "$at..+2/8"
  grep -q $'\e\\[' out
}
