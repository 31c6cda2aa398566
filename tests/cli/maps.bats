#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# maps, info and accesses on captured trees: every kind of device mapping, and
# the states that devices and kernels can be in

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

prepare() {
  tree_begin
}

# Two devices of PCI: 03:00.0 with three BARs, 04:00.0 with one.
two_devices() {
  tree_pci 0000:03:00.0 0x8086 0x10d3 e1000e 0xfe000000:0x20000 \
    0xfe020000:0x1000 0xd0000000:0x1000000:0x14220c
  tree_pci 0000:04:00.0 0x1234 0x11e8 '' 0xfea00000:0x100000
  sysfs=/sys/devices/pci0000:00
}

device_folder() {
  echo "$tree/sys/bus/pci/devices/0000:$1"
}

# columns NAMES LINES...: what maps shows of them
columns() {
  local names=$1

  shift
  expect 0 maps --noheadings --raw -o "$names"
  out_is "$@"
}

# PCI through sysfs

@test "pci: all columns" {
  need jq
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  expect 0 maps
  tr -s ' ' <out >table
  file_is table \
    'INDEX PID COMMAND RANGE SIZE PERM KIND DEVICE PCI ID DRIVER PHYSICAL BACKENDS' \
    ' 0 100 app 10000000-10020000 128K rw-s pci 0000:03:00.0/bar0 0000:03:00.0/bar0 8086:10d3 e1000e 0xfe000000 kernel:8,16,32'
  columns TYPE,CLASS,OFFSET,PATH \
    "uncached register 0xfe000000 $sysfs/0000:03:00.0/resource0"
  expect 0 maps --json -o +TYPE,CLASS,OFFSET,PATH,NAME,PROBLEM
  jq_is '.command' maps
  jq_is '.maps | length' 1
  jq_is '.maps[0] | .index, .pid, .size | tostring' $'0\n100\n131072'
  jq_is '.maps[0] | .start, .end' $'0x0000000010000000\n0x0000000010020000'
  jq_is '.maps[0] | .physical, .offset' $'0x00000000fe000000\n0x00000000fe000000'
  jq_is '.maps[0] | .process, .permissions, .kind, .device, .pci, .id, .driver' \
    $'app\nrw-s\npci\n0000:03:00.0/bar0\n0000:03:00.0/bar0\n8086:10d3\ne1000e'
  jq_is '.maps[0].backends.kernel | tostring' '[8,16,32]'
  jq_is '.maps[0] | .memory_type, .class, .name, .problem | tostring' \
    $'uncached\nregister\nnull\nnull'
}

@test "pci: accesses go to the right address" {
  need strace
  two_devices
  tree_process 100 app
  # The second page of BAR 0 alone, and BAR 1.
  tree_mapping 0x10000000 0x1000 rw-s 0xfe001000 $sysfs/0000:03:00.0/resource0
  tree_mapping 0x10100000 0x1000 rw-s 0xfe020000 $sysfs/0000:03:00.0/resource1
  tree_memory 0x10000010 78 56 34 12
  tree_memory 0x10100020 ef be ad de
  traced 0 read -p app @03:00.0/bar0+0x1010/32le @0000:03:00.0/bar1+0x20/32le \
    @0+0x10/32le phys:0xfe001010/32le 0x10000010/32le phys:0xfe020020/32le
  out_is '@03:00.0/bar0+0x1010/32le = 0x12345678' \
    '@0000:03:00.0/bar1+0x20/32le = 0xdeadbeef' '@0+0x10/32le = 0x12345678' \
    'phys:0xfe001010/32le = 0x12345678' '0x10000010/32le = 0x12345678' \
    'phys:0xfe020020/32le = 0xdeadbeef'
  accesses_are r32@0x10000010 r32@0x10100020 r32@0x10000010 r32@0x10000010 \
    r32@0x10000010 r32@0x10100020
  traced 0 write -p 100 @03:00.0/bar0+0x1014/16le=0xabcd
  accesses_are w16@0x10000014
  bytes_are "$process/mem" 0x10000014 cd ab
  # Found without -p, too.
  expect 0 read -q @03:00.0/bar1+0x20/32le
  out_is 0xdeadbeef
  bad 1 read -p app @03:00.0/bar0+0x10
  err_has 'has not mapped offset 0x10'
  bad 1 read -p app @03:00.0/bar0+0x2000
  bad 2 read -p app @03:00.0/bar0+0x20000
  err_has 'beyond the end' 0x20000
  bad 2 read -p app @03:00.0/bar1+0x1000
  bad 2 read -p app @03:00.0/bar1+0xff8..+0x10
  bad 1 read -p app @04:00.0/bar0
  bad 1 read @04:00.0/bar0
  bad 2 read -p app @03:00.0
  bad 2 read -p app @03:00.0/bar6
  bad 2 read -p app @03:00.0/map0
}

@test "pci: 64 bits would be two accesses, and are refused" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  bad 7 read -p 100 @03:00.0/bar0+0x8/64
  err_has 'splits' '2 of 32' 32x2
  bad 7 write -p 100 @03:00.0/bar0+0x8/64=1
  bad 7 write --force -p 100 @03:00.0/bar0+0x8/64=1
  bad 7 read --via kernel -p 100 @03:00.0/bar0+0x8/64
  expect 0 read -p 100 @03:00.0/bar0+0x8/32x2
}

@test "pci: write-combining is a buffer, of any width" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x10000 rw-s 0xd0000000 \
    $sysfs/0000:03:00.0/resource2_wc
  columns DEVICE,CLASS,TYPE,BACKENDS \
    '0000:03:00.0/bar2 buffer write-combining kernel:8,16,32,64'
  tree_memory 0x10000008 11 22 33 44 55 66 77 88
  expect 0 read -p 100 -v @03:00.0/bar2+0x8/64le
  out_is '@03:00.0/bar2+0x8/64le = 0x8877665544332211'
  err_has ' buffer, '
}

@test "pci: of the plain and the combining mapping, the plain one is taken" {
  need strace
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x10000 rw-s 0xd0000000 \
    $sysfs/0000:03:00.0/resource2_wc
  tree_mapping 0x10100000 0x10000 rw-s 0xd0000000 $sysfs/0000:03:00.0/resource2
  traced 0 read -p 100 @03:00.0/bar2+0x8
  accesses_are r32@0x10100008
}

@test "pci: what the kernel says of the memory type counts" {
  two_devices
  mkdir -p "$tree/sys/kernel/debug/x86"
  printf '%s\n' 'PAT memtype list:' \
    'PAT: [mem 0x00000000fe000000-0x00000000fe020000] uncached-minus' \
    'PAT: [mem 0x00000000fe020000-0x00000000fe021000] write-combining' \
    >"$tree/sys/kernel/debug/x86/pat_memtype_list"
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  tree_mapping 0x10100000 0x1000 rw-s 0xfe020000 $sysfs/0000:03:00.0/resource1
  columns DEVICE,TYPE,CLASS '0000:03:00.0/bar0 uncached-minus register' \
    '0000:03:00.0/bar1 write-combining buffer'
  expect 0 info -p 100 @03:00.0/bar0
  out_matches ' *memory type +uncached-minus \(the kernel says so\)'
}

@test "pci: a BAR smaller than a page, not at its start" {
  need strace
  tree_pci 0000:00:1f.4 0x8086 0xa323 i801_smbus 0xfe001100:0x100
  tree_process 100 app
  # The kernel maps the page, and the offset in maps is the page's.
  tree_mapping 0x10000000 0x1000 rw-s 0xfe001000 \
    /sys/devices/pci0000:00/0000:00:1f.4/resource0
  columns DEVICE,PCI,PHYSICAL \
    '0000:00:1f.4/bar0 0000:00:1f.4/bar0 0xfe001000'
  traced 0 read -p 100 @00:1f.4/bar0+0x10
  accesses_are r32@0x10000110
  bad 2 read -p 100 @00:1f.4/bar0+0x100
  traced 0 read -p 100 phys:0xfe001110
  accesses_are r32@0x10000110
}

@test "pci: the device has left sysfs" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0xfc000000 \
    "$sysfs/0000:05:00.0/resource0 (deleted)"
  columns DEVICE,DRIVER,PROBLEM \
    '0000:05:00.0/bar0  the\x20device\x20has\x20left\x20sysfs'
  expect 0 maps 05:00.0
  expect 0 maps 05:00.0/bar0
  bad 1 read -p 100 @05:00.0/bar0
  err_has '@0'
  bad 7 read -p 100 @0
  err_has 'gone from sysfs' --force
  bad 7 read -p 100 0x10000000
  expect 0 read -p 100 --force @0
  expect 0 info -p 100 @0
  out_has '(deleted)' 'gone from sysfs'
}

@test "pci: the region has another address now" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0xfc000000 $sysfs/0000:03:00.0/resource0
  expect 0 maps -o DEVICE,PROBLEM
  out_has '0000:03:00.0/bar0' 'another address now'
  bad 1 read -p 100 @03:00.0/bar0
  err_has '@0'
  expect 0 maps 03:00.0
}

@test "pci: through /proc/bus/pci, the address tells the BAR" {
  need strace
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0xfe020000 /proc/bus/pci/03/00.0
  tree_mapping 0x10100000 0x1000 rw-s 0xfe001000 /proc/bus/pci/0000:03/00.0
  tree_mapping 0x10200000 0x1000 rw-s 0xfc000000 /proc/bus/pci/03/00.0
  columns KIND,DEVICE,PROBLEM 'pci 0000:03:00.0/bar1 ' \
    'pci 0000:03:00.0/bar0 ' \
    'pci 0000:03:00.0 no\x20BAR\x20of\x20the\x20device\x20has\x20this\x20address\x20now'
  traced 0 read -p 100 @03:00.0/bar1+0x10 @03:00.0/bar0+0x1010
  accesses_are r32@0x10000010 r32@0x10100010
  expect 0 maps 03:00.0 --noheadings
  [ "$(wc -l <out)" = 3 ]
}

@test "pci: other files of a device are none of its BARs" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 $sysfs/0000:03:00.0/resource9
  tree_mapping 0x10100000 0x1000 rw-s 0 $sysfs/0000:03:00.0/resource0_wcx
  tree_mapping 0x10200000 0x1000 rw-s 0 /sys/kernel/other/resource0
  columns KIND,DEVICE \
    "other file:$sysfs/0000:03:00.0/resource9" \
    "other file:$sysfs/0000:03:00.0/resource0_wcx" \
    'other file:/sys/kernel/other/resource0'
}

@test "pci: regions in several pieces, in part, and in overlapping ones" {
  need strace
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0xfe001000 $sysfs/0000:03:00.0/resource0
  tree_mapping 0x10100000 0x1000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  tree_mapping 0x10200000 0x2000 r--s 0xfe001000 $sysfs/0000:03:00.0/resource0
  traced 0 read -p 100 @03:00.0/bar0+0xff8..+0x10
  accesses_are r32@0x10100ff8 r32@0x10100ffc r32@0x10000000 r32@0x10000004
  traced 0 read -p 100 @03:00.0/bar0+0x1ff8..+0x10
  accesses_are r32@0x10000ff8 r32@0x10000ffc r32@0x10201000 r32@0x10201004
  bad 7 write -p 100 --fill @03:00.0/bar0+0x1ff8..+0x10=0
  err_has read-only
  bad 1 read -p 100 @03:00.0/bar0+0x2ff8..+0x10
  bad 1 write -p 100 --fill @03:00.0/bar0+0x2ff8..+0x10=0
  traced 0 read -p 100 phys:0xfe000ffc..phys:0xfe001004
  accesses_are r32@0x10100ffc r32@0x10000000
}

# /dev/mem

iomem() {
  printf '%s\n' "$@" >"$tree/proc/iomem"
}

@test "mem: a mapping over two BARs shows both" {
  need strace
  tree_pci 0000:03:00.0 0x8086 0x10d3 e1000e 0xfe000000:0x1000
  tree_pci 0000:04:00.0 0x1234 0x11e8 '' 0xfe001000:0x1000
  tree_process 100 app
  tree_mapping 0x10000000 0x4000 rw-s 0xfe000000 /dev/mem
  iomem '00000000-00000fff : Reserved' 'fe000000-fe00ffff : PCI Bus 0000:00' \
    '  fe000000-fe000fff : 0000:03:00.0' '    fe000000-fe000fff : e1000e' \
    '  fe001000-fe001fff : 0000:04:00.0'
  columns KIND,DEVICE,PCI 'mem mem 0000:03:00.0/bar0'
  expect 0 maps 03:00.0 --noheadings
  [ "$(wc -l <out)" = 1 ]
  expect 0 maps 04:00.0 --noheadings
  [ "$(wc -l <out)" = 1 ]
  expect 0 maps 04:00.0/bar0
  expect 1 maps 04:00.0/bar1
  expect 1 maps 05:00.0
  traced 0 read -p 100 @03:00.0/bar0+0x10 @04:00.0/bar0+0x10 \
    @mem+0xfe001020 phys:0xfe002000 @03:00.0/bar0+0xffc
  accesses_are r32@0x10000010 r32@0x10001010 r32@0x10001020 r32@0x10002000 \
    r32@0x10000ffc
  traced 0 read @04:00.0/bar0+0x10
  accesses_are r32@0x10001010
  # A region ends where it ends, whatever the mapping shows behind it.
  bad 2 read -p 100 @03:00.0/bar0+0x1000
  bad 2 read -p 100 @03:00.0/bar0+0xff8..+0x10
  bad 2 read -p 100 @04:00.0/bar0+0x1000
  expect 0 info -p 100 @mem+0xfe001010
  out_matches ' *bar +0000:04:00.0/bar0 \+ 0x10' \
    ' *physical +0xfe001010, owned by 0000:04:00.0'
  expect 0 info -p 100 @03:00.0/bar0
  out_matches ' *physical +0xfe000000, owned by e1000e'
  expect 0 info -p 100 @mem+0xfe003000
  out_matches ' *physical +0xfe003000, owned by PCI Bus 0000:00'
}

@test "mem: a mapping that begins before the BAR" {
  need strace
  tree_pci 0000:03:00.0 0x8086 0x10d3 e1000e 0xfe002000:0x1000
  tree_process 100 app
  tree_mapping 0x10000000 0x4000 rw-s 0xfe000000 /dev/mem
  expect 0 maps 03:00.0
  traced 0 read -p 100 @03:00.0/bar0+0x10
  accesses_are r32@0x10002010
  bad 2 read -p 100 @03:00.0/bar0+0x1000
}

@test "mem: each device in a range must be awake" {
  tree_pci 0000:03:00.0 0x8086 0x10d3 e1000e 0xfe000000:0x1000
  tree_pci 0000:04:00.0 0x1234 0x11e8 '' 0xfe001000:0x1000
  echo D3hot >"$(device_folder 04:00.0)/power_state"
  tree_process 100 app
  tree_mapping 0x10000000 0x2000 rw-s 0xfe000000 /dev/mem
  expect 0 read -p 100 @mem+0xfe000000
  bad 7 read -p 100 @mem+0xfe001000
  err_has low-power
  bad 7 read -p 100 @mem+0xfe000ff8..+0x10
  bad 7 write --fill -p 100 @mem+0xfe000ff8..+0x10=0
  expect 0 read --force -p 100 @mem+0xfe000ff8..+0x10
}

@test "mem: two devices in one page must both be awake" {
  tree_pci 0000:03:00.0 0x8086 0x10d3 e1000e 0xfe000100:0x100
  tree_pci 0000:04:00.0 0x1234 0x11e8 '' 0xfe000200:0x100
  echo D3hot >"$(device_folder 04:00.0)/power_state"
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0xfe000000 /dev/mem
  expect 0 read -p 100 @03:00.0/bar0 @03:00.0/bar0+0xfc phys:0xfe000000
  bad 7 read -p 100 @04:00.0/bar0
  bad 7 read -p 100 phys:0xfe0001fc..+8
  bad 7 read -p 100 -n 1024 0x10000000
  bad 2 read -p 100 @03:00.0/bar0+0x100
}

@test "mem: System RAM that a device claims is refused, too" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x4000 rw-s 0xfe000000 /dev/mem
  iomem 'fe000000-fe0fffff : System RAM'
  bad 7 read -p 100 @03:00.0/bar0
  bad 7 read --force -p 100 @03:00.0/bar0
}

@test "mem: System RAM is refused, wherever in a range it begins" {
  tree_process 100 app
  tree_mapping 0x10000000 0x4000 rw-s 0xfe000000 /dev/mem
  iomem '00000000-00000fff : Reserved' 'fe002000-ffffffff : System RAM' \
    '  fe002000-fe002fff : Kernel code'
  bad 7 read -p 100 @mem+0xfe002000
  err_has 'System RAM'
  bad 7 read --force -p 100 @mem+0xfe002000
  bad 7 write --force -p 100 phys:0xfe002000=0
  expect 0 read -p 100 @mem+0xfe001ffc
  bad 7 read -p 100 @mem+0xfe001ffc..+8
  bad 7 read -p 100 -n 2 0x10001ffc
  bad 7 write --fill -p 100 @mem+0xfe001ffc..+8=0
  bad 7 read --force -p 100 @mem+0xfe001ffc..+8
}

@test "mem: hidden iomem: the firmware's map, or caution" {
  tree_process 100 app
  tree_mapping 0x10000000 0x4000 rw-s 0xfe000000 /dev/mem
  iomem '00000000-00000000 : Reserved' '00000000-00000000 : System RAM'
  expect 0 read -p 100 @mem+0xfe002000
  expect 0 info -p 100 @mem+0xfe002000
  out_has 'owned by unknown'
  # Who asks must not be told that nobody owns it.
  mkdir -p "$tree/proc/sys/kernel"
  echo 1 >"$tree/proc/sys/kernel/panic_on_warn"
  bad 7 read -p 100 @mem+0xfe002000
  err_has panic_on_warn
  echo 0 >"$tree/proc/sys/kernel/panic_on_warn"
  expect 0 read -p 100 @mem+0xfe002000
  mkdir -p "$tree/sys/firmware/memmap/0"
  echo 0xfe002000 >"$tree/sys/firmware/memmap/0/start"
  echo 0xfe002fff >"$tree/sys/firmware/memmap/0/end"
  echo System RAM >"$tree/sys/firmware/memmap/0/type"
  bad 7 read -p 100 @mem+0xfe002000
  err_has 'System RAM'
  expect 0 read -p 100 @mem+0xfe001ffc
}

# UIO

@test "uio: two maps, one not at the start of its page" {
  need strace
  two_devices
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xfe000000 0x2000 0 regs
  tree_uio_map 0 1 0xfe020000 0x1000 0x40 small
  tree_process 100 app
  tree_mapping 0x10000000 0x2000 rw-s 0 /dev/uio0
  tree_mapping 0x10100000 0x1000 rw-s 0x1000 /dev/uio0
  columns KIND,DEVICE,PCI,DRIVER,PHYSICAL,NAME,CLASS \
    'uio uio0/map0 0000:03:00.0/bar0 e1000e 0xfe000000 regs register' \
    'uio uio0/map1 0000:03:00.0/bar1 e1000e 0xfe020000 small register'
  traced 0 read -p 100 @uio0+0x10 @uio0/map0+0x1ffc @uio0/map1 \
    @uio0/map1+0xfbc phys:0xfe020040 @03:00.0/bar0+0x10 @1+0x40
  accesses_are r32@0x10000010 r32@0x10001ffc r32@0x10100040 r32@0x10100ffc \
    r32@0x10100040 r32@0x10000010 r32@0x10100040
  bad 2 read -p 100 @uio0/map1+0xfc0
  bad 2 read -p 100 @uio0+0x2000
  bad 1 read -p 100 @uio0/map2
  bad 1 read -p 100 @uio1
}

@test "uio: a mapping that was split is one map" {
  need strace
  two_devices
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xfe000000 0x2000 0 regs
  tree_uio_map 0 1 0xfe020000 0x1000 0 small
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 /dev/uio0
  tree_mapping 0x10001000 0x1000 r--s 0x1000 /dev/uio0
  tree_mapping 0x10100000 0x1000 rw-s 0x1000 /dev/uio0
  columns DEVICE,PHYSICAL 'uio0/map0 0xfe000000' 'uio0/map0 0xfe001000' \
    'uio0/map1 0xfe020000'
  traced 0 read -p 100 @uio0+0xffc..+8 @uio0/map1
  accesses_are r32@0x10000ffc r32@0x10001000 r32@0x10100000
  bad 7 write -p 100 @uio0+0x1000=0
}

@test "uio: two maps that stand side by side are two" {
  two_devices
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xfe000000 0x1000 0 regs
  tree_uio_map 0 1 0xfe020000 0x1000 0 small
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 /dev/uio0
  tree_mapping 0x10001000 0x1000 rw-s 0x1000 /dev/uio0
  columns DEVICE,PHYSICAL 'uio0/map0 0xfe000000' 'uio0/map1 0xfe020000'
}

@test "uio: a mapping that fits no map is not guessed at" {
  two_devices
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xfe000000 0x1000 0 regs
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0x3000 /dev/uio0
  tree_mapping 0x10100000 0x4000 rw-s 0 /dev/uio0
  expect 0 maps -o DEVICE,PROBLEM --noheadings
  [ "$(grep -c 'does not fit the maps' out)" = 2 ]
  bad 1 read -p 100 @uio0
  err_has 'by its index: @'
}

@test "uio: logical memory is memory" {
  two_devices
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xffff888100000000 0x1000 0 buffer
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 /dev/uio0 'rd wr sh mr mw me ms sd '
  columns DEVICE,CLASS,TYPE,PHYSICAL,BACKENDS \
    'uio0/map0 buffer cached  kernel:8,16,32,64'
  expect 0 write -p 100 @uio0+0x8/64le=0x1122334455667788
  bytes_are "$process/mem" 0x10000008 88 77 66 55 44 33 22 11
}

# VFIO

vfio_group() {
  mkdir -p "$tree/sys/kernel/iommu_groups/$1/devices"
  ln -sfn "../../../../bus/pci/devices/$2" \
    "$tree/sys/kernel/iommu_groups/$1/devices/$2"
}

@test "vfio: 6.1 has physical offsets, and no access method" {
  tree_pci 0000:03:00.0 0x8086 0x10d3 vfio-pci 0xfe000000:0x20000
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 'anon_inode:[vfio-device]'
  columns KIND,DEVICE,ID,DRIVER,BACKENDS \
    'vfio 0000:03:00.0/bar0 8086:10d3 vfio-pci -'
  bad 7 read -p 100 @03:00.0/bar0+0x8
  err_has 'no access method'
  bad 7 write -p 100 @03:00.0/bar0+0x8=1
  bad 7 read -p 100 --force @03:00.0/bar0+0x8
  bad 7 read -p 100 --via kernel @03:00.0/bar0+0x8
  expect 0 info -p 100 @03:00.0/bar0+0x8
  out_has 'no access method'
}

@test "vfio: an encoded region, and the device behind the only group" {
  tree_pci 0000:03:00.0 0x8086 0x10d3 vfio-pci 0xfe000000:0x20000 \
    0xfe020000:0x1000
  vfio_group 7 0000:03:00.0
  tree_process 100 app
  ln -s /dev/vfio/vfio "$process/fd/3"
  ln -s /dev/vfio/7 "$process/fd/4"
  tree_mapping 0x10000000 0x1000 rw-s 0x1000 'anon_inode:[vfio-device]'
  tree_mapping 0x10100000 0x1000 rw-s 0x10000000000 'anon_inode:[vfio-device]'
  columns DEVICE,PHYSICAL '0000:03:00.0/bar0 0xfe001000' \
    '0000:03:00.0/bar1 0xfe020000'
  bad 7 read -p 100 @03:00.0/bar0+0x1008
  bad 1 read -p 100 @03:00.0/bar0+0x8
}

@test "vfio: several devices, and no way to tell them apart" {
  tree_pci 0000:03:00.0 0x8086 0x10d3 vfio-pci 0xfe000000:0x20000
  tree_pci 0000:04:00.0 0x8086 0x10d3 vfio-pci 0xfe100000:0x20000
  vfio_group 7 0000:03:00.0
  vfio_group 8 0000:04:00.0
  tree_process 100 app
  ln -s /dev/vfio/7 "$process/fd/4"
  ln -s /dev/vfio/8 "$process/fd/5"
  tree_mapping 0x10000000 0x1000 rw-s 0x10000000000 'anon_inode:[vfio-device]'
  expect 0 maps -o DEVICE,PROBLEM --noheadings
  out_has /region1
  expect 0 info -p 100 @0
  bad 7 read -p 100 @0
}

@test "vfio: a device of its own node" {
  tree_pci 0000:03:00.0 0x8086 0x10d3 vfio-pci 0xfe000000:0x20000
  mkdir -p "$tree/sys/class/vfio-dev/vfio3"
  ln -s ../../../bus/pci/devices/0000:03:00.0 \
    "$tree/sys/class/vfio-dev/vfio3/device"
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0x2000 /dev/vfio/devices/vfio3
  columns KIND,DEVICE,PHYSICAL 'vfio 0000:03:00.0/bar0 0xfe002000'
}

# Other drivers

@test "dri: a buffer; of several, an index tells which" {
  tree_pci 0000:00:02.0 0x1234 0x1111 bochs-drm 0xfd000000:0x1000000
  mkdir -p "$tree/sys/class/drm/card0"
  ln -s ../../../bus/pci/devices/0000:00:02.0 "$tree/sys/class/drm/card0/device"
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0x100000000 /dev/dri/card0
  columns KIND,DEVICE,CLASS,ID,DRIVER,BACKENDS \
    'drm dri/card0 buffer 1234:1111 bochs-drm kernel:8,16,32,64'
  expect 0 read -p 100 @dri/card0+0x8/64
  bad 2 read -p 100 @dri/card0+0x1000
  tree_mapping 0x10100000 0x1000 rw-s 0x100001000 /dev/dri/card0
  bad 2 read -p 100 @dri/card0+0x8
  err_has '2 mappings' @0 @1
  expect 0 read -p 100 @1+0x8
  bad 2 write -p 100 @1+0x8=1
  err_has 'index is not written through'
  expect 0 write -p 100 0x10100008=1
}

@test "drivers without an access method, and one that does harm" {
  local path

  for path in /dev/hpet /dev/fb0 /dev/mtd0 /dev/snd/pcmC0D0p \
    /dev/infiniband/uverbs0 /dmabuf:x '/drm mm object'; do
    tree_process 100 app
    tree_mapping 0x10000000 0x1000 rw-s 0 "$path"
    columns BACKENDS -
    bad 7 read -p 100 @0
    err_has 'no access method'
    bad 7 write -p 100 --force 0x10000000=0
    expect 0 info -p 100 @0
  done
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 /dev/nvidia0
  columns BACKENDS -
  bad 7 read -p 100 @0
  err_has nvidia
  bad 7 read --force -p 100 @0
  bad 7 write --force -p 100 0x10000000=0
}

@test "hpet: its name" {
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 r--s 0 /dev/hpet
  columns KIND,DEVICE,CLASS 'hpet hpet register'
  bad 7 read -p 100 @hpet+0xf0
  expect 0 maps hpet
  expect 0 maps /dev/hpet
  expect 0 maps @hpet
}

@test "a driver that nobody knows" {
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0x1000 /dev/frobnicator
  tree_mapping 0x10100000 0x1000 rw-s 0 /opt/jail/dev/thing
  tree_mapping 0x10200000 0x1000 rw-s 0 /dev/plain 'rd wr sh mr mw me ms sd '
  tree_memory 0x10000010 78 56 34 12
  columns KIND,DEVICE,CLASS 'other file:/dev/frobnicator register' \
    'other file:/opt/jail/dev/thing register'
  expect 0 read -q -p 100 @file:/dev/frobnicator+0x1010/32le
  out_is 0x12345678
  expect 0 info -p 100 @0
  out_has 'unknown method'
}

@test "ordinary files, memory and code are no devices" {
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 r-xp 0 /usr/bin/app 'rd ex mr mw me sd '
  tree_mapping 0x10100000 0x1000 rw-p 0 '[heap]' 'rd wr mr mw me ac sd '
  tree_mapping 0x10200000 0x1000 rw-s 0 /dev/shm/x 'rd wr sh mr mw me ms sd '
  tree_mapping 0x10300000 0x1000 rw-p 0 '' 'rd wr mr mw me ac sd '
  tree_mapping 0x10400000 0x1000 rw-s 0 /home/a/file 'rd wr sh mr mw me ms sd '
  tree_mapping 0x10500000 0x1000 rw-s 0 '/memfd:pool (deleted)' 'rd wr sh sd '
  tree_mapping 0x10600000 0x1000 r--p 0 '[vvar]' 'rd mr pf io de dd sd '
  expect 0 maps
  out_is
  err_has 'no device mapping'
  expect 0 maps -p 100
  out_is
  expect 0 read -p 100 0x10100000
  bad 7 write -p 100 0x10100000=0
  expect 0 write -p 100 --force 0x10100000=0
  bad 7 write -p 100 --force 0x10000000=0
}

# Kernels and machines

@test "kernels: arm64 refuses the kernel path" {
  two_devices
  tree_begin aarch64 6.1.0
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  tree_mapping 0x10100000 0x1000 rw-p 0 '[heap]' 'rd wr mr mw me ac sd '
  bad 7 read -p 100 @03:00.0/bar0
  err_has arm64
  bad 7 write -p 100 @03:00.0/bar0=0
  bad 7 read -p 100 --force --via kernel @03:00.0/bar0
  columns BACKENDS -
  expect 0 read -p 100 0x10100000
  expect 0 info -p 100 @03:00.0/bar0
  [ "$(grep -c refused out)" = 8 ]
}

@test "kernels: before 5.12 nothing is written, and reads warn once" {
  two_devices
  tree_begin x86_64 5.10.0-21-amd64
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  tree_mapping 0x10100000 0x1000 rw-p 0 '[heap]' 'rd wr mr mw me ac sd '
  bad 7 write -p 100 @03:00.0/bar0=0
  err_has 5.12
  bad 7 write --force -p 100 @03:00.0/bar0=0
  bad 7 write -p 100 @03:00.0/bar0=0:1
  expect 0 read -q -p 100 @03:00.0/bar0 @03:00.0/bar0+0x4 -n 2
  [ "$(wc -l <out)" = 4 ]
  [ "$(grep -c '^mmiodbg: warning: before 5.12' err)" = 1 ]
  [ "$(wc -l <err)" = 1 ]
  expect 0 read -q -p 100 0x10100000
  err_is
  expect 0 write --force -p 100 0x10100000=0
}

@test "kernels: from 5.12 on all is well" {
  two_devices
  for release in 5.12.0 5.15.0-91-generic 6.12.9+ 10.0; do
    tree_begin x86_64 $release
    tree_process 100 app
    tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 \
      $sysfs/0000:03:00.0/resource0
    expect 0 write -p 100 @03:00.0/bar0=0
    err_is
    columns BACKENDS kernel:8,16,32
  done
}

@test "kernels: generic ones split, and unknown ones are refused" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  tree_begin riscv64 7.3.0
  columns BACKENDS kernel:8,64
  bad 7 read -p 100 @03:00.0/bar0
  err_has '4 of 8'
  expect 0 read -p 100 @03:00.0/bar0/64
  tree_begin riscv64 6.1.0
  columns BACKENDS -
  bad 7 read -p 100 @03:00.0/bar0
  tree_begin ppc64le 6.1.0
  columns BACKENDS kernel:8,32
  for machine in 'sparc64 6.1.0' 'armv7l 6.1.0' 'i686 6.1.0'; do
    # shellcheck disable=SC2086 # words
    tree_begin $machine
    bad 7 read -p 100 @03:00.0/bar0
    bad 7 write -p 100 @03:00.0/bar0=0
  done
}

@test "kernels: a guest with encrypted memory splits all, and writes nothing" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  printf 'processor\t: 0\nflags\t\t: fpu hypervisor sev sse\n' \
    >"$tree/proc/cpuinfo"
  columns BACKENDS kernel:8
  bad 7 read -p 100 @03:00.0/bar0
  bad 7 write -p 100 @03:00.0/bar0/8=0
  printf 'processor\t: 0\nflags\t\t: fpu sev sse\n' >"$tree/proc/cpuinfo"
  columns BACKENDS kernel:8,16,32
  printf 'processor\t: 0\nflags\t\t: fpu tdx_guest\n' >"$tree/proc/cpuinfo"
  columns BACKENDS kernel:8
}

# Devices that sleep

@test "state: disabled, asleep, suspended, gone" {
  need strace
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  local folder file value words

  folder=$(device_folder 03:00.0)
  while read -r file value words; do
    cp -a "$folder" saved
    echo "$value" >"$folder/$file"
    refused 7 read -p 100 @03:00.0/bar0
    err_has "$words" all-ones --force
    refused 7 write -p 100 @03:00.0/bar0=0
    refused 7 read --dry-run -p 100 phys:0xfe000000
    expect 0 read --force -p 100 @03:00.0/bar0
    expect 0 info -p 100 @03:00.0/bar0
    out_has "$words"
    rm -r "$folder"
    mv saved "$folder"
  done <<'END'
enable 0 not enabled
power_state D1 low-power
power_state D3hot low-power
power_state D3cold low-power
power/runtime_status suspended suspended
power/runtime_status suspending suspended
END
  echo D3hot >"$folder/power_state"
  bad 7 read -p 100 0x10000000
  bad 7 read -p 100 @0
  bad 7 write -p 100 @03:00.0/bar0=0:1
  traced 0 read --force -p 100 @03:00.0/bar0
  accesses_are r32@0x10000000
  traced 0 write --force -p 100 @03:00.0/bar0=0
  accesses_are w32@0x10000000
  expect 0 maps -p 100
  for value in D0 unknown; do
    echo $value >"$folder/power_state"
    expect 0 read -p 100 @03:00.0/bar0
  done
  for value in active unsupported resuming; do
    echo $value >"$folder/power/runtime_status"
    expect 0 read -p 100 @03:00.0/bar0
  done
}

@test "state: of the device behind a UIO map or a physical address" {
  two_devices
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xfe000000 0x2000 0 regs
  tree_process 100 app
  tree_mapping 0x10000000 0x2000 rw-s 0 /dev/uio0
  tree_mapping 0x10100000 0x1000 rw-s 0xfea00000 /dev/mem
  echo D3hot >"$(device_folder 03:00.0)/power_state"
  echo 0 >"$(device_folder 04:00.0)/enable"
  bad 7 read -p 100 @uio0
  err_has low-power
  bad 7 read -p 100 @mem+0xfea00000
  err_has 'not enabled'
  bad 7 read -p 100 phys:0xfea00000
}

# Which process has what

three_processes() {
  two_devices
  tree_uio 0 0000:03:00.0
  tree_uio_map 0 0 0xfe000000 0x2000 0 regs
  tree_uio_map 0 1 0xfe020000 0x1000 0 small
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  tree_process 200 uioapp
  tree_mapping 0x10000000 0x2000 rw-s 0 /dev/uio0
  tree_mapping 0x10100000 0x1000 rw-s 0x1000 /dev/uio0
  tree_process 300 memapp
  tree_mapping 0x10000000 0x1000 rw-s 0xfea00000 /dev/mem
  tree_mapping 0x10100000 0x1000 r--s 0 /dev/hpet
  tree_process 400 nothing
  tree_mapping 0x10000000 0x1000 rw-p 0 '[heap]' 'rd wr mr mw me ac sd '
}

# who DEVICE PIDS...
who() {
  local device=$1

  shift
  expect 0 maps "$device" -o PID --raw --noheadings
  out_is "$@"
  err_is
}

@test "maps DEVICE: all spellings" {
  three_processes
  who 03:00.0 100 200 200
  who @03:00.0 100 200 200
  who 0000:03:00.0 100 200 200
  who 03:00.0/bar0 100 200
  who @0000:03:00.0/bar0 100 200
  who 03:00.0/bar1 200
  who 04:00.0 300
  who 04:00.0/bar0 300
  who uio0 200 200
  who @uio0 200 200
  who /dev/uio0 200 200
  who uio0/map1 200
  who @uio0/map1 200
  who mem 300
  who /dev/mem 300
  who hpet 300
  who /dev/hpet 300
  who $sysfs/0000:03:00.0/resource0 100
  who file:$sysfs/0000:03:00.0/resource0 100
}

@test "maps DEVICE: status 1 if nobody has it" {
  need jq
  three_processes
  local device

  for device in 05:00.0 03:00.0/bar2 04:00.0/bar1 uio1 uio0/map2 /dev/uio1 \
    vfio0 dri/card0 /dev/dri/card0 /dev/frobnicator file:/x 0001:03:00.0; do
    expect 1 maps $device
    one_diagnostic
    err_has 'nobody has it mapped'
  done
  expect 1 maps 05:00.0 --json
  jq_is '.maps | length' 0
  expect 1 maps -p app 04:00.0
  one_diagnostic
  expect 0 maps -p memapp 04:00.0
  expect 0 maps -p nothing
  out_is
  expect 1 maps -p nothing 04:00.0
}

@test "maps: the columns that were asked for" {
  need jq
  three_processes
  expect 0 maps
  [ "$(wc -l <out)" = 6 ]
  expect 0 maps -o PID,KIND
  tr -s ' ' <out | sed 's/^ *//;s/ *$//' >table
  file_is table 'PID KIND' '100 pci' '200 uio' '200 uio' '300 mem' '300 hpet'
  columns PID,INDEX '100 0' '200 0' '200 1' '300 0' '300 1'
  columns pid,Kind '100 pci' '200 uio' '200 uio' '300 mem' '300 hpet'
  expect 0 maps -p app -o +TYPE,PATH
  head -n 1 out | grep -qE 'BACKENDS +TYPE +PATH'
  expect 0 maps -p app --raw
  out_is \
    'INDEX PID COMMAND RANGE SIZE PERM KIND DEVICE PCI ID DRIVER PHYSICAL BACKENDS' \
    '0 100 app 10000000-10020000 128K rw-s pci 0000:03:00.0/bar0 0000:03:00.0/bar0 8086:10d3 e1000e 0xfe000000 kernel:8,16,32'
  expect 0 maps --json -o PID
  jq_is '[.maps[] | keys[]] | unique | tostring' '["pid"]'
  expect 0 maps --jsonl -o PID,DEVICE
  [ "$(wc -l <out)" = 5 ]
  [ "$(jq -r .device <out | sort -u | wc -l)" = 5 ]
  expect 0 maps --noheadings -p app
  [ "$(wc -l <out)" = 1 ]
}

@test "maps: sizes as lsblk has them" {
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 /dev/a
  tree_mapping 0x11000000 0x100000 rw-s 0 /dev/a
  tree_mapping 0x20000000 0x40000000 rw-s 0 /dev/a
  tree_mapping 0x80000000 0x181000 rw-s 0 /dev/a
  columns SIZE 4K 1M 1G 1540K
}

@test "maps: rows are not cut to the width of a terminal" {
  local path

  path=/dev/$(printf 'x%.0s' {1..300})
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 "$path"
  COLUMNS=40 expect 0 maps -o DEVICE,PATH
  out_has "$path" "file:$path"
}

@test "maps: a full disk is said to be full, however much is lost" {
  [ -c /dev/full ] || skip 'no /dev/full'
  local i
  local -a locations=()

  tree_process 100 app
  for ((i = 0; i < 300; i++)); do
    tree_mapping $((0x10000000 + i * 0x2000)) 0x1000 rw-s 0 /dev/thing
    locations+=("@$i")
  done
  into_full() {
    "$MMIODBG" "$@" >/dev/full
  }
  for options in -v --json --jsonl --raw; do
    expect_of 1 into_full maps $options
    one_diagnostic
    err_has 'standard output: No space left'
  done
  expect_of 1 into_full info -p 100 "${locations[@]}"
  one_diagnostic
  err_has 'standard output: No space left'
  expect_of 1 into_full info -p 100 --json "${locations[@]}"
  err_has 'standard output: No space left'
}

@test "no -p: the one process that has it all" {
  three_processes
  expect 0 read @03:00.0/bar1
  expect 0 read @uio0/map1 @uio0
  expect 0 info @04:00.0/bar0
  bad 2 read @03:00.0/bar0
  err_has '2 processes' '100 (app)' '200 (uioapp)'
  bad 1 read @uio0 @04:00.0/bar0
  bad 1 read @05:00.0/bar0
}

@test "info: each location, of each kind, as text and JSON" {
  need jq
  three_processes
  traced 0 info -p memapp @mem+0xfea00010 phys:0xfea00010 @hpet+0x10 \
    0x10000000 @04:00.0/bar0 @1
  accesses_are
  [ "$(grep -c '^ *location' out)" = 6 ]
  traced 0 info --json -p memapp @mem+0xfea00010 @hpet+0x10 0x10000000
  accesses_are
  jq_is '.locations | length' 3
  jq_is '.locations[0] | .class, .address' $'register\n0x0000000010000010'
  jq_is '.locations[0].device | .kind, .pci, (.bar | tostring), .bar_offset' \
    $'mem\n0000:04:00.0\n0\n0x0000000000000010'
  jq_is '.locations[0].read["32"].backend' kernel
  jq_is '.locations[0].read["64"].error.kind' width
  jq_is '.locations[1].write["32"].error.kind' read-only
  jq_is '.locations[1].read["32"].error.kind' no-access-method
  expect 0 info --jsonl -p uioapp @uio0 @uio0/map1
  [ "$(jq -c . <out | wc -l)" = 2 ]
  expect 0 info -p nothing 0x10000000
  out_matches ' *class +memory'
  bad 1 info -p nothing 0x20000000
  expect 0 info -p uioapp @uio0+0x11
  out_matches ' *read 16 +refused: misaligned'
}

@test "info: a range and a bit are explained by their first byte" {
  three_processes
  expect 0 info -p app @03:00.0/bar0+0x10..+0x100 @03:00.0/bar0+0x14.3
  out_matches ' *address +0x10000010' ' *address +0x10000014'
}

# Trees that are strange

@test "paths with blanks, newlines, backslashes, and (deleted)" {
  need jq
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 '/dev/a b  c'
  tree_mapping 0x10100000 0x1000 rw-s 0 '/dev/new\012line'
  tree_mapping 0x10200000 0x1000 rw-s 0 '/dev/gone (deleted)'
  tree_mapping 0x10300000 0x1000 rw-s 0 '/dev/(deleted)'
  tree_mapping 0x10400000 0x1000 rw-s 0 $'/dev/\xff\e[31m'
  expect 0 maps --json -o PATH,DEVICE
  is_clean out
  jq_is '.maps | length' 5
  jq_is '.maps[0].path' '/dev/a b  c'
  jq_is '.maps[2].path' /dev/gone
  jq_is '.maps[3].path' '/dev/(deleted)'
  expect 0 maps -o DEVICE --noheadings
  is_clean out
  [ "$(wc -l <out)" = 5 ]
  expect 0 maps -o DEVICE,INDEX --noheadings --raw
  is_clean out
  out_matches 'file:/dev/a\\x20b\\x20\\x20c 0'
  expect 0 read -p 100 '@file:/dev/a b  c+0x10' '@file:/dev/gone+0x10' \
    $'@file:/dev/new\nline+0x10'
  expect 0 maps '/dev/a b  c'
  expect 0 maps $'/dev/new\nline'
}

@test "lines of maps that are none are passed over" {
  tree_process 100 app
  {
    echo 'nonsense'
    echo '10000000-0fffffff rw-s 00000000 00:05 1 /dev/wrong'
    echo '10000000-10001000 rw?s 00000000 00:05 1 /dev/wrong'
    echo '10000000-10001000 rw-s 00000000'
    echo
    head -c 100000 /dev/zero | tr '\0' x
    echo
    echo 'ffffffffffffffffffffff-10001000 rw-s 00000000 00:05 1 /dev/wrong'
  } >>"$process/maps"
  cp "$process/maps" "$process/smaps"
  tree_mapping 0x20000000 0x1000 rw-s 0 /dev/right
  expect 0 maps -o DEVICE --noheadings
  out_has /dev/right
  nowhere out /dev/wrong
}

@test "smaps that has changed since maps, or is empty" {
  tree_process 100 app
  tree_mapping 0x20000000 0x1000 rw-s 0 /dev/right
  : >"$process/smaps"
  expect 0 maps -p 100
  rm "$process/smaps"
  status=0
  "$MMIODBG" maps -p 100 >out 2>err || status=$?
  [ $status = 0 ] || [ $status = 4 ]
}

@test "smaps is read only where maps leaves a question open" {
  need strace
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-p 0 '[heap]' 'rd wr mr mw me ac sd '
  tree_mapping 0x10100000 0x1000 r-xp 0 /usr/bin/app 'rd ex mr mw me sd '
  tree_mapping 0x10200000 0x1000 rw-s 0 '/memfd:pool (deleted)' 'rd wr sh sd '
  traced 0 maps -p 100
  nowhere trace '"smaps"'
  traced 0 read -p 100 0x10000000
  nowhere trace '"smaps"'
  tree_mapping 0x10300000 0x1000 rw-s 0 /dev/thing
  traced 0 maps -p 100
  file_has trace '"smaps"'
}

@test "processes that vanish, or are none" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  mkdir "$tree/proc/200" "$tree/proc/201" "$tree/proc/0300" "$tree/proc/4x" \
    "$tree/proc/99999999999" "$tree/proc/self" "$tree/proc/irq"
  echo vanishing >"$tree/proc/201/comm"
  ln -s nowhere "$tree/proc/202"
  tree_process 204 zombie
  sed -i 's/^State:.*/State:	Z (zombie)/' "$process/status"
  tree_process 205 half
  rm "$process/maps"
  expect 0 maps -o PID --raw --noheadings
  out_is 100
  err_is
  expect 0 read @03:00.0/bar0
  for pid in 200 201 202 204 205; do
    bad 4 read -p $pid @03:00.0/bar0
  done
}

@test "processes that we may not look at are counted" {
  two_devices
  tree_process 100 app
  tree_mapping 0x10000000 0x20000 rw-s 0xfe000000 $sysfs/0000:03:00.0/resource0
  tree_process 200 secret
  chmod 0 "$process/maps"
  tree_process 300 secret2
  chmod 0 "$process/maps"
  drop=()
  if [ $EUID = 0 ]; then
    need setpriv
    list=-dac_override,-dac_read_search,-sys_ptrace
    drop=(setpriv --bounding-set "$list" --inh-caps "$list")
  fi
  expect_of 0 "${drop[@]}" "$MMIODBG" maps -o PID --raw --noheadings
  out_is 100
  err_is
  expect_of 0 "${drop[@]}" "$MMIODBG" maps -v
  err_has '2 processes could not be looked at'
  expect_of 1 "${drop[@]}" "$MMIODBG" maps 04:00.0
  out_is
  err_has 'nobody has it mapped' '2 processes could not be looked at'
  expect_of 0 "${drop[@]}" "$MMIODBG" read @03:00.0/bar0
  expect_of 1 "${drop[@]}" "$MMIODBG" read @04:00.0/bar0
  one_diagnostic
  err_has '2 processes could not be looked at'
  expect_of 5 "${drop[@]}" "$MMIODBG" maps -p 200
  one_diagnostic
}

# many FORMAT: 100,000 lines of maps, from this format of awk's
many() {
  awk -v format="$1" 'BEGIN {
    for (i = 0; i < 100000; i++) {
      start = 268435456 + i * 8192
      printf format "\n", start, start + 4096, i
    }
  }'
}

@test "a process with 100,000 mappings" {
  tree_process 100 app
  many '%08x-%08x rw-p 00000000 00:05 1%d /usr/lib/library.so' \
    >"$process/maps"
  rm "$process/smaps"
  within 3 expect 0 maps -p 100
  within 3 expect 0 read -p 100 0x10000000 0x40d3e000
  within 3 bad 1 read -p 100 0x10001000
}

@test "a process with 100,000 mappings that may be devices" {
  tree_process 100 app
  many '%08x-%08x rw-s 00000000 00:05 1%d /srv/data' >"$process/maps"
  sed 'a VmFlags: rd wr sh mr mw me ms sd ' "$process/maps" >"$process/smaps"
  tree_mapping 0x60000000 0x1000 rw-s 0 /dev/thing
  within 3 expect 0 maps -p 100 --noheadings
  [ "$(wc -l <out)" = 1 ]
  within 3 expect 0 read -p 100 0x60000000
}

@test "a device in 60,000 pieces" {
  tree_uio 0 ''
  tree_uio_map 0 0 0xd0000000 0x10000000 0 big
  tree_process 100 app
  awk 'BEGIN {
    for (i = 0; i < 60000; i++)
      printf "%08x-%08x %s %08x 00:05 177 /dev/uio0\n", 268435456 + i * 4096,
        268435456 + (i + 1) * 4096, i % 2 ? "r--s" : "rw-s", i * 4096
  }' >"$process/maps"
  sed 'a VmFlags: rd wr sh mr mw me ms pf io de dd sd ' "$process/maps" \
    >"$process/smaps"
  expect_of 0 timeout $((5 * ${MMIODBG_TEST_PATIENCE:-1})) \
    "$MMIODBG" read -p 100 @uio0+0x4e1f000
}
