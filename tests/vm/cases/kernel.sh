# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Accesses through /proc/PID/mem: widths, counts, refusals, revocation.
#
# The target $APP has mapped, by index:
#   0 edu bar0      1 nvme bar0      2 sdhci bar0      (all through sysfs)
#   3 e1000e bar0   (through /dev/mem; no driver is bound)
#
#vm: devices edu nvme sdhci e1000e
#vm: timeout 120

enable "$NVME" "$SDHCI" "$E1000E"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0" \
  "$SYS/$SDHCI/resource0" "/dev/mem,off=$E1000E_BASE,len=$E1000E_SIZE"

# Reads

case_begin "read: nvme's version register is one 4-byte read"
run 0 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0+0x8"
stdout_is 0x00010400
stderr_is
bus nvme r 0x8 4 0x00010400
case_end

case_begin "read: a 16-bit read is one 2-byte read"
run 0 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0+0x8/16"
stdout_is 0x0400
bus nvme r 0x8 2
case_end

case_begin "read: an 8-bit read is one 1-byte read"
run 0 "$MMIODBG" read -q -p "$APP" "@$SDHCI/bar0+0xfe/8"
bus sdhci r 0xfe 1
case_end

case_begin "read: a region mapped through /dev/mem has its name, too"
run 0 "$MMIODBG" read -q -p "$APP" "@$E1000E/bar0+0x8"
bus e1000e r 0x8 4
case_end

case_begin "read: 1,000 elements are 1,000 reads, ascending"
run 0 "$MMIODBG" read -q -p "$APP" -n 1000 "@$NVME/bar0+0x1000"
bus nvme r 0x1000 4 x1000
case_end

case_begin "read: several locations, in the order given"
run 0 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0+0x8" "@$EDU/bar0" \
  "@$NVME/bar0+0x0"
bus nvme r 0x8 4
bus edu r 0x0 4 0x010000ed
bus nvme r 0x0 4
case_end

case_begin "read: 64 bits would be two accesses of 32: --via kernel refuses"
run 7 "$MMIODBG" read -q -p "$APP" --via kernel "@$EDU/bar0+0x80/64"
stdout_is
bus_none
case_end

# Writes

case_begin "write: one 4-byte write, and nothing is read back"
run 0 "$MMIODBG" write -p "$APP" "@$EDU/bar0+0x4=0x12345678"
stdout_is
bus edu w 0x4 4 0x12345678
case_end

case_begin "write: under a mask, one read and one write"
run 0 "$MMIODBG" write -p "$APP" "@$EDU/bar0+0x80=0x12345678"
run 0 "$MMIODBG" write -p "$APP" "@$EDU/bar0+0x80=0x3:0xf"
bus edu w 0x80 4 0x12345678
bus edu r 0x80 4 0x12345678
bus edu w 0x80 4 0x12345673
case_end

case_begin "write: under a full mask, only a write"
run 0 "$MMIODBG" write -p "$APP" "@$EDU/bar0+0x4=0x5:0xffffffff"
bus edu w 0x4 4 0x5
case_end

# What must not touch the device

case_begin "a misaligned location is refused"
run 7 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0+0x2"
stdout_is
bus_none
case_end

case_begin "one bad location among good ones: nothing is accessed"
run 7 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0+0x8" "@$NVME/bar0+0x9"
stdout_is
bus_none
case_end

case_begin "maps touches nothing"
run 0 "$MMIODBG" maps -p "$APP"
stdout_has "$NVME"
stdout_has "$E1000E"
bus_none
case_end

case_begin "info touches nothing"
run 0 "$MMIODBG" info -p "$APP" "@$NVME/bar0+0x8"
bus_none
case_end

# Revocation. Last: the driver stays.

case_begin "revoked: a driver claims the region"
unwatched modprobe e1000e || fail "modprobe e1000e"
tell APP load 3 32 8
reply_is error: SIGBUS code 2
run 1 "$MMIODBG" read -q -p "$APP" "@$E1000E/bar0+0x8"
stdout_is -
bus_none
case_end
