# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016 # what waits in quotes is a hook
#
# Accesses through /proc/PID/mem: widths, counts, order; and what must not
# become an access at all.
#
# The target $APP has mapped, by index:
#   0 edu bar0      1 nvme bar0     2 sdhci bar0     3 ahci bar5 (through sysfs)
#   4 e1000e bar0   (through /dev/mem; no driver is bound)
#   5 memory, 6 read-only memory
#
# Registers that may be written without consequences: edu +0x80 (an address for
# its DMA), edu +0x4 (which inverts what it is given); sdhci +0x8 (an argument),
# +0x2e (a timeout), +0x34 (interrupts that are enabled in a status); the
# doorbells of nvme (+0x1000), while it is not enabled.
#
#vm: series 6.1 6.12 sid
#vm: also 6.12
#vm: devices edu nvme sdhci ahci e1000e
#vm: timeout 300

enable "$NVME" "$SDHCI" "$AHCI" "$E1000E"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0" \
  "$SYS/$SDHCI/resource0" "$SYS/$AHCI/resource5" \
  "/dev/mem,off=$E1000E_BASE,len=$E1000E_SIZE" anon,len=0x2000 \
  anon,len=0x1000,prot=r
MEMORY=${APP_AT[5]}
READ_ONLY=${APP_AT[6]}

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

# refused STATUS read|write ARGUMENT...: with a reason, and no value
refused()
{
  run "$1" "$MMIODBG" "$2" --via kernel -p "$APP" "${@:3}"
  stdout_is
  stderr_like '^mmiodbg: .'
}

# Reads

case_begin "read: nvme's version register is one 4-byte read"
get 0 "@$NVME/bar0+0x8"
stdout_is 0x00010400
stderr_is
bus nvme r 0x8 4 0x00010400
case_end

case_begin "read: the same with --via kernel, and as peek"
get 0 --via kernel "@$NVME/bar0+0x8"
stdout_is 0x00010400
run 0 "$MMIODBG" peek -p "$APP" "@$NVME/bar0+0x8"
stdout_is "@$NVME/bar0+0x8 = 0x00010400"
bus nvme r 0x8 4 0x00010400 x2+0
case_end

case_begin "read: 16 bits are one 2-byte read"
get 0 "@$NVME/bar0+0x8/16"
stdout_is 0x0400
get 0 -w 16 "@$NVME/bar0+0xa"
stdout_is 0x0001
bus nvme r 0x8 2
bus nvme r 0xa 2
case_end

case_begin "read: 8, 16 and 32 bits of sdhci, one access each"
put 0 "@$SDHCI/bar0+0x34/16=0x01fb"
get 0 "@$SDHCI/bar0+0x34/8" "@$SDHCI/bar0+0x35/8" "@$SDHCI/bar0+0x34/16" \
  "@$SDHCI/bar0+0x34/32"
stdout_is 0xfb 0x01 0x01fb 0x000001fb
bus sdhci w 0x34 2 0x01fb
bus sdhci r 0x34 1 0xfb
bus sdhci r 0x35 1 0x01
bus sdhci r 0x34 2 0x01fb
bus sdhci r 0x34 4 0x000001fb
case_end

case_begin "read: big-endian is the same access, turned round"
get 0 "@$EDU/bar0/32be" "@$NVME/bar0+0x8/16be" "@$NVME/bar0+0x8/32le"
stdout_is 0xed000001 0x0004 0x00010400
bus edu r 0x0 4 0x010000ed
bus nvme r 0x8 2 0x0400
bus nvme r 0x8 4 0x00010400
case_end

case_begin "read: bits of a register are one read of all of it"
get 0 "@$NVME/bar0+0x8.31:16" "@$NVME/bar0+0x8.10" "@$EDU/bar0/32be.31:24"
stdout_is 0x0001 0x1 0xed
bus nvme r 0x8 4 0x00010400 x2+0
bus edu r 0x0 4 0x010000ed
case_end

case_begin "read: through /dev/mem by the device's name, by addresses, by index"
get 0 "@$E1000E/bar0+0x8"
get 0 "phys:$E1000E_BASE+0x8" "${APP_AT[4]}+0x8" "@mem+$E1000E_BASE+0x8"
get 0 "phys:$NVME_BASE+0x8" "${APP_AT[1]}+0x8"
stdout_is 0x00010400 0x00010400
run 0 "$MMIODBG" maps -p "$APP" --raw --noheadings -o INDEX "$NVME"
get 0 "@${STDOUT%$'\n'}+0x8"
stdout_is 0x00010400
bus e1000e r 0x8 4 x4+0
bus nvme r 0x8 4 0x00010400 x3+0
case_end

case_begin "read: another BAR than the first"
get 0 "@$AHCI/bar5+0x10"
tell APP load 3 32 0x10
stdout_is "${REPLY#value }"
bus ahci r 0x10 4 x2+0
case_end

case_begin "read: the first and the last element of a region"
get 0 "@$EDU/bar0" "@$EDU/bar0+0xffffc" "@$SDHCI/bar0+0xff/8" \
  "@$SDHCI/bar0+0xfc" "@$AHCI/bar5+0xffe/16"
bus edu r 0x0 4
bus edu r 0xffffc 4
bus sdhci r 0xff 1
bus sdhci r 0xfc 4
bus ahci r 0xffe 2
case_end

case_begin "read: 1,000 elements of 32 bits are 1,000 reads, ascending"
get 0 -n 1000 "@$NVME/bar0+0x1000"
check "1,000 values" [ "${#STDOUT}" = 11000 ]
bus nvme r 0x1000 4 x1000
case_end

case_begin "read: 1,000 elements of 16 bits are 1,000 reads, ascending"
get 0 -n 1000 "@$NVME/bar0+0x1000/16"
check "1,000 values" [ "${#STDOUT}" = 7000 ]
bus nvme r 0x1000 2 x1000
case_end

case_begin "read: 1,000 elements of 8 bits are 1,000 reads, ascending"
get 0 -w 8 -n 1000 "@$AHCI/bar5+0x400"
check "1,000 values" [ "${#STDOUT}" = 5000 ]
bus ahci r 0x400 1 x1000
case_end

case_begin "read: a range by its length, and by its end, over a page's end"
run 0 "$MMIODBG" read -p "$APP" "@$NVME/bar0+0xfe0..+0x40"
check "rows of 16 bytes" [ "$(wc -l <"$WORK/stdout")" = 4 ]
stdout_like "^@$NVME/bar0\+0xfe0: [0-9a-f]{8} "
get 0 "@$NVME/bar0+0x8..@$NVME/bar0+0x10"
get 0 "@$NVME/bar0+0x8..+0x4/16"
stdout_is 0x0400 0x0001
bus nvme r 0xfe0 4 x16
bus nvme r 0x8 4 x2
bus nvme r 0x8 2 x2
case_end

case_begin "read: several locations, in the order given"
get 0 "@$NVME/bar0+0x8" "@$EDU/bar0" "@$NVME/bar0+0x0" "@$SDHCI/bar0+0xfe/16" \
  "@$NVME/bar0+0x8"
bus nvme r 0x8 4 0x00010400
bus edu r 0x0 4 0x010000ed
bus nvme r 0x0 4
bus sdhci r 0xfe 2
bus nvme r 0x8 4 0x00010400
case_end

case_begin "read: 32x2 is the high half, the low one, and the high one again"
tell APP load 1 64 0
get 0 "@$NVME/bar0/32x2"
stdout_is "${REPLY#value }"
get 0 -w 32x2 -n 2 "@$NVME/bar0"
bus nvme r 0x0 8
bus nvme r 0x4 4
bus nvme r 0x0 4
bus nvme r 0x4 4 x2+0
bus nvme r 0x0 4
bus nvme r 0x4 4
bus nvme r 0xc 4
bus nvme r 0x8 4
bus nvme r 0xc 4
case_end

case_begin "read: 64 bits would be two accesses of 32: --via kernel refuses"
refused 7 read "@$EDU/bar0+0x80/64"
refused 7 read "@$NVME/bar0/64"
refused 7 read -w 64be -n 2 "@$NVME/bar0"
refused 7 write "@$EDU/bar0+0x80/64=1"
refused 7 write "@$EDU/bar0+0x80/64=1:0xff"
refused 7 write --force "@$EDU/bar0+0x80/64=1"
stderr_has "2 of 32"
bus_none
case_end

case_begin "read: -v tells of each access, and of all ones; JSON tells the same"
run 0 "$MMIODBG" read -v -p "$APP" "@$NVME/bar0+0x8" "@$EDU/bar0+0x8000"
stderr_like "read 32 bits at 0x[0-9a-f]+ .*= 0x00010400 through kernel, .* us"
stderr_has "0xffffffff"
stderr_has suspect
run 0 "$MMIODBG" read --json -p "$APP" "@$NVME/bar0+0x8" "@$EDU/bar0+0x8000"
stdout_like '"suspect": false.*"suspect": true'
stdout_like '"value": "0x00010400".*"value": "0xffffffff"'
bus nvme r 0x8 4
bus edu r 0x8000 4
bus nvme r 0x8 4
bus edu r 0x8000 4
case_end

# Writes

case_begin "write: one 4-byte write, and nothing is read back"
put 0 "@$EDU/bar0+0x4=0x12345678"
stderr_is
run 0 "$MMIODBG" poke --via kernel -p "$APP" "@$EDU/bar0+0x4=-2"
bus edu w 0x4 4 0x12345678
bus edu w 0x4 4 0xfffffffe
case_end

case_begin "write: 8, 16 and 32 bits, one write of that width each"
put 0 "@$SDHCI/bar0+0x2e/8=0x0e" "@$SDHCI/bar0+0x34/16=0x01ff" \
  "@$SDHCI/bar0+0x8=0xcafe0123" "@$SDHCI/bar0+0x2e/8=-10"
bus sdhci w 0x2e 1 0x0e
bus sdhci w 0x34 2 0x01ff
bus sdhci w 0x8 4 0xcafe0123
bus sdhci w 0x2e 1 0xf6
case_end

case_begin "write: big-endian"
put 0 "@$SDHCI/bar0+0x34/16be=0x0102" "@$EDU/bar0+0x4/32be=0x11223344"
put 0 -w 16be "@$SDHCI/bar0+0x34.7:4=0xf"
bus sdhci w 0x34 2 0x0201
bus edu w 0x4 4 0x44332211
bus sdhci r 0x34 2 0x0201
bus sdhci w 0x34 2 0xf201
case_end

case_begin "write: under a mask, one read and one write"
put 0 "@$EDU/bar0+0x80=0x12345678"
put 0 "@$EDU/bar0+0x80=0x3:0xf"
put 0 "@$SDHCI/bar0+0x34/16=0x0100"
put 0 "@$SDHCI/bar0+0x34/16=0xff:0x0f" "@$SDHCI/bar0+0x34/8=0:0x3"
bus edu w 0x80 4 0x12345678
bus edu r 0x80 4 0x12345678
bus edu w 0x80 4 0x12345673
bus sdhci w 0x34 2 0x0100
bus sdhci r 0x34 2 0x0100
bus sdhci w 0x34 2 0x010f
bus sdhci r 0x34 1 0x0f
bus sdhci w 0x34 1 0x0c
case_end

case_begin "write: under a full mask, only a write"
put 0 "@$EDU/bar0+0x4=0x5:0xffffffff"
put 0 "@$EDU/bar0+0x4.31:0=6"
put 0 "@$SDHCI/bar0+0x2e/8=7:0xff"
put 0 "@$SDHCI/bar0+0x34/16.15:8=1,7:0=2"
bus edu w 0x4 4 0x5
bus edu w 0x4 4 0x6
bus sdhci w 0x2e 1 0x7
bus sdhci w 0x34 2 0x0102
case_end

case_begin "write: some bits, and several fields, are one read and one write"
put 0 "@$EDU/bar0+0x80=0x12345678"
put 0 "@$EDU/bar0+0x80.7:4=0"
put 0 "@$EDU/bar0+0x80.31:28=5,0=1"
put 0 "@$EDU/bar0+0x80.3=0,31=1,15:8=-1"
bus edu w 0x80 4 0x12345678
bus edu r 0x80 4 0x12345678
bus edu w 0x80 4 0x12345608
bus edu r 0x80 4 0x12345608
bus edu w 0x80 4 0x52345609
bus edu r 0x80 4 0x52345609
bus edu w 0x80 4 0xd234ff01
case_end

case_begin "write: --verify adds one read, and says when it is not the same"
put 0 --verify "@$EDU/bar0+0x80=0x12345678"
put 0 --verify "@$EDU/bar0+0x80=0x3:0xf"
put 1 --verify "@$EDU/bar0+0x4=0x1" "@$EDU/bar0+0x80=0"
stderr_has 0xfffffffe
bus edu w 0x80 4 0x12345678
bus edu r 0x80 4 0x12345678 x2+0
bus edu w 0x80 4 0x12345673
bus edu r 0x80 4 0x12345673
bus edu w 0x4 4 0x1
bus edu r 0x4 4 0xfffffffe
case_end

case_begin "write: --fill writes each element, ascending"
put 0 --fill "@$NVME/bar0+0x1000..+0x10=0x7"
put 0 --fill -n 3 "@$NVME/bar0+0x1000/16=0x8"
put 0 --fill -n 2 "@$SDHCI/bar0+0x34/8=0x1:0x1"
bus nvme w 0x1000 4 0x7 x4
bus nvme w 0x1000 2 0x8 x3
bus sdhci r 0x34 1
bus sdhci w 0x34 1
bus sdhci r 0x35 1
bus sdhci w 0x35 1
case_end

case_begin "write: --fill of 1,000 elements is 1,000 writes, ascending"
put 0 --fill -n 1000 "@$NVME/bar0+0x1000=0x0"
bus nvme w 0x1000 4 0x0 x1000
case_end

# The target's own memory

case_begin "memory: it can be read, in every width"
tell APP store 5 64 8 0x1122334455667788
get 0 "$MEMORY+0x8/64" "$MEMORY+0x8/32" "$MEMORY+0x8/16be" "$MEMORY+0xf/8"
stdout_is 0x1122334455667788 0x55667788 0x8877 0x11
get 0 "$READ_ONLY"
stdout_is 0x00000000
bus_none
case_end

case_begin "memory: writing needs --force, and a writable mapping"
refused 7 write "$MEMORY=1"
stderr_has --force
refused 7 write "@$NVME/bar0+0x1000=1" "$MEMORY=1"
put 0 --force "$MEMORY=0x11223344" "$MEMORY+0x4/16=0xff:0xf0"
refused 7 write --force "$READ_ONLY=1"
tell APP load 5 64 0
reply_is value 0x000000f011223344
bus_none
case_end

case_begin "a mapping of a device that is read-only, or private, is not written"
target_start VIEW "$SYS/$NVME/resource0,prot=r" "$SYS/$SDHCI/resource0,private"
run 0 "$MMIODBG" read -q -p "$VIEW" "@$NVME/bar0+0x8"
for location in "$NVME/bar0+0x1000=1" "$SDHCI/bar0+0x34=1" "$NVME/bar0=1:1"; do
  run 7 "$MMIODBG" write -p "$VIEW" "@$location"
  run 7 "$MMIODBG" write --force -p "$VIEW" "@$location"
done
target_stop VIEW
bus nvme r 0x8 4 0x00010400
case_end

# What must not touch the device

case_begin "a dry run does nothing"
run 0 "$MMIODBG" read --dry-run -p "$APP" "@$NVME/bar0+0x8" "@$EDU/bar0/32x2"
stdout_like '^would read 32 bits at .*would read 32 bits at '
run 0 "$MMIODBG" read --dry-run --json -n 1000 -p "$APP" "@$NVME/bar0+0x1000"
run 0 "$MMIODBG" write --dry-run --verify -p "$APP" "@$EDU/bar0+0x4=1"
stdout_like '^would write 32 bits at .*would read 32 bits at '
run 0 "$MMIODBG" write --dry-run -p "$APP" "@$EDU/bar0+0x80=1:1"
stdout_like '^would read 32 bits at .*would write 32 bits at '
refused 7 read --dry-run "@$EDU/bar0/64"
refused 2 write --dry-run "@$EDU/bar0"
bus_none
case_end

case_begin "misaligned locations are refused"
for location in "$NVME/bar0+0x2" "$NVME/bar0+0x9" "$NVME/bar0+0x9/16" \
  "$NVME/bar0+0xa..+0x8" "$EDU/bar0+0x1/32x2" "$NVME/bar0+0xffe"; do
  refused 7 read "@$location"
done
refused 7 write "@$EDU/bar0+0x81=1"
refused 7 write "@$EDU/bar0+0x82=1:1"
refused 7 write --force "@$EDU/bar0+0x82=1"
refused 7 write --fill "@$NVME/bar0+0x1001/16=1" -n 2
refused 7 read "$MEMORY+0x1"
bus_none
case_end

case_begin "beyond the end of a region"
refused 2 read "@$EDU/bar0+0x100000"
refused 2 read "@$EDU/bar0+0xfffff"
refused 2 read "@$NVME/bar0+0x3ff8..+0x10"
refused 2 read -n 3 "@$NVME/bar0+0x3ff8"
refused 2 write --fill -n 3 "@$NVME/bar0+0x3ff8=1"
refused 2 read "@$NVME/bar0-0x4"
refused 2 read "@$NVME/bar0+0xffffffffffffffff"
# The page goes on where the region does not.
refused 2 read "@$SDHCI/bar0+0x100"
refused 2 read -n 2 "@$SDHCI/bar0+0xfc"
refused 2 read "${APP_AT[2]}+0x100"
refused 2 write "${APP_AT[2]}+0x100=1"
bus_none
case_end

case_begin "what is not mapped"
refused 1 read "@$NVME/bar2"
refused 1 read "@0000:00:1e.0/bar0"
refused 1 read @uio0
refused 1 read phys:0xfed00000
refused 1 read 0x1000
refused 1 write 0x1000=1
bus_none
case_end

case_begin "locations that are not understood"
for location in '' @ .. "$NVME" "@$NVME" "@$NVME/bar6" "@$NVME/map0" \
  "@$NVME/bar0+" "@$NVME/bar0+40" "@$NVME/bar0+010" "@$NVME/bar0+0x" \
  "@$NVME/bar0+0x8-" "@$NVME/bar0+0x8/24" "@$NVME/bar0+0x8/w" \
  "@$NVME/bar0+0x8.4:7" "@$NVME/bar0+0x8.32" "@$NVME/bar0+0x8/8.8" \
  "@$NVME/bar0+0x8." "@$NVME/bar0..+0" "@$NVME/bar0..+0x6" \
  "@$NVME/bar0+0x8..@$NVME/bar0+0x4" "@$NVME/bar0..@$EDU/bar0+0x10" \
  "@$NVME/bar0+0x8 " "phys:$NVME_BASE,8" 0x1_0000_0000_0000_0000; do
  refused 2 read "$location"
done
bus_none
case_end

case_begin "values and options that do not fit"
for value in = == =0x100000000 =-0x80000001 =010 =1: =1:0 =1:0x100000000 \
  .3:0=16 .7:4=1:0xf .3:0=1,2=1 '.3:0=1,' .7:4=1,32=1 /8=256 /8=-129 \
  /16=0x10000 /8=1:0x100 /32x2=1; do
  refused 2 write "@$EDU/bar0+0x80$value"
done
refused 2 write "@$EDU/bar0+0x80"
refused 2 write "@$EDU/bar0+0x80..+0x10=0"
refused 2 write -n 4 "@$EDU/bar0+0x80=0"
refused 2 write @0+0x80=0
refused 2 read "@$EDU/bar0+0x80=1"
refused 2 read -n 0 "@$EDU/bar0"
refused 2 read -n 2 "@$EDU/bar0..+0x8"
refused 2 read -n 4611686018427387904 "@$EDU/bar0"
refused 2 read -w 16 "@$EDU/bar0/32"
refused 2 read -w 12 "@$EDU/bar0"
refused 2 read --fill "@$EDU/bar0"
refused 2 read --verify "@$EDU/bar0"
refused 2 read --no-such-option "@$EDU/bar0"
refused 2 read --via none "@$EDU/bar0"
refused 2 read "${APP_AT[0]}" 32
refused 2 read
run 2 "$MMIODBG" rread -p "$APP" "@$EDU/bar0"
bus_none
case_end

case_begin "a bad last location among good ones: nothing is accessed"
good=("@$NVME/bar0+0x8" "@$EDU/bar0" "@$SDHCI/bar0")
refused 7 read "${good[@]}" "@$NVME/bar0+0x9"
refused 7 read "${good[@]}" "@$NVME/bar0/64"
refused 2 read "${good[@]}" "@$NVME/bar0+010"
refused 2 read "${good[@]}" "@$SDHCI/bar0+0x100"
refused 1 read "${good[@]}" "@$NVME/bar2"
refused 2 read "${good[@]}" ''
good=("@$EDU/bar0+0x4=1" "@$EDU/bar0+0x80=1:1")
refused 7 write "${good[@]}" "@$EDU/bar0+0x82=1"
refused 2 write "${good[@]}" "@$EDU/bar0+0x80=0x100000000"
refused 7 write "${good[@]}" "$READ_ONLY=1"
refused 1 write "${good[@]}" 0x1000=1
bus_none
case_end

case_begin "maps and info touch nothing"
run 0 "$MMIODBG" maps -p "$APP"
stdout_has "$NVME"
stdout_has "$E1000E"
run 0 "$MMIODBG" info -p "$APP" "@$NVME/bar0+0x8" "@$E1000E/bar0" "$MEMORY"
run 0 "$MMIODBG" info --json -p "$APP" "@$NVME/bar0+0x8" "@$NVME/bar0+0x9"
refused 2 info "@$SDHCI/bar0+0x100"
bus_none
case_end

# Processes

case_begin "processes that are not there, or are none"
# of PID STATUS: what -p PID comes to
of()
{
  run "$2" "$MMIODBG" read -q -p "$1" "@$NVME/bar0+0x8"
  stdout_is
  stderr_like '^mmiodbg: .'
}
of 99999 4
of 0 4
of no-such-name 4
of '' 2
of 010 2
of 99999999999 2
of 2 5
stderr_has "kernel thread"
of 1 1
tell APP thread
of "${REPLY#thread }" 4
stderr_has "-p $APP"
# A child of bash, which becomes what never waits for it, and then the child
# ends.
bash -c 'until [[ $(</proc/$$/comm) == sleep ]]; do :; done & echo $!
  exec sleep 600' >"$WORK/zombie" &
parent=$!
state=
for ((i = 0; i < 1000; i++)); do
  read -r zombie <"$WORK/zombie" 2>/dev/null &&
    read -r _ _ state _ <"/proc/$zombie/stat" && [[ $state == Z ]] && break
  read -r -t 0.01 <>"$WORK/never"
done
check "a zombie" [ "$state" = Z ]
of "$zombie" 4
stderr_has zombie
kill "$parent"
bus_none
case_end

case_begin "a process whose first thread has ended is read through another"
target_start HEADLESS "$SYS/$NVME/resource0"
tell HEADLESS leaderexit
run 0 "$MMIODBG" read -q -p "$HEADLESS" "@$NVME/bar0+0x8"
stdout_is 0x00010400
run 0 "$MMIODBG" maps -p "$HEADLESS" "$NVME"
target_stop HEADLESS
run 4 "$MMIODBG" read -q -p "$HEADLESS" "@$NVME/bar0+0x8"
bus nvme r 0x8 4 0x00010400
case_end

# becomes PID NAME: until an exec shows
becomes()
{
  local i name

  for ((i = 0; i < 1000; i++)); do
    read -r name <"/proc/$1/comm"
    [[ $name != "$2" ]] || return 0
    read -r -t 0.01 <>"$WORK/never"
  done
  fail "process $1 is $name"
}

case_begin "a process that is traced already is read and written all the same"
strace -o /dev/null -p "$APP" 2>"$WORK/strace" &
tracer=$!
for ((i = 0; i < 1000; i++)); do
  [[ $(<"/proc/$APP/status") != *TracerPid:$'\t'"$tracer"* ]] || break
  read -r -t 0.01 <>"$WORK/never"
done
check "traced" [ "$i" != 1000 ]
get 0 "@$NVME/bar0+0x8"
stdout_is 0x00010400
put 0 "@$EDU/bar0+0x80=0x7:0xf"
run 0 "$MMIODBG" info -p "$APP" "@$NVME/bar0"
stdout_like "traced by +process $tracer"
kill "$tracer"
wait "$tracer" 2>/dev/null
bus nvme r 0x8 4 0x00010400
bus edu r 0x80 4
bus edu w 0x80 4
case_end

case_begin "the target has unmapped, or ended, before"
target_start ONCE "$SYS/$NVME/resource0" "$SYS/$SDHCI/resource0"
tell ONCE unmap 0
run 1 "$MMIODBG" read -q -p "$ONCE" "@$NVME/bar0+0x8"
run 1 "$MMIODBG" read -q -p "$ONCE" "${ONCE_AT[0]}+0x8"
tell ONCE exec /bin/sleep 600
becomes "$ONCE" sleep
run 1 "$MMIODBG" read -q -p "$ONCE" "@$SDHCI/bar0"
stderr_has "no device mapping"
target_stop ONCE
run 4 "$MMIODBG" read -q -p "$ONCE" "@$SDHCI/bar0"
bus_none
case_end

# The first access of these is one to memory, so that there is a time between
# the checks and the access to the device.

case_begin "the target unmaps between the checks and the access"
target_start LATE "$SYS/$NVME/resource0" anon,len=4096
run_held 3 'tell LATE unmap 0' \
  "$MMIODBG" read -v -q -p "$LATE" "${LATE_AT[1]}" "@$NVME/bar0+0x8"
stdout_is 0x00000000 -
stderr_has "not there any more"
target_stop LATE
target_start LATE "$SYS/$NVME/resource0" anon,len=4096
run_held 3 'tell LATE unmap 0' "$MMIODBG" write --force -v -p "$LATE" \
  "${LATE_AT[1]}=1" "@$NVME/bar0+0x1000=1"
stderr_has "not there any more"
target_stop LATE
bus_none
case_end

case_begin "the target maps something else there before a write"
target_start LATE "$SYS/$NVME/resource0" anon,len=4096
run_held 3 'tell LATE mapat 0 "$SYS/$EDU/resource0,len=0x4000"' \
  "$MMIODBG" write --force -v -p "$LATE" "${LATE_AT[1]}=1" \
  "@$NVME/bar0+0x80=1"
stderr_has "replaced by another"
target_stop LATE
# And where nothing had been accessed yet, the status says just that.
target_start LATE "$SYS/$NVME/resource0" "$SYS/$SDHCI/resource0"
run_held 3 'tell LATE mapat 1 "$SYS/$EDU/resource0,len=0x1000"' "$MMIODBG" \
  write --force -v -p "$LATE" "@$NVME/bar0+0x1000=1" "@$SDHCI/bar0+0x80=1" \
  "@$NVME/bar0+0x1004=1"
stderr_has "1 of 3 elements"
target_stop LATE
bus nvme w 0x1000 4 0x1
case_end

case_begin "the target becomes another program, or ends, before the access"
target_start LATE "$SYS/$NVME/resource0" anon,len=4096
run_held 3 'tell LATE exec /bin/sleep 600; becomes "$LATE" sleep' \
  "$MMIODBG" read -v -q -p "$LATE" "${LATE_AT[1]}" "@$NVME/bar0+0x8"
stdout_like '^0x00000000'
target_stop LATE
target_start LATE "$SYS/$NVME/resource0" anon,len=4096
run_held 3 'target_stop LATE' "$MMIODBG" write --force -v -p "$LATE" \
  "${LATE_AT[1]}=1" "@$NVME/bar0+0x1000=1"
bus_none
case_end
