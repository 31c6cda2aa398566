# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Who has which device mapped, and where in it a mapping begins; the processes
# that a location finds by itself. Nothing here that only looks may touch a
# device.
#
# $OWNER has nvme and sdhci, through sysfs. $PIECES has parts of e1000e bar0:
#   0 the pages 0x0 and 0x1000 in one mapping     1 the page 0x5000
#   2 the page 0x6000                             3 the page 0x1f000
#
# UIO: uio_pci_generic maps no BAR, and the kernel's packages have neither
# uio_pdrv_genirq nor uio_dmem_genirq; but uio_cif, once it is told to, takes
# any device that has a BAR 0 for its own, and lets its BARs 0 and 2 be mapped.
#
#vm: series 6.1 6.12 sid
#vm: devices edu nvme e1000e sdhci ahci vga
#vm: timeout 300

enable "$NVME" "$SDHCI" "$AHCI" "$E1000E" "$VGA"
target_start OWNER "$SYS/$NVME/resource0" "$SYS/$SDHCI/resource0"
target_start PIECES "$SYS/$E1000E/resource0,len=0x2000" \
  "$SYS/$E1000E/resource0,off=0x5000,len=0x1000" \
  "$SYS/$E1000E/resource0,off=0x6000,len=0x1000" \
  "$SYS/$E1000E/resource0,off=0x1f000,len=0x1000"
tell PIECES name pieces

# rows COLUMNS ARGUMENT...: a table without headings, one blank between columns
rows()
{
  run 0 "$MMIODBG" maps --raw --noheadings -o "$1" "${@:2}"
  stderr_is
}

# The memory type that the kernel says is in debugfs, which is not mounted yet.

case_begin "the columns of a mapping: addresses, device, id, driver, backends"
printf -v start '%x' "${OWNER_AT[0]}"
printf -v end '%x' $((OWNER_AT[0] + 0x4000))
rows PID,COMMAND,RANGE,SIZE,PERM,KIND,DEVICE,PCI,ID,PHYSICAL,BACKENDS \
  -p "$OWNER" "$NVME"
printf -v physical '%#x' "$NVME_BASE"
stdout_is "$OWNER mmiotarget $start-$end 16K rw-s pci $NVME/bar0 $NVME/bar0\
 1b36:0010 $physical kernel:8,16,32\\x20tracee:8,16,32,64"
rows CLASS,TYPE,PATH -p "$OWNER" "$NVME"
stdout_is "register uncached /sys/devices/pci0000:00/$NVME/resource0"
run 0 "$MMIODBG" maps -p "$OWNER"
stdout_like "^INDEX +PID +COMMAND .*$OWNER .*$OWNER "
bus_none
case_end

case_begin "debugfs tells the memory type: uncached, write-combining"
mount -t debugfs debugfs /sys/kernel/debug || fail "no debugfs"
target_start VIEW "$SYS/$VGA/resource0_wc,len=0x10000" "$SYS/$VGA/resource2"
rows DEVICE,CLASS,TYPE -p "$VIEW" "$VGA/bar2"
stdout_is "$VGA/bar2 register uncached-minus"
rows DEVICE,CLASS,TYPE,BACKENDS -p "$VIEW" "$VGA/bar0"
stdout_is "$VGA/bar0 buffer write-combining kernel:8,16,32,64\\x20tracee:8,16,32,64"
run 0 "$MMIODBG" info -p "$VIEW" "@$VGA/bar0" "@$VGA/bar2"
stdout_like "class +buffer.*write-combining \(the kernel says so\)"
stdout_like "class +register.*uncached-minus \(the kernel says so\)"
umount /sys/kernel/debug
rows CLASS,TYPE -p "$VIEW" "$VGA/bar0"
stdout_is "buffer write-combining"
tell VIEW store 0 64 0x100 0x1122334455667788
run 0 "$MMIODBG" read -q -v -p "$VIEW" "@$VGA/bar0+0x100" "@$VGA/bar0+0x100/64"
stdout_is 0x55667788 0x1122334455667788
stderr_has buffer
target_stop VIEW
bus_none
case_end

# Who has it?

case_begin "maps: of all processes, and of one"
rows PID,DEVICE
stdout_has "$OWNER $NVME/bar0"
stdout_has "$OWNER $SDHCI/bar0"
stdout_has "$PIECES $E1000E/bar0"
stdout_has " $EDU/bar0"
rows PID,DEVICE -p "$OWNER"
stdout_like "^$OWNER [^ ]+/bar0"$'\n'"$OWNER [^ ]+/bar0"$'\n'$
run 0 "$MMIODBG" maps -p 1
stdout_is
stderr_has "no device mapping"
bus_none
case_end

case_begin "maps DEVICE: who has it, by any of its names; 1 if nobody"
target_start VIEW "/dev/mem,off=$AHCI_BASE,len=0x1000"
for name in "$NVME" "${NVME#0000:}" "$NVME/bar0" "@${NVME#0000:}/bar0"; do
  rows PID,DEVICE "$name"
  stdout_is "$OWNER $NVME/bar0"
done
for name in mem @mem /dev/mem "$AHCI" "$AHCI/bar5"; do
  rows PID,DEVICE,PCI "$name"
  stdout_is "$VIEW mem $AHCI/bar5"
done
for name in "$VGA" "$NVME/bar2" "$AHCI/bar0" 0000:00:1e.0 uio0 /dev/hpet; do
  run 1 "$MMIODBG" maps "$name"
  stdout_is
  stderr_has "nobody has it mapped"
done
run 1 "$MMIODBG" maps -p "$OWNER" "$AHCI"
run 2 "$MMIODBG" maps "$NVME" "$SDHCI"
run 2 "$MMIODBG" maps 04.0
run 2 "$MMIODBG" maps 0
run 4 "$MMIODBG" maps -p 99999
target_stop VIEW
bus_none
case_end

case_begin "maps --json"
run 0 "$MMIODBG" maps --json "$NVME"
# shellcheck disable=SC2016 # jq's
filter='[.maps | length == 1 and .[0].pid == $pid and .[0].start == $start
  and .[0].size == 16384 and .[0].pci == $pci and .[0].kind == "pci"
  and .[0].physical == $physical and .[0].id == "1b36:0010"
  and .[0].driver == null and .[0].backends.kernel == [8, 16, 32]
  and .[0].backends.tracee == [8, 16, 32, 64]] | all'
printf -v start '0x%016x' "${OWNER_AT[0]}"
printf -v physical '0x%016x' "$NVME_BASE"
jq -e --argjson pid "$OWNER" --arg pci "$NVME/bar0" --arg start "$start" \
  --arg physical "$physical" "$filter" "$WORK/stdout" || fail "what jq sees"
stdout_like '^\{ "command": "maps".*"pid": '"$OWNER"', .*\] \}'
run 0 "$MMIODBG" maps --jsonl "$SDHCI"
run 1 "$MMIODBG" maps --json "$AHCI"
stdout_like '"maps": \[[[:space:]]*\]'
bus_none
case_end

# A location that names a device finds the process

case_begin "read without -p: the one process that has the device"
run 0 "$MMIODBG" read -q "@$NVME/bar0+0x8" "@$SDHCI/bar0+0xfe/16"
run 0 "$MMIODBG" read -v -q "phys:$NVME_BASE+0x8"
stdout_is 0x00010400
run 0 "$MMIODBG" write "@$SDHCI/bar0+0x8=0x5"
run 0 "$MMIODBG" info "@$NVME/bar0"
stdout_like "process +$OWNER "
bus nvme r 0x8 4 0x00010400
bus sdhci r 0xfe 2
bus nvme r 0x8 4 0x00010400
bus sdhci w 0x8 4 0x5
case_end

case_begin "read without -p: nobody has it, or not the same one has all"
run 1 "$MMIODBG" read -q "@$AHCI/bar5"
stderr_has "no process has it mapped"
run 1 "$MMIODBG" read -q "@$NVME/bar0+0x8" "@$E1000E/bar0"
run 1 "$MMIODBG" read -q "phys:$AHCI_BASE"
run 2 "$MMIODBG" read -q 0x1000
stderr_has "-p PID"
run 2 "$MMIODBG" read -q @0
bus_none
case_end

case_begin "read without -p: two have it, which is refused with both named"
target_start SECOND "$SYS/$NVME/resource0"
tell SECOND name second
run 2 "$MMIODBG" read -q "@$NVME/bar0+0x8"
stdout_is
stderr_has "2 processes have it mapped"
stderr_has "$OWNER (mmiotarget)"
stderr_has "$SECOND (second)"
run 2 "$MMIODBG" write "@$NVME/bar0+0x1000=1"
rows PID "$NVME"
stdout_is "$OWNER" "$SECOND"
# Only one of them has both.
run 0 "$MMIODBG" read -q "@$NVME/bar0+0x8" "@$SDHCI/bar0+0xfe/16"
run 0 "$MMIODBG" read -q -p "$SECOND" "@$NVME/bar0+0x8"
stdout_is 0x00010400
run 0 "$MMIODBG" read -q -p second "@$NVME/bar0+0x8"
stdout_is 0x00010400
run 1 "$MMIODBG" read -q -p second "@$SDHCI/bar0"
run 2 "$MMIODBG" read -q -p mmiotarget "@$NVME/bar0+0x8"
stderr_has "$OWNER"
bus nvme r 0x8 4
bus sdhci r 0xfe 2
bus nvme r 0x8 4 0x00010400 x2+0
case_end

case_begin "MMIODBG_PID names the process; -p wins"
export MMIODBG_PID=$SECOND
run 0 "$MMIODBG" read -q "@$NVME/bar0+0x8"
run 1 "$MMIODBG" read -q "@$SDHCI/bar0+0xfe/16"
run 0 "$MMIODBG" read -q -p "$OWNER" "@$SDHCI/bar0+0xfe/16"
MMIODBG_PID=second
run 0 "$MMIODBG" info "@$NVME/bar0"
stdout_like "process +$SECOND "
MMIODBG_PID=99999
run 4 "$MMIODBG" read -q "@$NVME/bar0+0x8"
MMIODBG_PID=
run 2 "$MMIODBG" read -q "@$NVME/bar0+0x8"
unset MMIODBG_PID
target_stop SECOND
run 0 "$MMIODBG" read -q "@$NVME/bar0+0x8"
bus nvme r 0x8 4
bus sdhci r 0xfe 2
bus nvme r 0x8 4
case_end

# A BAR in pieces

case_begin "pieces: offsets count from the start of the region"
rows PCI "$E1000E"
check "four pieces" [ "$(sort "$WORK/stdout" | tr '\n' ' ')" = \
  "$E1000E/bar0 $E1000E/bar0+0x1f000 $E1000E/bar0+0x5000 $E1000E/bar0+0x6000 " ]
run 0 "$MMIODBG" read -q -p pieces "@$E1000E/bar0+0x5400" "@$E1000E/bar0+0x8" \
  "@$E1000E/bar0+0x1fffc" "@$E1000E/bar0+0x6000" "@$E1000E/bar0+0x1ffc"
tell PIECES load 1 32 0x400
check "the first value" [ "${STDOUT%%$'\n'*}" = "${REPLY#value }" ]
run 0 "$MMIODBG" read -q -p pieces "${PIECES_AT[1]}+0x400"
run 0 "$MMIODBG" write -p pieces "@$E1000E/bar0+0x5204=0x1234"
bus e1000e r 0x5400 4
bus e1000e r 0x8 4
bus e1000e r 0x1fffc 4
bus e1000e r 0x6000 4
bus e1000e r 0x1ffc 4
bus e1000e r 0x5400 4 x2+0
bus e1000e w 0x5204 4 0x1234
case_end

case_begin "pieces: a range goes on in the next piece, wherever that stands"
run 0 "$MMIODBG" read -q -p pieces "@$E1000E/bar0+0x5ff0..+0x20"
run 0 "$MMIODBG" write -p pieces --fill "@$E1000E/bar0+0x5ff8..+0x10=0"
bus e1000e r 0x5ff0 4 x8
bus e1000e w 0x5ff8 4 0x0 x4
case_end

case_begin "pieces: a hole is refused, before anything is accessed"
for location in 0x2000 0x4ffc 0x7000 0x1fffc/8..+0x8 0x1ffc..+0x8 \
  0x6ff8..+0x10 0x1fff0..+0x20; do
  case $location in
  */8* | 0x1fff0*) expected=2 ;;
  *) expected=1 ;;
  esac
  run "$expected" "$MMIODBG" read -q -p pieces "@$E1000E/bar0+$location"
  stdout_is
done
run 1 "$MMIODBG" read -q -p pieces "@$E1000E/bar0+0x5400" "@$E1000E/bar0+0x2000"
stdout_is
run 1 "$MMIODBG" write -p pieces --fill "@$E1000E/bar0+0x1ff8..+0x10=1"
bus_none
case_end

case_begin "pieces: a part is unmapped, or gets other permissions"
target_start VIEW "$SYS/$E1000E/resource0"
tell VIEW unmap 0 0x1000 0x4000
tell VIEW unmap 0 0x8000 0x1000
rows PCI,SIZE -p "$VIEW"
stdout_is "$E1000E/bar0 4K" "$E1000E/bar0+0x5000 12K" "$E1000E/bar0+0x9000 92K"
run 0 "$MMIODBG" read -q -p "$VIEW" "@$E1000E/bar0+0x5400" "@$E1000E/bar0+0x8" \
  "@$E1000E/bar0+0x9000"
run 1 "$MMIODBG" read -q -p "$VIEW" "@$E1000E/bar0+0x8000"
tell VIEW mapat 0 "$SYS/$E1000E/resource0,prot=r"
run 0 "$MMIODBG" read -q -p "$VIEW" "@$E1000E/bar0+0x8000"
run 7 "$MMIODBG" write -p "$VIEW" "@$E1000E/bar0+0x5204=1"
tell VIEW protect 0 none
run 0 "$MMIODBG" read -q -p "$VIEW" "@$E1000E/bar0+0x8000"
run 7 "$MMIODBG" write -p "$VIEW" "@$E1000E/bar0+0x5204=1"
target_stop VIEW
bus e1000e r 0x5400 4
bus e1000e r 0x8 4
bus e1000e r 0x9000 4
bus e1000e r 0x8000 4 x2+0
case_end

case_begin "a BAR through /dev/mem and sysfs at once, and through /proc/bus/pci"
target_start VIEW "$SYS/$AHCI/resource5,prot=r" \
  "/dev/mem,off=$AHCI_BASE,len=0x1000" \
  "/proc/bus/pci/00/${AHCI#0000:00:},off=$AHCI_BASE,len=0x1000,prot=r"
rows KIND,PCI,PERM "$AHCI"
check "three rows" [ "$(sort "$WORK/stdout" | tr '\n' ';')" = \
  "mem $AHCI/bar5 rw-s;pci $AHCI/bar5 r--s;pci $AHCI/bar5 r--s;" ]
run 0 "$MMIODBG" read -q "@$AHCI/bar5+0x10"
run 0 "$MMIODBG" read -q "@mem+$AHCI_BASE+0x10"
# The only one that can be written is that of /dev/mem.
run 0 "$MMIODBG" write "@$AHCI/bar5+0x8=0"
run 0 "$MMIODBG" read -q -p "$VIEW" "${VIEW_AT[2]}+0x10"
target_stop VIEW
target_start VIEW "/proc/bus/pci/00/${AHCI#0000:00:},off=$AHCI_BASE,len=0x1000"
rows KIND,DEVICE "$AHCI"
stdout_is "pci $AHCI/bar5"
run 0 "$MMIODBG" read -q "@$AHCI/bar5+0x10"
target_stop VIEW
bus ahci r 0x10 4 x2+0
bus ahci w 0x8 4 0x0
bus ahci r 0x10 4 x2+0
case_end

# UIO

case_begin "uio: maps by name and by BAR, in their own class"
unwatched modprobe uio_cif
sysfs hilscher "$SYS/$VGA/driver_override"
unwatched sysfs "$VGA" /sys/bus/pci/drivers/hilscher/bind
[[ -c /dev/uio0 ]] || fail "no /dev/uio0"
target_start UIO /dev/uio0,off=0x1000,len=0x1000 /dev/uio0,len=0x4000
rows DEVICE,PCI,DRIVER,KIND,CLASS uio0/map1
stdout_is "uio0/map1 $VGA/bar2 hilscher uio register"
rows DEVICE /dev/uio0
check "two rows" [ "$(sort "$WORK/stdout" | tr '\n' ';')" = \
  "uio0/map0;uio0/map1;" ]
rows DEVICE "$VGA/bar2"
stdout_is uio0/map1
run 0 "$MMIODBG" read -q "@uio0/map1+0x500/16"
stdout_is 0xb0c5
run 0 "$MMIODBG" read -q "@$VGA/bar2+0x500/16"
stdout_is 0xb0c5
run 0 "$MMIODBG" write "@uio0/map1+0x502/16=0"
run 2 "$MMIODBG" read -q @uio0/map1+0x1000
run 1 "$MMIODBG" read -q @uio0/map0+0x4000
run 1 "$MMIODBG" read -q @uio0/map2
bus vga r 0x500 2 0xb0c5 x2+0
bus vga w 0x502 2 0x0
case_end

case_begin "uio: the driver lets go of the device, and the mapping stays"
unwatched sysfs "$VGA" /sys/bus/pci/drivers/hilscher/unbind
tell UIO load 0 16 0x500
reply_is value 0xb0c5
rows PID,KIND,DEVICE,DRIVER uio0
stdout_like "^$UIO uio uio0 *"$'\n'"$UIO uio uio0 *"$'\n'$
run any "$MMIODBG" read -q @uio0/map1+0x500/16
[[ $STATUS == [17] ]] || fail "status $STATUS"
stdout_is
stderr_hasnt "no process has it mapped"
run 7 "$MMIODBG" read -q -p "$UIO" "${UIO_AT[0]}+0x500/16"
stderr_has "gone from sysfs"
run 0 "$MMIODBG" read -q --force -p "$UIO" "${UIO_AT[0]}+0x500/16"
stdout_is 0xb0c5
target_stop UIO
bus vga r 0x500 2 0xb0c5 x2+0
case_end

# Many of them

case_begin "a process with 1,000 mappings of devices"
target_start MANY "$SYS/$SDHCI/resource0"
tell MANY many 1000 "$SYS/$EDU/resource0,off=0x3000,len=0x1000"
reply_is ok
rows PID,PCI -p "$MANY" "$EDU"
check "1,000 rows" [ "$(grep -c "^$MANY $EDU/bar0+0x3000\$" "$WORK/stdout")" \
  = 1000 ]
run 0 "$MMIODBG" maps --json -p "$MANY"
run 0 "$MMIODBG" read -q -p "$MANY" "@$SDHCI/bar0+0xfe/16" "@$EDU/bar0+0x3000"
run 0 "$MMIODBG" read -q "@$NVME/bar0+0x8"
target_stop MANY
bus sdhci r 0xfe 2
bus edu r 0x3000 4
bus nvme r 0x8 4
case_end

case_begin "processes that come and go while maps looks at all of them"
# Each has edu mapped for a moment.
while :; do
  read -r -t 1 <>"$WORK/never" | "$MMIOTARGET" "$SYS/$EDU/resource0"
done >/dev/null 2>&1 &
churn=$!
met=0
for ((i = 0; i < 10 || (i < 100 && met < 1); i++)); do
  rows PID,DEVICE
  stdout_has "$OWNER $NVME/bar0"
  rest=${STDOUT#*"$EDU/bar0"}
  [[ $rest != *"$EDU/bar0"* ]] || met=$((met + 1))
done
check "it met some of them" [ "$met" -ge 1 ]
run 0 "$MMIODBG" read -q "@$NVME/bar0+0x8"
kill "$churn"
wait "$churn" 2>/dev/null
bus nvme r 0x8 4
case_end

# Last: the driver stays.

case_begin "the driver that claims a device shows, in maps and info"
unwatched modprobe nvme
rows DEVICE,DRIVER -p "$OWNER" "$NVME"
stdout_is "$NVME/bar0 nvme"
run 0 "$MMIODBG" info -p "$OWNER" "@$NVME/bar0"
stdout_like "driver +nvme"
stdout_like "owned by nvme"
target_stop OWNER
run 1 "$MMIODBG" maps "$NVME"
bus_any
case_end
