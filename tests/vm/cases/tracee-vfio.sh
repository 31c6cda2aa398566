# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Mappings that the kernel path does not reach, by a thread of the target: those of
# vfio-pci, with memory on and off, and hpet's.
#
# The command register of the config space (+4) is written through vfio, as its user
# does that; bit 1 is memory. In the config space of e1000e the state of power is in
# the lowest bits of +0xcc.
#
# hpet is no PCI device, and the kernel reads it when it likes: its accesses are not
# watched.
#
#vm: series 6.1 6.12 sid
#vm: also 6.12
#vm: devices edu nvme e1000e
#vm: qemu -device intel-iommu
#vm: append intel_iommu=on hpet_mmap=1
#vm: timeout 600

modprobe -a vfio-pci vfio_iommu_type1 || fail "no vfio-pci"
sysfs vfio-pci "$SYS/$E1000E/driver_override"
sysfs "$E1000E" /sys/bus/pci/drivers/vfio-pci/bind

# start: a target that has not touched it yet
start()
{
  target_start VFIO "vfio:$E1000E:0" "anon,len=4096"
  for name in bus segv trap; do
    tell VFIO signal "$name" count
  done
}

before='' after=''

# of_signals NAME: masks, handlers and tracers of the threads of $VFIO
of_signals()
{
  local -n text=$1

  text=$(grep -hE '^(TracerPid|SigPnd|ShdPnd|Sig(Blk|Ign|Cgt)):' \
    "/proc/$VFIO/task/"*/status)
}

# error_is KIND TEXT...: the first element has this error, and no value
error_is()
{
  local text

  stdout_has "\"error\": { \"kind\": \"$1\","
  stdout_hasnt '"value"'
  for text in "${@:2}"; do
    stdout_like "\"evidence\": \[.*$text.*\]"
  done
}

# state: of the device, in sysfs
state()
{
  local file

  for file in enable power_state power/runtime_status; do
    printf '# %s: %s\n' "$file" "$(<"$SYS/$E1000E/$file")"
  done
}

unwatched start

case_begin "vfio: read, though the process has not touched it; written, masked"
state
run 0 "$MMIODBG" read -q -p "$VFIO" "@$E1000E/bar0+0x8"
stdout_is 0x00080283
stderr_is
tell VFIO load 0 32 8
reply_is value 0x00080283
run 0 "$MMIODBG" write -p "$VFIO" "@$E1000E/bar0+0x5204=0x12345678"
run 0 "$MMIODBG" write --via tracee -p "$VFIO" "${VFIO_AT[0]}+0x5204=0xf:0xff"
run 0 "$MMIODBG" read -v -q -p "$VFIO" "@$E1000E/bar0+0x5204" "${VFIO_AT[1]}"
stdout_is 0x1234560f 0x00000000
stderr_like "read 32 bits .* = 0x1234560f through tracee, .*
mmiodbg: read 32 bits .* through kernel"
bus e1000e r 0x8 4 0x00080283 x2+0
bus e1000e w 0x5204 4 0x12345678
bus e1000e r 0x5204 4 0x12345678
bus e1000e w 0x5204 4 0x1234560f
bus e1000e r 0x5204 4 0x1234560f
case_end

case_begin "vfio: 1,000 of 1,000, over the ends of pages"
run 0 "$MMIODBG" read --json -p "$VFIO" -n 1000 "@$E1000E/bar0+0x4800"
check "1,000 values" [ "$(grep -c '"value"' "$WORK/stdout")" = 1000 ]
echo "# $(grep -o '"pause".*' "$WORK/stdout")"
bus e1000e r 0x4800 4 x1000
case_end

case_begin "vfio: maps and info tell the backend; the kernel path refuses as ever"
run 0 "$MMIODBG" maps --raw --noheadings -p "$VFIO" -o KIND,DEVICE,BACKENDS
stdout_has "vfio $E1000E/bar0 tracee:8,16,32,64"
run 0 "$MMIODBG" info -p "$VFIO" "@$E1000E/bar0+0x8"
stdout_like "read 32 +tracee"
stdout_like "write 32 +tracee"
run 7 "$MMIODBG" read -q --via kernel -p "$VFIO" "@$E1000E/bar0+0x8"
stdout_is
stderr_has "no access method"
bus_none
case_end

# sysfs tells what the kernel itself did, and knows nothing of the command register.

case_begin "vfio, memory switched off: revoked, and no handler was called"
tell VFIO config 4 4
reply_is ok
state
of_signals before
for words in "read --json X+0x8" "read --json --retry 0 X+0x8" \
  "read --json --via tracee X+0x8" "read --json --force X+0x8" \
  "write --json X+0x5204=0" "write --json X+0x5204=1:1" \
  "write --json --via tracee X+0x5204=1"; do
  # shellcheck disable=SC2086 # words
  run 6 "$MMIODBG" -p "$VFIO" ${words//X/@$E1000E/bar0}
  error_is revoked SIGBUS
  [[ $words != write* ]] || stdout_has '"written": false'
done
run 6 "$MMIODBG" read -q -p "$VFIO" -n 3 "${VFIO_AT[0]}+0x8"
stdout_is - - -
run 3 "$MMIODBG" read -q -p "$VFIO" "${VFIO_AT[0]}+0x8" "${VFIO_AT[1]}"
stdout_is - 0x00000000
of_signals after
check "it was $before, it is $after" [ "$before" = "$after" ]
tell VFIO counts
reply_is counts bus 0 segv 0 trap 0 usr1 0
bus_none
case_end

case_begin "vfio, memory switched on again: it works, and the target's own load"
tell VFIO config 4 6
run 0 "$MMIODBG" read -q -p "$VFIO" "@$E1000E/bar0+0x8"
stdout_is 0x00080283
run 0 "$MMIODBG" write -p "$VFIO" "@$E1000E/bar0+0x5204=0x7"
tell VFIO load 0 32 0x5204
reply_is value 0x00000007
bus e1000e r 0x8 4 0x00080283
bus e1000e w 0x5204 4 0x7
bus e1000e r 0x5204 4 0x7
case_end

case_begin "vfio: switched off between two accesses, and back while one is retried"
run_held 3 'tell VFIO config 4 4' "$MMIODBG" read -v -q -p "$VFIO" \
  "@$E1000E/bar0+0x8" "@$E1000E/bar0+0x8"
stdout_is 0x00080283 -
stderr_has "was revoked"
(
  read -r -t 1 <>"$WORK/never"
  tell VFIO config 4 6
) &
run 0 "$MMIODBG" read --json --retry 60s -p "$VFIO" "@$E1000E/bar0+0x8"
wait $!
stdout_has '"value": "0x00080283"'
[[ $STDOUT =~ \"attempts\":\ ([0-9]+) ]]
check "attempts: ${BASH_REMATCH[1]:-0}" [ "${BASH_REMATCH[1]:-0}" -gt 1 ]
bus e1000e r 0x8 4 0x00080283 x2+0
case_end

case_begin "vfio, in D3hot: refused beforehand as asleep; --force: revoked"
tell VFIO config 0xcc 3
reply_is ok
state
run 7 "$MMIODBG" read -q -p "$VFIO" "@$E1000E/bar0+0x8"
stdout_is
stderr_has "low-power state"
run 7 "$MMIODBG" write -p "$VFIO" "@$E1000E/bar0+0x5204=1"
run 6 "$MMIODBG" read --json --force -p "$VFIO" "@$E1000E/bar0+0x8"
error_is revoked SIGBUS
tell VFIO config 0xcc 0
run 0 "$MMIODBG" read -q -p "$VFIO" "@$E1000E/bar0+0x8"
tell VFIO counts
reply_is counts bus 0 segv 0 trap 0 usr1 0
bus_any
case_end

case_begin "vfio: who ignores SIGBUS is refused, whatever the memory is"
tell VFIO signal bus ignore
for command in 6 4; do
  tell VFIO config 4 $command
  run 7 "$MMIODBG" read --json -p "$VFIO" "@$E1000E/bar0+0x8"
  stderr_has SIGBUS
  run 7 "$MMIODBG" read --json --via tracee -p "$VFIO" "@$E1000E/bar0+0x8"
  stdout_has '"kind": "unsafe"'
  stderr_has SIGBUS
done
bus_none
case_end
target_stop VFIO

case_begin "hpet: its counter goes on; what is read-only is not written"
target_start HPET /dev/hpet,len=4096,prot=r
for via in auto tracee; do
  run 0 "$MMIODBG" read -q --via $via -p "$HPET" @hpet+0xf0 @hpet+0xf0
  mapfile -t lines <<<"${STDOUT%$'\n'}"
  check "two values" [ ${#lines[@]} = 2 ]
  check "it goes on" [ "${lines[0]:-}" != "${lines[1]:-}" ]
  run 0 "$MMIODBG" read -q --via $via -p "$HPET" @hpet/64 @hpet+0x4
  # A period in femtoseconds, of at most 100 ns.
  mapfile -t lines <<<"${STDOUT%$'\n'}"
  check "the period" [ $((${lines[1]:-0})) -le 100000000 ]
  check "the same in 64 bits" [ $((${lines[0]:-0} >> 32)) = $((${lines[1]:-0})) ]
done
run 7 "$MMIODBG" write -p "$HPET" @hpet+0x10=0
run 7 "$MMIODBG" read -q --via kernel -p "$HPET" @hpet
target_stop HPET
bus_none
case_end
