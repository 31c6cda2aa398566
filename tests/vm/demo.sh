# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What `quickstart demo` shows, in a guest: a program that has three PCI devices
# mapped, and mmiodbg looking at it. Run by run-guest; its log is the show.

# show ARGUMENTS...: the command as a user types it, and what it says
show()
{
  printf '\n$ mmiodbg %s\n' "$*"
  "$MMIODBG" "$@" || printf '(status %s)\n' $?
}

enable "$NVME" "$E1000E"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0" \
  "$SYS/$E1000E/resource0"
tell APP name driver
tell APP mark 0x6d000001

echo "# A program called 'driver' has three PCI devices mapped. Which?"
show maps -p driver
echo
echo "# The version register of the NVMe controller; nobody said which process:"
show read "@${NVME#0000:}/bar0+0x8"
echo
echo "# Bits 31 to 16 of it, and a range of registers:"
show read "@${NVME#0000:}/bar0+0x8.31:16" "@${NVME#0000:}/bar0..+0x20"
echo
echo "# A write, and a write of some bits: one read and one write, as -v tells."
show write -p driver "@${EDU#0000:}/bar0+0x80=0x12345678"
show write -v -p driver "@${EDU#0000:}/bar0+0x80=0x3:0xf"
echo
echo "# The kernel would make two accesses of a read of 64 bits. So a thread of the"
echo "# program makes it, with one instruction of its own code, and goes on as it was."
show read -v -p driver "@${NVME#0000:}/bar0/64"
echo
echo "# What cannot be done exactly is refused, and nothing is touched."
show read -p driver "@${NVME#0000:}/bar0+0x2"
echo
echo "# A driver of the kernel claims the third device, and takes it from all who"
echo "# have it mapped."
show read -p driver "@${E1000E#0000:}/bar0+0x8"
printf '\n# modprobe e1000e\n'
tell APP mark 0x6d000002
unwatched modprobe e1000e
show read -v -p driver "@${E1000E#0000:}/bar0+0x8"
target_stop APP
