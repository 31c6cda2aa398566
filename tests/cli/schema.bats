#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# JSON: that what each command prints is as schema/mmiodbg.schema.json says, that
# --json and --jsonl tell the same, and when

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

# A program with a device mapped, and variables of all kinds.
write_driver() {
  cat <<'C'
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

enum mode { SLOW, FAST = 4, BACKWARD = -1 };

struct ring {
	uint32_t head, tail;
};

typedef struct regs {
	union {
		uint32_t raw;
		struct {
			uint32_t en : 1;
			enum mode mode : 4;
			uint32_t : 3;
			uint32_t rate : 8;
			int32_t level : 16;
		};
	} ctrl;
	uint16_t half;
	uint8_t byte;
	uint64_t wide;
	void *dma;
	enum mode state;
	struct ring ring[2];
	uint8_t data[];
} regs_t;

struct device {
	const char *name;
	regs_t *regs;
	void *bars[2];
};

volatile regs_t *regs;
struct device device = {.name = "device"};
enum mode mode = FAST, back = BACKWARD, none = 7;
float ratio = 1.5f, endless = INFINITY;
double precise = -0.25, tiny = 5e-324;
int minus = -2, *memory = &minus;
unsigned long long large = 0xfedcba9876543210;
char letter = 'A';
int numbers[5] = {1, 2, 3, -1, 5};
void *nothing = (void *)16, *null;
_Thread_local int per_thread = 7;

int main(int argc, char **argv)
{
	int fd = open(argv[argc - 1], O_RDWR);
	char *bar = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (bar == MAP_FAILED)
		return 1;
	regs = (regs_t *)bar;
	device.regs = (regs_t *)(bar + 0x100);
	device.bars[1] = bar + 0x200;
	regs->dma = bar + 0x80;
	regs->state = FAST;
	printf("map 0 %p\nready %d\n", (void *)bar, (int)getpid());
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
C
}

# Once for all tests of this file.
driver_start() {
  local built=$BATS_FILE_TMPDIR/driver

  need gcc
  [ -e "$built" ] || {
    write_driver >driver.c
    gcc -g -O0 -include unistd.h -o "$built.new" driver.c
    mv "$built.new" "$built"
  }
  begin_file
  cp "$built" driver
  target_launch ./driver "$file"
  on=(-p "$pid" --treat-as-device "$file")
}

begin_file() {
  pattern regs
  file=$work/regs
  at=$(region "$file")
}

file_start() {
  begin_file
  target_start "$file"
  on=(-p "$pid" --treat-as-device "$file")
}

# What differs from one run to the next: also what a write has found, when something
# was sampled, and how often a thread was held.
steady='walk(if type == "object" then del(.nanoseconds, .longest_nanoseconds, .bursts,
  .waited_nanoseconds, .elapsed_nanoseconds, .longest_gap_nanoseconds,
  .away_nanoseconds, .time, .missed) |
  if .old | type == "string" then del(.old) else . end |
  if has("count") and has("value") then del(.first, .last) else . end
  else . end)'

# The lines that a document comes to: the head with each item of the list, and
# with what stands behind it, unless that says only how many of the elements that
# have lines were done. Without a list it is its line.
# shellcheck disable=SC2016 # jq's
as_lines='. as $all |
  ["maps", "locations", "elements", "symbols", "pointers", "types", "samples",
    "failures", "differences", "results"] as $lists |
  ["error", "stop", "pause", "exceeded", "done", "failed", "not_reached", "saved",
    "different", "compared", "taken", "missed", "lost", "elapsed_nanoseconds",
    "longest_gap_nanoseconds", "condition", "met", "histogram"] as $rests |
  ([$lists[] | select($all[.] | type == "array")] | first) as $list |
  if $list then
    (with_entries(select(.key | IN($list, $rests[]) | not))) as $head |
    (with_entries(select(.key | IN($rests[])))) as $rest |
    ($all[$list][] | $head + .),
    ($rest | if $list == "elements" then del(.done, .failed, .not_reached) else . end |
      select(length > 0 or ($rest.not_reached // 0) > 0) | $head + $rest)
  else . end'

# ask STATUS ARGUMENTS...: with --json and --jsonl, which tell the same. `valid`
# looks at all that was printed.
ask() {
  local - && set +T
  local wanted=$1

  shift
  expect "$wanted" --json "$@"
  keep json
  expect "$wanted" --jsonl "$@"
  keep jsonl
  same_lines "$asked.json" "$asked.jsonl"
}

# ask_faulty FAULT STATUS COMMAND ARGUMENTS...: the same, `injected`
ask_faulty() {
  local - && set +T
  local fault=$1 wanted=$2

  shift 2
  injected "$fault" "$wanted" "$@" --json
  keep json
  injected "$fault" "$wanted" "$@" --jsonl
  keep jsonl
  same_lines "$asked.json" "$asked.jsonl"
}

# keep json|jsonl: what was just printed, for `valid`
keep() {
  [ "$1" = jsonl ] || asked=answer.$((++n_asked))
  cp out "$asked.$1"
}

n_asked=0

# same_lines DOCUMENT LINES
same_lines() {
  jq -cS "$steady | $as_lines" "$1" >wanted
  jq -cS "$steady" "$2" >found
  diff -u wanted found || fail "$1 and $2 differ"
}

# valid [COUNT]: all that was asked, which is so many at least
valid() {
  [ "$n_asked" -ge "${1:-1}" ] || fail "only $n_asked were asked"
  validates document answer.*.json
  validates lines answer.*.jsonl
}

# Each command

# A machine with a mapping of each kind, and names that are hard to print.
machine() {
  tree_begin
  tree_pci 0000:03:00.0 0x8086 0x10d3 e1000e 0xfe000000:0x20000 \
    0xfe020000:0x1000
  tree_pci 0000:04:00.0 0x1234 0x11e8 '' 0xfea00000:0x100000
  echo 0 >"$tree/sys/bus/pci/devices/0000:04:00.0/enable"
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xfe000000 0x20000 0 $'a\x01\xff'
  printf '%s\n' 'fe000000-fe01ffff : 0000:03:00.0' \
    '  fe000000-fe01ffff : e1000e' >"$tree/proc/iomem"
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 \
    /sys/devices/pci0000:00/0000:03:00.0/resource0
  tree_mapping 0x10100000 0x1000 r--s 0xfea00000 /dev/mem
  tree_mapping 0x10200000 0x20000 rw-s 0 /dev/uio0
  tree_mapping 0x10300000 0x1000 rw-s 0 'anon_inode:[vfio-device]'
  tree_mapping 0x10400000 0x1000 rw-s 0 /dev/hpet
  tree_mapping 0x10500000 0x1000 rw-s 0 /dev/dri/card0
  tree_mapping 0x10600000 0x1000 rw-s 0 '/dev/nvidia0'
  tree_mapping 0x10700000 0x1000 rw-s 0 $'/dev/\x02\xfe "quoted"'
  tree_mapping 0x10800000 0x1000 rw-p 0 '' 'rd wr mr mw me ac sd'
  tree_process 200 $'b\x03\xfd'
  tree_mapping 0x10000000 0x1000 rw-s 0xfe020000 \
    /sys/devices/pci0000:00/0000:03:00.0/resource1
  tree_mapping 0x10100000 0x100000 rw-s 0xfea00000 \
    /sys/devices/pci0000:00/0000:04:00.0/resource0
  tree_process 300 nothing
  tree_process 400 twice
  tree_process 500 twice
}

all_of_maps=INDEX,PID,COMMAND,RANGE,SIZE,PERM,KIND,DEVICE,PCI,ID,DRIVER
all_of_maps+=,PHYSICAL,OFFSET,BACKENDS,CLASS,TYPE,NAME,PATH,PROBLEM

@test "maps" {
  local column

  need jq
  machine
  ask 0 maps
  jq_is .command "$(yes maps | head -n 10)"
  ask 0 maps -o "$all_of_maps"
  ask 0 maps -p 100 -o "$all_of_maps"
  jq_is '[.pid, .process] | join(" ")' "$(yes '100 app' | head -n 8)"
  ask 0 maps -p 100 -o KIND
  jq_is '[.pid, .process] | join(" ")' "$(yes '100 app' | head -n 8)"
  ask 0 maps -p 200
  for column in ${all_of_maps//,/ }; do
    ask 0 maps -o "$column"
  done
  ask 0 maps 03:00.0
  ask 0 maps -p nothing
  out_is
  ask 1 maps 05:00.0
  ask 1 maps -p nothing @03:00.0/bar0
  # Not done.
  ask 2 maps 03:00.0 04:00.0
  ask 2 maps ''
  ask 2 maps -o NOTHING
  jq_is '.command, .error.kind' $'maps\nusage'
  ask 4 maps -p 999
  ask 2 maps -p twice
  ask 4 maps -p name
  valid 30
}

@test "info" {
  need jq
  machine
  ask 0 info -p 100 @03:00.0/bar0+0x8 0x10100010 @uio0 0x10300000 @hpet \
    0x10500000 0x10600000 0x10700000 0x10800000 @0+0x3 @0..+0x40
  jq_is '[.command, .pid, .process] | join(" ")' \
    "$(yes 'info 100 app' | head -n 11)"
  ask 0 info -p 200 @04:00.0/bar0 @0
  ask 0 info @uio0
  ask 0 info -p 100 --via kernel @0 0x10300000
  tree_begin aarch64 6.1.0
  ask 0 info -p 100 @0
  ask 0 info -p 100 --trust-kernel @0
  # Not done, or not all of it.
  ask 1 info -p 100 @03:00.0/bar0 0x20000000
  jq_is '.error.kind // .location' $'@03:00.0/bar0\nnot-mapped'
  ask 2 info
  ask 2 info @03:00.0/bar0 -w 8
  ask 2 info '@03:00.0/bar0='
  ask 2 info 0x10000000
  ask 2 info -p 100 name
  ask 1 info @05:00.0/bar0
  ask 4 info -p 999 @uio0
  valid 12
}

@test "read" {
  need jq
  file_start
  ask 0 read "${on[@]}" "$at" "$at+0x8/8" "$at+0x8/16" "$at+0x8/64be"
  ask 0 read "${on[@]}" "$at+0x10..+0x40" "$at+0x10.7:4" "$at+0x10.3" \
    "$at+0x40/32x2" "$at+0x40/64.63:0" "${map[0]}+0x10" @0+0x4
  ask 0 read "${on[@]}" -n 3 -w 16le "$at+0x20"
  put_bytes regs 0x40 ff ff ff ff ff ff ff ff
  ask 0 read "${on[@]}" "$at+0x40" "$at+0x40/64"
  jq_is .suspect $'true\ntrue'
  ask 0 read "${on[@]}" --dry-run "$at" "$at+0x10.7:4"
  jq_is '.dry_run, has("value") | tostring' $'true\nfalse\ntrue\nfalse'
  ask 0 read "${on[@]}" -v -q --color=always "$at"
  # Not done.
  ask 2 read
  ask 2 read "${on[@]}" "$at" --fill
  ask 2 read "${on[@]}" "$at" -w 33
  ask 2 read "${on[@]}" "$at+08"
  ask 2 read "${on[@]}" "$at+0=1"
  ask 2 read "${on[@]}" --max-stop 1s "$at"
  ask 7 read "${on[@]}" "$at+1"
  jq_is '.command, .pid, .error.kind | tostring' "read
$pid
misaligned"
  ask 1 read "${on[@]}" "$at" "$at+0x2000"
  ask 4 read -p 999999999 "$at"
  ask 2 read "$at" -p ''
  valid 16
}

@test "read: accesses that fail" {
  need jq strace
  file_start
  truncate -s 4096 regs
  ask 3 read "${on[@]}" --retry 0 "$at+0xffc" "$at+0x1000" "$at+0xff8.3:0"
  # How often it is tried differs.
  expect 3 read --json "${on[@]}" --retry 5ms "$at+0xffc" "$at+0x1000"
  keep json
  ask 6 read "${on[@]}" --retry 0 "$at+0x1000" -n 2
  ask 1 read "${on[@]}" --retry 0 --via kernel "$at+0x1000.7:4"
  injected pread64:error=EIO:when=2 3 read --json "${on[@]}" --retry 0 \
    "$at+0..+0x10"
  keep json
  injected pread64:error=EIO:when=2 3 read --jsonl "${on[@]}" --retry 0 \
    "$at+0..+0x10"
  keep jsonl
  same_lines "$asked".json{,l}
  valid 4
}

@test "read: what is not reached is told" {
  need jq
  file_start
  truncate -s 4096 regs
  for form in json jsonl; do
    rm -f err
    env --default-signal "$MMIODBG" read --$form --retry 10m "${on[@]}" \
      "$at" "$at+0x1000" "$at" "$at" >out 2>err </dev/null 3>&- &
    program=$!
    target_pids+=("$program")
    wait_until in_a_pause
    kill "$program"
    wait_until is_gone "$program" || :
    wait "$program" || :
    keep $form
  done
  tail -n 1 out >last
  jq -c '[.done, .failed, .not_reached]' last >found
  # A signal between two pauses ends it at once, and without a word.
  [ ! -s err ] || file_is found '[1,1,2]'
  valid
}

# in_a_pause: `program` waits for its next attempt (retry.bats tells how it shows)
in_a_pause() {
  local - && set +T
  local name mask

  while read -r name mask; do
    [ "$name" != SigBlk: ] || break
  done 2>/dev/null <"/proc/$program/status"
  [ "$name" = SigBlk: ] || fail "it has ended: $(cat err)"
  (((0x$mask & 0x4204) == 0x4004))
}

@test "read: a stop, and accesses by a thread" {
  need jq
  file_start
  ask 0 read "${on[@]}" --stop --max-stop 1m "$at" -n 2
  jq_is 'select(has("stop")) | .done' 2
  ask 0 read "${on[@]}" --attach "$at"
  ask 0 read "${on[@]}" --via tracee --max-pause 10s "$at" -n 2
  jq_is 'select(has("pause")) | .done' 2
  valid 3
}

@test "write" {
  need jq
  file_start
  ask 0 write "${on[@]}" "$at+0=1" "$at+8/8=2" "$at+0x10/64be=3"
  jq_is .written $'true\ntrue\ntrue'
  ask 0 write "${on[@]}" "$at+0x10=0x5:0xf" "$at+0x10=0x5:0xffffffff"
  ask 0 write "${on[@]}" "$at+0x10.7:4=2" "$at+0x10.7:4=3,0=1" "$at+0x10.3=0"
  ask 0 write "${on[@]}" --fill --verify "$at+0x20..+0x10=0xff" -w 8
  ask 0 write "${on[@]}" --dry-run "$at+0=1" "$at+0=1:3" "$at+0.3:0=2"
  ask 2 write "${on[@]}" "$at"
  ask 2 write "${on[@]}" "$at+0..+0x10=1"
  ask 2 write "${on[@]}" "$at+0/8=0x100"
  ask 2 write "${on[@]}" "$at+0=1" --into
  ask 7 write "${on[@]}" "$at+0=1" "$at+2=1"
  ask 7 write "${on[@]}" "$(sed -n 's/-.* r-.p .*//p' "/proc/$pid/maps" |
    sed 's/^/0x/;q')=1" --force
  valid 9
}

@test "write: accesses that fail" {
  need jq strace
  file_start
  truncate -s 4096 regs
  ask 6 write "${on[@]}" --retry 0 "$at+0x1000=1" "$at+0=1"
  # All lines but the last are of elements.
  jq_is 'select(has("location") | not) | .not_reached' 1
  ask 3 write "${on[@]}" --retry 0 --fill "$at+0xff8..+0x10=1"
  ask 1 write "${on[@]}" --retry 0 --via kernel "$at+0x1000=1:1"
  # Nothing else is told there: no thread was held.
  ask 1 write "${on[@]}" --retry 0 --via kernel "$at+0x1000=1" "$at+0=1"
  jq_is 'select(has("location") | not) | del(.pid) | tostring' \
    '{"command":"write","process":"mmiotarget","dry_run":false,"done":0,"failed":1,"not_reached":1}'
  for form in json jsonl; do
    injected pwrite64:error=EIO:when=1 3 write --$form "${on[@]}" --retry 0 \
      "$at+0=1:1"
    keep $form
  done
  same_lines "$asked".json{,l}
  # Made or not: nobody knows.
  for form in json jsonl; do
    injected pwrite64:retval=1 9 write --$form "${on[@]}" "$at+0=1"
    keep $form
  done
  jq_is 'select(has("location")).written' null
  same_lines "$asked".json{,l}
  for form in json jsonl; do
    injected pread64:retval=4 1 write --$form "${on[@]}" --verify "$at+0=0x77"
    keep $form
  done
  same_lines "$asked".json{,l}
  valid 7
}

@test "wait" {
  need jq
  file_start
  ask 0 wait "${on[@]}" "$at" ge 0
  ask 0 wait "${on[@]}" "$at+0x10.7:4" eq 1
  ask 0 wait "${on[@]}" --dry-run "$at" ge 0
  jq_is '.dry_run, has("value") | tostring' $'true\nfalse'
  ask 124 wait "${on[@]}" --timeout 0 "$at" eq 0
  ask 2 wait "${on[@]}" "$at" eq
  ask 2 wait "${on[@]}" --frobnicate
  ask 1 wait "${on[@]}" "$at+0x2000" eq 0
  ask 4 wait -p 999999999 "$at" eq 0
  truncate -s 4096 regs
  ask 6 wait "${on[@]}" --retry 0 "$at+0x1000" eq 0
  valid 9
}

@test "watch" {
  local quick=(--interval 0 --samples 3)

  need jq strace
  file_start
  ask 0 watch "${on[@]}" "${quick[@]}" "$at" "$at+0x10.7:4" "$at+0x8/64be"
  ask 0 watch "${on[@]}" "${quick[@]}" --all --mask 0xff "$at..+0x8"
  jq_is '.event // "end"' "$(printf '%s\n' first first same same same same end)"
  ask 0 watch "${on[@]}" --samples 2 --interval 1ms --histogram "$at" "$at+0x40/8"
  jq_is '.histogram // empty | map(.count) | join(" ")' '2 2'
  ask 0 watch "${on[@]}" --interval 1ms --until "$at ge 0" "$at+0x10"
  jq_is '.met // empty' true
  ask 124 watch "${on[@]}" "${quick[@]}" --until "$at eq 0" "$at+0x10"
  ask 0 watch "${on[@]}" --dry-run "$at..+0x8" --until "$at+0x40 eq 0"
  jq_is '.dry_run, has("value") | tostring' "$(printf 'true\nfalse\n%.0s' 1 2 3)"
  ask 0 watch "${on[@]}" --for 1ns --interval 1s "$at"
  # Not done.
  ask 2 watch "${on[@]}"
  ask 2 watch "${on[@]}" "$at" --frobnicate
  ask 2 watch "${on[@]}" --stop "$at"
  expect 2 watch "${on[@]}" --json --screen "$at"
  keep json
  ask 2 watch "${on[@]}" --until "$at" "$at"
  ask 2 watch "${on[@]}" --dry-run "$at+08"
  ask 7 watch "${on[@]}" "$at+1"
  jq_is '.command, .pid, .error.kind | tostring' "watch
$pid
misaligned"
  ask 4 watch -p 999999999 "$at"
  # Done, and failed.
  truncate -s 4096 regs
  ask 6 watch "${on[@]}" --retry 0 "${quick[@]}" --histogram "$at+0x1000"
  ask 3 watch "${on[@]}" --retry 0 "${quick[@]}" --histogram "$at+0xffc" \
    "$at+0x1000..+8"
  jq_is '.histogram // empty | map(.sum // "value") | join(" ")' \
    'value failed failed'
  ask_faulty pread64:error=EIO:when=2 0 watch "${on[@]}" --retry 0 \
    --interval 20ms --samples 3 "$at"
  jq_is '.event // "end"' "$(printf '%s\n' first failure back end)"
  valid 18
}

@test "watch: what changes" {
  local form

  need jq
  file_start
  for form in json jsonl; do
    put_bytes regs 0 00 01 02 03
    "$MMIODBG" watch "${on[@]}" --$form --interval 1ms --until "$at+0.7 set" \
      --histogram "$at" "$at+0.7:0" >out 2>err </dev/null 3>&- &
    program=$!
    target_pids+=("$program")
    # The end of an item stands before the next one.
    wait_until has_text out '"value": "0x03020100"'
    put_bytes regs 0 80
    wait "$program"
    keep $form
  done
  jq_is 'select(.event == "change") | .changed' $'0x00000080\n0x80'
  valid
}

has_text() {
  grep -qF -e "$2" "$1"
}

@test "dump" {
  need jq strace
  file_start
  ask 0 dump "${on[@]}" "$at..+0x20/16be" -f bytes
  ask 0 dump "${on[@]}" "$at" -n 3 --format hex -f bytes
  ask 0 dump "${on[@]}" --stop "$at..+0x20" -f bytes
  ask 0 dump "${on[@]}" --via tracee "$at..+0x20" -f bytes
  ask 0 dump "${on[@]}" --dry-run "$at..+0x20"
  jq_is '.file, .dry_run, has("saved") | tostring' $'null\ntrue\nfalse'
  # Not done.
  ask 2 dump "${on[@]}"
  ask 2 dump "${on[@]}" --frobnicate
  ask 2 dump "${on[@]}" "$at..+0x20"
  ask 2 dump "${on[@]}" "$at" "$at" -f bytes
  ask 2 dump "${on[@]}" "$at+08" -f bytes
  ask 7 dump "${on[@]}" "$at+1" -f bytes
  ask 1 dump "${on[@]}" "$at" -f no/bytes
  ask 4 dump -p 999999999 "$at" -f bytes
  # Not all of it.
  ask_faulty pread64:error=EIO:when=3 3 dump "${on[@]}" --retry 0 \
    "$at..+0x20" -f new
  jq_is '.saved | tostring' $'null\nfalse'
  ask_faulty pread64:error=EIO:when=3+ 3 dump "${on[@]}" --retry 0 \
    "$at..+0x20" -f new --format hex
  jq_is '.count // .saved | tostring' $'6\ntrue'
  ask_faulty pread64:error=EIO 1 dump "${on[@]}" --retry 0 "$at..+0x20" \
    -f new --format hex
  valid 16
}

@test "load" {
  need jq strace
  file_start
  head -c 32 regs >bytes
  ask 0 load "${on[@]}" "$at" -f bytes
  ask 0 load "${on[@]}" "$at..+0x20/16be" -f bytes --verify
  ask 0 load "${on[@]}" --dry-run "$at" -f bytes
  jq_is '.dry_run, .done | tostring' $'true\n8'
  expect 0 dump "${on[@]}" "$at..+0x20"
  cp out text
  ask 0 load "${on[@]}" --format hex "$at..+0x20" -f text
  ask 0 load "${on[@]}" --via tracee "$at" -f bytes
  # Not done.
  ask 2 load "${on[@]}" --frobnicate
  ask 2 load "${on[@]}"
  ask 2 load "${on[@]}" "$at"
  ask 2 load "${on[@]}" "$at..+0x10" -f bytes
  jq_is '.error.kind, .pid, .bytes | tostring' "usage
$pid
null"
  ask 2 load "${on[@]}" --format hex "$at" -f bytes
  ask 1 load "${on[@]}" "$at" -f absent
  ask 7 load "${on[@]}" "$at+1" -f bytes
  # Not all of it.
  ask_faulty pwrite64:error=EIO:when=3 3 load "${on[@]}" --retry 0 "$at" \
    -f bytes
  jq_is 'select(has("done")) | [.done, .failed, .not_reached] | join(" ")' '2 1 5'
  ask_faulty pwrite64:retval=1 9 load "${on[@]}" "$at" -f bytes
  valid 14
}

@test "save" {
  need jq strace
  file_start
  ask 0 save "${on[@]}" -f s "$at..+0x10" "$at+0x20/64be"
  ask 0 save "${on[@]}" -f s --stop "$at"
  jq_is '.stop | (.threads > 0 and .nanoseconds > 0)' true
  ask 0 save "${on[@]}" --dry-run "$at..+0x8"
  jq_is '.dry_run, has("value") | tostring' "$(printf 'true\nfalse\n%.0s' 1 2)"
  ask 2 save "${on[@]}" "$at"
  ask 2 save "${on[@]}" -f - "$at"
  ask 2 save "${on[@]}" -f s
  ask 2 save "${on[@]}" -f s --frobnicate
  ask 2 save "${on[@]}" --dry-run "$at+08"
  ask 2 save "${on[@]}" -f s "$at..+0x10" "$at"
  ask 7 save "${on[@]}" -f s "$at+1"
  ask 1 save "${on[@]}" -f no/s "$at"
  ask 4 save -p 999999999 -f s "$at"
  ask_faulty pread64:error=EIO:when=2 3 save "${on[@]}" --retry 0 -f s \
    "$at..+0x10"
  jq_is '[.saved, .done, .failed, .not_reached] | join(" ")' 'true 3 1 0'
  ask_faulty pread64:error=EIO 1 save "${on[@]}" --retry 0 -f s "$at"
  jq_is '[.saved, .done, .failed, .not_reached] | join(" ")' 'false 0 1 0'
  valid 14
}

@test "diff" {
  need jq strace
  driver_start
  expect 0 save "${on[@]}" -f a "$at+0x4..+0xc" "$at+0x20/64be" "$at+0x30/32x2" \
    "$at+0x40.7:4" regs.ctrl regs.state "$at+0x50"
  ask 0 diff a a
  ask 0 diff "${on[@]}" a
  ask 0 diff "${on[@]}" --stop a
  jq_is 'select(has("stop")).stop | (.threads > 0 and .nanoseconds > 0)' true
  ask 0 diff "${on[@]}" --dry-run a
  jq_is '.dry_run' "$(yes true | head -n 9)"
  # Of each kind.
  expect 0 write "${on[@]}" "$at+4=1" regs.ctrl.mode=FAST,en=1 "$at+0x40.7:4=3"
  ask 1 diff "${on[@]}" a
  ask_faulty pread64:error=EIO:when=2 3 diff "${on[@]}" --retry 0 a
  jq_is 'select(.change == "unread") | .new.error.kind' revoked
  injected pread64:error=EIO:when=2 3 save "${on[@]}" --retry 0 -f b \
    "$at+0x8/16" "$at+0xc" "$at+4" regs.ctrl regs.state "$at+0x40.7:4" "$at+0x60"
  ask 1 diff a b
  jq -r '.change // empty' out | sort -u >found
  file_is found form only-new only-old unread value
  # Not done.
  ask 2 diff
  ask 2 diff a b a
  ask 2 diff - -
  ask 2 diff --frobnicate
  ask 2 diff none a
  ask 2 diff "${on[@]}" regs
  ask 2 diff a none
  ask 4 diff -p 999999999 a
  jq_is '.old_file, .error.kind' $'a\nno-process'
  valid 15
}

@test "restore" {
  need jq strace
  file_start
  expect 0 save "${on[@]}" -f s "$at..+0x10" "$at+0x20/64be" "$at+0x40.7:4"
  ask 0 restore "${on[@]}" s --only "$at"
  jq_is .name "$(printf '%s\n' "$at"+0x{0,4,8,c,20} "$at+0x40.7:4")"
  ask 0 restore "${on[@]}" s --only "$at+0x40.7:4" --verify
  ask 0 restore "${on[@]}" --dry-run s --only "$at+0x4"
  jq_is '.dry_run, .value' $'true\n0x07060504'
  ask 0 restore "${on[@]}" --stop s --only "$at+0x4"
  injected pread64:error=EIO:when=2 3 save "${on[@]}" --retry 0 -f part \
    "$at..+0x10"
  ask 0 restore "${on[@]}" part --only "$at"
  jq_is .skipped[0] "$(yes "$at+0x4" | head -n 3)"
  # Not done.
  ask 2 restore "${on[@]}" s
  ask 2 restore "${on[@]}" --only "$at"
  ask 2 restore "${on[@]}" s s --only "$at"
  ask 2 restore "${on[@]}" s --frobnicate
  ask 2 restore "${on[@]}" s --only "$at+0x100"
  ask 2 restore "${on[@]}" none --only "$at"
  ask 1 restore "${on[@]}" part --only "$at+0x4"
  ask 4 restore -p 999999999 s --only "$at"
  # Not all of it.
  ask_faulty pwrite64:error=EIO:when=3 3 restore "${on[@]}" --retry 0 s \
    --only "$at"
  jq_is 'select(has("done")) | [.done, .failed, .not_reached] | join(" ")' '2 1 3'
  ask_faulty pwrite64:retval=1 9 restore "${on[@]}" s --only "$at+0x4"
  valid 15
}

@test "batch: the documents of all commands" {
  local form

  need jq
  file_start
  head -c 32 regs >bytes
  cat >lines <<LINES
on-error continue
maps
info $at
read $at
write $at=0x03020100
watch $at --interval 0 --samples 2 --histogram
watch $at --dry-run
watch $at+0x1000000
wait $at ge 0
wait $at eq 0 --timeout 0
wait $at eq 0 --dry-run
dump $at..+0x20 -f dumped
dump $at..+0x20 -f no/dumped
load $at -f bytes
load $at -f absent
save $at..+0x20 -f saved
save $at..+0x20 -f no/saved
save $at..+0x20 --dry-run
write $at+4=1
diff saved
diff saved none
diff saved --dry-run
restore saved --only $at+0x4
restore saved --only $at+0x40
restore saved --only $at+0x4 --dry-run
restore absent --only $at
echo done
LINES
  for form in json jsonl; do
    # From a pipe each line is checked when its turn has come.
    status=0
    # shellcheck disable=SC2002 # it is to be a pipe
    cat lines | "$MMIODBG" batch "${on[@]}" --$form >out 2>err 3>&- || status=$?
    [ "$status" = 1 ] || fail "status $status: $(cat err)"
    keep $form
  done
  jq -r '.results[] | [.batch_line, .command, .error.kind // "-"] | join(" ")' \
    "$asked.json" >found
  file_is found '2 maps -' '3 info -' '4 read -' '5 write -' '6 watch -' \
    '7 watch -' '8 watch not-mapped' '9 wait -' '10 wait timeout' '11 wait -' \
    '12 dump -' '13 dump failed' '14 load -' '15 load failed' '16 save -' \
    '17 save failed' '18 save -' '19 write -' '20 diff -' '21 diff usage' \
    '22 diff -' '23 restore -' '24 restore usage' '25 restore -' \
    '26 restore usage' '27 echo -'
  jq -r '.batch_line // empty' "$asked.jsonl" | uniq >found
  seq 2 27 >wanted
  diff -u wanted found
  valid
  # What is wrong is found before, in all of a file.
  printf '%s\n' "watch $at --screen" "dump $at" "load $at" "save $at" \
    'diff' 'restore saved' 'wait' 'shell' 'batch' 'dump --frobnicate' >lines
  expect 2 batch "${on[@]}" --json lines
  jq_is '.results | map(.command + " " + .error.kind) | join(", ")' \
    'watch usage, dump usage, load usage, save usage, diff usage, restore usage, wait usage, shell usage, batch usage, dump usage'
  keep json
  expect 2 batch "${on[@]}" --jsonl lines
  keep jsonl
  valid 2
}

@test "shell: a document a line, and of its own only if it cannot begin" {
  need jq
  file_start
  ask 2 shell "${on[@]}" --frobnicate
  ask 2 shell "${on[@]}" lines
  jq_is '.command, .error.kind' $'shell\nusage'
  valid 2
}

@test "names: what values mean" {
  need jq
  driver_start
  ask 0 read "${on[@]}" regs.ctrl regs.ctrl.mode regs.ctrl.level regs.ring \
    regs.dma regs.state ptr:regs regs.ring.1.head regs.half+0/8
  jq_is 'select(.fields) | .fields | length' $'4\n4'
  ask 0 read "${on[@]}" mode back none ratio endless precise tiny minus memory \
    large letter numbers nothing null device device.regs
  jq_is '.float // empty' $'1.5\n-0.25\n5e-324'
  ask 0 read "${on[@]}" -t 'struct ring' "$at+0x80"
  ask 0 read "${on[@]}" -t 'struct regs' -m ctrl.mode "$at+0x80"
  ask 0 read "${on[@]}" --dry-run regs.ctrl.mode
  ask 0 write "${on[@]}" regs.ctrl.mode=FAST,en=1 regs.state=BACKWARD
  ask 0 write "${on[@]}" regs.ctrl.level=-3
  ask 1 read "${on[@]}" regs.nothing
  ask 1 read "${on[@]}" per_thread
  ask 2 read "${on[@]}" regs -t ''
  ask 0 info "${on[@]}" regs.ctrl.mode ptr:regs numbers[1] mode
  valid 11
}

@test "sym" {
  need jq
  driver_start
  ask 0 sym "${on[@]}" regs device.regs regs.ctrl.mode regs.ring.1 main mode \
    memory nothing null per_thread
  ask 0 sym "${on[@]}" -o NAME,TARGET regs
  ask 0 sym "${on[@]}" -o +VALUE regs
  ask 0 sym "${on[@]}" 'struct regs' 'enum mode' 'struct ring' 'struct device'
  ask 0 sym "${on[@]}" -t regs_t -m ctrl
  ask 0 sym "${on[@]}" -t regs_t -m ctrl.mode
  ask 0 sym "${on[@]}" -t 'int[3][4]'
  ask 0 sym --treat-as-device "$file" --into "$at"
  jq_is '[.command, .pid, .process] | unique | map(tostring) | join(" ")' \
    "$(yes "$pid driver sym" | head -n 3)"
  # Neither names nor types, or none that are known.
  ask 2 sym "${on[@]}"
  ask 2 sym regs
  ask 2 sym "${on[@]}" regs 'struct regs'
  ask 2 sym "${on[@]}" regs -m ctrl
  ask 2 sym "${on[@]}" regs -o NOTHING
  ask 2 sym "${on[@]}" --into "$at" regs
  ask 2 sym --into 'what?'
  ask 1 sym "${on[@]}" rgs
  ask 1 sym "${on[@]}" 'struct rgs'
  ask 1 sym "${on[@]}" regs.nothing
  ask 4 sym -p 999999999 regs
  valid 18
}

@test "sym: a type that is too deep" {
  local i

  need jq gcc
  begin_file
  {
    echo 'struct l0 { int x; };'
    for ((i = 1; i <= 30; i++)); do
      echo "struct l$i { struct l$((i - 1)) inner; };"
    done
    echo 'struct l30 deep;'
    write_driver
  } >driver.c
  gcc -g -O0 -include unistd.h -o driver driver.c
  target_launch ./driver "$file"
  ask 0 sym -p "$pid" 'struct l30'
  jq_is 'has("exceeded")' $'false\ntrue'
  valid
}

@test "nothing is done by no command" {
  local list

  need jq
  ask 2
  jq_is '.command, .error.kind | tostring' $'null\nusage'
  ask 2 frobnicate
  ask 2 --frobnicate
  ask 2 --frobnicate read @uio0
  # A list is there, whatever was wrong; it is the one that was asked for.
  for list in 'maps maps' 'info locations' 'read elements' 'write elements' \
    'sym symbols' 'sym pointers --into @uio0' 'sym types -t x' \
    'watch samples' 'dump failures' 'load failures' 'diff differences' \
    'restore elements' 'batch results'; do
    # shellcheck disable=SC2086 # words
    set -- $list
    ask 2 "$1" "${@:3}" --frobnicate
    expect 2 --json "$1" "${@:3}" --frobnicate
    jq_is '[.command, (.error.kind), (keys - ["command", "error"])[]] | join(" ")' \
      "$1 usage $2"
    jq_is ".$2 | length" 0
  done
  MMIODBG_SYSROOT=$work/nowhere ask 1 maps
  valid 10
}

@test "--json is honoured behind what is wrong, and not behind --" {
  need jq
  expect 2 read --frobnicate --json
  jq_is '.command, .error.message' $'read\nunknown option \'--frobnicate\''
  expect 2 frobnicate @uio0 --jsonl
  jq_is '.command, .error.message' $'null\nunknown command \'frobnicate\''
  expect 2 read --frobnicate -- --json
  one_diagnostic
  expect 2 frobnicate -- --jsonl
  one_diagnostic
  expect 2 read --frobnicate --js
  one_diagnostic
  # What was told there is told on standard error, too.
  expect 2 read --frobnicate --json
  one_diagnostic_err
}

# The time

@test "--jsonl: each line is there as soon as it is known" {
  local first

  need jq
  file_start
  truncate -s 4096 regs
  mkfifo pipe
  env --default-signal "$MMIODBG" read --jsonl --retry 10m "${on[@]}" "$at+0/8" \
    "$at+0x1000" "$at+0x1/8" >pipe 2>err </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  # The second one is waited for.
  IFS= read -r -t $((10 * ${MMIODBG_TEST_PATIENCE:-1})) -u "$from_program" \
    first || fail 'the first line does not come'
  wait_until in_a_pause
  printf '%s\n' "$first" >out
  jq_is .place "$at+0x0"
  validates lines
  [ ! -s err ]
  # What comes at the end does so without the rest of the page.
  head -c 4096 /dev/zero >>regs
  cat <&"$from_program" >out
  wait "$program"
  jq_is '.value // empty' $'0x00000000\n0x01'
  validates lines
}

@test "--jsonl: each location of info is there before the next is looked at" {
  local first

  need jq strace
  file_start
  mkfifo pipe
  # A long time goes by before the end of the second line.
  strace -qq -o trace -e trace=write -e inject=write:delay_exit=2000000:when=1 \
    "$MMIODBG" info --jsonl "${on[@]}" "$at" "$at+4" >pipe 2>err </dev/null 3>&- &
  program=$!
  target_pids+=("$program")
  exec {from_program}<pipe
  IFS= read -r -t $((30 * ${MMIODBG_TEST_PATIENCE:-1})) -u "$from_program" first
  # One write a line.
  cat <&"$from_program" >rest
  wait "$program"
  [ "$(grep -c '^write(1, "{ ' trace)" = 2 ]
  [ "$(wc -l <rest)" = 1 ]
  printf '%s\n' "$first" >out
  validates lines out rest
}

# The schema

@test "the schema is one, and what is not as it says is refused" {
  local i=0 form filter

  need jq
  driver_start
  expect 0 read --json "${on[@]}" regs.ctrl "$at+0.7:4"
  cp out read
  expect 0 write --json "${on[@]}" "$at+0.7:4=2"
  cp out write
  expect 6 write --json "${on[@]}" --retry 0 "$at+0x1000=1" -p "$pid" || {
    # There is such a page: it fails without one.
    truncate -s 4096 regs
    expect 6 write --json "${on[@]}" --retry 0 "$at+0x1000=1"
  }
  cp out failed
  expect 0 info --json "${on[@]}" "$at"
  cp out info
  expect 0 maps --json "${on[@]}" -o "$all_of_maps"
  cp out maps
  expect 0 sym --json "${on[@]}" regs
  cp out sym
  expect 0 sym --json "${on[@]}" 'struct regs' 'enum mode'
  cp out types
  expect 2 read --json
  cp out usage
  expect 2 --json
  cp out none
  expect 0 watch --json "${on[@]}" --interval 0 --samples 2 --all --histogram \
    --until "$at+0x10 ge 0" "$at"
  cp out watch
  expect 0 dump --json "${on[@]}" "$at..+8" -f bytes
  cp out dump
  expect 0 load --json "${on[@]}" "$at" -f bytes
  cp out load
  expect 0 save --json "${on[@]}" -f s "$at"
  cp out save
  sed 's/"value":"0x/&f/; s/0xf0/0xf/' s >t
  expect 1 diff --json s t
  cp out diff
  expect 0 restore --json "${on[@]}" s --only "$at"
  cp out restore
  expect 0 save --json "${on[@]}" --dry-run "$at"
  cp out walk
  validates document read write failed info maps sym types usage none watch dump \
    load save diff restore walk
  while read -r form filter; do
    i=$((i + 1))
    jq "$filter" "$form" >"bad.$i.$form"
  done <<'FILTERS'
read .other = 1
read del(.command)
read .command = "peek"
read .command = null
read .command = "write"
read del(.elements)
read .elements = {}
read .pid = 0
read .pid = "1"
read del(.process)
read del(.pid)
read del(.done)
read del(.dry_run)
read .process = "a\u0001"
read .line = 3
read .elements[0].other = 1
read .elements[0].written = true
read .elements[0].suspect = null
read .elements[0].address = "0x10"
read .elements[0].address |= ascii_upcase
read .elements[0].width = 24
read .elements[0].value = 1
read .elements[0].value = "1"
read .elements[0].value = "0xAB"
read .elements[0].num = -1
read .elements[0].num = 9007199254740992
read del(.elements[0].value)
read del(.elements[0].place)
read .elements[0].backend = "mirror"
read .elements[0].class = "other"
read .elements[0].fields[0].other = 1
read .elements[0].fields[0].bits = "7"
read del(.elements[0].fields[0].value)
read del(.elements[0].name)
read .elements[1].raw = "0x123"
read .error = {}
read .stop = {"threads": 0, "nanoseconds": 1}
write .elements[0].suspect = false
write .elements[0].written = 1
write .elements[0].old = 3
failed .elements[0].value = "0x01"
failed .elements[0].error.kind = "other"
failed .elements[0].error.other = 1
failed del(.elements[0].error.evidence)
failed .elements[0].error.evidence = [1]
failed .elements[0].error.errno = "EIO"
info .locations[0].other = 1
info .locations[0].device.other = 1
info .locations[0].mapping.other = 1
info del(.locations[0].read["64"])
info .locations[0].read["128"] = .locations[0].read["64"]
info .locations[0].read["8"].why = "so" | del(.locations[0].read["8"].backend)
info .locations[0].mapping.permissions = "rwx"
info del(.pid, .process)
maps .maps[0].other = 1
maps .maps[0].kind = "usb"
maps .maps[0].backends.other = []
maps .maps[0].size = "4K"
maps .maps[0].id = "8086"
maps del(.maps[0].end)
sym .symbols[0].other = 1
sym .types = []
sym del(.symbols)
sym .symbols[0].target = "other"
sym .exceeded = false
types .types[0].other = 1
types .types[0].members[0].other = 1
types .types[0].members[0].members[1].members[0].bits.other = 1
types del(.types[0].members[0].offset)
types .types[1].enumerators[0].other = 1
usage del(.error)
usage .error = "text"
none del(.error)
none .elements = []
watch .other = 1
watch del(.samples)
watch del(.taken)
watch del(.missed)
watch del(.pid, .process)
watch del(.met)
watch .samples[0].other = 1
watch .samples[0].event = "other"
watch .samples[0].event = "failure"
watch .samples[0].event = "change"
watch .samples[0].sample = 0
watch .samples[0].time |= sub("Z"; "+00:00")
watch .samples[0].was = "0x00000000"
watch .samples[0].error = {}
watch del(.samples[0].value)
watch del(.samples[0].lost)
watch .histogram[0].sum = "others"
watch .histogram[0].count = 0
watch del(.histogram[0].first)
watch .dry_run = true
dump .other = 1
dump del(.failures)
dump del(.saved)
dump del(.format)
dump del(.width)
dump del(.location)
dump .format = "text"
dump .dry_run = true
dump .failures = [{"first": "a", "last": "b", "count": 1}]
load .saved = true
load del(.not_reached)
load .elements = []
save .other = 1
save .file = null
save .saved = 1
save del(.saved)
save del(.done)
save .elements = []
diff .other = 1
diff .pid = 1 | .process = "a"
diff del(.old_file)
diff del(.compared)
diff .failed = 0
diff .differences[0].other = 1
diff .differences[0].change = "other"
diff .differences[0].change = "only-old"
diff .differences[0].change = "unread"
diff del(.differences[0].name)
diff del(.differences[0].changed)
diff del(.differences[0].old)
diff .differences[0].old.other = 1
diff .differences[0].old.order = "middle"
diff .differences[0].old.error = {"kind": "revoked", "message": "a"}
diff del(.differences[0].new.value)
restore .other = 1
restore del(.file)
restore del(.skipped)
restore .skipped = [1]
restore del(.elements[0].name)
restore del(.elements[0].written)
walk .dry_run = false
walk .saved = true
walk .file = "s"
FILTERS
  # What no filter of jq can print.
  head -c -2 read >bad.a.cut
  cat read read >bad.b.two
  sed 's/"command"/"pid": 1, &/' read >bad.c.twice
  sed 's/"pid": [0-9]*/"pid": NaN/' read >bad.d.constant
  printf %s "$(cat read)" >bad.e.end
  sed 's/"process": "/&\xff/' read >bad.f.utf8
  : >bad.g.empty
  [ "$(printf '%s\n' bad.* | wc -l)" -gt 130 ]
  refused_files document bad.*
  # Lines.
  for form in read write info maps sym types watch dump load diff restore walk; do
    jq -c "$as_lines" $form >"good.$form"
    head -n 1 "good.$form" | jq -c '.other = 1' >"worse.$form"
    head -n 1 "good.$form" | jq -c 'del(.command)' >"worse.command.$form"
    [[ $form == @(maps|diff) ]] ||
      head -n 1 "good.$form" | jq -c 'del(.pid, .process)' >"worse.pid.$form"
  done
  validates lines good.*
  jq -c . read >worse.document
  echo '{ "command": "read" }' >worse.head
  { cat good.read && echo; } >worse.empty
  refused_files lines worse.*
}

# refused_files FORM FILE...: each of them is not as the schema says
refused_files() {
  local file

  find_python
  status=0
  validator "$@" >found || status=$?
  [ "$status" = 1 ] || fail "status $status of the validator: $(cat found)"
  for file in "${@:2}"; do
    grep -qE "^$file(:[0-9]+)?: " found || fail "valid: $(cat "$file")"
  done
}

# words_of DEFINITION: the words of an enum in the schema
words_of() {
  jq -r ".\"\$defs\".\"$1\".enum[] | . // \"null\"" "$schema" | sort
}

@test "the schema has the commands and the kinds that the program has" {
  need jq
  "$MMIODBG" batch -e help >statements
  { "$MMIODBG" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\).*/\1/p' &&
    sed -n '/^Statements:/,$s/^  \([a-z-]*\) .*/\1/p' statements &&
    echo null; } | sort >wanted
  grep -qx assert wanted
  words_of command >found
  diff -u wanted found
  # Each command has a definition of its own for both.
  for form in document line; do
    jq -r ".\"\$defs\".$form.allOf[].if.properties.command |
      if .enum then .enum[] else .const // \"null\" end" "$schema" | sort >found
    diff -u wanted found
  done
  sed -n 's/^\t\[ERROR_[A-Z_]*\] = {"\([a-z-]*\)".*/\1/p' \
    "$top_srcdir/src/base/error.c" | sort >wanted
  words_of kind-of-error >found
  diff -u wanted found
  # The first argument of a row, or its name.
  tr -s '\n\t ' ' ' <"$top_srcdir/src/target/identify.c" |
    grep -oE '\.name = "[a-z]+"|ROW\("[^"]*", [a-z_]+, "[a-z]+"' |
    sed 's/.*"\([a-z]*\)"/\1/' | sort -u >wanted
  words_of kind-of-mapping >found
  diff -u wanted found
  "$MMIODBG" maps --json >out 2>err
  sed -n 's/^\t\.name = "\([a-z]*\)",$/\1/p' "$top_srcdir"/src/access/*.c |
    sort >wanted
  words_of backend >found
  diff -u wanted found
}
