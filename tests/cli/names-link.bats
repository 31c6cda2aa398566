#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names where the linker has a say: variables that a program takes over from its
# libraries, sections that were left out, the program among its modules.

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

# libone.so has a static variable of the name that libtwo.so has a global one of,
# which the program takes over (a copy relocation).
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  cat >one.c <<'END'
static int shared = 111;
int *one_pointer = &shared;
int one(void) { static int taken = 333; return ++taken + *one_pointer; }
END
  cat >two.c <<'END'
int shared = 222;
long taken = 444;
int two(void) { return shared + taken; }
END
  cat >main.c <<'END'
#include <stdio.h>
#include <unistd.h>

extern int shared, one(void), two(void);
extern long taken;
int left_out = 5;

int main(void)
{
	static int inner = 3;

	shared = 999;
	taken = 888;
	inner += one() + two();
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (getchar() != EOF)
		;
	return shared + taken + inner == 0;
}
END
  gcc -g -O0 -shared -fPIC one.c -o libone.so
  gcc -g -O0 -shared -fPIC two.c -o libtwo.so
  gcc -g -O0 -fno-pie -no-pie -fdata-sections -Wl,--gc-sections main.c -o main \
    -L. -lone -ltwo -Wl,-rpath,"$BATS_FILE_TMPDIR"
}

# reads NAME VALUE...: in decimal
reads() {
  local name

  while [ $# -gt 0 ]; do
    name=$1
    expect 0 read -q -p "$pid" "$name"
    [ "$(($(cat out)))" = "$2" ] || fail "$name: $(cat out), not $2"
    shift 2
  done
}

@test "names and the linker: what the program has taken over is where it has it" {
  target_launch "$BATS_FILE_TMPDIR/main"
  reads shared 999 libtwo.so::shared 999 two.c::shared 999 taken 888 \
    libtwo.so::taken 888
}

@test "names and the linker: a library's own variable of that name stays its own" {
  target_launch "$BATS_FILE_TMPDIR/main"
  reads libone.so::shared 111 one.c::shared 111 one::taken 334
}

@test "names and the linker: the type of a copy is that of the library" {
  target_launch "$BATS_FILE_TMPDIR/main"
  expect 0 read -p "$pid" taken
  out_is 'taken = 0x0000000000000378'
}

@test "names and the linker: what was left out has no address" {
  target_launch "$BATS_FILE_TMPDIR/main"
  expect 1 read -p "$pid" left_out
  err_has 'the linker has left it out'
}

@test "names and the linker: a function that is called like the program" {
  target_launch "$BATS_FILE_TMPDIR/main"
  reads main::inner 2335
  expect 1 read -p "$pid" main::left_out
}

@test "names and the linker: called through the loader, all are libraries" {
  local loader

  loader=$(readelf -l "$BATS_FILE_TMPDIR/main" |
    sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
  target_launch "$loader" "$BATS_FILE_TMPDIR/main"
  reads main::inner 2335 libone.so::shared 111
  # Which one is meant nobody can tell without the program.
  expect 2 read -p "$pid" shared
  err_has 'libone.so::shared' 'libtwo.so::shared'
}
