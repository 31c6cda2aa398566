# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# arm64 on a CPU that has PAN: there the kernels of Debian crash at every access
# through /proc/PID/mem. The target $APP has mapped edu bar0 and nvme bar0.
#
#vm: arch aarch64
#vm: devices edu nvme
#vm: cpu max,pauth-impdef=on
#vm: timeout 120
#vm: append oops=panic

enable "$NVME"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0"

case_begin "the kernel's path is refused"
run 7 "$MMIODBG" read --via kernel -p "$APP" "@$NVME/bar0/64"
stderr_has "on arm64"
run 7 "$MMIODBG" write --via kernel -p "$APP" "@$NVME/bar0+0x1000/64=0"
bus_none
case_end

case_begin "tracee: reads and writes are one access each"
run 0 "$MMIODBG" read -q -p "$APP" "@$EDU/bar0" "@$NVME/bar0+0x8/16"
stdout_is 0x010000ed 0x0400
run 0 "$MMIODBG" write -p "$APP" "@$EDU/bar0+0x4=0x12345678"
run 0 "$MMIODBG" read -q -p "$APP" "@$NVME/bar0/64"
bus edu r 0x0 4 0x010000ed
bus nvme r 0x8 2 0x0400
bus edu w 0x4 4 0x12345678
bus nvme r 0x0 8
case_end

case_begin "tracee: a size that the device refuses is rejected"
run 8 "$MMIODBG" read -p "$APP" "@$EDU/bar0/8"
tell APP load 0 32 0
reply_is value 0x010000ed
bus edu r-refused 0x0 1
bus edu r 0x0 4 0x010000ed
case_end
