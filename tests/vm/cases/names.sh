# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Registers by the names that a program has for them: what the device sees of
# that, and that it sees nothing while names are looked up.
#
# The target $APP is mmionames: the variable `regs` and others point to the BAR of
# edu. The same registers are mapped once more, by a device node that looks like a
# library: executable, of a file that is not in /dev. (The kernel lets nobody map
# a file of sysfs so.)
#
#vm: arch x86_64 aarch64
#vm: devices edu
#vm: timeout 300
#vm: series 6.1 6.1-arm64

NAMES=${MMIOTARGET%/*}/mmionames
BAR=$SYS/$EDU/resource0
LOADER=(/lib*/ld-linux-*.so.?)
NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups)

busybox mknod /libedu.so c 1 1
# Twins of this program, and what is not it, in a file system of their own.
busybox mkdir -p /mnt/names /opt
busybox mount -t tmpfs tmpfs /mnt/names

# names_start NAME PROGRAM ARGUMENT...: as target_start, of a mmionames
names_start()
{
  local MMIOTARGET=$2

  target_start "$1" "${@:3}"
}

names_start APP "$NAMES" "$BAR" /libedu.so "$EDU_BASE"

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

# refused STATUS TEXT read|write ARGUMENT...: a reason with TEXT, and no value
refused()
{
  run "$1" "$MMIODBG" "$3" -p "$APP" "${@:4}"
  stdout_is
  stderr_like '^mmiodbg: .'
  stderr_has "$2"
}

# bus_struct: each member of struct edu_regs once, in order
bus_struct()
{
  bus edu r 0x0 4 0x010000ed
  bus edu r 0x4 4
  bus edu r 0x8 4
  bus edu r 0x20 4
  bus edu r 0x24 4
  bus edu r 0x80 4
  bus edu r 0x88 8
  bus edu r 0x90 4
  bus edu r 0x98 4
}

# Reads

case_begin "a member is one read of its width"
get 0 regs.status
stdout_is 0x00000000
stderr_is
get 0 regs.id 'regs->id.raw' "mmionames.c::regs.irq_status" regs.dma.destination
stdout_is 0x010000ed 0x010000ed 0x00000000 0x0000000000000000
bus edu r 0x20 4 0x0
bus edu r 0x0 4 0x010000ed x2+0
bus edu r 0x24 4 0x0
bus edu r 0x88 8 0x0
case_end

case_begin "a struct is its registers: each once, in order, and no padding"
get 0 ptr:regs
stdout_like '^0x010000ed.0x[0-9a-f]{8}.0x00000000.0x00000000.0x00000000.0x00000000.0x0{16}.0x00000000.0x00000000.$'
bus_struct
case_end

case_begin "-m is one member of it, and a struct in it is only its own registers"
get 0 -m status ptr:regs
get 0 -m dma ptr:regs
get 0 regs.dma regs.irq_status
bus edu r 0x20 4
bus edu r 0x88 8
bus edu r 0x90 4
bus edu r 0x98 4
bus edu r 0x88 8
bus edu r 0x90 4
bus edu r 0x98 4
bus edu r 0x24 4
case_end

case_begin "an array is its elements; what has no length is read by an index"
get 0 words.words
get 0 'words.words[2]' 'regs.rest[1]'
refused 2 "not known" read regs.rest
bus edu r 0x0 4 x3
bus edu r 0x8 4
bus edu r 0xa4 4
case_end

case_begin "a bit-field is one read of its unit; a unit with all fields, too"
get 0 regs.id.bits.major
stdout_is 0x01
get 0 -m id.bits.magic ptr:regs
stdout_is 0xed
get 0 regs.id.bits
run 0 "$MMIODBG" read -p "$APP" regs.ctrl
stdout_has "mode = 0 (OFF)"
bus edu r 0x0 4 0x010000ed x3+0
bus edu r 0x80 4
case_end

# Writes

case_begin "a member is one write; only --verify reads it back"
put 0 regs.liveness=0x12345678 regs.ctrl.raw=0xa5345601
put 0 --verify regs.irq_status=0 regs.dma.count=0x10
bus edu w 0x4 4 0x12345678
bus edu w 0x80 4 0xa5345601
bus edu w 0x24 4 0x0
bus edu r 0x24 4 0x0
bus edu w 0x90 4 0x10
bus edu r 0x90 4 0x10
case_end

case_begin "a bit-field is one read and one write, and other bits stay"
put 0 regs.ctrl.raw=0xa5345601
put 0 regs.ctrl.bits.mode=FAST
put 0 regs.status.bits.irq=1
put 0 regs.status.bits.irq=0
bus edu w 0x80 4 0xa5345601
bus edu r 0x80 4 0xa5345601
bus edu w 0x80 4 0xa5345609
bus edu r 0x20 4 0x0
bus edu w 0x20 4 0x80
bus edu r 0x20 4 0x80
bus edu w 0x20 4 0x0
case_end

case_begin "fields in one location are one read and one write; in two, two of each"
put 0 regs.ctrl.raw=0xa5345601
put 0 regs.ctrl.bits.rate=0x21,trim=-2
put 0 regs.ctrl.bits.en=0 regs.ctrl.bits.mode=SLOW
bus edu w 0x80 4 0xa5345601
bus edu r 0x80 4 0xa5345601
bus edu w 0x80 4 0xa5fe2101
bus edu r 0x80 4 0xa5fe2101
bus edu w 0x80 4 0xa5fe2100
bus edu r 0x80 4 0xa5fe2100
bus edu w 0x80 4 0xa5fe2102
case_end

case_begin "what cannot be written is refused, and nothing is read, either"
refused 2 "it is a struct" write ptr:regs=0
refused 2 "" write ptr:regs.dma=0
refused 1 "" write regs.ctrl.bits.mode=FASTER
refused 2 "" write regs.ctrl.bits.mode=8
refused 1 "no member" write regs.ctrl.bits.rate=1,irq=1
refused 7 "--force" write regs=0
refused 2 "it is a struct" write regs.liveness=0 ptr:regs=0
bus_none
case_end

# Ways to it

case_begin "through structs, untyped pointers, arrays, and by a region"
get 0 driver.bar.id drivers.1.bar.id.bits.major 'drivers[1].bar.irq_status'
get 0 -t 'struct edu_words' ptr:driver.hw
get 0 -t 'struct edu_regs' ptr:hw
get 0 -t 'struct edu_regs' -m status "@$EDU/bar0"
get 0 -t uint32_t "@$EDU/bar0+0x24"
get 0 start_other::twin.status
bus edu r 0x0 4 x2+0
bus edu r 0x24 4
bus edu r 0x0 4 x3
bus_struct
bus edu r 0x20 4
bus edu r 0x24 4
bus edu r 0x20 4
case_end

# Nothing

case_begin "names that lead nowhere: told where the chain ends"
refused 1 "absent is a null pointer" read absent.id
refused 1 "drivers.0 is a null pointer" read drivers.0.bar.id
refused 1 "stray is 0x100" read stray.id
refused 1 "null pointer" write absent.ctrl.bits.mode=FAST
refused 1 "near" read regs.statis
refused 1 "" read regs.status regs.ctrl.bits.none
refused 2 "start_other::twin" read regs.status twin.id
bus_none
case_end

# The compiler says where it is on x86-64 only; on arm64 only its symbol tells.
case_begin "a thread-local one is told to be that"
refused 1 thread-local read of_a_thread
bus_none
case_end

case_begin "a pointer that stands in the device is not followed"
refused 7 "would be an access" read chain.next.next
refused 7 "would be an access" read ptr:chain.next
bus_none
case_end

case_begin "while names are looked up in all modules, no device is touched"
check "an executable mapping of the device" \
  grep -q ' r-xs .* /libedu.so$' "/proc/$APP/maps"
run 0 "$MMIODBG" read -p "$APP" regs
stdout_has "$EDU/bar0"
get 0 ordinary regs driver.id
stdout_like '^0x600df00d.0x[0-9a-f]{16}.0x00000007.$'
refused 1 "no object" read no_such_name
refused 1 "" read -t 'struct no_such_type' "@$EDU/bar0"
refused 1 "" read libedu.so::regs.id
run 0 "$MMIODBG" read --dry-run -p "$APP" ptr:regs
run 0 "$MMIODBG" write --dry-run -p "$APP" regs.ctrl.bits.mode=FAST
run 0 "$MMIODBG" info -p "$APP" regs.status
bus_none
case_end

case_begin "sym: names, a layout, and who points into the device; no access"
run 0 "$MMIODBG" sym -p "$APP" regs driver.bar regs.ctrl.bits.mode
stdout_has "$EDU/bar0"
run 0 "$MMIODBG" sym -p "$APP" -t 'struct edu_regs'
stdout_has irq_status
run 0 "$MMIODBG" sym -p "$APP" --into "@$EDU/bar0"
for name in regs words driver.bar driver.hw start_one::twin; do
  stdout_like "::$name "
done
stdout_hasnt absent
stdout_hasnt stray
run 1 "$MMIODBG" sym -p "$APP" no_such_name
bus_none
case_end

# That a device was opened need not show on its bus. Each file that is opened here,
# in whatever way, stands behind its descriptor.
case_begin "while names are looked up, no file of a device is opened"
run 1 strace -y -o "$WORK/strace" -e trace=open,openat,openat2 \
  "$MMIODBG" read -p "$APP" no_such_name
check "the program is opened" grep -q "= [0-9]*<.*/mmionames>" "$WORK/strace"
check "libraries are opened" grep -q "map_files.* = [0-9]*<.*/libc.*>" \
  "$WORK/strace"
check "the device is not" [ "$(grep -cE 'libedu|resource0' "$WORK/strace")" = 0 ]
bus_none
case_end

# Another way to make the accesses

case_begin "--via tracee: the same accesses"
get 0 --via tracee regs.status
get 0 --via tracee ptr:regs
put 0 --via tracee regs.ctrl.raw=0x5
put 0 --via tracee regs.ctrl.bits.mode=FAST,rate=1
bus edu r 0x20 4
bus_struct
bus edu w 0x80 4 0x5
bus edu r 0x80 4 0x5
bus edu w 0x80 4 0x109
case_end

# No access of 64 bits is exact on that path, so not even the others are made.
case_begin "--via kernel: a struct with a register that it would split is refused"
refused 7 "" read --via kernel ptr:regs
bus_none
case_end

# The file of the program

# copy_start NAME PATH: a mmionames of its own, at PATH
copy_start()
{
  busybox cp "$NAMES" "$2"
  names_start "$1" "$2" "$BAR"
}

# replace PATH: by another program, which stands elsewhere
replace()
{
  busybox cp "$MMIOTARGET" "$1.new"
  busybox mv "$1.new" "$1"
}

case_begin "the program's file was deleted: its names are known all the same"
for folder in /mnt/names /opt; do
  copy_start GONE $folder/gone
  busybox rm $folder/gone
  run 0 "$MMIODBG" read -q -p "$GONE" regs.id
  stdout_is 0x010000ed
  target_stop GONE
done
bus edu r 0x0 4 0x010000ed x2+0
case_end

case_begin "it was replaced by another: names are those of what is mapped"
for folder in /mnt/names /opt; do
  copy_start OTHER $folder/other
  replace $folder/other
  run 0 "$MMIODBG" read -q -p "$OTHER" regs.id
  stdout_is 0x010000ed
  target_stop OTHER
done
bus edu r 0x0 4 0x010000ed x2+0
case_end

# Where the target stands, another program has its path.
case_begin "a mount namespace of its own: its own file, not what has that path here"
busybox cp "$MMIOTARGET" /mnt/names/inside
names_start INSIDE unshare -m bash -c "busybox mount -t tmpfs tmpfs /mnt/names &&
  busybox cp '$NAMES' /mnt/names/inside && exec /mnt/names/inside '$BAR'"
run 0 "$MMIODBG" read -q -p "$INSIDE" regs.id
stdout_is 0x010000ed
target_stop INSIDE
bus edu r 0x0 4 0x010000ed
case_end

case_begin "a root of its own"
busybox mkdir -p /mnt/root
names_start ROOTED unshare -m bash -c "busybox mount -o rbind / /mnt/root &&
  busybox cp '$NAMES' /mnt/names/below && cd /mnt/root &&
  busybox mount -o bind /mnt/names/below mnt/names/inside &&
  exec busybox chroot . /mnt/names/inside '$BAR'"
run 0 "$MMIODBG" read -q -p "$ROOTED" regs.id
stdout_is 0x010000ed
target_stop ROOTED
bus edu r 0x0 4 0x010000ed
case_end

# A user without privilege, whose program is a module like its libraries, for the
# loader was called with it: /proc/PID/exe is not its file, and map_files is for
# those who have a capability.

# nobody_start NAME PATH: copied there, and run so
nobody_start()
{
  busybox cp "$NAMES" "$2"
  names_start "$1" "${NOBODY[@]}" "${LOADER[0]}" "$2" "$BAR"
}

busybox chmod 666 "$BAR"

case_begin "without privilege: by its path"
nobody_start PLAIN /mnt/names/plain
run 0 "${NOBODY[@]}" "$MMIODBG" read -q -p "$PLAIN" regs.id
stdout_is 0x010000ed
target_stop PLAIN
bus edu r 0x0 4 0x010000ed
case_end

case_begin "without privilege: a mount namespace of its own"
names_start INSIDE unshare -m bash -c "busybox mount -t tmpfs tmpfs /mnt/names &&
  busybox cp '$NAMES' /mnt/names/inside &&
  exec ${NOBODY[*]} ${LOADER[0]} /mnt/names/inside '$BAR'"
run 0 "${NOBODY[@]}" "$MMIODBG" read -q -p "$INSIDE" regs.id
stdout_is 0x010000ed
target_stop INSIDE
bus edu r 0x0 4 0x010000ed
case_end

# refused_to_nobody STATUS TEXT NAME LOCATION: and by root it is read
refused_to_nobody()
{
  run "$1" "${NOBODY[@]}" "$MMIODBG" read -q -p "$3" "$4"
  stdout_is
  stderr_has "$2"
  run 0 "$MMIODBG" read -q -p "$3" "$4"
  stdout_is 0x010000ed
}

case_begin "without privilege: a file that was deleted, or replaced, is refused"
nobody_start GONE /mnt/names/gone
busybox rm /mnt/names/gone
refused_to_nobody 5 "gone was deleted" "$GONE" gone::regs.id
nobody_start OTHER /mnt/names/other
replace /mnt/names/other
refused_to_nobody 5 "other was deleted" "$OTHER" other::regs.id
bus edu r 0x0 4 0x010000ed x2+0
case_end

# What maps shows has its path still, and that leads to another one by now.
case_begin "without privilege: a file that another is mounted over is refused"
nobody_start COVERED /mnt/names/covered
busybox mount -o bind "$MMIOTARGET" /mnt/names/covered
refused_to_nobody any /mnt/names/covered "$COVERED" covered::regs.id
busybox umount /mnt/names/covered
run 0 "${NOBODY[@]}" "$MMIODBG" read -q -p "$COVERED" regs.id
stdout_is 0x010000ed
target_stop COVERED
bus edu r 0x0 4 0x010000ed x2+0
case_end

case_begin "without privilege: which module could not be looked into is told"
refused_to_nobody any "gone was deleted" "$GONE" regs.id
refused_to_nobody any "/mnt/names/other" "$OTHER" regs.id
bus edu r 0x0 4 0x010000ed x2+0
case_end

target_stop GONE
target_stop OTHER
