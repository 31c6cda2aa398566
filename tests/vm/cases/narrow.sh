# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Processes of 32 bits: the tests of tests/cli that need one, which the host's
# kernel may not run, and what a device sees of accesses by a thread of one.
#
# A case with a test's name runs that test; .ci/run goes by these names.
#
#vm: devices edu
#vm: append ia32_emulation=on
#vm: timeout 600
#vm: series 6.1 6.12

# shellcheck source=tests/target/narrow.bash
. "$VM_DIR/../target/narrow.bash"

# Not below /dev: what is mapped from there is not taken for code.
folder=/mnt/narrow
busybox mkdir -p "$folder"
busybox mount -t tmpfs tmpfs "$folder"
[[ -e /dev/fd ]] || busybox ln -s /proc/self/fd /dev/fd

# shows FILE TEST: it passes, and is not skipped
shows()
{
  case_begin "tests/cli/$1: $2"
  run 0 env CI=true TMPDIR="$folder" MMIODBG_TEST_PATIENCE=10 \
    bats --formatter tap -f "^$2\$" "$VM_DIR/../cli/$1"
  stdout_is 1..1 "ok 1 $2"
  bus_none
  case_end
}

shows stop.bats 'a 32-bit target'
shows tracee.bats 'a 32-bit target'
shows tracee.bats 'a target whose code has no such load and store'

# A device. The target waits in pause.

# narrow_start NAME PROGRAM ARGUMENT...: as target_start, of a mmionarrow
narrow_start()
{
  # shellcheck disable=SC2034 # target_start runs it
  local MMIOTARGET=$2

  target_start "$1" "${@:3}"
}

# get STATUS ARGUMENT...: reads, and prints values only
get()
{
  run "$1" "$MMIODBG" read -q -p "$APP" "${@:2}"
}

# put STATUS ARGUMENT...: writes, of which nothing is said
put()
{
  run "$1" "$MMIODBG" write -p "$APP" "${@:2}"
  stdout_is
}

narrow_build "$folder/narrow" -DWITH_HALVES || fail 'narrow_build'
narrow_start APP "$folder/narrow" "$SYS/$EDU/resource0" 29

case_begin "32 bits by a thread of 32 bits: one access each, in order"
get 0 --via tracee "@$EDU/bar0" "@$EDU/bar0+0x0/32be"
stdout_is 0x010000ed 0xed000001
put 0 --via tracee "@$EDU/bar0+0x4=0x12345678"
get 0 --via tracee "@$EDU/bar0+0x4"
stdout_is 0xedcba987
put 0 --via tracee "@$EDU/bar0+0x80=0xf:0xff"
bus edu r 0x0 4 0x010000ed x2+0
bus edu w 0x4 4 0x12345678
bus edu r 0x4 4 0xedcba987
bus edu r 0x80 4
bus edu w 0x80 4 0xf
case_end

case_begin "8 and 16 bits by it: one access each, of that size"
get 0 --via tracee "@$EDU/bar0/8" "@$EDU/bar0/16"
bus edu r-refused 0x0 1
bus edu r-refused 0x0 2
case_end

case_begin "64 bits: it has no such access, and the kernel's path would split it"
for via in auto tracee kernel; do
  get 7 --via $via "@$EDU/bar0+0x80/64"
  stdout_is
  put 7 --via $via "@$EDU/bar0+0x80/64=1"
done
get 7 --via tracee "@$EDU/bar0+0x80/64"
stderr_has 'a 32-bit process has no access of 64 bits'
bus_none
case_end

# edu has nothing at +0x84 but all ones.
case_begin "32x2 by it: the high half, the low one, the high one again"
get 0 --via tracee "@$EDU/bar0+0x80/32x2"
stdout_is 0xffffffff0000000f
bus edu r 0x84 4
bus edu r 0x80 4
bus edu r 0x84 4
case_end

case_begin "the kernel's path, with the target stopped, and under a mask"
get 0 --stop "@$EDU/bar0"
stdout_is 0x010000ed
put 0 --stop "@$EDU/bar0+0x80=0x50:0xf0"
put 0 --stop --via tracee "@$EDU/bar0+0x80=0x6:0xf"
bus edu r 0x0 4 0x010000ed
bus edu r 0x80 4 0xf
bus edu w 0x80 4 0x5f
bus edu r 0x80 4 0x5f
bus edu w 0x80 4 0x56
case_end

target_stop APP
