#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sym: where a name is, how a type is laid out, which variables point into a
# device

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

# The program that is looked at: it maps the file of its argument, and its
# variables point into that at offsets that tell them apart.
write_sources() {
  cat >drv.c <<'END'
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum mode { SLOW, FAST = 4, BACKWARD = -1 };

struct ring {
	uint32_t head, tail;
	uint16_t size;
};

typedef struct regs {
	volatile uint32_t ctrl;
	union {
		uint32_t raw;
		struct {
			uint32_t en : 1, mode : 3;
			uint32_t : 4;
			uint32_t rate : 8;
		};
	} status;
	uint8_t id;
	uint64_t counter;
	struct ring ring[2];
	union {
		uint32_t word;
		uint16_t half;
	};
	uint8_t data[];
} regs_t;

struct device {
	const char *name;
	regs_t *regs;
	void *bars[3];
	struct {
		void *inner;
	};
	struct {
		struct {
			void *low;
		} deep[2];
	} nested;
	union {
		void *either;
		uint64_t number;
	};
};

/* In the device: what it holds is not to be followed. */
struct descriptor {
	void *address;
};

struct list {
	struct list *next, *previous;
	void *bar;
};

regs_t *regs;
regs_t *twice;
static struct device device;
static struct device *indirect;
struct list head;
void **table;
void *into_memory, *into_nothing = (void *)16, *null;
regs_t plain;
enum mode mode = FAST;
__thread int local = 3;
static void *volatile same;
static volatile struct list pair;
struct descriptor *descriptor;
uint64_t number; /* no pointer, though it looks like one */
int numbers[100000];

void *get(void);

static uint32_t count(char *bar)
{
	static volatile uint32_t *cursor;

	cursor = (uint32_t *)(bar + 0x40);
	return *cursor;
}

static void fill(char *bar, char *beyond)
{
	regs = (regs_t *)bar;
	twice = (regs_t *)bar;
	device.name = "device";
	device.regs = (regs_t *)(bar + 0x100);
	device.bars[2] = bar + 0x1000;
	device.inner = bar + 0x1100;
	device.nested.deep[1].low = bar + 0x1200;
	device.either = bar + 0x1ffc;
	indirect = calloc(1, sizeof(*indirect));
	indirect->regs = (regs_t *)(bar + 0x200);
	indirect->bars[0] = beyond;
	/* A ring, and a struct that is two pointers away. */
	head.next = &head;
	head.previous = calloc(1, sizeof(head));
	head.previous->bar = bar + 0x300;
	head.previous->next = calloc(1, sizeof(head));
	head.previous->next->bar = bar + 0x304;
	head.bar = bar + 8;
	pair.bar = &plain;
	descriptor = (struct descriptor *)(bar + 0x500);
	table = calloc(2, sizeof(*table));
	table[0] = bar + 0x400;
	into_memory = &plain;
	number = (uintptr_t)bar;
	same = get();
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDWR) : -1;
	char *bar = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (bar == MAP_FAILED)
		return 1;
	fill(bar, bar + 8192);
	count(bar);
	printf("map 0 %p\nready %d\n", (void *)bar, (int)getpid());
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
END
  cat >second.c <<'END'
static void *volatile same = (void *)32;
static volatile struct {
	int before;
	void *bar;
} pair;

void *get(void)
{
	pair.bar = same;
	return pair.bar;
}
END
}

# Once for all tests of this file.
build() {
  local built=$BATS_FILE_TMPDIR/app

  need gcc
  [ -e "$built" ] || (
    mkdir -p "$BATS_FILE_TMPDIR/source"
    cd "$BATS_FILE_TMPDIR/source" || exit
    write_sources
    gcc -g -O0 -o app.new drv.c second.c && mv app.new "$built"
  )
  cp "$built" app
}

prepare() {
  build
  pattern regs
  cp regs regs.before
  file=$work/regs
  at=$(region "$file")
  target_launch ./app "$file"
  on=(-p "$pid" --treat-as-device "$file")
}

# A test leaves the device as it was, whatever it asks.
finish() {
  same regs
}

# cells COLUMNS ARGUMENTS...: of the table, in `out`
cells() {
  local names=$1

  shift
  expect 0 sym --noheadings --raw -o "$names" "${on[@]}" "$@"
}

# line_of PATTERN: of drv.c
line_of() {
  grep -n "^$1\$" "$BATS_FILE_TMPDIR/source/drv.c" | cut -d : -f 1
}

# address_of NAME: as the symbol table of the program has it, 16 digits
address_of() {
  nm app | sed -n "s/^\([0-9a-f]*\) . $1\$/\1/p"
}

# Names

@test "name: all columns" {
  need jq nm
  expect 0 sym "${on[@]}" regs
  tr -s ' ' <out | sed 's/ 0x[0-9a-f]*//g; s/ $//' >table
  file_is table \
    'NAME ADDRESS REGION SIZE BITS TYPE VALUE TARGET MODULE SOURCE SCOPE PROBLEM' \
    "regs 8 regs_t * $at+0x0 app drv.c:$(line_of 'regs_t \*regs;') app"
  expect 0 sym --json "${on[@]}" regs
  jq_is '.command, .pid, .process | tostring' $'sym\n'"$pid"$'\napp'
  jq_is '.symbols | length' 1
  jq_is '.symbols[0] | .name, .size, .type, .is_function | tostring' \
    $'regs\n8\nregs_t *\nfalse'
  jq_is '.symbols[0] | .value, .target, .points_to, .target_path' \
    "0x0000$(printf %012x "$((map[0]))")"$'\ndevice\n'"$at+0x0"$'\n'"$file"
  jq_is '.symbols[0] | .module, (.file | split("/")[-1]), .line, .scope | tostring' \
    "$work/app"$'\ndrv.c\n'"$(line_of 'regs_t \*regs;')"$'\napp'
  jq_is '.symbols[0] | .region, .problem, .bits | tostring' $'null\nnull\nnull'
  # A page-aligned program: its load address ends as the symbol's does.
  jq_is '.symbols[0].address[-3:]' "$(address_of regs | tail -c 4)"
  expect 0 sym --jsonl "${on[@]}" regs mode
  jq_is '.symbols.name // .name' $'regs\nmode'
}

@test "name: what a pointer leads to" {
  cells NAME,VALUE,TARGET null into_nothing into_memory regs
  out_is 'null 0x0 null' 'into_nothing 0x10 nothing' \
    "$(sed -n 3p out)" "regs ${map[0]} $at+0x0"
  out_matches 'into_memory 0x[0-9a-f]+ memory.*'
}

@test "name: members, elements, bit-fields" {
  cells NAME,SIZE,BITS,TYPE head.bar device.bars 'device.bars[2]' \
    device.nested.deep.1 plain.status.rate plain.status.raw.4
  out_is 'head.bar 8  void\x20*' 'device.bars 24  void\x20*[3]' \
    'device.bars[2] 8  void\x20*' 'device.nested.deep.1 8  struct\x20{...}' \
    'plain.status.rate 4 15:8 uint32_t' 'plain.status.raw.4 4 4 uint32_t'
  cells TARGET 'device.bars[2]' drv.c::device.inner app::regs
  out_is "$at+0x1000" "$at+0x1100" "$at+0x0"
}

@test "name: a member in the device is placed, not read" {
  cells ADDRESS,REGION,TARGET regs.counter indirect.regs.ctrl
  out_is "$(printf '0x%x' $((map[0] + 0x10))) $at+0x10 " \
    "$(printf '0x%x' $((map[0] + 0x200))) $at+0x200 "
}

@test "name: a pointer in the device is not read" {
  need jq
  expect 0 sym "${on[@]}" --json descriptor.address
  jq_is '.symbols[0] | .region, .value, .problem | tostring' \
    "$at+0x500"$'\nnull\nits value is not known: it stands in a device\'s registers, which are not read'
}

@test "name: a member of every candidate" {
  local member

  cells SCOPE,TYPE,VALUE pair.bar
  LC_ALL=C sort out >sorted
  grep -qx 'drv.c void\\x20\* 0x[0-9a-f]*' sorted
  grep -qx 'second.c void\\x20\* 0x20' sorted
  # One that only one of them has.
  for member in before next; do
    cells SCOPE,SIZE,PROBLEM pair.$member
    [ "$(grep -c 'has\\x20no\\x20member' out)" = 1 ]
    [ "$(wc -l <out)" = 2 ]
  done
  refused 1 sym "${on[@]}" pair.other
}

@test "name: every candidate, with the scope that selects it" {
  local first second

  first=drv.c:$(line_of 'static .* same;')
  second=drv.c:$(line_of '.static .*cursor;')
  cells NAME,SOURCE,SCOPE,VALUE same
  LC_ALL=C sort out >sorted
  file_is sorted "same $first drv.c 0x20" 'same second.c:1 second.c 0x20'
  cells SOURCE drv.c::same
  out_is "$first"
  cells SOURCE second.c::same
  out_is second.c:1
  cells SOURCE,SCOPE cursor count::cursor drv.c::count::cursor
  out_is "$second drv.c::count" "$second drv.c::count" "$second drv.c::count"
}

@test "name: no address, and why" {
  need jq
  expect 0 sym "${on[@]}" --json local main
  jq_is '.symbols[0] | .address, .type | tostring' $'null\nint'
  jq_is '.symbols[0].problem' \
    'it is thread-local: each thread has its own, at another address'
  jq_is '.symbols[1] | .is_function, .type | tostring' $'true\nnull'
  expect 1 sym "${on[@]}" local.member
  err_has thread-local
}

@test "name: unknown ones" {
  refused 1 sym "${on[@]}" rgs
  err_has "the target has no object 'rgs'" 'near names: regs'
  refused 1 sym "${on[@]}" nowhere.c::regs
  refused 1 sym "${on[@]}" plain.nothing
  err_has "has no member 'nothing'"
  refused 1 sym "${on[@]}" same.nothing
  err_has 'none of the 2 objects' "sym -p $pid same"
  refused 1 sym "${on[@]}" regs rgs
  refused 1 sym -p "$pid" null.ctrl
  err_has 'null is a null pointer'
}

# Types

@test "type: bit-fields, unions, anonymous members, padding" {
  expect 0 sym "${on[@]}" 'struct regs'
  sed 's/ *$//' out >table
  file_is table \
    'OFFSET SIZE BITS MEMBER                       TYPE' \
    '   0x0   56                                   struct regs' \
    '   0x0    4      ctrl                         volatile uint32_t' \
    '   0x4    4      status                       union {...}' \
    '   0x4    4        raw                        uint32_t' \
    '   0x4    4                                   struct {...}' \
    '   0x4    4    0     en                       uint32_t' \
    '   0x4    4  3:1     mode                     uint32_t' \
    '   0x4               /* 4 bits of padding */' \
    '   0x4    4 15:8     rate                     uint32_t' \
    '   0x6    2          /* 2 bytes of padding */' \
    '   0x8    1      id                           uint8_t' \
    '   0x9    7      /* 7 bytes of padding */' \
    '  0x10    8      counter                      uint64_t' \
    '  0x18   24      ring                         struct ring [2]' \
    '  0x18    4        head                       uint32_t' \
    '  0x1c    4        tail                       uint32_t' \
    '  0x20    2        size                       uint16_t' \
    '  0x22    2        /* 2 bytes of padding */' \
    '  0x30    4                                   union {...}' \
    '  0x30    4        word                       uint32_t' \
    '  0x30    2        half                       uint16_t' \
    '  0x34           data                         uint8_t []' \
    '  0x34    4      /* 4 bytes of padding */'
}

@test "type: paths, as -m takes them" {
  local path

  cells PATH,OFFSET -t regs_t
  out_has 'status.rate 0x4' 'ring[0].tail 0x1c' 'half 0x30'
  for path in status.rate 'ring[0].tail' half; do
    cells OFFSET,PATH -t regs_t -m "$path"
    out_has " $path"
  done
  cells PATH,OFFSET,SIZE -t regs_t -m ring.1.tail
  out_is 'ring.1.tail 0x28 4'
  cells PATH,OFFSET,BITS 'struct regs' -m status.rate
  out_is 'status.rate 0x4 15:8'
  cells PATH,OFFSET 'struct regs' -m ring.1
  out_is 'ring.1 0x24' 'ring.1.head 0x24' 'ring.1.tail 0x28' \
    'ring.1.size 0x2c' ' 0x2e'
}

@test "type: a tree in JSON" {
  need jq
  expect 0 sym "${on[@]}" --json 'struct regs'
  jq_is '.types | length' 1
  jq_is '.types[0] | .type, .size, .offset | tostring' $'struct regs\n56\n0'
  jq_is '[.types[0].members[].name] | tostring' \
    '["ctrl","status","id","counter","ring",null,"data"]'
  jq_is '.types[0].members[1].members[1].members[2] | tostring' \
    '{"name":"rate","offset":4,"type":"uint32_t","size":4,"bits":{"high":15,"low":8}}'
  jq_is '[.types[0].members[4].members[].offset] | tostring' '[24,28,32]'
  jq_is '.types[0].members[6].size' null
  expect 0 sym "${on[@]}" --jsonl 'enum mode' 'struct ring'
  jq_is '.type' $'enum mode\nstruct ring'
  jq_is 'select(.enumerators) | .enumerators | map("\(.name)=\(.num // .signed)") |
    join(",")' SLOW=0,FAST=4,BACKWARD=-1
}

@test "type: enumerators, scalars, pointers, arrays" {
  cells MEMBER,VALUE 'enum mode'
  out_is ' ' 'SLOW 0' 'FAST 4' 'BACKWARD -1'
  cells SIZE,TYPE -t uint32_t
  out_is '4 uint32_t'
  cells SIZE,TYPE -t 'struct regs *'
  out_is '8 struct\x20regs\x20*'
  cells OFFSET,SIZE,PATH -t 'struct ring[3]'
  out_is '0x0 36 ' '0x0 4 [0].head' '0x4 4 [0].tail' '0x8 2 [0].size' '0xa 2 '
  cells SIZE,TYPE drv.c::'struct ring'
  out_has '12 struct\x20ring'
}

@test "type: wrong ones" {
  refused 1 sym "${on[@]}" 'struct rgs'
  refused 1 sym "${on[@]}" -t no_such_type
  refused 1 sym "${on[@]}" 'struct regs' -m nothing
  err_has "has no member 'nothing'"
  refused 2 sym "${on[@]}" 'struct device' -m regs.ctrl
  err_has "a type's pointer leads to no place"
  refused 2 sym "${on[@]}" 'struct regs' -m 'a b'
  refused 2 sym "${on[@]}" 'struct regs' mode
  err_has 'not told together'
  refused 2 sym "${on[@]}" -t ''
}

# Pointers

pointers() {
  cells NAME,TARGET,ADDRESS --into "$@"
  sed 's/ [^ ]*$//; s/@.*+//' out >found
}

@test "into: globals, statics, members, elements, and behind pointers" {
  pointers "file:$file"
  LC_ALL=C sort -k 2,2 -k 1,1 found >sorted
  file_is sorted 'regs 0x0' 'twice 0x0' 'drv.c::device.regs 0x100' \
    'drv.c::device.bars[2] 0x1000' 'drv.c::device.inner 0x1100' \
    'drv.c::device.nested.deep[1].low 0x1200' 'drv.c::device.either 0x1ffc' \
    'drv.c::indirect.regs 0x200' 'head.previous.bar 0x300' \
    'drv.c::count::cursor 0x40' 'table[0] 0x400' 'descriptor 0x500' \
    'head.bar 0x8'
  # By the place in the device.
  sed 's/.* //' found >places
  while read -r place; do printf '%d\n' "$place"; done <places >numbers
  sort -n numbers | cmp - numbers
}

@test "into: the names are those that locations have" {
  local name target

  cells NAME,ADDRESS --into "$at"
  cp out found
  while read -r name target; do
    cells ADDRESS "$name"
    out_is "$target"
  done <found
}

@test "into: without -p, the process that has it mapped" {
  need jq
  expect 0 sym --treat-as-device "$file" --into "$at" --json
  jq_is '.pid' "$pid"
  jq_is '.pointers | length' 13
  jq_is '.pointers[0] | .points_to, .target' "$at+0x0"$'\ndevice'
  jq_is '[.pointers[] | select(.name == "drv.c::count::cursor")][0] |
    .type, .scope, .line | tostring' \
    $'volatile uint32_t *\ndrv.c::count\n'"$(line_of '.static .*cursor;')"
}

@test "into: each once, a column of one's own, the heading" {
  expect 0 sym "${on[@]}" --into "$at"
  [ "$(tail -n +2 out | awk '{ print $NF }' | wc -l)" = 13 ]
  tr -s ' ' <out | head -1 >heading
  file_is heading 'TARGET NAME TYPE ADDRESS MODULE SOURCE'
  expect 0 sym "${on[@]}" --into "$at" -o +SCOPE
  tr -s ' ' <out | head -1 >heading
  file_is heading 'TARGET NAME TYPE ADDRESS MODULE SOURCE SCOPE'
  cells ADDRESS --into "$at"
  sort out | uniq -d >twice
  file_is twice
}

@test "into: nothing there" {
  end_targets
  cat >odd.c <<-'END'
	#include <fcntl.h>
	#include <stdint.h>
	#include <stdio.h>
	#include <sys/mman.h>
	#include <unistd.h>
	uint64_t number; /* no pointer */
	void *next_to_it;
	int main(int argc, char **argv)
	{
		int fd = argc > 1 ? open(argv[1], O_RDWR) : -1;
		char *on_the_stack = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
					  MAP_SHARED, fd, 0);
		number = (uintptr_t)on_the_stack;
		next_to_it = on_the_stack + 8192;
		printf("ready %d\n", (int)getpid());
		fflush(stdout);
		while (getchar() != EOF)
			;
		return 0;
	}
	END
  gcc -g -O0 -o odd odd.c
  target_launch ./odd "$file"
  expect 1 sym -p "$pid" --treat-as-device "$file" --into "$at"
  out_is
  err_is 'mmiodbg: no variable that is known points into it'
  need jq
  expect 1 sym -p "$pid" --treat-as-device "$file" --into "$at" --json
  jq_is '.pointers | length' 0
}

@test "into: wrong regions" {
  refused 1 sym "${on[@]}" --into 03:00.0
  err_has 'has no such device mapping' "maps -p $pid"
  refused 1 sym -p "$pid" --into "$at"
  refused 2 sym "${on[@]}" --into ''
  refused 2 sym "${on[@]}" --into nonsense
  refused 2 sym "${on[@]}" --into @0
  refused 2 sym "${on[@]}" --into "$at+4"
  refused 2 sym "${on[@]}" --into "$at" regs
  refused 2 sym "${on[@]}" --into "$at" -t regs_t
  refused 2 read "${on[@]}" --into "$at" regs
}

# No access

# reads_no_device COUNT ARGUMENTS...: of what is read of the target, no byte is
# of the device, and it is read as memory; at least so many reads
reads_no_device() {
  local start length count=0 least=$1

  shift
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 expect_of 0 \
    strace -qq -f -v -s 100 -o trace "$MMIODBG" sym "${on[@]}" "$@"
  nowhere trace /mem\" 'ptrace(' process_vm_writev
  sed -n -E 's/^.*process_vm_readv\([^[]*\[.*\], 1, \[\{iov_base=(0x[0-9a-f]+|NULL), iov_len=([0-9]+)\}\], 1, 0\) .*/\1 \2/p' \
    trace >reads
  [ "$(wc -l <reads)" = "$(grep -c process_vm_readv trace)" ] ||
    fail 'not all of them are known'
  while read -r start length; do
    count=$((count + 1))
    ((start + length <= map[0] || start >= map[0] + 8192)) ||
      fail "$start is of the device"
  done <reads
  [ $count -ge "$least" ] || fail "only $count reads"
}

@test "nothing reads the device" {
  need strace
  reads_no_device 10 --into "$at"
  reads_no_device 2 regs.ctrl descriptor.address indirect.regs.counter head.bar
  reads_no_device 0 'struct regs'
}

@test "help: its examples work" {
  local line count=0

  "$MMIODBG" sym --help | sed -n -E 's/^  sym -p app (.*[^ ])   .*/\1/p' >lines
  while read -r line; do
    eval "set -- $line"
    expect 0 sym "${on[@]}" "$@"
    [ -s out ]
    count=$((count + 1))
  done <lines
  [ $count = 4 ]
}

# Bad input

@test "usage" {
  refused 2 sym "${on[@]}"
  err_has 'there is no name'
  refused 2 sym regs
  err_has 'of which process?'
  refused 2 sym 'struct regs'
  local argument

  for argument in '' regs+4 regs/32 regs..+8 regs.ctrl=1 regs.7:4 @0 0x1000 \
    ptr:regs phys:0 'regs regs' 'regs[' regs. ::regs 'struct '; do
    refused 2 sym "${on[@]}" "$argument"
  done
  refused 2 sym "${on[@]}" regs -m ctrl
  refused 2 sym "${on[@]}" regs -o NOTHING
  refused 2 sym "${on[@]}" 'struct regs' -o MODULE
  refused 2 sym "${on[@]}" regs -w 32
}

@test "errors in JSON" {
  need jq
  expect 1 sym "${on[@]}" --json rgs
  jq_is '.error.kind, (.symbols | length)' $'no-name\n0'
  expect 2 sym "${on[@]}" --json regs -o NOTHING
  jq_is '.error.kind' usage
  expect 1 sym "${on[@]}" --json 'struct rgs'
  jq_is '.error.kind, (.types | length)' $'no-name\n0'
}

@test "a process that we may not look at" {
  need_root
  need setpriv
  expect_of 5 setpriv --reuid 65534 --regid 65534 --clear-groups "$MMIODBG" \
    sym "${on[@]}" regs
  one_diagnostic
}

@test "a captured tree has no names" {
  tree_begin
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 "$file"
  expect 2 sym -p 100 regs
  one_diagnostic
}

# Types that are large, deep, or have strange names

# begin_odd: a program of odd.c
begin_odd() {
  end_targets
  gcc -g -O0 -o odd odd.c
  target_launch ./odd
  on=(-p "$pid" --treat-as-device "$file")
}

odd_main() {
  cat <<'END'
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
END
}

@test "a union of 10000 members" {
  {
    echo 'union many {'
    seq -f 'unsigned m%.0f;' 10000
    echo '} many;'
    odd_main
  } >odd.c
  begin_odd
  within 10 expect 0 sym "${on[@]}" 'union many'
  [ "$(wc -l <out)" = 10002 ]
}

@test "more than is looked at" {
  {
    echo 'struct l0 { void *p[2]; };'
    seq 1 30 | while read -r i; do
      echo "struct l$i { struct l$((i - 1)) a, b; };"
    done
    echo 'struct l30 *deep;'
    echo 'static struct l10 many[1000];'
    odd_main
    echo 'void *use(void) { return &many; }'
  } >odd.c
  begin_odd
  within 20 expect 0 sym "${on[@]}" 'struct l30'
  err_has 'there is more than was looked at'
  expect 0 sym "${on[@]}" --json 'struct l30'
  need jq
  jq_is .exceeded true
  end_targets
  sed -i 's/int main(void)/#include <fcntl.h>\n#include <sys\/mman.h>\nint main(int argc, char **argv)/
    s/^{$/{\n(void)argc; mmap(0, 8192, 3, MAP_SHARED, open(argv[1], O_RDWR), 0);/' odd.c
  gcc -g -O0 -o odd odd.c
  target_launch ./odd "$file"
  within 20 expect 1 sym -p "$pid" --treat-as-device "$file" --into "$at"
  err_has 'there is more than was looked at' 'no variable that is known'
}
