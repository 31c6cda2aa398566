# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# save, diff and restore: each register that a snapshot names is read once, in its
# order, or written once; nothing else of the device is touched.
#
# The target $APP is mmionames, which has names for the registers of edu; $T has
# them mapped, too, and changes them.
#
#vm: arch x86_64 aarch64
#vm: devices edu
#vm: timeout 240
#vm: series 6.1 6.1-arm64

NAMES=${MMIOTARGET%/*}/mmionames
BAR=$SYS/$EDU/resource0
SAVED=$WORK/s.json

# names_start NAME PROGRAM ARGUMENT...: as target_start, of a mmionames
names_start()
{
  local MMIOTARGET=$2

  target_start "$1" "${@:3}"
}

names_start APP "$NAMES" "$BAR"
target_start T "$BAR"

case_begin "save: each register is one read of its width, in the order given"
tell T store 0 32 0x80 0x00fe3009
tell T store 0 64 0x88 0x1122334455667788
tell T store 0 32 0x90 0x10
run 0 "$MMIODBG" save -p "$APP" -f "$SAVED" regs.ctrl regs.id \
  regs.dma.destination regs.dma.count "@$EDU/bar0+0x20..+0x8"
stdout_is
stderr_is
bus edu w 0x80 4 0x00fe3009
bus edu w 0x88 8 0x1122334455667788
bus edu w 0x90 4 0x10
bus edu r 0x80 4 0x00fe3009
bus edu r 0x0 4 0x010000ed
bus edu r 0x88 8 0x1122334455667788
bus edu r 0x90 4 0x10
bus edu r 0x20 4
bus edu r 0x24 4
case_end

case_begin "the file names the device by its PCI address, ids and BAR"
run 0 grep -c '"region":"0000:[^"]*/bar0","kind":"pci","class":"register","size":"0x0000000000100000","pci":"0000:[^"]*","bar":0,"id":"1234:11e8"' "$SAVED"
stdout_is 1
run 0 grep -c '"offset":' "$SAVED"
stdout_is 6
bus_none
case_end

case_begin "diff: nothing has changed, and each is read once, in the same order"
run 0 "$MMIODBG" diff -p "$APP" "$SAVED"
stdout_is
bus edu r 0x80 4 0x00fe3009
bus edu r 0x0 4 0x010000ed
bus edu r 0x88 8 0x1122334455667788
bus edu r 0x90 4 0x10
bus edu r 0x20 4
bus edu r 0x24 4
case_end

case_begin "diff: what the target has changed, by register and field"
tell T store 0 32 0x80 0x00fe3003
tell T store 0 32 0x90 0x20
run 1 "$MMIODBG" diff -p "$APP" "$SAVED"
stdout_is 'regs.ctrl: 0x00fe3009 -> 0x00fe3003' \
  'regs.ctrl.bits.mode: 4 (FAST) -> 1 (SLOW)' \
  'regs.dma.count: 0x00000010 -> 0x00000020'
bus edu w 0x80 4 0x00fe3003
bus edu w 0x90 4 0x20
bus edu r 0x80 4 0x00fe3003
bus edu r 0x0 4 0x010000ed
bus edu r 0x88 8 0x1122334455667788
bus edu r 0x90 4 0x20
bus edu r 0x20 4
bus edu r 0x24 4
case_end

case_begin "restore: one write of the register that is named, and no read"
run 0 "$MMIODBG" restore -p "$APP" "$SAVED" --only regs.ctrl
stdout_is
bus edu w 0x80 4 0x00fe3009
case_end

case_begin "restore: a struct, in the order of the file; 64 bits are one write"
run 0 "$MMIODBG" restore -p "$APP" "$SAVED" --only regs.dma
bus edu w 0x88 8 0x1122334455667788
bus edu w 0x90 4 0x10
case_end

case_begin "restore: a field is one read and one write, and other bits stay"
tell T store 0 32 0x80 0x77003000
run 0 "$MMIODBG" restore -p "$APP" "$SAVED" --only regs.ctrl.bits.mode
bus edu w 0x80 4 0x77003000
bus edu r 0x80 4 0x77003000
bus edu w 0x80 4 0x77003008
case_end

case_begin "restore --verify: each is read back after its write"
run 0 "$MMIODBG" restore -p "$APP" --verify "$SAVED" --only regs.ctrl \
  --only regs.dma.count
bus edu w 0x80 4 0x00fe3009
bus edu r 0x80 4 0x00fe3009
bus edu w 0x90 4 0x10
bus edu r 0x90 4 0x10
case_end

# The same device, by another process and another name.
case_begin "what one process saved, another one restores"
run 0 "$MMIODBG" restore -p "$T" "$SAVED" --only "@$EDU/bar0+0x80"
run 0 "$MMIODBG" diff -p "$T" "$SAVED" --via tracee
bus edu w 0x80 4 0x00fe3009
bus edu r 0x80 4 0x00fe3009
bus edu r 0x0 4
bus edu r 0x88 8
bus edu r 0x90 4
bus edu r 0x20 4
bus edu r 0x24 4
case_end

case_begin "what is refused, dry or of two files touches nothing"
run 0 "$MMIODBG" save -p "$APP" --dry-run regs.ctrl
run 0 "$MMIODBG" diff -p "$APP" --dry-run "$SAVED"
run 0 "$MMIODBG" restore -p "$APP" --dry-run "$SAVED" --only regs.ctrl
run 0 "$MMIODBG" diff "$SAVED" "$SAVED"
run 2 "$MMIODBG" restore -p "$APP" "$SAVED"
stderr_has 'nothing says which of the registers are safe'
run 2 "$MMIODBG" restore -p "$APP" "$SAVED" --only regs.nothing
run 2 "$MMIODBG" save -p "$APP" regs.ctrl regs.id regs.ctrl
head -c 700 "$SAVED" >"$WORK/cut"
run 2 "$MMIODBG" diff -p "$APP" "$WORK/cut"
run 2 "$MMIODBG" restore -p "$APP" "$WORK/cut" --only regs.ctrl
sed 's/"id":"1234:11e8"/"id":"1234:11e9"/' "$SAVED" >"$WORK/other"
run 7 "$MMIODBG" diff -p "$APP" "$WORK/other"
stderr_has 'its PCI ids were 1234:11e9, and are 1234:11e8 now'
run 7 "$MMIODBG" restore -p "$APP" "$WORK/other" --only regs.ctrl
bus_none
case_end

case_begin "save --stop: the same accesses, of one moment"
run 0 "$MMIODBG" save -p "$APP" --stop regs.ctrl regs.id
stdout_has '"name":"regs.ctrl"'
bus edu r 0x80 4 0x00fe3009
bus edu r 0x0 4 0x010000ed
case_end

target_stop APP
target_stop T
