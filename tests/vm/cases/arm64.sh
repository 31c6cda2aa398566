# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# arm64: the kernel's path is refused, for a refused access crashes it there, and
# so do others; a thread of the target makes them instead.
#
# The target $APP has mapped, by index: 0 edu bar0, 1 nvme bar0, 2 sdhci bar0.
#
# An access that crashes the kernel leaves the locks of the target's mappings
# held; with oops=panic the guest is over at once.
#
#vm: arch aarch64
#vm: devices edu nvme sdhci
#vm: timeout 600
#vm: append oops=panic

enable "$NVME" "$SDHCI"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0" \
  "$SYS/$SDHCI/resource0"

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

# is_well: the target obeys as before
is_well()
{
  tell APP load 0 32 0
  reply_is value 0x010000ed
}

# What is mapped

case_begin "maps knows the devices, beyond 4 GiB too"
run 0 "$MMIODBG" maps -p "$APP" --raw --noheadings -o DEVICE,PHYSICAL
stdout_has "$EDU/bar0 $(printf '0x%x' "$EDU_BASE")"
stdout_has "$NVME/bar0 $(printf '0x%x' "$NVME_BASE")"
check "a BAR beyond 4 GiB" [ $((NVME_BASE >> 32)) != 0 ]
bus_none
case_end

case_begin "info knows the place, and what the kernel's path would do"
run 0 "$MMIODBG" info -p "$APP" "@$EDU/bar0+0x80"
stdout_like "region +$EDU/bar0 \+ 0x80 of 0x100000"
stdout_like "access +generic method"
stdout_like "memory type +uncached"
stdout_like "kernel path +(observed on|read in source)"
bus_none
case_end

# The kernel's path

case_begin "--via kernel is refused, in every width, and told why"
for bits in 8 16 32 64; do
  get 7 --via kernel "@$EDU/bar0+0x80/$bits"
  stdout_is
  stderr_has "on arm64"
  stderr_has --trust-kernel
  put 7 --via kernel "@$EDU/bar0+0x80/$bits=1"
  put 7 --via kernel --force "@$EDU/bar0+0x80/$bits=1"
done
run 7 "$MMIODBG" read --json --via kernel -p "$APP" "@$EDU/bar0"
stdout_has '"kind": "unsafe"'
bus_none
case_end

case_begin "--trust-kernel: a read of 64 bits is one access of 8 bytes, with a warning"
get 0 --via kernel --trust-kernel "@$NVME/bar0/64"
value=$STDOUT
stderr_like "^mmiodbg: warning: --trust-kernel: "
tell APP load 1 64 0
check "the same as the process reads" [ "value $value" = "$REPLY"$'\n' ]
bus nvme r 0x0 8 x2+0
case_end

# On 6.1 the kernel crashes at a write, unless the process itself has written to
# the page.
case_begin "--trust-kernel: a write of 64 bits is one access of 8 bytes"
tell APP store 0 32 0x80 0
put 0 --via kernel --trust-kernel "@$EDU/bar0+0x80/64=0x1122334455667788"
tell APP load 0 64 0x80
reply_is value 0x1122334455667788
bus edu w 0x80 4 0x0
bus edu w 0x80 8 0x1122334455667788
bus edu r 0x80 8 0x1122334455667788
case_end

case_begin "--trust-kernel: 16 and 32 bits would be bytes, and are refused all the same"
for bits in 16 32; do
  get 7 --via kernel --trust-kernel "@$NVME/bar0+0x8/$bits"
  stderr_has "splits an access of $bits bits into $((bits / 8)) of 8"
  put 7 --via kernel --trust-kernel "@$NVME/bar0+0x1000/$bits=0"
done
bus_none
case_end

# A thread of the target makes them.

case_begin "tracee: a read of 32 bits is one of 4 bytes"
get 0 --via tracee "@$EDU/bar0"
stdout_is 0x010000ed
get 0 "@$EDU/bar0"
stdout_is 0x010000ed
stderr_is
run 0 "$MMIODBG" read -v -p "$APP" "@$NVME/bar0+0x8"
stderr_like "read 32 bits at 0x[0-9a-f]+ .*= 0x00010400 through tracee"
bus edu r 0x0 4 0x010000ed x2+0
bus nvme r 0x8 4 0x00010400
case_end

case_begin "tracee: a write of 32 bits is one of 4 bytes"
put 0 --via tracee "@$EDU/bar0+0x4=0x12345678"
put 0 "@$EDU/bar0+0x4=0x9abcdef0"
tell APP load 0 32 4
reply_is value 0x6543210f
bus edu w 0x4 4 0x12345678
bus edu w 0x4 4 0x9abcdef0
bus edu r 0x4 4 0x6543210f
case_end

case_begin "tracee: a masked write is a read and a write, --verify a read more"
put 0 "@$EDU/bar0+0x80=0x12345678"
put 0 --verify "@$EDU/bar0+0x80=0x3:0xf"
bus edu w 0x80 4 0x12345678
bus edu r 0x80 4 0x12345678
bus edu w 0x80 4 0x12345673
bus edu r 0x80 4 0x12345673
case_end

case_begin "tracee: 64 bits are one access of 8 bytes, as read and as write"
get 0 "@$NVME/bar0/64"
value=$STDOUT
get 0 --via tracee "@$NVME/bar0/64"
tell APP load 1 64 0
check "the same as the process reads" [ "value $value" = "$REPLY"$'\n' ]
put 0 "@$EDU/bar0+0x80/64=0x8877665544332211"
bus nvme r 0x0 8 x3+0
bus edu w 0x80 8 0x8877665544332211
case_end

case_begin "tracee: 8 and 16 bits are one access each, of 1 and of 2 bytes"
get 0 "@$NVME/bar0+0x8/16" "@$NVME/bar0+0xa/16"
stdout_is 0x0400 0x0001
put 0 "@$SDHCI/bar0+0x34/16=0x01fb" "@$SDHCI/bar0+0x2e/8=0x0e"
get 0 "@$SDHCI/bar0+0x34/8" "@$SDHCI/bar0+0x35/8" "@$SDHCI/bar0+0x34/16be"
stdout_is 0xfb 0x01 0xfb01
bus nvme r 0x8 2
bus nvme r 0xa 2
bus sdhci w 0x34 2 0x01fb
bus sdhci w 0x2e 1 0x0e
bus sdhci r 0x34 1 0xfb
bus sdhci r 0x35 1 0x01
bus sdhci r 0x34 2 0x01fb
case_end

case_begin "tracee: 1,000 reads of 1,000 registers, through --via tracee"
get 0 --via tracee -n 1000 "@$EDU/bar0+0x1000"
check "1,000 values" [ "${#STDOUT}" = 11000 ]
bus edu r 0x1000 4 x1000
case_end

case_begin "tracee: 100 reads of one register, each a run of its own"
run 0 "${MMIOTARGET%/target/*}/vm/repeat" "$APP" 100 "@$EDU/bar0"
stdout_has "rounds 100 failed 0"
bus edu r 0x0 4 0x010000ed x100+0
case_end

many=${MMIODBG_VM_ELEMENTS:-100}
case_begin "tracee: $many writes of $many registers, through --via tracee"
put 0 --via tracee --fill -n "$many" "@$EDU/bar0+0x1000=0x0"
bus edu w 0x1000 4 0x0 "x$many"
case_end

case_begin "tracee: 100 writes of one register, each a run of its own"
run 0 "${MMIOTARGET%/target/*}/vm/repeat" "$APP" 100 "@$EDU/bar0+0x80=0x5"
stdout_has "rounds 100 failed 0"
bus edu w 0x80 4 0x5 x100+0
case_end

case_begin "tracee: a size that the device refuses is rejected; the process lives on"
get 8 "@$EDU/bar0/8"
stdout_is -
get 8 --via tracee "@$EDU/bar0/16"
run 8 "$MMIODBG" read --json -p "$APP" "@$EDU/bar0/8"
stdout_has '"kind": "rejected"'
is_well
bus edu r-refused 0x0 1
bus edu r-refused 0x0 2
bus edu r-refused 0x0 1
bus edu r 0x0 4 0x010000ed
case_end

case_begin "tracee: so is a write of such a size"
put 8 "@$EDU/bar0+0x80/8=1"
put 8 --via tracee "@$EDU/bar0+0x80/16=1"
is_well
bus edu w-refused 0x80 1
bus edu w-refused 0x80 2
bus edu r 0x0 4 0x010000ed
case_end

case_begin "tracee: info tells that it makes them"
run 0 "$MMIODBG" info -p "$APP" "@$EDU/bar0"
for bits in 8 16 32 64; do
  stdout_like "read $bits +tracee"
  stdout_like "write $bits +tracee"
done
bus_none
case_end
