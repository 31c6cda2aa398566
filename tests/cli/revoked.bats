#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# On captured trees: what info and a failed access say of pages that may have
# been taken away, and kernels whose access path is trusted or not

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

prepare() {
  # Its VmFlags do not say whether all of a mapping is there.
  tree_begin x86_64 7.2.0
  tree_pci 0000:03:00.0 0x8086 0x10d3 '' 0xfe000000:0x20000
  sysfs=/sys/devices/pci0000:00
  put_iomem
  a_process
}

# put_iomem LINES...: below the BAR
put_iomem() {
  printf '%s\n' '00000000-00000fff : Reserved' \
    'fe000000-fe1fffff : PCI Bus 0000:03' \
    '  fe000000-fe01ffff : 0000:03:00.0' "$@" >"$tree/proc/iomem"
}

claimed='    fe000000-fe01ffff : e1000e'

# a_process [FLAGS]: with BAR 0 by sysfs and by UIO, and memory
a_process() {
  local flags=${1-rd wr sh mr mw me ms pf io de ar dd sd }

  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 \
    "$sysfs/0000:03:00.0/resource0" "$flags"
  tree_mapping 0x10100000 0x1000 rw-p 0 '[heap]' 'rd wr mr mw me ac sd '
  tree_mapping 0x10200000 0x20000 rw-s 0 /dev/uio0
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xfe000000 0x20000 0 bar0
}

# fails STATUS ARGUMENTS...: each access of the memory fails with EIO
fails() {
  local - && set +T
  local wanted=$1

  shift
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of "$wanted" strace -qq -o trace -P "$process/mem" \
    -e trace=pread64,pwrite64 -e inject=pread64,pwrite64:error=EIO \
    "$MMIODBG" "$@"
}

# Failed accesses

@test "nothing shows that the pages were taken away: unknown" {
  need strace
  fails 1 read -p 100 --retry 5ms @03:00.0/bar0
  one_diagnostic
  err_has 'its pages were probably taken away, but nothing else shows it'
}

@test "a driver has claimed the range: revoked, but not for uio" {
  need strace jq
  put_iomem "$claimed"
  fails 6 read -p 100 --retry 5ms @03:00.0/bar0
  one_diagnostic
  err_has 'the mapping was revoked: e1000e owns physical memory 0xfe000000' \
    'the target has to map the device again' ' attempts in '
  fails 6 write --json -p 100 --retry 0 @03:00.0/bar0+0x10=1
  jq_is '.elements[0].error.kind' revoked
  jq_is '.elements[0].error.errno' 5
  jq_is '.elements[0].error.evidence |
    any(startswith("e1000e owns physical memory 0xfe000000-0xfe01ffff"))' true
  jq_is '.elements[0].error.evidence[-1] | startswith("the kernel said: ")' true
  fails 1 read -p 100 --retry 0 @uio0
  err_has 'probably taken away, but nothing else shows it'
}

@test "VmFlags without ar, on a kernel that has it" {
  need strace
  put_iomem "$claimed"
  tree_begin x86_64 6.1.0
  # With it, no claim has taken anything away.
  fails 1 read -p 100 --retry 0 @03:00.0/bar0
  err_has 'nothing else shows it'
  put_iomem
  a_process 'rd wr sh mr mw me ms pf io de dd sd '
  fails 6 read -p 100 --retry 0 @03:00.0/bar0
  err_has 'VmFlags lack '
  tree_begin x86_64 7.2.0
  fails 1 read -p 100 --retry 0 @03:00.0/bar0
  nowhere err 'VmFlags l'
}

@test "the device has left sysfs: refused, and if forced, revoked" {
  need strace
  rm -r "$tree/sys/bus/pci/devices/0000:03:00.0"
  bad 7 read -p 100 0x10000000
  err_has 'gone from sysfs'
  fails 6 read -p 100 --force --retry 5ms 0x10000000
  one_diagnostic
  err_has 'the mapping was revoked: the device is gone from sysfs'
}

@test "failures of different pages are of one run" {
  need strace
  put_iomem '    fe001000-fe001fff : e1000e'
  fails 1 read -p 100 --retry 0 @03:00.0/bar0 @03:00.0/bar0+0x1000
  err_has 'nothing else shows it' 'e1000e owns physical memory 0xfe001000'
  [ "$(wc -l <err)" = 2 ]
  fails 6 read -p 100 --retry 0 @03:00.0/bar0+0x1000 @03:00.0/bar0
}

# info

@test "info: pages and evidence, without an access" {
  need jq
  expect 0 info -p 100 @03:00.0/bar0
  out_matches ' *pages +nothing shows that they were taken away' \
    " *evidence +such mappings have the kernel's generic access method" \
    ' *evidence +the device is in sysfs' \
    ' *evidence +no driver owns the physical memory .*' \
    ' *evidence +no driver is bound' ' *evidence +VmFlags: .* ar .*'
  put_iomem "$claimed"
  expect 0 info -p 100 @03:00.0/bar0+0x10
  line=' *pages +may have been taken away: e1000e owns physical memory '
  line+='0xfe000000-0xfe01ffff .*; once that driver has let go, the target has '
  line+='to map the device again'
  out_matches "$line"
  expect 0 info --json -p 100 @03:00.0/bar0 @uio0 0x10100000
  jq_is '[.locations[].device.taken_away] | map(tostring) | join(" ")' \
    'true false null'
  jq_is '.locations[0].device.evidence | any(startswith("e1000e owns"))' true
  jq_is '.locations[1].device.evidence | any(startswith("e1000e owns"))' true
  if command -v strace >/dev/null; then
    traced 0 info -p 100 @03:00.0/bar0
    [ ! -s accesses ]
  fi
  : >"$tree/proc/iomem"
  expect 0 info -p 100 @03:00.0/bar0
  out_has 'is unknown: /proc/iomem is hidden from us' \
    'nothing shows that they were taken away'
}

# Trust

# on_kernel UNAME...: a machine of another kernel
on_kernel() {
  echo "$*" >"$tree/uname"
}

# warned ARGUMENTS...: done, with one warning of trust
warned() {
  local text=$1

  shift
  expect 0 "$@"
  [ "$(wc -l <err)" = 1 ]
  err_has "mmiodbg: warning: $text"
}

@test "trust: before 5.12 writes race, and reads warn" {
  on_kernel x86_64 5.10.0-35-amd64
  bad 7 write -p 100 @03:00.0/bar0=1
  err_has 'before 5.12 an access of the kernel races with the driver' \
    '--trust-kernel accesses it all the same'
  bad 7 write --force --via kernel -p 100 @03:00.0/bar0=1
  bad 7 write --dry-run -p 100 @03:00.0/bar0=1:0xf
  tree_memory 0x10000000 00 00 00 00 00 00 00 00
  warned '--trust-kernel: without the fix of 5.12' write --trust-kernel \
    -p 100 @03:00.0/bar0/8=1 @03:00.0/bar0+0x4/8=2
  bytes_are "$process/mem" 0x10000000 01 00 00 00 02
  warned '--trust-kernel: without the fix of 5.12' --trust-kernel write \
    -p 100 @03:00.0/bar0/8=3:0xf
  bytes_are "$process/mem" 0x10000000 03
  # A read needs no trust; the warning is the same with it.
  warned 'before 5.12 an access of the kernel races' read -q -p 100 \
    @03:00.0/bar0/8 @03:00.0/bar0+0x4/8 -n 4
  warned 'before 5.12 an access of the kernel races' read -q --trust-kernel \
    -p 100 @03:00.0/bar0/8
  out_is 0x03
  # Memory has pages, and they do not race.
  expect 0 write --force -p 100 0x10100000=1
  err_is
  expect 0 read -q -p 100 0x10100000
  err_is
  # No width is lifted by it.
  bad 7 write --trust-kernel -p 100 @03:00.0/bar0/64=1
  err_has 'splits an access of 64 bits'
}

has_lines() {
  [ "$(wc -l <"$1")" = "$2" ]
}

@test "a device that falls asleep between two lines of a batch" {
  local lines reader

  on_kernel x86_64 6.12.1
  mkfifo in
  "$MMIODBG" batch -q -p 100 <in >out 2>err 3>&- &
  reader=$!
  exec {lines}>in
  # Each is learnt, and read by what was learnt.
  for _ in 1 2; do
    printf 'read @03:00.0/bar0%s/8\n' '' +0x4 >&"$lines"
  done
  wait_until has_lines out 4
  echo D3hot >"$tree/sys/bus/pci/devices/0000:03:00.0/power_state"
  # It may have ended before the second one.
  printf 'read @03:00.0/bar0%s/8\n' +0x4 '' | cat >&"$lines" || :
  exec {lines}>&-
  status=0
  wait "$reader" || status=$?
  [ "$status" = 7 ] || fail "status $status"
  err_has 'stdin:5: ' 'low-power state'
  has_lines out 4
}

@test "trust: of a line of a batch is for that line" {
  on_kernel aarch64 6.12.117
  status=0
  printf '%s\n' 'info --trust-kernel @03:00.0/bar0/8' 'read @03:00.0/bar0/8' |
    "$MMIODBG" batch -p 100 >out 2>err || status=$?
  [ "$status" = 7 ] || fail "status $status"
  err_has 'stdin:2: ' '--trust-kernel accesses it all the same'
  nowhere out ' = 0x'
}

@test "trust: arm64 crashes, by the patch level" {
  local release

  for release in 6.1.0 '6.1.0-18-arm64 #1 SMP Debian 6.1.76-1 (2024-02-01)' \
    '6.12.116+deb13-arm64 #1 SMP Debian 6.12.116-1' 6.17.13; do
    on_kernel aarch64 "$release"
    bad 7 read -p 100 @03:00.0/bar0/8
    err_has 'if the CPU has PAN' '--trust-kernel accesses it all the same'
    bad 7 write -p 100 @03:00.0/bar0/8=1
    warned '--trust-kernel: without the fix of 6.12.117 and 7.0' read -q \
      --trust-kernel -p 100 @03:00.0/bar0/8
    out_is 0x00
    bad 7 read --trust-kernel -p 100 @03:00.0/bar0
    err_has 'splits an access of 32 bits into 4 of 8'
  done
  for release in '6.12.117+deb13-arm64 #1 SMP Debian 6.12.117-1' 6.12.117 \
    7.0.0 7.3-rc1; do
    on_kernel aarch64 "$release"
    bad 7 read -p 100 @03:00.0/bar0/8
    err_has 'an access that the device rejects crashes the kernel'
    nowhere err PAN
    warned '--trust-kernel: an access that the device rejects crashes' read \
      -q --trust-kernel -p 100 @03:00.0/bar0/64
    expect 0 read -q -p 100 0x10100000
    err_is
  done
}

@test "trust: where there is no path, nothing helps" {
  local machine

  for machine in 'riscv64 6.12.0' 'riscv64 7.1.9' 'armv7l 6.1.0' \
    'armv6l 6.12.117' 'aarch64 5.10.0'; do
    # shellcheck disable=SC2086 # words
    on_kernel $machine
    for option in --force --trust-kernel; do
      bad 7 read $option -p 100 @03:00.0/bar0/8
      err_has CONFIG_HAVE_IOREMAP_PROT
      nowhere err trust-kernel
      bad 7 write $option -p 100 @03:00.0/bar0/8=1
      err_has CONFIG_HAVE_IOREMAP_PROT
    done
  done
  # What is not known is not trusted either. armv8l is a 64-bit kernel.
  for machine in 'sparc64 6.1.0' 'armv8l 7.2.0'; do
    # shellcheck disable=SC2086 # words
    on_kernel $machine
    bad 7 read --trust-kernel -p 100 @03:00.0/bar0/8
    err_has 'is not known'
  done
}

@test "trust: where all is well, there is nothing to say" {
  expect 0 write --trust-kernel -p 100 @03:00.0/bar0=1
  err_is
  expect 0 read -q --trust-kernel -p 100 @03:00.0/bar0
  err_is
}

@test "trust: info shows what it lifts" {
  need jq
  on_kernel x86_64 5.10.0
  expect 0 info -p 100 @03:00.0/bar0
  out_matches ' *read 32 +kernel' ' *write 32 +refused: before 5.12 .*'
  expect 0 info --trust-kernel -p 100 @03:00.0/bar0
  out_matches ' *write 32 +kernel' ' *write 64 +refused: .* splits .*'
  on_kernel aarch64 6.1.0
  expect 0 info -p 100 @03:00.0/bar0
  [ "$(grep -c 'refused: .* PAN' out)" = 8 ]
  expect 0 info --trust-kernel --json -p 100 @03:00.0/bar0
  jq_is '[.locations[0].read[] | has("backend")] | map(tostring) | join(" ")' \
    'true false false true'
  on_kernel armv7l 6.1.0
  expect 0 info --trust-kernel -p 100 @03:00.0/bar0
  [ "$(grep -c 'refused: .*CONFIG_HAVE_IOREMAP_PROT' out)" = 8 ]
  bad 2 maps --trust-kernel
}
