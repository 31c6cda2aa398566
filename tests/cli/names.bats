#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names: symbols, types and structs of a target, as a user types them

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

# A user that nobody else is.
nobody=64321

# A driver: it has a device mapped, and pointers into it. Argument: the device,
# and what it does: `threads` (it has three), `leaderless` (its first thread
# ends), `hidden` (it has the device mapped once more, where no read succeeds).
write_driver() {
  cat <<'C'
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum mode { OFF, SLOW, FAST = 4 };
enum change { DOWN = -1, SAME, UP };

union control {
	uint32_t raw;
	struct {
		uint32_t enable : 1;
		enum mode mode : 3;
		uint32_t : 4;
		uint32_t rate : 8;
		int32_t level : 16;
	};
};

struct queue {
	uint32_t head, tail;
};

struct regs {
	uint32_t id;           /* 0x0 */
	union control ctrl;    /* 0x4 */
	uint16_t half;         /* 0x8 */
	uint8_t byte;          /* 0xa, and a byte of padding */
	int32_t level;         /* 0xc */
	uint64_t wide;         /* 0x10 */
	uint32_t ring[4];      /* 0x18 */
	struct queue queue[2]; /* 0x28 */
	void *dma;             /* 0x38 */
	uint32_t busy : 1;     /* 0x40 */
	uint32_t error : 3;
	uint32_t : 12;
	uint32_t count : 16;
	enum mode state;       /* 0x44 */
};

typedef struct regs regs_t;
typedef volatile uint32_t reg32;

struct device {
	const char *name;
	struct device *next;
	volatile struct regs *bar[2];
	int number;
};

struct shared {
	uint32_t first;
	uint16_t of_driver;
};

/* Bit-fields of two registers. */
struct apart {
	uint32_t near : 4;
	uint32_t : 0;
	uint32_t far : 4;
};

/* Into the device. */
volatile struct regs *regs;
reg32 *reg;
void *voidp;
uintptr_t address;
volatile struct regs **to_regs = (volatile struct regs **)&regs;
struct device second = {"second", NULL, {NULL, NULL}, 2};
struct device first = {"first", &second, {NULL, NULL}, 1};
struct device *device = &first;

/* Elsewhere. */
volatile struct regs *null_regs;
regs_t *wild_regs = (regs_t *)0x1230;
struct regs **hidden;

int minus = -2;
unsigned int plus = 0x12345678;
short narrow = -3;
char letter = 'A', newline = '\n';
bool yes = true;
float ratio = 1.5f;
double precise = -0.25;
enum mode speed = FAST, unknown = 3;
enum change change = DOWN;
long long large = -5000000000;
__int128 huge;
int *memory_pointer = &minus;
int numbers[5] = {1, 2, 3, -1, 5};
uint8_t octets[20] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		      16, 17, 18, 19};
int matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
struct queue queues[2] = {{1, 2}, {3, 4}};
enum mode modes[3] = {FAST, OFF, SLOW};
struct shared shared = {1, 2};
struct apart apart = {1, 2};
_Thread_local int per_thread = 7;
static int twin = 1;

extern int library_number;
int *other_twin(void);
int *library_twin(void);
int compute(int input);

static int *counter(void)
{
	static int calls = 3;
	static int twin = 5;

	calls += twin - 5;
	return &calls;
}

static int *other_counter(void)
{
	static int calls = 4;

	return &calls;
}

static int obey(void)
{
	char byte;

	printf("map 0 %p\nmap 1 %p\nmap 2 %p\nready %d\n", (void *)regs,
	       (void *)&minus, (void *)&numbers, (int)getpid());
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

static void *wait_here(void *unused)
{
	pause();
	return unused;
}

static void *go_on(void *leader)
{
	pthread_join(*(pthread_t *)leader, NULL);
	_exit(obey());
}

int main(int argc, char **argv)
{
	static pthread_t leader;
	const char *what = argc > 2 ? argv[2] : "";
	int descriptor = open(argv[1], O_RDWR);
	char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED,
			 descriptor, 0);
	pthread_t thread;

	if (map == MAP_FAILED)
		return 1;
	leader = pthread_self();
	regs = (void *)map;
	reg = (void *)(map + 4);
	voidp = map + 0x100;
	address = (uintptr_t)map + 0x20;
	first.bar[0] = (void *)map;
	second.bar[1] = (void *)(map + 0x100);
	twin += *other_twin() + *library_twin() + *counter() + *other_counter() +
		library_number + compute(argc) + per_thread;
	twin = 1;
	if (strcmp(what, "hidden") == 0)
		hidden = mmap(NULL, 4096, PROT_NONE, MAP_SHARED, descriptor, 0);
	for (int i = 0; i < 2 && strcmp(what, "threads") == 0; i++)
		pthread_create(&thread, NULL, wait_here, NULL);
	if (strcmp(what, "leaderless") != 0)
		return obey();
	pthread_create(&thread, NULL, go_on, &leader);
	pthread_exit(NULL);
}
C
}

# Optimised: what becomes of its variables depends on that.
write_other() {
  cat <<'C'
#include <stdint.h>

struct shared {
	uint64_t first;
	uint8_t of_other;
};

static int twin = 2;
struct shared other_shared;
static const int limit = 42;

int *other_twin(void);
int compute(int input);

int *other_twin(void)
{
	return &twin;
}

int compute(int input)
{
	int lost = input * limit;

	return lost * lost;
}
C
}

write_library() {
  cat <<'C'
int library_number = 9;
static int twin = 3;
int *library_twin(void);

int *library_twin(void)
{
	return &twin;
}
C
}

setup_file() {
  need gcc strip
  cd "$BATS_FILE_TMPDIR" || return
  write_driver >driver.c
  write_other >other.c
  write_library >library.c
  gcc -g -O2 -fPIC -shared -o libother.so library.c
  gcc -g -O0 -c driver.c
  gcc -g -O2 -c other.c
  # shellcheck disable=SC2016 # of the linker
  gcc -pthread -o driver driver.o other.o -L. -lother -Wl,-rpath,'$ORIGIN'
  strip -g -o symbols driver
  strip -o bare driver
}

# What is said often.
control='0xfffe3009 { enable = 1, mode = 4 (FAST), rate = 0x30, level = -2 }'
several='it is a struct, which is not written as a whole'
local_to_thread="it is thread-local: each thread has its own, at another \
address"
constant='it has no address: the compiler has made it the constant 42 (0x2a)'
stripped='of the program itself: it has no debug information'

# not_wide BITS: asked for, of what has 32
not_wide() {
  echo "its type is 32 bits wide, and $1 was asked for; an offset drops the \
type: +0x0"
}

prepare() {
  [ "$(byte_order)" = little ] || skip 'the bit-fields are of a little-endian'
  unset DEBUGINFOD_URLS
  built=$BATS_FILE_TMPDIR
  pattern regs
  put_bytes regs 0x4 09 30 fe ff
  put_bytes regs 0xc fd ff ff ff
  put_bytes regs 0x40 0b 00 34 12 01 00 00 00
  cp regs regs.before
  file=$work/regs
  at=$(region "$file")
}

# driver_start PROGRAM [WHAT]: sets `on`, `base` (the device), and where `minus`
# and `numbers` stand
driver_start() {
  driver_launch "$built/$1" "$file" "${@:2}"
}

driver_launch() {
  target_launch "$@"
  on=(-p "$pid" --treat-as-device "$file")
  base=${map[0]}
  minus_at=${map[1]}
  numbers_at=${map[2]}
}

# hex NUMBER: an address as a value of 64 bits
hex() {
  printf '0x%016x' $(($1))
}

# line FILE TEXT: in which line of the source it stands
line() {
  grep -nF -m 1 "$2" "$built/$1" | cut -d : -f 1
}

# refused_read STATUS MESSAGE ARGUMENTS...: with this message, and no access
refused_read() {
  refused_do read "$@"
}

refused_write() {
  refused_do write "$@"
}

# Pointers may be read by process_vm_readv, which reads no device.
refused_do() {
  local - && set +T
  local command=$1 wanted=$2 message=$3 first

  shift 3
  if command -v strace >/dev/null; then
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
      expect_of "$wanted" strace -qq -f -y -s 0 -o trace --seccomp-bpf \
      -e trace="$memory_calls" "$MMIODBG" "$command" "${on[@]}" "$@"
    nowhere trace '/mem>' 'ptrace('
  else
    expect "$wanted" "$command" "${on[@]}" "$@"
  fi
  one_diagnostic
  IFS= read -r first <err
  [ "$first" = "mmiodbg: $message" ] || {
    echo "wanted: mmiodbg: $message"
    show err
    return 1
  }
}

# only_memory: of `accesses` those that go through /proc/PID/mem
only_memory() {
  grep -v '^process_vm_readv' accesses >accesses.memory || :
  mv accesses.memory accesses
}

# registers NAME PLACE: what the device has at first, as a struct
registers() {
  printf '%s\n' "$1.id = 0x03020100" \
    "$1.ctrl = $control" \
    "$1.half = 0x0908" "$1.byte = 0x0a" "$1.level = 0xfffffffd (-3)" \
    "$1.wide = 0x1716151413121110" \
    "$1.ring[0]: 1b1a1918 1f1e1d1c 23222120 27262524" \
    "$1.queue[0].head = 0x2b2a2928" "$1.queue[0].tail = 0x2f2e2d2c" \
    "$1.queue[1].head = 0x33323130" "$1.queue[1].tail = 0x37363534" \
    "$1.dma = 0x3f3e3d3c3b3a3938" \
    "$2+0x40 = 0x1234000b { busy = 1, error = 5, count = 0x1234 }" \
    "$1.state = 0x00000001 (SLOW)"
}

# The accesses that a struct is made of: one for each register, each of its own
# width, in order; not the padding at 0xb, and nothing twice.
struct_accesses() {
  local base=$(($1)) access

  set -- 32@0x0 32@0x4 16@0x8 8@0xa 32@0xc 64@0x10 32@0x18 32@0x1c 32@0x20 \
    32@0x24 32@0x28 32@0x2c 32@0x30 32@0x34 64@0x38 32@0x40 32@0x44
  for access; do
    printf 'r%s@%d ' "${access%@*}" $((base + ${access#*@}))
  done
}

# Values

@test "names: numbers, signed and not, wide and narrow" {
  driver_start driver
  expect 0 read "${on[@]}" minus plus narrow large var:minus driver::plus
  out_is 'minus = 0xfffffffe (-2)' 'plus = 0x12345678' \
    'narrow = 0xfffd (-3)' 'large = 0xfffffffed5fa0e00 (-5000000000)' \
    'var:minus = 0xfffffffe (-2)' 'driver::plus = 0x12345678'
  err_is
}

@test "names: enumerations, characters, truth, fractions" {
  driver_start driver
  expect 0 read "${on[@]}" speed unknown change letter newline yes ratio precise
  out_is 'speed = 0x00000004 (FAST)' 'unknown = 0x00000003' \
    'change = 0xffffffff (DOWN)' "letter = 0x41 ('A')" 'newline = 0x0a' \
    'yes = 0x01' 'ratio = 0x3fc00000 (1.5)' \
    'precise = 0xbfd0000000000000 (-0.25)'
  err_is
}

@test "names: what is wider than any access is refused" {
  driver_start driver
  refused_read 7 "no access is as wide as __int128: 16 bytes; an offset and a \
width read parts of it" huge
  expect 0 read "${on[@]}" huge+0x8/64
  out_is 'huge+0x8/64 = 0x0000000000000000'
}

@test "names: pointers into the device say so, others do not" {
  driver_start driver
  expect 0 read "${on[@]}" regs reg voidp null_regs wild_regs address \
    memory_pointer
  out_is "regs = $(hex "$base") (-> $at+0x0)" \
    "reg = $(hex "$base + 4") (-> $at+0x4)" \
    "voidp = $(hex "$base + 0x100") (-> $at+0x100)" \
    'null_regs = 0x0000000000000000' 'wild_regs = 0x0000000000001230' \
    "address = $(hex "$base + 0x20")" "memory_pointer = $(hex "$minus_at")"
  err_is 'mmiodbg: regs points to a device: ptr:regs is what stands there' \
    'mmiodbg: reg points to a device: ptr:reg is what stands there' \
    'mmiodbg: voidp points to a device: ptr:voidp is what stands there'
}

@test "names: what a pointer points to" {
  driver_start driver
  expect 0 read "${on[@]}" ptr:reg ptr:voidp ptr:voidp/16 ptr:voidp+0x4 \
    ptr:address ptr:memory_pointer reg.1 'reg[1]' memory_pointer.1
  out_is 'ptr:reg = 0xfffe3009' 'ptr:voidp = 0x03020100' \
    'ptr:voidp/16 = 0x0100' 'ptr:voidp+0x4 = 0x07060504' \
    'ptr:address = 0x23222120' 'ptr:memory_pointer = 0xfffffffe (-2)' \
    'reg.1 = 0x0b0a0908' 'reg[1] = 0x0b0a0908' 'memory_pointer.1 = 0x12345678'
  err_is
}

@test "names: members, fields, and their bits" {
  driver_start driver
  expect 0 read "${on[@]}" regs.id 'regs->id' regs.half regs.level regs.wide \
    regs.ctrl regs.ctrl.raw regs.ctrl.enable regs.ctrl.mode regs.ctrl.rate \
    regs.ctrl.level regs.error regs.count regs.state regs.ctrl.mode.2 regs.id.8
  out_is 'regs.id = 0x03020100' 'regs->id = 0x03020100' 'regs.half = 0x0908' \
    'regs.level = 0xfffffffd (-3)' 'regs.wide = 0x1716151413121110' \
    "regs.ctrl = $control" \
    'regs.ctrl.raw = 0xfffe3009' 'regs.ctrl.enable = 0x1' \
    'regs.ctrl.mode = 0x4 (FAST)' 'regs.ctrl.rate = 0x30' \
    'regs.ctrl.level = 0xfffe (-2)' 'regs.error = 0x5' 'regs.count = 0x1234' \
    'regs.state = 0x00000001 (SLOW)' 'regs.ctrl.mode.2 = 0x1' 'regs.id.8 = 0x1'
  err_is
  expect 0 read "${on[@]}" regs.ctrl.15:8 regs.ctrl.mode.2:1 minus.7:4
  out_is 'regs.ctrl.15:8 = 0x30' 'regs.ctrl.mode.2:1 = 0x2' 'minus.7:4 = 0xf'
  same regs
}

@test "names: a struct is its registers, with their names" {
  driver_start driver
  expect 0 read "${on[@]}" ptr:regs
  file_is out "$(registers regs ptr:regs)"
  err_is
  expect 0 read "${on[@]}" ptr:device
  nowhere out 'device[' 'ptr:'
  out_has "device.bar[0]: $(printf %016x "$base") 0000000000000000" \
    'device.number = 0x00000001'
}

@test "names: arrays are rows" {
  driver_start driver
  expect 0 read "${on[@]}" numbers octets matrix matrix.1 modes queues \
    'queues[1]' regs.ring 'numbers[3]' numbers.3 'matrix[1][2]' matrix.1.2 \
    queues.1.head
  out_is 'numbers[0]: 00000001 00000002 00000003 ffffffff' \
    'numbers[4]: 00000005' \
    'octets[0]: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f' \
    'octets[16]: 10 11 12 13' 'matrix[0][0]: 00000001 00000002 00000003' \
    'matrix[1][0]: 00000004 00000005 00000006' \
    'matrix.1[0]: 00000004 00000005 00000006' \
    'modes[0]: 00000004 00000000 00000001' \
    'queues[0].head = 0x00000001' 'queues[0].tail = 0x00000002' \
    'queues[1].head = 0x00000003' 'queues[1].tail = 0x00000004' \
    'queues[1].head = 0x00000003' 'queues[1].tail = 0x00000004' \
    'regs.ring[0]: 1b1a1918 1f1e1d1c 23222120 27262524' \
    'numbers[3] = 0xffffffff (-1)' 'numbers.3 = 0xffffffff (-1)' \
    'matrix[1][2] = 0x00000006' 'matrix.1.2 = 0x00000006' \
    'queues.1.head = 0x00000003'
}

@test "names: an offset drops the type; ranges have none; -n" {
  driver_start driver
  expect 0 read "${on[@]}" numbers+0x4 regs.id+0x0/8 numbers..+8 \
    'numbers[1]..+4'
  out_is 'numbers+0x4 = 0x00000002' 'regs.id+0x0/8 = 0x00' \
    "$numbers_at: 00000001 00000002" \
    "$(printf 0x%x $((numbers_at + 4))): 00000002"
  expect 0 read "${on[@]}" -n 2 minus 'numbers[0]' regs.id
  out_is 'minus: fffffffe 12345678' 'numbers[0]: 00000001 00000002' \
    'regs.id: 03020100 fffe3009'
  refused_read 2 'it is an array, which tells how many there are; drop -n' \
    -n 2 numbers
  refused_read 2 'it is a struct, which tells how many there are; drop -n' \
    -n 2 ptr:regs
}

@test "names: a width may say what the type says, and the byte order" {
  driver_start driver
  expect 0 read "${on[@]}" regs.id/32 regs.id/32be regs.half/16be minus/32
  out_is 'regs.id = 0x03020100' 'regs.id = 0x00010203' 'regs.half = 0x0809' \
    'minus = 0xfffffffe (-2)'
  refused_read 2 "$(not_wide 8)" regs.id/8
  refused_read 2 "$(not_wide 64)" -w 64 regs.id
  # Not the registers before the first that does not fit, either.
  refused_read 2 "$(not_wide 16)" regs.half/16 -w 16 ptr:regs
}

# Outputs

@test "names: -q is a value a line" {
  driver_start driver
  expect 0 read -q "${on[@]}" regs.ctrl regs.ctrl.level numbers regs speed
  out_is 0xfffe3009 0xfffe 0x00000001 0x00000002 0x00000003 0xffffffff \
    0x00000005 "$(hex "$base")" 0x00000004
  err_is
}

@test "names: -v says each access" {
  local line='mmiodbg: read 32 bits at 0x[0-9a-f]+ \(.*\) = 0xfffe3009 through '

  driver_start driver
  line+='kernel, register, 1 attempt, [0-9]+\.[0-9]{3} us'
  expect 0 read -v "${on[@]}" regs.ctrl.rate
  out_is 'regs.ctrl.rate = 0x30'
  [ "$(wc -l <err)" = 1 ]
  err_matches "$line"
  err_has " at $(printf 0x%x $((base + 4))) (regs.ctrl.rate) "
}

@test "names: --json tells type, name, value and meaning" {
  need jq
  driver_start driver
  expect 0 read --json "${on[@]}" regs.ctrl regs.ctrl.mode regs.ctrl.level \
    regs minus ratio speed 'queues[1]' narrow
  jq_is '.elements | length' 10
  jq_is '[.elements[].name] | join(" ")' \
    "regs.ctrl regs.ctrl.mode regs.ctrl.level regs minus ratio speed \
queues[1].head queues[1].tail narrow"
  jq_is '[.elements[].type] | join(", ")' \
    "uint32_t, enum mode, int32_t, volatile struct regs *, int, float, enum \
mode, uint32_t, uint32_t, short int"
  jq_is '[.elements[].value] | join(" ")' \
    "0xfffe3009 0x4 0xfffe $(hex "$base") 0xfffffffe 0x3fc00000 0x00000004 \
0x00000003 0x00000004 0xfffd"
  jq_is '[.elements[].width] | map(tostring) | join(" ")' \
    '32 32 32 64 32 32 32 32 32 16'
  jq_is '[.elements[].enum] | map(tostring) | join(" ")' \
    'null FAST null null null null FAST null null null'
  jq_is '[.elements[].signed] | map(tostring) | join(" ")' \
    'null null -2 null -2 null null null null -3'
  jq_is '[.elements[].points_to] | map(select(. != null)) | join(" ")' \
    "$at+0x0"
  jq_is '.elements[1] | .bits, .raw' $'3:1\n0xfffe3009'
  jq_is '.elements[5].float | tostring' 1.5
  jq_is '.elements[0].fields | map(.name) | join(" ")' 'enable mode rate level'
  jq_is '.elements[0].fields | map(.bits) | join(" ")' '0:0 3:1 15:8 31:16'
  jq_is '.elements[0].fields | map(.value) | join(" ")' '0x1 0x4 0x30 0xfffe'
  jq_is '.elements[0].fields[1].enum' FAST
  jq_is '.elements[0].fields[3].signed | tostring' -2
  jq_is '[.elements[] | has("fields")] | map(select(.)) | length' 1
  jq_is '.done, .failed | tostring' $'10\n0'
}

@test "names: --jsonl, an object for each register; a refusal is one, too" {
  need jq
  driver_start driver
  expect 0 read --jsonl "${on[@]}" regs.queue
  [ "$(jq -r '.name + " " + .value + " " + .location' <out)" = \
    "regs.queue[0].head 0x2b2a2928 regs.queue
regs.queue[0].tail 0x2f2e2d2c regs.queue
regs.queue[1].head 0x33323130 regs.queue
regs.queue[1].tail 0x37363534 regs.queue" ]
  expect 0 read --jsonl "${on[@]}" ptr:regs
  [ "$(wc -l <out)" = 17 ]
  [ "$(jq -r 'select(.fields).name' <out)" = $'regs.ctrl\nptr:regs+0x40' ]
  expect 1 read --jsonl "${on[@]}" regs.nothing
  jq_is '.error | .kind, .message' \
    $'no-name\nvolatile struct regs has no member \'nothing\''
}

@test "names: a batch follows a pointer each time" {
  driver_start driver
  put_bytes regs 0x4 44 33 22 11 88 77 66 55
  printf '%s\n' 'read ptr:reg' 'read ptr:reg' \
    "write --force reg=$(hex "$base + 8")" 'read ptr:reg' 'read ptr:reg' >lines
  "$MMIODBG" batch -q "${on[@]}" lines >out 2>err || fail "$(cat err)"
  out_is 0x11223344 0x11223344 0x55667788 0x55667788
  "$MMIODBG" batch -q "${on[@]}" <lines >out 2>err || fail "$(cat err)"
  out_is 0x55667788 0x55667788 0x55667788 0x55667788
}

@test "names: --dry-run follows pointers and makes no access" {
  need strace
  driver_start driver
  traced 0 read --dry-run "${on[@]}" regs.half regs.ctrl.mode minus
  nowhere accesses pread64 pwrite64 ptrace
  [ "$(sed -E 's/ \([^)]*\)//' out)" = \
    "would read 16 bits at $(printf 0x%x $((base + 8))) through kernel
would read 32 bits at $(printf 0x%x $((base + 4))) through kernel
would read 32 bits at $minus_at through kernel" ]
  expect 0 read --dry-run "${on[@]}" ptr:regs
  [ "$(wc -l <out)" = 17 ]
}

# Accesses

@test "names: a struct is an access for each register, and no more" {
  need strace
  driver_start driver
  traced 0 read "${on[@]}" ptr:regs
  only_memory
  # shellcheck disable=SC2046 # words
  accesses_are $(struct_accesses "$base")
  traced 0 read "${on[@]}" -t 'struct regs' "$at+0x0"
  only_memory
  # shellcheck disable=SC2046 # words
  accesses_are $(struct_accesses "$base")
}

@test "names: a member is one access, of its own width" {
  need strace
  driver_start driver
  traced 0 read "${on[@]}" regs.ctrl regs.ctrl.rate regs.byte regs.half \
    regs.wide 'regs.ring[2]' regs.count
  only_memory
  accesses_are "r32@$((base + 4))" "r32@$((base + 4))" "r8@$((base + 0xa))" \
    "r16@$((base + 8))" "r64@$((base + 0x10))" "r32@$((base + 0x20))" \
    "r32@$((base + 0x40))"
}

@test "names: -m keeps away from all other registers" {
  need strace
  driver_start driver
  traced 0 read "${on[@]}" -m half ptr:regs regs
  only_memory
  accesses_are "r16@$((base + 8))" "r16@$((base + 8))"
  traced 0 read "${on[@]}" -m 'queue[1]' ptr:regs
  only_memory
  accesses_are "r32@$((base + 0x30))" "r32@$((base + 0x34))"
  traced 0 read "${on[@]}" -t 'struct regs' -m ctrl.mode "$at+0x0" "$base"
  only_memory
  accesses_are "r32@$((base + 4))" "r32@$((base + 4))"
}

@test "names: what cannot be shown is found before the first access" {
  driver_start driver
  refused_read 1 "volatile struct regs has no member 'nothing'" \
    regs.id regs.nothing
  refused_read 1 "the target has no object 'nothing'" regs.id nothing
  refused_read 7 "$at+0x2.id: address $(printf 0x%x $((base + 2))) is not \
aligned to 32 bits; a misaligned access would be split; take another address \
or width" -t 'struct regs' "$at+0x2"
  refused_read 1 "$at+0x1ff0.wide: the target has not mapped offset 0x2000 of \
the region; \`mmiodbg maps -p $pid\` shows what it has" \
    -t 'struct regs' "$at+0x1ff0"
}

# Types

@test "names: -t gives any place a type" {
  driver_start driver
  expect 0 read "${on[@]}" -t 'struct queue' "$base" "$at+0x28" minus queues
  out_is "$base.head = 0x03020100" "$base.tail = 0xfffe3009" \
    "$at+0x28.head = 0x2b2a2928" "$at+0x28.tail = 0x2f2e2d2c" \
    'minus.head = 0xfffffffe' 'minus.tail = 0x12345678' \
    'queues.head = 0x00000001' 'queues.tail = 0x00000002'
  expect 0 read "${on[@]}" -t 'struct regs' ptr:regs "$at+0x0"
  file_is out "$(registers '(ptr:regs)' '(ptr:regs)')" \
    "$(registers "$at+0x0" "$at+0x0")"
}

@test "names: -t on a pointer to void" {
  driver_start driver
  expect 0 read "${on[@]}" -t 'struct queue' ptr:voidp
  out_is '(ptr:voidp).head = 0x03020100' '(ptr:voidp).tail = 0x07060504'
  expect 0 read "${on[@]}" -t regs_t -m id ptr:voidp
  out_is '(ptr:voidp).id = 0x03020100'
  expect 0 read "${on[@]}" ptr:voidp
  out_is 'ptr:voidp = 0x03020100'
}

@test "names: -t takes aliases, enumerations, unions, plain types, pointers" {
  driver_start driver
  expect 0 read "${on[@]}" -t reg32 "$at+0x0"
  out_is "$at+0x0 = 0x03020100"
  expect 0 read "${on[@]}" -t 'enum mode' "$at+0x44"
  out_is "$at+0x44 = 0x00000001 (SLOW)"
  expect 0 read "${on[@]}" -t 'union control' "$at+0x4"
  out_is "$at+0x4 = $control"
  expect 0 read "${on[@]}" -t int "$at+0xc"
  out_is "$at+0xc = 0xfffffffd (-3)"
  expect 0 read "${on[@]}" -t 'const volatile unsigned int' "$at+0x0"
  out_is "$at+0x0 = 0x03020100"
  expect 0 read "${on[@]}" -t 'struct queue *' "$at+0x38"
  out_is "$at+0x38 = 0x3f3e3d3c3b3a3938"
  expect 0 read "${on[@]}" -t char "$at+0x41"
  out_is "$at+0x41 = 0x00"
}

@test "names: -t 'TYPE [N]'" {
  driver_start driver
  expect 0 read "${on[@]}" -t 'struct queue [2]' "$at+0x28"
  out_is "$at+0x28[0].head = 0x2b2a2928" "$at+0x28[0].tail = 0x2f2e2d2c" \
    "$at+0x28[1].head = 0x33323130" "$at+0x28[1].tail = 0x37363534"
  expect 0 read "${on[@]}" -t 'uint8_t[20]' "$at+0x10"
  out_is "$at+0x10[0]: 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f" \
    "$at+0x10[16]: 20 21 22 23"
  expect 0 read "${on[@]}" -t uint32_t -n 2 "$at+0x18"
  out_is "$at+0x18: 1b1a1918 1f1e1d1c"
  refused_read 2 "a range has no type; -t 'TYPE [N]' is N of them" \
    -t 'struct queue' "$at..+8"
}

@test "names: -m and fields of a typed place" {
  driver_start driver
  expect 0 read "${on[@]}" -t 'struct regs' -m 'queue[1].tail' "$at+0x0"
  out_is "$at+0x0.queue[1].tail = 0x37363534"
  expect 0 read "${on[@]}" -t 'struct regs' -m queue.1 "$at+0x0"
  out_is "$at+0x0.queue.1.head = 0x33323130" "$at+0x0.queue.1.tail = 0x37363534"
  expect 0 read "${on[@]}" -t 'struct regs' "$at+0x0.error" "$base.half"
  out_is "$at+0x0.error = 0x5" "$base.half = 0x0908"
  expect 0 read "${on[@]}" -m ctrl.mode regs
  out_is 'regs.ctrl.mode = 0x4 (FAST)'
}

@test "names: types and members that are not there" {
  driver_start driver
  refused_read 1 "the target has no type 'struct nothing'" \
    -t 'struct nothing' "$at+0x0"
  refused_read 1 "struct regs has no member 'idd'; near names: id" \
    -t 'struct regs' -m idd "$at+0x0"
  err_has $'\n  idd\n  ^~~\n'
  refused_read 1 \
    "volatile struct regs has no member 'ctrll'; near names: ctrl" \
    regs.ctrll
  err_has $'\n  regs.ctrll\n       ^~~~~\n'
  refused_read 1 "union control has no member 'busy'" regs.ctrl.busy
  refused_read 1 "minus has no member 'x': it is no struct or union" minus.x
  refused_read 2 'regs.ctrl.mode is a bit-field: it has no parts' \
    regs.ctrl.mode.x
  refused_read 2 "this place has no type, so it has no members; -t TYPE gives \
it one" -m id "$at+0x0"
  refused_read 2 "a name here needs a type; -t TYPE gives it one; or write \
bits (.7:4) and numbers (0xff)" "$at+0x0.id"
  bad 2 read "${on[@]}" -t '' "$at+0x0"
  bad 2 read "${on[@]}" -m '' regs
  bad 2 read "${on[@]}" -m 'ring[' regs
}

@test "names: a type that two files define differently" {
  driver_start driver
  expect 2 read "${on[@]}" -t 'struct shared' "$at+0x0"
  one_diagnostic
  err_has "2 different types are called 'shared'" \
    "driver.c:: (driver.c:$(line driver.c 'struct shared {'))" \
    "other.c:: (other.c:$(line other.c 'struct shared {'))"
  expect 0 read "${on[@]}" -t 'driver.c::struct shared' "$at+0x0"
  out_is "$at+0x0.first = 0x03020100" "$at+0x0.of_driver = 0x3009"
  expect 0 read "${on[@]}" -t 'struct other.c::shared' "$at+0x0"
  out_is "$at+0x0.first = 0xfffe300903020100" "$at+0x0.of_other = 0x08"
  # Each variable has the one of its own file.
  expect 0 read "${on[@]}" shared other_shared
  out_is 'shared.first = 0x00000001' 'shared.of_driver = 0x0002' \
    'other_shared.first = 0x0000000000000000' 'other_shared.of_other = 0x00'
}

# Scopes

@test "names: files, functions and modules are scopes" {
  driver_start driver
  expect 0 read "${on[@]}" driver.c::twin other.c::twin counter::twin \
    counter::calls other_counter::calls driver.c::counter::calls \
    libother.so::twin library.c::twin "$built/libother.so::twin" \
    libother.so::library.c::twin library_number libother.so::library_number \
    driver::minus
  out_is 'driver.c::twin = 0x00000001' 'other.c::twin = 0x00000002' \
    'counter::twin = 0x00000005' 'counter::calls = 0x00000003' \
    'other_counter::calls = 0x00000004' \
    'driver.c::counter::calls = 0x00000003' \
    'libother.so::twin = 0x00000003' 'library.c::twin = 0x00000003' \
    "$built/libother.so::twin = 0x00000003" \
    'libother.so::library.c::twin = 0x00000003' \
    'library_number = 0x00000009' 'libother.so::library_number = 0x00000009' \
    'driver::minus = 0xfffffffe (-2)'
}

@test "names: an ambiguous one lists the candidates" {
  driver_start driver
  expect 2 read "${on[@]}" twin
  one_diagnostic
  err_has "2 objects are called 'twin'; one of " \
    "driver.c::twin (driver.c:$(line driver.c 'static int twin = 1'))" \
    "other.c::twin (other.c:$(line other.c 'static int twin = 2'))"
  nowhere err library counter
  expect 2 read "${on[@]}" calls
  one_diagnostic
  err_has "2 objects are called 'calls'; one of " \
    "driver.c::counter::calls (driver.c:$(line driver.c 'int calls = 3'))" \
    "driver.c::other_counter::calls (driver.c:$(line driver.c 'int calls = 4'))"
}

@test "names: what is not there, with near names" {
  driver_start driver
  expect 1 read "${on[@]}" minu
  one_diagnostic
  err_has "the target has no object 'minu'; near names: minus"
  expect 1 read "${on[@]}" driver.c::minu
  one_diagnostic
  err_has "the target has no object 'minu' in driver.c; near names: minus"
  refused_read 1 "the target has no object 'nothing_at_all' in counter" \
    counter::nothing_at_all
  expect 1 read "${on[@]}" no.c::minus
  one_diagnostic
  err_has "the target has no module and no source file 'no.c'"
  refused_read 2 'it is a function, and no object' counter
}

@test "names: what has no address says why" {
  driver_start driver
  refused_read 1 "$local_to_thread" per_thread
  refused_read 1 "$constant" limit
  refused_read 1 "$constant" other.c::limit
  refused_read 1 "it has no address of its own that stays: it is kept in \
different places" compute::lost
  refused_read 1 'it lives on the stack, while its function runs' \
    main::descriptor
}

@test "names: C's operators are explained" {
  driver_start driver
  bad 2 read "${on[@]}" '*regs'
  err_has 'what the pointer NAME points to is ptr:NAME'
  bad 2 read "${on[@]}" '&minus'
  err_has "NAME is already the object's place, not its value"
  bad 2 read "${on[@]}" reg:block.ctrl
  err_has 'this version knows no register descriptions'
}

# Pointers

@test "names: chains of pointers" {
  driver_start driver
  expect 0 read "${on[@]}" device.number device.next.number \
    'device->next->bar[1]->id' first.next.bar.1.ctrl.rate to_regs.half \
    'to_regs[0].half' 'to_regs[0]->half' 'regs[1].id' device.bar.0.half
  out_is 'device.number = 0x00000001' 'device.next.number = 0x00000002' \
    'device->next->bar[1]->id = 0x03020100' \
    'first.next.bar.1.ctrl.rate = 0x05' 'to_regs.half = 0x0908' \
    'to_regs[0].half = 0x0908' 'to_regs[0]->half = 0x0908' \
    'regs[1].id = 0x4b4a4948' 'device.bar.0.half = 0x0908'
  expect 0 read "${on[@]}" ptr:to_regs.0
  file_is out "$(registers to_regs.0 ptr:to_regs.0)"
  expect 0 read -q "${on[@]}" ptr:to_regs
  out_is "$(hex "$base")"
}

@test "names: a chain that breaks says where" {
  local wild='the chain ends here: wild_regs is 0x1230, and process '

  driver_start driver
  wild+="$pid has nothing mapped there"
  refused_read 1 'the chain ends here: null_regs is a null pointer' null_regs.id
  err_has $'\n  null_regs.id\n            ^~\n'
  refused_read 1 'the chain ends here: null_regs is a null pointer' \
    ptr:null_regs
  refused_read 1 'the chain ends here: device.next.next is a null pointer' \
    device.next.next.number
  err_has $'\n  device.next.next.number\n                   ^~~~~~\n'
  refused_read 1 'the chain ends here: first.next.bar.0 is a null pointer' \
    first.next.bar.0.id
  refused_read 1 "$wild" wild_regs.id
  refused_read 1 "$wild" ptr:wild_regs
}

@test "names: a pointer that stands in the device is not followed" {
  driver_start driver hidden
  refused_read 7 "dma stands in a device's registers: to follow it would be \
an access; read it, and name the address that it holds" \
    -t 'struct regs' -m dma.x "@file:${at#@file:}+0x0"
  refused_read 7 "hidden.0 stands in a device's registers: to follow it would \
be an access; read it, and name the address that it holds" hidden.0.id
}

@test "names: elements that are not there" {
  driver_start driver
  refused_read 2 "numbers has 5 elements, 0 to 4; an offset leads beyond it: \
numbers+0x10" 'numbers[5]'
  err_has $'\n  numbers[5]\n          ^\n'
  refused_read 2 "regs.queue has 2 elements, 0 to 1; an offset leads beyond \
it: regs.queue+0x10" regs.queue.2.head
  refused_read 2 "matrix.1 has 3 elements, 0 to 2; an offset leads beyond it: \
matrix.1+0x10" matrix.1.3
  refused_read 2 'minus is no array' 'minus[0]'
  refused_read 2 'minus has bits 0 to 31' minus.32
  refused_read 2 'regs.ctrl.mode has bits 0 to 2' regs.ctrl.mode.3
  refused_read 2 'it is a pointer to void: its elements have no size' 'voidp[0]'
  refused_read 2 'minus is no pointer; without ptr: it is the object itself' \
    ptr:minus
  refused_read 2 'first is no pointer; without ptr: it is the object itself' \
    ptr:first
}

# Writes

@test "names: a write to the device is one access, of the register's width" {
  need strace
  driver_start driver
  traced 0 write "${on[@]}" regs.id=0x11223344 regs.half=0x5566 \
    regs.state=FAST regs.level=-1 'regs.ring[1]=7'
  out_is
  err_is
  only_memory
  accesses_are "w32@$base" "w16@$((base + 8))" "w32@$((base + 0x44))" \
    "w32@$((base + 0xc))" "w32@$((base + 0x1c))"
  put_bytes regs.before 0 44 33 22 11
  put_bytes regs.before 8 66 55
  put_bytes regs.before 0xc ff ff ff ff
  put_bytes regs.before 0x1c 07 00 00 00
  put_bytes regs.before 0x44 04 00 00 00
  same regs
}

@test "names: a bit-field is a read and a write of its register" {
  need strace
  driver_start driver
  traced 0 write "${on[@]}" regs.ctrl.rate=0x7f
  only_memory
  accesses_are "r32@$((base + 4))" "w32@$((base + 4))"
  put_bytes regs.before 4 09 7f
  same regs
  expect 0 write "${on[@]}" regs.ctrl.level=-32768 regs.error=7 \
    regs.ctrl.mode=OFF
  put_bytes regs.before 4 01 7f 00 80
  put_bytes regs.before 0x40 0f
  same regs
}

@test "names: no bit is given two values, and no field follows a whole register" {
  driver_start driver
  expect 2 write "${on[@]}" regs.ctrl.mode=1,mode=2
  err_has 'a bit is given two values'
  expect 2 write "${on[@]}" regs.ctrl.rate=0,15:8=0xff
  err_has 'a bit is given two values'
  expect 2 write "${on[@]}" regs.id=1,7:4=2
  err_has 'several values must all name bits'
  expect 0 read -q "${on[@]}" regs.id
  out_is 0x03020100
}

@test "names: two fields of a register are one read and one write" {
  need strace
  driver_start driver
  traced 0 write "${on[@]}" regs.ctrl.mode=SLOW,rate=0x12,level=3
  only_memory
  accesses_are "r32@$((base + 4))" "w32@$((base + 4))"
  put_bytes regs.before 4 03 12 03 00
  traced 0 write "${on[@]}" regs.busy=0,count=7
  only_memory
  accesses_are "r32@$((base + 0x40))" "w32@$((base + 0x40))"
  put_bytes regs.before 0x40 0a 00 07 00
  same regs
}

@test "names: writes to typed places" {
  driver_start driver
  expect 0 write "${on[@]}" -t 'struct regs' -m id "$at+0x0=1"
  expect 0 write "${on[@]}" -t 'union control' "$at+0x4.mode=SLOW"
  expect 0 write "${on[@]}" -t 'enum mode' "$at+0x44=FAST"
  expect 0 write "${on[@]}" ptr:voidp/16=0x1234 regs.ctrl=1:1
  put_bytes regs.before 0 01 00 00 00 03
  put_bytes regs.before 0x44 04
  put_bytes regs.before 0x100 34 12
  same regs
}

@test "names: a width with its byte order" {
  driver_start driver
  expect 0 write "${on[@]}" regs.id/32be=0x11223344
  put_bytes regs.before 0 11 22 33 44
  same regs
}

@test "names: ordinary memory is written with --force only" {
  driver_start driver
  expect 7 write "${on[@]}" minus=5
  err_is "mmiodbg: minus=5: this is ordinary memory of the target, not a \
device; --force writes it all the same"
  expect 0 write --force "${on[@]}" minus=-7 speed=SLOW yes=false change=UP \
    'numbers[1]=9' queues.1.head=8 shared.of_driver=0xffff large=-1
  expect 0 read "${on[@]}" minus plus speed yes change numbers queues.1 shared \
    large
  out_is 'minus = 0xfffffff9 (-7)' 'plus = 0x12345678' \
    'speed = 0x00000001 (SLOW)' 'yes = 0x00' 'change = 0x00000001 (UP)' \
    'numbers[0]: 00000001 00000009 00000003 ffffffff' 'numbers[4]: 00000005' \
    'queues.1.head = 0x00000008' 'queues.1.tail = 0x00000004' \
    'shared.first = 0x00000001' 'shared.of_driver = 0xffff' \
    'large = 0xffffffffffffffff (-1)'
  expect 0 write --force "${on[@]}" change=DOWN yes=true minus=-2147483648
  expect 0 read "${on[@]}" change yes minus
  out_is 'change = 0xffffffff (DOWN)' 'yes = 0x01' \
    'minus = 0x80000000 (-2147483648)'
  same regs
}

@test "names: values that do not fit, and names that are none" {
  driver_start driver
  refused_write 2 'the value does not fit into 3 bits: the largest is 0x7' \
    regs.ctrl.mode=8
  err_has $'\n  regs.ctrl.mode=8\n                 ^\n'
  refused_write 2 \
    'the value does not fit into 16 bits: the smallest is -32768' \
    regs.ctrl.level=-32769
  refused_write 2 'the value does not fit into 8 bits: the largest is 0xff' \
    regs.id=1 regs.byte=0x100
  refused_write 1 "its enumeration has no value 'SLOWW'; near names: SLOW" \
    regs.ctrl.mode=SLOWW
  refused_write 1 "'FAST': its type has no names for values" regs.id=FAST
  refused_write 1 "'FAST': its type has no names for values" regs.ctrl=FAST
  same regs
}

@test "names: structs and arrays are not written as a whole" {
  driver_start driver
  refused_write 2 "$several; name a member of it" ptr:regs=1
  refused_write 2 "$several; name a member of it" 'regs.queue[0]=1'
  refused_write 2 "$several; name a member of it" --fill ptr:regs=1
  refused_write 2 "it is an array, which is not written as a whole; name an \
element; or --fill writes the value to each" regs.ring=1
  refused_write 2 'it is an array, which tells how many there are; drop -n' \
    --fill -n 2 regs.ring=1
  refused_write 2 \
    'one value for a range of elements; --fill writes it to each' \
    -n 2 regs.id=1
  same regs
  expect 0 write "${on[@]}" --fill regs.ring=1
  put_bytes regs.before 0x18 01 00 00 00 01 00 00 00 01 00 00 00 01 00 00 00
  same regs
  expect 0 write "${on[@]}" --fill -n 2 'regs.ring[2]=2'
  put_bytes regs.before 0x20 02 00 00 00 02 00 00 00
  same regs
}

@test "names: what fields, masks and widths do not go together" {
  driver_start driver
  refused_write 2 \
    'state is in another register; give it a location of its own' \
    regs.busy=1,state=FAST
  refused_write 2 'id is in another register; give it a location of its own' \
    regs.busy=1,id=1
  refused_write 2 'far is in another register; give it a location of its own' \
    --force apart.near=3,far=3
  expect 0 read "${on[@]}" apart
  out_is 'apart+0x0 = 0x00000001 { near = 1 }' \
    'apart+0x4 = 0x00000002 { far = 2 }'
  refused_write 1 "union control has no member 'busy'" regs.ctrl.mode=1,busy=1
  refused_write 2 'a field beside what is no field' regs.id=1,mode=2
  refused_write 2 'bits and a mask: one of them' regs.ctrl.mode=1:1
  refused_write 2 "$(not_wide 8)" regs.state/8=1
  refused_write 2 "$(not_wide 16)" -w 16 regs.id=1
  same regs
}

@test "names: --dry-run and --json of writes" {
  need jq
  driver_start driver
  expect 0 write --dry-run "${on[@]}" regs.ctrl.mode=SLOW,rate=3 regs.id=1
  [ "$(sed -E 's/ \([^)]*\)//' out)" = \
    "would read 32 bits at $(printf 0x%x $((base + 4))) through kernel
would write 32 bits at $(printf 0x%x $((base + 4))), the old value with its \
bits changed, through kernel
would write 32 bits at $base = 0x00000001 through kernel" ]
  same regs
  expect 0 write --json "${on[@]}" regs.ctrl.mode=SLOW
  jq_is '.elements[0] | .name, .type, .bits, .value, .enum, .old, .raw' \
    $'regs.ctrl.mode\nenum mode\n3:1\n0x1\nSLOW\n0xfffe3009\n0xfffe3003'
}

# Programs without debug information

@test "names: without types a symbol's size is its width" {
  driver_start symbols
  expect 0 read "${on[@]}" minus narrow yes large letter regs.7:0 minus/8 \
    numbers/32 minus+0x0/32
  out_is 'minus = 0xfffffffe' 'narrow = 0xfffd' 'yes = 0x01' \
    'large = 0xfffffffed5fa0e00' 'letter = 0x41' \
    "regs.7:0 = 0x$(printf %02x $((base & 0xff)))" 'minus/8 = 0xfe' \
    'numbers/32 = 0x00000001' 'minus+0x0/32 = 0xfffffffe'
  expect 0 read "${on[@]}" -t int minus
  out_is 'minus = 0xfffffffe (-2)'
  expect 0 write --force "${on[@]}" minus=0x11 narrow=-1
  expect 0 read "${on[@]}" minus narrow
  out_is 'minus = 0x00000011' 'narrow = 0xffff'
}

@test "names: without types the refusals say why" {
  driver_start symbols
  refused_read 2 "how wide is it? it has no debug information; give a width: \
/32, or a type: -t TYPE" \
    numbers
  refused_read 1 'the type of regs is not known; it has no debug information' \
    regs.id
  # It is as large as a pointer.
  expect 0 read "${on[@]}" ptr:regs
  out_is 'ptr:regs = 0x03020100'
  refused_read 1 "the target has no module and no source file 'driver.c'; \
$stripped" \
    driver.c::twin
  refused_read 1 "$local_to_thread" per_thread
  refused_write 1 "'FAST': its type has no names for values" --force speed=FAST
  expect 2 read "${on[@]}" twin
  one_diagnostic
  # Of the library it is known.
  expect 0 read "${on[@]}" libother.so::twin
  out_is 'libother.so::twin = 0x00000003'
}

@test "names: a program stripped of all" {
  driver_start bare
  refused_read 1 "the target has no object 'minus'; $stripped" \
    minus
  refused_read 1 "the target has no object 'minus' in bare; $stripped" \
    bare::minus
  refused_read 1 "the target has no type 'struct regs'; $stripped" \
    -t 'struct regs' "$at+0x0"
  expect 0 read "${on[@]}" library_number libother.so::twin "$at+0x0"
  out_is 'library_number = 0x00000009' 'libother.so::twin = 0x00000003' \
    "$at+0x0 = 0x03020100"
}

# Files that are not where they were

# other_program FILE: a program that has another `minus`
other_program() {
  echo 'int minus = 99; int main(void) { return 0; }' >another.c
  gcc -g -o "$1" another.c
}

# copied: a program of this test's own, with its library
copied() {
  cp "$built/driver" "$built/libother.so" .
  built=$work
}

sees_driver() {
  expect 0 read "${on[@]}" minus regs.id "$@"
  out_is 'minus = 0xfffffffe (-2)' 'regs.id = 0x03020100' "${@/%/ = 0x00000003}"
  err_is
}

@test "names: the program was deleted" {
  copied
  driver_start driver
  rm driver
  sees_driver
}

@test "names: the program was replaced" {
  copied
  driver_start driver
  other_program driver.new
  mv driver.new driver
  sees_driver
}

@test "names: the library was deleted, or replaced" {
  need_root
  copied
  driver_start driver
  rm libother.so
  sees_driver libother.so::twin
  gcc -g -shared -fPIC -o libother.so -x c - <<<'static int pad[99], twin = 8;
int *library_twin(void) { return pad + twin; }'
  sees_driver libother.so::twin
}

@test "names: a mount namespace of its own" {
  need_root
  need unshare mount
  copied
  mkdir room
  other_program room/driver
  # shellcheck disable=SC2016 # of the inner shell
  driver_launch unshare -m bash -c 'mount -t tmpfs none room &&
    cp driver libother.so room && exec room/driver "$1"' - "$file"
  sees_driver libother.so::twin
  [ "$(ls room)" = driver ]
}

# Other users

# For all of them: the programs where they may run them.
open_to_all() {
  local folder=$work

  need_root
  need setpriv
  copied
  strip -g -o symbols driver
  cp "$MMIODBG" mmiodbg
  MMIODBG=$work/mmiodbg
  chmod a+rw regs
  while :; do
    chmod a+x "$folder"
    [ "$folder" != "$(cd "$BATS_RUN_TMPDIR" && pwd -P)" ] || break
    folder=${folder%/*}
    [ -n "$folder" ] || break
  done
  as_nobody "$MMIODBG" --version >/dev/null 2>&1 && return
  [ "${CI:-}" != true ] || fail 'other users cannot run the program'
  skip 'other users cannot run the program'
}

as_nobody() {
  setpriv --reuid $nobody --regid $nobody --clear-groups "$@"
}

# expect_nobody STATUS LOCATIONS AND OPTIONS...: reads them as that user
expect_nobody() {
  expect_of "$1" setpriv --reuid $nobody --regid $nobody --clear-groups \
    "$MMIODBG" read "${on[@]}" "${@:2}"
}

# of_nobody PROGRAM: a target of that user, and one that its user may trace
of_nobody() {
  driver_launch setpriv --reuid $nobody --regid $nobody --clear-groups \
    env "$work/$1" "$file"
}

@test "names: an ordinary user, whose program was deleted or replaced" {
  open_to_all
  of_nobody driver
  expect_nobody 0 minus regs.id libother.so::twin
  out_is 'minus = 0xfffffffe (-2)' 'regs.id = 0x03020100' \
    'libother.so::twin = 0x00000003'
  rm driver
  expect_nobody 0 minus regs.id
  out_is 'minus = 0xfffffffe (-2)' 'regs.id = 0x03020100'
  other_program driver
  expect_nobody 0 minus regs.id
  out_is 'minus = 0xfffffffe (-2)' 'regs.id = 0x03020100'
}

@test "names: an ordinary user, whose library was deleted or replaced" {
  open_to_all
  of_nobody driver
  rm libother.so
  expect_nobody 5 libother.so::twin
  one_diagnostic
  err_has "$work/libother.so was deleted; through /proc/$pid/map_files: \
Operation not permitted; " \
    ' or root would open it'
  expect_nobody 0 minus
  gcc -g -shared -fPIC -o libother.so -x c - <<<'static int pad[99], twin = 8;
int *library_twin(void) { return pad + twin; }'
  expect_nobody 5 libother.so::twin
  one_diagnostic
}

# A debuginfod-find that leaves a mark, and does what else is told.
fake_debuginfod() {
  mkdir bin
  printf '%s\n' '#!/bin/sh' "echo \"\$@\" >>$work/asked/calls" "$@" \
    >bin/debuginfod-find
  chmod 755 bin bin/debuginfod-find
  mkdir -m 777 asked
  export PATH=$work/bin:$PATH DEBUGINFOD_URLS=http://127.0.0.1:1/
}

@test "names: debuginfod is asked by ordinary users only, and if they want" {
  open_to_all
  fake_debuginfod 'exit 1'
  of_nobody symbols
  expect 1 read "${on[@]}" regs.id
  one_diagnostic
  err_has 'debuginfod is not asked with raised privileges'
  expect 1 read --no-debuginfod "${on[@]}" regs.id
  one_diagnostic
  expect_nobody 1 --no-debuginfod regs.id
  one_diagnostic
  unset DEBUGINFOD_URLS
  expect_nobody 1 regs.id
  [ ! -e asked/calls ]
  export DEBUGINFOD_URLS=http://127.0.0.1:1/
  expect_nobody 1 regs.id
  one_diagnostic
  [ "$(wc -l <asked/calls)" = 1 ]
  grep -qxE 'debuginfo [0-9a-f]{40}' asked/calls
}

@test "names: debuginfod has what was stripped" {
  open_to_all
  cp driver whole
  chmod a+r whole
  fake_debuginfod "echo $work/whole"
  of_nobody symbols
  expect_nobody 0 regs.id minus
  out_is 'regs.id = 0x03020100' 'minus = 0xfffffffe (-2)'
  [ "$(wc -l <asked/calls)" = 1 ]
}

@test "names: the target ends while its names are looked up" {
  open_to_all
  of_nobody symbols
  fake_debuginfod "kill -KILL $pid" \
    "while [ -e /proc/$pid/exe ]; do :; done" 'exit 1'
  expect_nobody 4 minus
  one_diagnostic
  [ -e asked/calls ]
}

@test "names: the target ends while a type is looked up" {
  open_to_all
  of_nobody symbols
  fake_debuginfod "kill -KILL $pid" \
    "while [ -e /proc/$pid/exe ]; do :; done" 'exit 1'
  expect_nobody 4 -t int minus
  one_diagnostic
  err_has 'has ended'
}

# Processes

@test "names: a target of several threads" {
  driver_start driver threads
  expect 0 read "${on[@]}" minus regs.half
  out_is 'minus = 0xfffffffe (-2)' 'regs.half = 0x0908'
  expect 0 read --stop "${on[@]}" minus regs.half ptr:reg
  out_is 'minus = 0xfffffffe (-2)' 'regs.half = 0x0908' 'ptr:reg = 0xfffe3009'
}

@test "names: a target whose first thread has ended" {
  driver_start driver leaderless
  wait_until state_is "$pid" Z
  expect 0 read "${on[@]}" minus driver.c::twin queues.1.head
  out_is 'minus = 0xfffffffe (-2)' 'driver.c::twin = 0x00000001' \
    'queues.1.head = 0x00000003'
}

@test "names: a target that has ended, or is none" {
  driver_start driver
  kill -KILL "$pid"
  target_ends
  refused 4 read "${on[@]}" minus
  err_has "there is no process $pid"
  refused 2 read minus
  err_has 'of which process?; -p PID names it'
}
