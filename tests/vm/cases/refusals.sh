# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the kernel path cannot do, or would do to a device that does not answer
# as it should: refused beforehand, with the reason, and without an access.
#
# The target $APP has mapped, by index:
#   0 nvme bar0     1 sdhci bar0    2 e1000e bar0      (through sysfs)
#   3 e1000e bar0   4 nvme bar0     (through /dev/mem)
#
# hpet is no PCI device, and the kernel reads it when it likes: its accesses are
# not watched.
#
#vm: series 6.1 6.12 sid
#vm: devices edu nvme e1000e sdhci
#vm: qemu -device intel-iommu
#vm: append intel_iommu=on hpet_mmap=1
#vm: timeout 300

enable "$NVME" "$SDHCI" "$E1000E"
target_start APP "$SYS/$NVME/resource0" "$SYS/$SDHCI/resource0" \
  "$SYS/$E1000E/resource0" "/dev/mem,off=$E1000E_BASE,len=$E1000E_SIZE" \
  "/dev/mem,off=$NVME_BASE,len=$NVME_SIZE"

# refused STATUS TEXT read|write ARGUMENT...: a reason with TEXT, and no value
refused()
{
  run "$1" "$MMIODBG" "$3" -q -p "$APP" "${@:4}"
  stdout_hasnt 0x
  stderr_like '^mmiodbg: .'
  stderr_has "$2"
}

# state_is FILE VALUE: soon
state_is()
{
  local i state

  for ((i = 0; i < 1000; i++)); do
    state=$(<"$1")
    [[ $state != "$2" ]] || return 0
    read -r -t 0.01 <>"$WORK/never"
  done
  fail "$1 is $state, not $2"
}

# The device's state

case_begin "disabled: refused, with all that it would take; --force accesses it"
sysfs 0 "$SYS/$SDHCI/enable"
refused 7 "not enabled" read "@$SDHCI/bar0+0x34/16"
refused 7 --force read --via kernel "@$SDHCI/bar0+0x34/16"
refused 7 "not enabled" write "@$SDHCI/bar0+0x34/16=1"
refused 7 "not enabled" write "@$SDHCI/bar0+0x34/16=1:1"
refused 7 "not enabled" read "@$NVME/bar0+0x8" "@$SDHCI/bar0"
refused 7 "not enabled" read "$(printf '%#x' $((APP_AT[1])))"
refused 7 "not enabled" read --dry-run "@$SDHCI/bar0"
run 0 "$MMIODBG" info -p "$APP" "@$SDHCI/bar0"
stdout_like "state +the device is not enabled"
run 0 "$MMIODBG" read -q -p "$APP" --force "@$SDHCI/bar0+0xfe/16"
run 0 "$MMIODBG" write -p "$APP" --force "@$SDHCI/bar0+0x34/16=0"
enable "$SDHCI"
run 0 "$MMIODBG" read -q -p "$APP" "@$SDHCI/bar0+0xfe/16"
bus sdhci r 0xfe 2
bus sdhci w 0x34 2 0x0
bus sdhci r 0xfe 2
case_end

case_begin "disabled: through /dev/mem just as well"
sysfs 0 "$SYS/$NVME/enable"
refused 7 "not enabled" read "@mem+$NVME_BASE+0x8"
refused 7 "not enabled" read "phys:$NVME_BASE+0x8"
refused 7 "not enabled" read "${APP_AT[4]}+0x8"
refused 7 "not enabled" write "${APP_AT[4]}+0x1000=1"
# A range that only ends in it.
target_start WIDE "/dev/mem,off=$((NVME_BASE - 0x1000)),len=0x2000"
run 7 "$MMIODBG" read -q -p "$WIDE" "phys:$NVME_BASE-0x4..+0x8"
stdout_is
stderr_has "not enabled"
run 7 "$MMIODBG" read -q -p "$WIDE" -n 2 "${WIDE_AT[0]}+0xffc"
enable "$NVME"
run 0 "$MMIODBG" read -q -p "$WIDE" "phys:$NVME_BASE+0x8"
target_stop WIDE
run 0 "$MMIODBG" read -q -p "$APP" "@mem+$NVME_BASE+0x8"
bus nvme r 0x8 4 0x00010400 x2+0
case_end

case_begin "suspended by runtime power management: refused"
sysfs auto "$SYS/$SDHCI/power/control"
state_is "$SYS/$SDHCI/power/runtime_status" suspended
refused 7 suspended read "@$SDHCI/bar0+0xfe/16"
stderr_has power/control
refused 7 suspended write "@$SDHCI/bar0+0x34/16=0"
run 0 "$MMIODBG" read -q -p "$APP" --force "@$SDHCI/bar0+0xfe/16"
state_is "$SYS/$SDHCI/power/runtime_status" suspended
sysfs on "$SYS/$SDHCI/power/control"
run 0 "$MMIODBG" read -q -p "$APP" "@$SDHCI/bar0+0xfe/16"
bus sdhci r 0xfe 2 x2+0
case_end

# vfio-pci leaves a device that nobody has opened in D3hot.

case_begin "in D3hot: refused, through sysfs and /dev/mem"
modprobe -a vfio-pci vfio_iommu_type1 || fail "no vfio-pci"
sysfs vfio-pci "$SYS/$E1000E/driver_override"
unwatched sysfs "$E1000E" /sys/bus/pci/drivers/vfio-pci/bind
state_is "$SYS/$E1000E/power_state" D3hot
refused 7 "low-power state" read "@$E1000E/bar0+0x8"
refused 7 "low-power state" read "${APP_AT[2]}+0x8"
refused 7 "low-power state" write "${APP_AT[3]}+0x5204=0"
run 0 "$MMIODBG" info -p "$APP" "@$E1000E/bar0+0x8"
state_is "$SYS/$E1000E/power_state" D3hot
bus_none
case_end

# Mappings without an access method

case_begin "vfio: maps and info know the device; the kernel path is refused"
unwatched target_start VFIO "vfio:$E1000E:0" "anon,len=4096"
tell VFIO load 0 32 8
run 0 "$MMIODBG" maps --raw --noheadings -p "$VFIO" \
  -o KIND,DEVICE,PCI,ID,DRIVER,SIZE,BACKENDS
stdout_is "vfio $E1000E/bar0 $E1000E/bar0 8086:10d3 vfio-pci 128K tracee:8,16,32,64"
run 0 "$MMIODBG" maps "$E1000E/bar0"
stdout_has " $VFIO "
run 0 "$MMIODBG" info -p "$VFIO" "@$E1000E/bar0+0x8"
stdout_like "kind +vfio"
stdout_like "region +$E1000E/bar0 \+ 0x8 of 0x20000"
stdout_like "access +none method: vfio-pci offers no access method"
stdout_like "read 32 +tracee"
for arguments in "read -q @$E1000E/bar0+0x8" "read -q --force @$E1000E/bar0/8" \
  "read -q ${VFIO_AT[0]}+0x8" "write @$E1000E/bar0+0x5204=0" \
  "write --force @$E1000E/bar0+0x5204=0:1"; do
  # shellcheck disable=SC2086 # words
  run 7 "$MMIODBG" $arguments -p "$VFIO" --via kernel
  stdout_is
  stderr_has "no access method"
done
run 7 "$MMIODBG" read -q -p "$VFIO" --via kernel "${VFIO_AT[1]}" \
  "@$E1000E/bar0+0x8"
stdout_is
bus e1000e r 0x8 4
case_end

case_begin "vfio: parts of a BAR, at their offsets"
unwatched target_stop VFIO
unwatched target_start VFIO "vfio:$E1000E:0,off=0x5000,len=0x1000"
tell VFIO load 0 32 0x400
run 0 "$MMIODBG" maps --raw --noheadings -p "$VFIO" -o DEVICE,PCI
stdout_is "$E1000E/bar0 $E1000E/bar0+0x5000"
run 0 "$MMIODBG" info -p "$VFIO" "@$E1000E/bar0+0x5400"
stdout_like "address +$(printf '%#x' $((VFIO_AT[0] + 0x400)))"
run 1 "$MMIODBG" info -p "$VFIO" "@$E1000E/bar0+0x8"
unwatched target_stop VFIO
bus e1000e r 0x5400 4
case_end

case_begin "hpet: known, and refused"
target_start HPET /dev/hpet,len=4096,prot=r
tell HPET load 0 32 0
reply_has "value 0x"
run 0 "$MMIODBG" maps --raw --noheadings -p "$HPET" -o KIND,DEVICE,BACKENDS
stdout_is "hpet hpet tracee:8,16,32,64"
run 7 "$MMIODBG" read -q -p "$HPET" --via kernel @hpet
stdout_is
stderr_has "hpet driver offers no access method"
run 7 "$MMIODBG" read -q --via kernel --force @hpet+0xf0
run 7 "$MMIODBG" write --via kernel @hpet+0x10=0
run 0 "$MMIODBG" info @hpet
stdout_like "access +none method: the hpet driver offers no access method"
target_stop HPET
bus_none
case_end

case_begin "System RAM behind /dev/mem: not by the kernel path, which would warn, nor else"
# STRICT_DEVMEM lets the first megabyte be mapped.
target_start LOW /dev/mem,off=0,len=0x3000 /dev/mem,off=0xf0000,len=0x1000
for location in phys:0x1000 @mem+0x2ffc "${LOW_AT[0]}+0x1000" phys:0x1000/64 \
  phys:0xffc..+0x8; do
  for force in "" --force; do
    # shellcheck disable=SC2086 # none
    run 7 "$MMIODBG" read -q --via kernel $force -p "$LOW" "$location"
    stdout_is
    run 7 "$MMIODBG" read -q $force -p "$LOW" "$location"
    stdout_is
    run 7 "$MMIODBG" read -q --via tracee $force -p "$LOW" "$location"
    stdout_is
  done
done
run 7 "$MMIODBG" read -q --via kernel -p "$LOW" phys:0x1000
stderr_has "System RAM"
run 7 "$MMIODBG" write --via kernel --force -p "$LOW" phys:0x1000=0
run 7 "$MMIODBG" read -q --via kernel -p "$LOW" phys:0xf0000 phys:0x1000
stdout_is
run 7 "$MMIODBG" write --force -p "$LOW" phys:0x1000=0
# The firmware's is not RAM.
tell LOW load 1 32 0xff0
run 0 "$MMIODBG" read -q --via kernel -p "$LOW" phys:0xf0ff0
stdout_is "${REPLY#value }"
target_stop LOW
bus_none
case_end

case_begin "the ports of a BAR are not the memory that has these addresses"
{ read -r _; read -r _; read -r ports _ flags; } <"$SYS/$E1000E/resource"
check "bar2 is of ports" [ $((flags & 0x300)) = $((0x100)) ]
target_start LOW "/dev/mem,off=$((ports & ~0xfff)),len=0x1000"
run 1 "$MMIODBG" maps "$E1000E/bar2"
stdout_is
run 1 "$MMIODBG" read -q -p "$LOW" "@$E1000E/bar2"
stdout_is
run 1 "$MMIODBG" write --force -p "$LOW" "@$E1000E/bar2=0"
target_stop LOW
bus_none
case_end

case_begin "a BAR that was given no address is not memory from 0 on"
# As sysfs shows one: IORESOURCE_UNSET.
printf '0x%016x 0x%016x 0x%016x\n' 0 0xffff 0x20040200 >"$WORK/resource"
mount --bind "$WORK/resource" "$SYS/$SDHCI/resource" || fail "mount"
target_start LOW /dev/mem,off=0x1000,len=0x1000
run 0 "$MMIODBG" maps --raw --noheadings -p "$LOW" -o PCI,BACKENDS
stdout_is " -"
run 7 "$MMIODBG" read -q --via kernel -p "$LOW" phys:0x1000
stdout_is
stderr_has "System RAM"
umount "$SYS/$SDHCI/resource"
target_stop LOW
bus_none
case_end

# Without the right

case_begin "another user: refused, with the reason"
cp "$MMIODBG" "$WORK/mmiodbg"
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/mmiodbg")
run 5 "${nobody[@]}" read -q -p "$APP" "@$NVME/bar0+0x8"
stdout_is
stderr_has "belongs to user 0"
run 5 "${nobody[@]}" write -p "$APP" "@$NVME/bar0+0x1000=0"
run 1 "${nobody[@]}" read -q "@$NVME/bar0+0x8"
stderr_has "for want of permission"
run 1 "${nobody[@]}" maps "$NVME"
stderr_has "among the processes that we may look at"
bus_none
case_end
