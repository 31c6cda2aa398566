# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The harness itself: loads and stores that the target makes, as the devices
# see them. That a wrong expectation is noticed is check-selftest's affair.
#
#vm: arch x86_64 aarch64
#vm: devices edu nvme sdhci
#vm: timeout 120

enable "$NVME" "$SDHCI"
target_start T "$SYS/$EDU/resource0" "$SYS/$NVME/resource0" \
  "$SYS/$SDHCI/resource0" "$SYS/$EDU/resource0,len=4096,prot=none"

case_begin "edu: a 32-bit load is one 4-byte read"
tell T load 0 32 0
reply_is value 0x010000ed
bus edu r 0x0 4 0x010000ed
case_end

case_begin "edu: a 32-bit store and a load, in this order"
tell T store 0 32 4 0x12345678
tell T load 0 32 4
reply_is value 0xedcba987
bus edu w 0x4 4 0x12345678
bus edu r 0x4 4 0xedcba987
case_end

case_begin "edu: a 64-bit load is one 8-byte read"
tell T load 0 64 0x80
bus edu r 0x80 8
case_end

case_begin "edu: a 64-bit store is one 8-byte write"
tell T store 0 64 0x80 0x1122334455667788
bus edu w 0x80 8 0x1122334455667788
case_end

case_begin "edu: a refused size is seen as refused"
tell T load 0 8 0
bus edu r-refused 0x0 1
case_end

case_begin "nvme: 16, 32 and 64 bits"
tell T load 1 16 8
tell T load 1 32 8
reply_is value 0x00010400
tell T load 1 64 0
bus nvme r 0x8 2
bus nvme r 0x8 4 0x00010400
bus nvme r 0x0 8
case_end

case_begin "sdhci: 8, 16 and 32 bits"
tell T load 2 8 0xfe
tell T load 2 16 0xfe
tell T load 2 32 0xfc
bus sdhci r 0xfe 1
bus sdhci r 0xfe 2
bus sdhci r 0xfc 4
case_end

case_begin "a run of ascending loads"
for ((i = 0; i < 64; i++)); do
  tell T load 1 32 $((0x1000 + 4 * i))
done
bus nvme r 0x1000 4 x64
case_end

case_begin "loads of one register, some number of times"
for ((i = 0; i < 5; i++)); do
  tell T load 1 32 8
done
bus nvme r 0x8 4 0x10400 x1-10+0
case_end

case_begin "nothing"
run 0 true
stdout_is
stderr_is
bus_none
case_end

case_begin "a load that the mapping forbids does not reach the device"
tell T load 3 32 0
reply_is error: SIGSEGV code 2
bus_none
case_end

case_begin "unwatched accesses do not count"
tell T load 1 32 8
unwatched tell T load 1 32 0
tell T load 1 32 8
bus nvme r 0x8 4 x2+0
case_end

case_begin "commands: status, stdout and stderr"
run 3 sh -c 'echo one; echo two; echo "no such thing" >&2; exit 3'
stdout_is one two
stdout_has one
stdout_hasnt three
stdout_like '^one'
stderr_is "no such thing"
stderr_has such
bus_none
case_end

case_begin "the target: threads, mappings, a zombie leader"
target_start T2 anon,len=0x3000 "$SYS/$EDU/resource0,len=4096"
tell T2 thread
reply_has thread
tell T2 unmap 0 0x1000 0x1000
reply_is ok
tell T2 mapat 1 anon,len=4096
tell T2 load 1 32 0
reply_is value 0x00000000
tell T2 leaderexit
reply_is ok
tell T2 load 0 8 0
reply_is value 0x00
target_stop T2
bus_none
case_end

case_begin "a kernel warning can be expected"
printf '<4>WARNING: at the harness\n' >/dev/kmsg
kernel_log_has "WARNING: at the harness"
bus_none
case_end
