# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Attaches that are refused, each cause for real: status, one line with the
# cause and what would help, and no access; and that what would help does.
#
# $APP is root's; all targets have nvme's bar0 mapped as their mapping 0.
#
#vm: series 6.1 6.12 sid
#vm: devices edu nvme
#vm: timeout 300

# The leak checker of a sanitized build is a debugger, too, and Yama forbids it.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

user=64321 other=64322
yama=/proc/sys/kernel/yama/ptrace_scope
as_user=(setpriv --reuid "$user" --regid "$user" --clear-groups)
privileged="run as root, or with CAP_SYS_PTRACE and CAP_DAC_OVERRIDE"

enable "$NVME"
# Programs and a device for everybody.
cp "$MMIODBG" "$WORK/mmiodbg"
cp "$MMIOTARGET" "$WORK/mmiotarget"
MMIODBG=$WORK/mmiodbg
real=$WORK/mmiotarget
chmod 666 "$SYS/$NVME/resource0"
chmod 777 "$WORK"
sysfs 0 "$yama"

# target_of NAME COMMAND...: a target that COMMAND starts
target_of()
{
  local words name=$1

  shift
  printf -v words '%q ' "$@" "$real"
  printf '#!/bin/bash\nexec %s "$@"\n' "$words" >"$WORK/start"
  chmod 755 "$WORK/start"
  MMIOTARGET=$WORK/start target_start "$name" "$SYS/$NVME/resource0"
}

# refused WHAT PID CAUSE HELP COMMAND...: this one line, and nothing else
refused()
{
  run 5 "${@:5}"
  stdout_is
  stderr_is "mmiodbg: $1 of process $2$3: Permission denied; $4"
}

# unseen PID CAUSE HELP [COMMAND...]: whoever COMMAND makes of us may not even
# look
unseen()
{
  local place=@$NVME/bar0

  refused "reading the mappings" "$1" "$2" "$3" "${@:4}" "$MMIODBG" maps -p "$1"
  refused "reading the mappings" "$1" "$2" "$3" "${@:4}" "$MMIODBG" read \
    -p "$1" "$place+0x8"
  refused "reading the mappings" "$1" "$2" "$3" "${@:4}" "$MMIODBG" write \
    --force -p "$1" "$place+0x1000=0"
}

# unopened PID ADDRESS CAUSE HELP [COMMAND...]: may look, but not attach
unopened()
{
  local pid=$1 at=$2 cause=$3 help=$4

  shift 4
  run 0 "$@" "$MMIODBG" maps --raw --noheadings -p "$pid" -o PCI
  stdout_is "$NVME/bar0"
  refused "opening the memory" "$pid" "$cause" "$help" "$@" "$MMIODBG" read \
    -p "$pid" "@$NVME/bar0+0x8"
  refused "opening the memory" "$pid" "$cause" "$help" "$@" "$MMIODBG" read \
    -p "$pid" "$at+0x8"
  refused "opening the memory" "$pid" "$cause" "$help" "$@" "$MMIODBG" write \
    --force -p "$pid" "$at+0x1000=0"
}

# reads PID [COMMAND...]: and the device sees it
reads()
{
  run 0 "${@:2}" "$MMIODBG" read -q -p "$1" "@$NVME/bar0+0x8"
  stdout_is 0x00010400
  bus nvme r 0x8 4 0x00010400
}

target_start APP "$SYS/$NVME/resource0"

case_begin "no such process"
for arguments in maps "read @$NVME/bar0" "write --force @$NVME/bar0=0" \
  "info @$NVME/bar0"; do
  # shellcheck disable=SC2086 # words
  run 4 "$MMIODBG" $arguments -p 4100000
  stdout_is
  stderr_like $'^mmiodbg: there is no process 4100000[^\n]*\n$'
done
bus_none
case_end

case_begin "a kernel thread"
for arguments in maps "read phys:$NVME_BASE" "write --force 0x1000=0"; do
  # shellcheck disable=SC2086 # words
  run 5 "$MMIODBG" $arguments -p 2
  stdout_is
  stderr_is "mmiodbg: process 2 is a kernel thread: it has no address space;\
 see \`mmiodbg maps\` for who has devices mapped"
done
bus_none
case_end

case_begin "another user"
unseen "$APP" ", which belongs to user 0 (we are $user)" \
  "run as that user, as root, or with CAP_SYS_PTRACE and CAP_DAC_OVERRIDE" \
  "${as_user[@]}"
unopened "$APP" "${APP_AT[0]}" \
  ": with CAP_SYS_PTRACE alone its files in /proc are out of reach" \
  "run as root, or with CAP_DAC_OVERRIDE as well (CAP_DAC_READ_SEARCH to read)" \
  "${as_user[@]}" --inh-caps=+sys_ptrace --ambient-caps=+sys_ptrace
reads "$APP" "${as_user[@]}" --inh-caps=+sys_ptrace,+dac_override \
  --ambient-caps=+sys_ptrace,+dac_override
case_end

case_begin "a capability that we lack, by name"
target_of ABLE "${as_user[@]}" --inh-caps=+net_admin --ambient-caps=+net_admin
unseen "$ABLE" ", which has capabilities that we lack: cap_net_admin" \
  "run as root, or with CAP_SYS_PTRACE" "${as_user[@]}"
reads "$ABLE" "${as_user[@]}" --inh-caps=+sys_ptrace --ambient-caps=+sys_ptrace
run 5 setpriv --bounding-set=-sys_ptrace "$MMIODBG" read -p "$APP" \
  "@$NVME/bar0+0x8"
stdout_is
stderr_like "^mmiodbg: [a-z ]+ of process $APP, which has capabilities that we\
 lack: cap_sys_ptrace: Permission denied; run with CAP_SYS_PTRACE, which we\
 lack"$'\n$'
target_stop ABLE
case_end

# Whose user we can be.
target_of OURS "${as_user[@]}" env

case_begin "our own process"
reads "$OURS" "${as_user[@]}"
case_end

case_begin "not dumpable"
tell OURS dumpable 0
unseen "$OURS" ", which is not dumpable (PR_SET_DUMPABLE, set-uid, file\
 capabilities, a change of user, or a program that cannot be read)" \
  "$privileged" "${as_user[@]}"
reads "$OURS"
tell OURS dumpable 1
reads "$OURS" "${as_user[@]}"
case_end

case_begin "from within a user namespace"
outside="run outside of it, as root or as the user of the process"
away=", which is outside of the user namespace (the container) that we are in"
unseen "$APP" "$away: our CAP_SYS_PTRACE does not count there" "$outside" \
  unshare -Ur
unseen "$OURS" "$away: our CAP_SYS_PTRACE does not count there" "$outside" \
  "${as_user[@]}" unshare -Ur
unseen "$OURS" "$away" "$outside" "${as_user[@]}" unshare -U
bus_none
case_end

case_begin "a container: a user namespace and namespaces of processes and mounts"
target_of BOX "${as_user[@]}" unshare -Ur --pid --fork --kill-child --mount-proc
read -r inner _ <"/proc/$BOX/task/$BOX/children"
unseen "$inner" ", which belongs to user $user (we are $other) in another user\
 namespace (a container)" "$privileged" \
  setpriv --reuid "$other" --regid "$other" --clear-groups
unseen "$inner" "$away: our CAP_SYS_PTRACE does not count there" "$outside" \
  "${as_user[@]}" unshare -Ur
# From outside, as root and as who made it; from inside, by its number there.
reads "$inner"
reads "$inner" "${as_user[@]}"
run 0 nsenter -U -p -m -t "$inner" "$MMIODBG" read -q -p 1 "@$NVME/bar0+0x8"
stdout_is 0x00010400
bus nvme r 0x8 4 0x00010400
run 4 nsenter -U -p -m -t "$inner" "$MMIODBG" read -q -p 30000 "@$NVME/bar0+0x8"
stderr_like $'^mmiodbg: there is no process 30000[^\n]*\n$'
target_stop BOX
case_end

case_begin "gdb has stopped it: plain reads and writes work, as before"
mkfifo "$WORK/gdb"
gdb -q -nx -p "$APP" <"$WORK/gdb" 8>&- 9>&- &
gdb=$!
exec {to_gdb}>"$WORK/gdb"
for ((i = 0; i < 6000; i++)); do
  state=$(<"/proc/$APP/stat")
  [[ $state != *") t "* ]] || break
  read -r -t 0.01 <>"$WORK/never"
done
check "it is stopped" [ "${state#*) t }" != "$state" ]
reads "$APP"
run 0 "$MMIODBG" write --force -p "$APP" "@$NVME/bar0+0x28=0x12345678"
bus nvme w 0x28 4 0x12345678
run 0 "$MMIODBG" info -p "$APP" "@$NVME/bar0"
stdout_like "traced by +process $gdb"
for arguments in "read --attach @$NVME/bar0+0x8" "read --stop @$NVME/bar0+0x8" \
  "write --force --stop @$NVME/bar0+0x28=0"; do
  # shellcheck disable=SC2086 # words
  run 5 "$MMIODBG" $arguments -p "$APP"
  stdout_is
  stderr_is "mmiodbg: attaching to process $APP, which process $gdb (gdb) traces\
 already: Operation not permitted; through the kernel's path (--via kernel,\
 without --attach and --stop) it can be read and written all the same"
done
# Not the cause of what is refused for another.
unseen "$APP" ", which belongs to user 0 (we are $user)" \
  "run as that user, as root, or with CAP_SYS_PTRACE and CAP_DAC_OVERRIDE" \
  "${as_user[@]}"
run 5 "${as_user[@]}" "$MMIODBG" read -v -p "$APP" "@$NVME/bar0+0x8"
stderr_has "  - already traced by process $gdb (gdb)"
state=$(<"/proc/$APP/stat")
check "it is still stopped" [ "${state#*) t }" != "$state" ]
printf 'detach\nquit\n' >&"$to_gdb"
exec {to_gdb}>&-
wait "$gdb"
tell APP load 0 32 8
reply_is value 0x00010400
bus nvme r 0x8 4 0x00010400
case_end

case_begin "Yama scope 1: its ancestors, and whom it permits"
sysfs 1 "$yama"
unopened "$OURS" "${OURS_AT[0]}" ": only its ancestors may (Yama scope 1)" \
  "run as root, or with CAP_SYS_PTRACE, or set kernel.yama.ptrace_scope to 0,\
 or let the process permit it with PR_SET_PTRACER" "${as_user[@]}"
# What is refused for another reason is.
tell OURS dumpable 0
unseen "$OURS" ", which is not dumpable (PR_SET_DUMPABLE, set-uid, file\
 capabilities, a change of user, or a program that cannot be read)" \
  "$privileged" "${as_user[@]}"
tell OURS dumpable 1
reads "$OURS"
reads "$OURS" "${as_user[@]}" --inh-caps=+sys_ptrace --ambient-caps=+sys_ptrace
# PR_SET_PTRACER, PR_SET_PTRACER_ANY: they outlive an exec.
target_of OPEN "${as_user[@]}" perl -e \
  'syscall(157, 0x59616d61, -1, 0, 0, 0) == 0 or die; exec @ARGV;'
reads "$OPEN" "${as_user[@]}"
# shellcheck disable=SC2016 # of the inner shell
run 0 "${as_user[@]}" bash -c 'mkfifo "$1/child.in" "$1/child.out"
  exec 5<>"$1/child.in" 6<>"$1/child.out"
  "$2" "$3" <&5 >&6 &
  read -r -u 6 _ _ at _
  read -r -u 6 _
  exec "$4" read -q -p $! "$at+0x8"' - "$WORK" "$real" "$SYS/$NVME/resource0" \
  "$MMIODBG"
stdout_is 0x00010400
bus nvme r 0x8 4 0x00010400
# Who made a user namespace has every capability there.
target_of BOX "${as_user[@]}" unshare -Ur
reads "$BOX" "${as_user[@]}"
target_stop BOX
case_end

case_begin "Yama scope 2: CAP_SYS_PTRACE only"
sysfs 2 "$yama"
for name in OURS OPEN; do
  declare -n pid=$name at=${name}_AT
  unopened "$pid" "${at[0]}" ": only CAP_SYS_PTRACE may (Yama scope 2)" \
    "run as root, or with CAP_SYS_PTRACE, or set kernel.yama.ptrace_scope to 0" \
    "${as_user[@]}"
done
reads "$OURS"
reads "$OURS" "${as_user[@]}" --inh-caps=+sys_ptrace --ambient-caps=+sys_ptrace
case_end

case_begin "no scope: again as before"
sysfs 0 "$yama"
reads "$OURS" "${as_user[@]}"
case_end

# From here on there is no way back.

case_begin "Yama scope 3: nobody"
sysfs 3 "$yama"
nobody=": nobody may until the next boot (Yama scope 3)"
reboot="reboot with another kernel.yama.ptrace_scope"
unopened "$OURS" "${OURS_AT[0]}" "$nobody" "$reboot"
unopened "$OURS" "${OURS_AT[0]}" "$nobody" "$reboot" "${as_user[@]}"
unopened "$APP" "${APP_AT[0]}" "$nobody" "$reboot"
unseen "$APP" ", which belongs to user 0 (we are $user)" \
  "run as that user, as root, or with CAP_SYS_PTRACE and CAP_DAC_OVERRIDE" \
  "${as_user[@]}"
bus_none
case_end
