# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016 # ${...} in quotes is of a batch
#
# `batch` and `wait` on a real device: a bring-up as its author would write it, and
# that nothing is accessed but what a line names, once.
#
#vm: arch x86_64 aarch64
#vm: devices edu
#vm: timeout 300
#vm: series 6.1 6.12 6.1-arm64

target_start APP "$SYS/$EDU/resource0"
AT=@$EDU/bar0
EXAMPLE=${VM_SCRIPT%/*}/../../../examples/edu.mmio

# batch STATUS ARGUMENT...
batch()
{
  run "$1" "$MMIODBG" batch -p "$APP" "${@:2}"
}

case_begin "a bring-up: each line touches what it names, in this order"
batch 0 -e "set edu $AT" -e 'set memory 0x1000' -e "set idle $WORK/idle" \
  "$EXAMPLE"
stdout_has "$AT+0x20.0 = 0x0 after "
stdout_has 'edu is ready'
stderr_is
bus edu r 0x0 4 0x010000ed
bus edu w 0x20 4 0x00000000
bus edu r 0x20 4 0x00000000
bus edu r 0x24 4 0x00000000
bus edu w 0x64 4 0x00000000
bus edu r 0x24 4 0x00000000
bus edu r 0x20 4 0x00000000
bus edu r 0x24 4 0x00000000
bus edu r 0x98 4 0x00000000
bus edu w 0x8 4 0x00000008
bus edu r 0x20 4 x1-+0
bus edu r 0x8 4 0x00009d80
bus edu w 0x80 4 0x00001000
bus edu w 0x88 4 0x00040000
bus edu w 0x90 4 0x00000040
bus edu w 0x98 4 0x00000001
bus edu r 0x98 4 x1-+0
bus edu r 0x20 4 0x00000000
bus edu r 0x24 4 0x00000000
bus edu r 0x98 4 0x00000000
case_end

case_begin "an error in its last line: nothing is touched"
batch 2 -e "set edu $AT" -e 'set memory 0x1000' -e "set idle $WORK/no" \
  "$EXAMPLE" -e 'read ${edu'
stdout_is
bus_none
case_end

case_begin "an assertion that does not hold ends it: one read, and no write"
batch 1 -e "assert $AT eq 0" -e "write $AT+0x80=1"
stdout_is
stderr_has "-e:1: $AT: eq 0 does not hold: it is 0x010000ed"
bus edu r 0x0 4 0x010000ed
case_end

case_begin "reads that are made together: each once, in order"
batch 0 -q -e "read $AT" -e "read $AT+0x4 $AT+0x8" -e "read $AT" -e "read $AT+0x20"
bus edu r 0x0 4 0x010000ed
bus edu r 0x4 4
bus edu r 0x8 4
bus edu r 0x0 4 0x010000ed
bus edu r 0x20 4
case_end

case_begin "a thousand lines of a pipe: a thousand reads"
for ((i = 0; i < 1000; i++)); do
  echo "read $AT+0x24"
done >"$WORK/lines"
run 0 bash -c 'cat "$1" | "$2" batch -q -p "$3" | uniq -c' - "$WORK/lines" \
  "$MMIODBG" "$APP"
stdout_has '1000 0x00000000'
bus edu r 0x24 4 0x00000000 x1000+0
case_end

case_begin "wait: a condition that holds is one read"
run 0 "$MMIODBG" wait -q -p "$APP" "$AT" eq 0x010000ed
stdout_is 0x010000ed
bus edu r 0x0 4 0x010000ed
case_end

case_begin "wait: what does not come is read until the time is over, and no more"
run 124 "$MMIODBG" wait -p "$APP" "$AT+0x24" ne 0 --timeout 100ms --interval 20ms
bus edu r 0x24 4 0x00000000 x1-6+0
case_end

case_begin "let, an index, bits: a read and a write, with what was read"
batch 0 -e "let id read $AT.23:16" -e 'write @0+0x80=${id}' \
  -e 'write @0+0x80.7:4=5' -e 'read -q @0+0x80'
stdout_is 0x00000050
bus edu r 0x0 4 0x010000ed
bus edu w 0x80 4 0x00000000
bus edu r 0x80 4 0x00000000
bus edu w 0x80 4 0x00000050
bus edu r 0x80 4 0x00000050
case_end

case_begin "--dry-run, and what is only checked"
batch 0 --dry-run -e "set edu $AT" -e 'set memory 0x1000' \
  -e "set idle $WORK/dry" "$EXAMPLE"
bus_none
[ ! -e "$WORK/dry" ] || problem "a dry run has made a file"
case_end

target_stop APP
