#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Attaches that are refused: the diagnosis, in one line, and status 5

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

# A user that nobody else is.
nobody=64321

# Programs where another user can run them.
prepare() {
  local folder

  cp "$MMIODBG" mmiodbg
  cp "$MMIOTARGET" mmiotarget
  MMIODBG=$work/mmiodbg
  MMIOTARGET=$work/mmiotarget
  folder=$work
  while :; do
    chmod a+x "$folder"
    [ "$folder" != "$(cd "$BATS_RUN_TMPDIR" && pwd -P)" ] || break
    folder=${folder%/*}
    [ -n "$folder" ] || break
  done
}

# as_nobody [OPTIONS-OF-SETPRIV] -- COMMAND...
as_nobody() {
  local -a options=()

  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  setpriv --reuid $nobody --regid $nobody --clear-groups "${options[@]}" "$@"
}

need_users() {
  need_root
  need setpriv
  as_nobody -- "$MMIODBG" --version >/dev/null 2>&1 && return
  [ "${CI:-}" != true ] || fail 'other users cannot run the program'
  skip 'other users cannot run the program'
}

# denied TEXT...: the last command was refused for want of permission
denied() {
  one_diagnostic
  err_has "process $pid" 'Permission denied' "$@"
}

# line_is CAUSE HELP: standard error is this line and no other; `what` was
# refused
what='reading the mappings'
line_is() {
  one_diagnostic
  err_is "mmiodbg: $what of process $pid$1: Permission denied; $2"
}

# A target of that user. What setpriv itself starts is started by somebody who
# has all capabilities yet, and can read any program; what `env` starts is not.
target_of_nobody() {
  target_launch setpriv --reuid $nobody --regid $nobody --clear-groups \
    env "$MMIOTARGET" anon,len=4096
}

# without CAPABILITIES COMMAND...
without() {
  local list=-${1//,/,-}

  shift
  setpriv --bounding-set "$list" --inh-caps "$list" "$@"
}

# with CAPABILITIES COMMAND...: nobody, with these
with() {
  local list=+${1//,/,+}

  shift
  as_nobody --inh-caps "$list" --ambient-caps "$list" -- "$@"
}

# Where there are no user namespaces, the guests and the captured trees have to
# do.
can_unshare() {
  unshare --user --map-root-user true 2>/dev/null
}

@test "no such process" {
  local end

  sleep 600 3>&- &
  end=$!
  kill -KILL "$end"
  wait "$end" || :
  for command in "maps" "read 0x1000" "write 0x1000=1" "info 0x1000"; do
    # shellcheck disable=SC2086 # words
    refused 4 $command -p "$end"
    err_has "there is no process $end"
  done
}

@test "a kernel thread" {
  local stat

  for stat in /proc/[0-9]*/stat; do
    IFS= read -r line 2>/dev/null <"$stat" || continue
    pid=${stat//[!0-9]/}
    # shellcheck disable=SC2086 # words
    set -- ${line##*) }
    ((!($7 & 0x200000))) || break
    pid=
  done
  # In a container there are none; the captured tree below has to do.
  [ -n "$pid" ] || return 0
  for command in "maps" "read 0x1000" "write 0x1000=1" "info 0x1000"; do
    # shellcheck disable=SC2086 # words
    refused 5 $command -p "$pid"
    err_is "mmiodbg: process $pid is a kernel thread: it has no address\
 space; see \`mmiodbg maps\` for who has devices mapped"
  done
}

@test "another user's process" {
  need_users
  target_start anon,len=4096
  for command in "maps" "read ${map[0]}" "write ${map[0]}=1" \
    "info ${map[0]}"; do
    # shellcheck disable=SC2086 # words
    expect_of 5 as_nobody -- "$MMIODBG" $command -p "$pid"
    line_is ", which belongs to user 0 (we are $nobody)" \
      'run as that user, as root, or with CAP_SYS_PTRACE and CAP_DAC_OVERRIDE'
  done
  tell load 0 32 0
  [ "$answer" = 'value 0x00000000' ]
}

@test "another user's process: what would help does" {
  need_users
  target_start anon,len=4096
  expect_of 0 with sys_ptrace "$MMIODBG" maps -v -p "$pid"
  expect_of 5 with sys_ptrace "$MMIODBG" read -p "$pid" "${map[0]}"
  what='opening the memory'
  line_is ': with CAP_SYS_PTRACE alone its files in /proc are out of reach' \
    'run as root, or with CAP_DAC_OVERRIDE as well (CAP_DAC_READ_SEARCH to read)'
  expect_of 0 with sys_ptrace,dac_override "$MMIODBG" read -p "$pid" \
    "${map[0]}"
  expect_of 0 with sys_ptrace,dac_override "$MMIODBG" write -p "$pid" \
    "${map[0]}=7" --force
  expect_of 0 with sys_ptrace,dac_read_search "$MMIODBG" read -p "$pid" \
    "${map[0]}"
  expect_of 5 with sys_ptrace,dac_read_search "$MMIODBG" write --force \
    -p "$pid" "${map[0]}=8"
  denied CAP_DAC_OVERRIDE
  tell load 0 32 0
  [ "$answer" = 'value 0x00000007' ]
}

@test "a process of the same user and another group" {
  need_users
  target_of_nobody
  expect_of 5 setpriv --reuid $nobody --regid 64322 --clear-groups \
    "$MMIODBG" maps -p "$pid"
  line_is ", which belongs to group $nobody (we are 64322)" \
    'run in that group, as root, or with CAP_SYS_PTRACE'
  expect_of 0 setpriv --reuid $nobody --regid $nobody --clear-groups \
    "$MMIODBG" maps -v -p "$pid"
}

# Where the s bit and file capabilities mean nothing, there is nothing to see.
privilege_counts() {
  cp "$(command -v id)" id
  chmod 4755 id
  [ "$(as_nobody -- ./id -u)" = 0 ]
}

@test "a set-uid program that we started" {
  need_users
  privilege_counts || return 0
  chmod 4755 "$MMIOTARGET"
  target_of_nobody
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  line_is ", whose real, effective and saved user are $nobody, 0 and 0 (we are\
 $nobody)" 'run as root, or with CAP_SYS_PTRACE and CAP_DAC_OVERRIDE'
}

@test "root's process, for a user" {
  pid=1
  if [ $EUID = 0 ]; then
    need_users
    expect_of 5 as_nobody -- "$MMIODBG" maps -p 1
    denied 'belongs to user 0' "we are $nobody"
  else
    expect 5 maps -p 1
    denied 'belongs to user 0' "we are $EUID"
  fi
}

@test "another user's process, for root without the capability" {
  need_users
  target_of_nobody
  expect_of 5 without sys_ptrace "$MMIODBG" read -p "$pid" "${map[0]}"
  # CAP_PERFMON may look (Linux 6.13).
  [[ $(<err) == *'opening the memory'* ]] && what='opening the memory'
  line_is ", which belongs to user $nobody (we are 0)" \
    'run as that user, or with CAP_SYS_PTRACE, which we lack'
  expect_of 5 without sys_ptrace,perfmon,sys_admin "$MMIODBG" maps -p "$pid"
  denied "belongs to user $nobody"
  expect 0 read -p "$pid" "${map[0]}"
}

@test "root's process, for root without the capability" {
  need_users
  target_start anon,len=4096
  expect_of 5 without sys_ptrace "$MMIODBG" read -p "$pid" "${map[0]}"
  denied 'capabilities that we lack: cap_sys_ptrace:' \
    '; run with CAP_SYS_PTRACE, which we lack'
}

@test "one's own process" {
  need_users
  target_launch setpriv --reuid $nobody --regid $nobody --clear-groups \
    "$MMIOTARGET" anon,len=4096
  skip_yama
  expect_of 0 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
  expect_of 0 as_nobody -- "$MMIODBG" write --force -p "$pid" "${map[0]}=7"
  tell load 0 32 0
  [ "$answer" = 'value 0x00000007' ]
}

# Where Yama is on, only ancestors may.
skip_yama() {
  local scope=0

  [ ! -e /proc/sys/kernel/yama/ptrace_scope ] ||
    read -r scope </proc/sys/kernel/yama/ptrace_scope
  [ "$scope" = 0 ] || skip "Yama scope $scope"
}

@test "a process with capabilities that we lack, by name" {
  need_users
  target_launch setpriv --reuid $nobody --regid $nobody --clear-groups \
    --inh-caps +net_admin,+sys_nice --ambient-caps +net_admin,+sys_nice \
    "$MMIOTARGET" anon,len=4096
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  line_is ', which has capabilities that we lack: cap_net_admin, cap_sys_nice' \
    'run as root, or with CAP_SYS_PTRACE'
  expect_of 5 as_nobody --inh-caps +net_admin --ambient-caps +net_admin -- \
    "$MMIODBG" read -p "$pid" "${map[0]}"
  denied 'capabilities that we lack: cap_sys_nice'
  nowhere err cap_net_admin
  expect_of 0 as_nobody --inh-caps +sys_ptrace --ambient-caps +sys_ptrace -- \
    "$MMIODBG" read -p "$pid" "${map[0]}"
}

# How a process that is not dumpable is refused
non_dumpable=', which is not dumpable (PR_SET_DUMPABLE, set-uid, file'
non_dumpable+=' capabilities, a change of user, or a program that cannot be read)'
privileged='run as root, or with CAP_SYS_PTRACE and CAP_DAC_OVERRIDE'

@test "a process that is not dumpable" {
  need_users
  target_of_nobody
  tell dumpable 0
  for command in "maps" "read ${map[0]}" "write ${map[0]}=1" \
    "info ${map[0]}"; do
    # shellcheck disable=SC2086 # words
    expect_of 5 as_nobody -- "$MMIODBG" $command -p "$pid"
    line_is "$non_dumpable" "$privileged"
  done
  expect_of 5 with sys_ptrace "$MMIODBG" read -p "$pid" "${map[0]}"
  err_has CAP_DAC_OVERRIDE
  expect_of 0 with sys_ptrace,dac_override "$MMIODBG" read -p "$pid" \
    "${map[0]}"
  expect 0 read -p "$pid" "${map[0]}"
  skip_yama
  tell dumpable 1
  expect_of 0 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
}

@test "not dumpable: a program that cannot be read" {
  need_users
  chmod 711 "$MMIOTARGET"
  target_of_nobody
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  line_is "$non_dumpable" "$privileged"
}

@test "not dumpable: a program with file capabilities" {
  need_users
  need setcap
  privilege_counts || return 0
  setcap cap_net_raw+ep "$MMIOTARGET" || return 0
  target_of_nobody
  # The capability comes first; who has it meets the other.
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  line_is ', which has capabilities that we lack: cap_net_raw' "$privileged"
  expect_of 5 with net_raw "$MMIODBG" maps -p "$pid"
  line_is "$non_dumpable" "$privileged"
}

@test "not dumpable: a set-uid program that runs as its caller again" {
  need_users
  need perl
  privilege_counts || return 0
  cp "$(command -v perl)" perl
  chmod 4755 perl
  setpriv --reuid $nobody --regid $nobody --clear-groups env ./perl -e 'use POSIX; $| = 1; POSIX::setuid('$nobody');
    print "$< $>\n"; sleep 600' >ready 3>&- &
  pid=$!
  target_pids+=("$pid")
  wait_until [ -s ready ]
  [ "$(<ready)" = "$nobody $nobody" ]
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  line_is "$non_dumpable" "$privileged"
}

@test "not dumpable: a daemon that became another user" {
  need_users
  need perl
  perl -e 'use POSIX; $| = 1; $) = "'$nobody' '$nobody'";
    POSIX::setgid('$nobody'); POSIX::setuid('$nobody');
    print "$< $>\n"; sleep 600' >ready 3>&- &
  pid=$!
  target_pids+=("$pid")
  wait_until [ -s ready ]
  [ "$(<ready)" = "$nobody $nobody" ]
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  line_is "$non_dumpable" "$privileged"
}

@test "a process of ours that is not dumpable" {
  if [ $EUID = 0 ]; then
    need_users
    target_launch setpriv --reuid $nobody --regid $nobody --clear-groups \
      "$MMIOTARGET" anon,len=4096
    tell dumpable 0
    expect_of 5 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
  else
    target_start anon,len=4096
    tell dumpable 0
    expect 5 read -p "$pid" "${map[0]}"
  fi
  denied 'not dumpable'
}

@test "a process of root that is not dumpable, for root without capabilities" {
  need_users
  target_launch setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace \
    "$MMIOTARGET" anon,len=4096
  tell dumpable 0
  expect_of 5 without sys_ptrace "$MMIODBG" read -p "$pid" "${map[0]}"
  # CAP_PERFMON may look (Linux 6.13).
  [[ $(<err) == *'opening the memory'* ]] && what='opening the memory'
  # /proc/PID is root's either way: there is nothing to tell it by.
  line_is ": it is not dumpable (PR_SET_DUMPABLE), or a security module forbids\
 it" 'run with CAP_SYS_PTRACE, which we lack; else see the kernel log'
}

@test "a process that is traced already, and who traces it" {
  need_users
  need strace
  target_start anon,len=4096
  strace -qq -o /dev/null -p "$pid" 3>&- &
  tracer=$!
  # It must let go before the target can end.
  target_pids=("$tracer" "${target_pids[@]}")
  wait_until grep -q "^TracerPid:.$tracer$" "/proc/$pid/status"
  expect_of 5 as_nobody -- "$MMIODBG" maps -v -p "$pid"
  err_has "already traced by process $tracer (strace)"
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  one_diagnostic
}

@test "a process that gdb has stopped: plain reads and writes work" {
  need_users
  need gdb
  target_start anon,len=4096
  tell store 0 32 0 0x12345678
  mkfifo to.gdb
  gdb -q -nx -p "$pid" <to.gdb >gdb.out 2>&1 3>&- &
  tracer=$!
  # It must let go before the target can end.
  target_pids=("$tracer" "${target_pids[@]}")
  exec {to_gdb}>to.gdb
  wait_until grep -q "^TracerPid:.$tracer$" "/proc/$pid/status"
  wait_until state_is "$pid" t
  expect 0 read -p "$pid" "${map[0]}"
  out_has 0x12345678
  expect 0 write --force -p "$pid" "${map[0]}=0x87654321"
  expect 0 maps -v -p "$pid"
  expect 0 info -p "$pid" "${map[0]}"
  out_has "process $tracer"
  for option in --attach --stop; do
    for command in "read" "write --force"; do
      # shellcheck disable=SC2086 # words
      expect_of 5 "$MMIODBG" $command $option -p "$pid" \
        "${map[0]}$([ "$command" = read ] || echo '=1')"
      one_diagnostic
      err_is "mmiodbg: attaching to process $pid, which process $tracer (gdb)\
 traces already: Operation not permitted; through the kernel's path (--via\
 kernel, without --attach and --stop) it can be read and written all the same"
    done
  done
  # It is no cause of a refusal that has another one.
  expect_of 5 as_nobody -- "$MMIODBG" read -v -p "$pid" "${map[0]}"
  err_has 'belongs to user 0' "already traced by process $tracer (gdb)"
  expect_of 5 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
  one_diagnostic
  state_is "$pid" t
  printf 'detach\nquit\n' >&"$to_gdb"
  exec {to_gdb}>&-
  tell load 0 32 0
  [ "$answer" = 'value 0x87654321' ]
}

@test "Yama, here" {
  local scope=0

  [ ! -e /proc/sys/kernel/yama/ptrace_scope ] ||
    read -r scope </proc/sys/kernel/yama/ptrace_scope
  need_users
  target_of_nobody
  # It is not asked who may look.
  expect_of 0 as_nobody -- "$MMIODBG" maps -v -p "$pid"
  if [ "$scope" = 0 ]; then
    expect_of 0 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
  else
    expect_of 5 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
    denied 'opening the memory' "Yama scope $scope"
  fi
}

# closed_process FILE...: a tree with a process of which these cannot be opened.
# The kernel lets nobody see the link ns/user who may not look.
closed_process() {
  local file

  tree_begin
  mkdir -p "$tree/proc/sys/kernel/yama" "$tree/proc/self/ns"
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-p 0 '[heap]' 'rd wr mr mw me ac sd '
  echo '         0          0 4294967295' >"$tree/proc/self/uid_map"
  cp "$tree/proc/self/uid_map" "$process/uid_map"
  ln -s 'user:[4026531837]' "$tree/proc/self/ns/user"
  ln -s 'user:[4026531837]' "$process/ns/user"
  for file; do
    chmod 0 "$process/$file"
  done
  pid=100
  plain=() capable=()
  if [ $EUID = 0 ]; then
    need setpriv
    plain=(without 'dac_override,dac_read_search,sys_ptrace')
    capable=(without 'dac_override,dac_read_search')
  fi
}

# The user namespace that we are in, in the tree
inside() {
  ln -sfn 'user:[4026532555]' "$tree/proc/self/ns/user"
  echo '         0     100000      65536' >"$tree/proc/self/uid_map"
}

# line_starts CAUSE HELP: how "run as root, or with" goes on, and whether it
# stands there, depends on who we are
line_starts() {
  denied "$what of process 100$1: Permission denied; $2"
}

@test "Yama, in a captured tree" {
  closed_process mem
  local scope
  local -a causes=([1]='only its ancestors may' [2]='only CAP_SYS_PTRACE may'
    [3]='nobody may until the next boot')

  what='opening the memory'
  for scope in 1 2 3; do
    echo $scope >"$tree/proc/sys/kernel/yama/ptrace_scope"
    expect_of 5 "${plain[@]}" "$MMIODBG" read -p 100 0x10000000
    line_starts ": ${causes[scope]} (Yama scope $scope)" r
    expect_of 0 "${plain[@]}" "$MMIODBG" maps -v -p 100
  done
  expect_of 5 "${plain[@]}" "$MMIODBG" read -p 100 0x10000000
  err_has 'reboot with another kernel.yama.ptrace_scope'
  echo 2 >"$tree/proc/sys/kernel/yama/ptrace_scope"
  expect_of 5 "${plain[@]}" "$MMIODBG" read -p 100 0x10000000
  err_has 'or set kernel.yama.ptrace_scope to 0'
  nowhere err PR_SET_PTRACER
  echo 1 >"$tree/proc/sys/kernel/yama/ptrace_scope"
  expect_of 5 "${plain[@]}" "$MMIODBG" read -p 100 0x10000000
  err_has 'or set kernel.yama.ptrace_scope to 0' PR_SET_PTRACER
  # Of who may look it is not the cause.
  chmod 0 "$process/maps" "$process/ns"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  denied
  nowhere err Yama
  need_root
  chmod 755 "$process/ns"
  chmod 600 "$process/maps"
  expect_of 5 "${capable[@]}" "$MMIODBG" read -p 100 0x10000000
  denied 'a security module forbids it'
  nowhere err Yama
  echo 3 >"$tree/proc/sys/kernel/yama/ptrace_scope"
  expect_of 5 "${capable[@]}" "$MMIODBG" read -p 100 0x10000000
  denied 'Yama scope 3' 'until the next boot'
}

@test "another user namespace, in a captured tree" {
  closed_process maps ns
  echo '         0     100000      65536' >"$process/uid_map"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  line_starts ', which is in another user namespace (a container)' \
    'run as the user who made it, '
  # What its capabilities are worth there is not the question.
  sed -i 's/^CapPrm:.*/CapPrm:	000001ffffffffff/' "$process/status"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  line_starts ', which is in another user namespace (a container)' \
    'run as the user who made it, '
  sed -i 's/^Uid:.*/Uid:	100000	100000	100000	100000/' "$process/status"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  line_starts ", which belongs to user 100000 (we are $EUID) in another user\
 namespace (a container)" 'run '
  nowhere err 'as that user'
}

@test "outside of our user namespace, in a captured tree" {
  closed_process maps ns
  inside
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  line_starts ', which is in another user namespace (a container)' \
    'run outside of ours, as root'
  # Somebody who is nobody here.
  sed -i 's/^Uid:.*/Uid:	65536	65536	65536	65536/' "$process/status"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  line_starts ", which is outside of the user namespace (the container) that we\
 are in" 'run outside of it, as root or as the user of the process'
  sed -i 's/^Uid:.*/Uid:	65535	65535	65535	65535/' "$process/status"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  denied 'belongs to user 65535'
  need_root
  expect_of 5 "${capable[@]}" "$MMIODBG" maps -p 100
  line_starts ", which is outside of the user namespace (the container) that we\
 are in: our CAP_SYS_PTRACE does not count there" \
    'run outside of it, as root or as the user of the process'
}

@test "nothing of that: a security module" {
  closed_process maps ns
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  line_starts ": it is not dumpable (PR_SET_DUMPABLE), or a security module\
 forbids it" 'run '
  chmod 755 "$process/ns"
  chmod 600 "$process/maps"
  chmod 0 "$process/mem"
  expect_of 5 "${plain[@]}" "$MMIODBG" read -p 100 0x10000000
  what='opening the memory'
  line_is ': a security module forbids it' "see the kernel log and the policy of\
 the security module (AppArmor, SELinux, Landlock)"
  expect_of 0 "${plain[@]}" "$MMIODBG" info -p 100 0x10000000
}

@test "the order of the diagnosis" {
  closed_process maps ns
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  denied 'a security module'
  sed -i 's/^CapPrm:.*/CapPrm:	000001ffffffffff/' "$process/status"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  denied 'capabilities that we lack: '
  sed -i 's/^Uid:.*/Uid:	1234	1234	1234	1234/' "$process/status"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  denied 'belongs to user 1234'
  # A kernel thread.
  echo '100 (app) S 2 0 0 0 -1 2129984 0 0' >"$process/stat"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  one_diagnostic
  err_has 'kernel thread'
}

# What the root of a user namespace meets
away=', which is outside of the user namespace (the container) that we are in'
outside='run outside of it, as root or as the user of the process'

@test "from a container, a process outside" {
  can_unshare || return 0
  target_start anon,len=4096
  for command in "maps" "read ${map[0]}" "write ${map[0]}=1" \
    "info ${map[0]}"; do
    # shellcheck disable=SC2086 # words
    expect_of 5 unshare --user --map-root-user "$MMIODBG" $command -p "$pid"
    line_is "$away: our CAP_SYS_PTRACE does not count there" "$outside"
  done
  # Without an id of its own, and so without capabilities.
  expect_of 5 unshare --user "$MMIODBG" maps -p "$pid"
  line_is "$away" "$outside"
  skip_yama
  expect 0 read -p "$pid" "${map[0]}"
}

@test "from a container, a process in another one that looks the same" {
  can_unshare || return 0
  target_launch unshare --user --map-root-user "$MMIOTARGET" anon,len=4096
  expect_of 5 unshare --user --map-root-user "$MMIODBG" maps -p "$pid"
  line_is "$away: our CAP_SYS_PTRACE does not count there" "$outside"
  skip_yama
  expect 0 read -p "$pid" "${map[0]}"
}

@test "a process in a container, for others than who made it" {
  need_users
  can_unshare || return 0
  target_launch unshare --user --map-root-user "$MMIOTARGET" anon,len=4096
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  line_is ", which belongs to user 0 (we are $nobody) in another user\
 namespace (a container)" "$privileged"
}

@test "a whole container: from outside as any, from inside its own" {
  need_users
  can_unshare || return 0
  local inner

  mkfifo shell
  # shellcheck disable=SC2016 # of the inner shell
  target_launch unshare --user --map-root-user --pid --fork --kill-child \
    --mount-proc bash -c '"$@" <&0 & read -r line <shell && eval "$line"; wait' - \
    "$MMIOTARGET" anon,len=4096
  # It says what its number is there.
  inner=$pid
  target_pids=("${target_pids[@]:0:1}")
  for pid in /proc/[0-9]*; do
    [ "$(readlink "$pid/exe")" != "$MMIOTARGET" ] || break
  done
  pid=${pid#/proc/}
  target_pids+=("$pid")
  grep -qx "NSpid:.$pid.$inner" "/proc/$pid/status"
  expect_of 5 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
  denied 'belongs to user 0' 'in another user namespace (a container)'
  expect 0 read -p "$pid" "${map[0]}"
  echo "'$MMIODBG' read -p $inner ${map[0]} >in.out 2>&1; \
    '$MMIODBG' read -p 999999 0x1000 >none.out 2>&1; echo \$? >none" >shell
  wait_until [ -s none ]
  grep -q ' = 0x00000000' in.out
  [ "$(<none)" = 4 ]
  grep -q 'there is no process 999999' none.out
}

# A process of a user of the container that nobody else is outside: as podman
# and others make them.
@test "a process in one's own container, of a user that one is not" {
  need_users
  need nsenter
  can_unshare || return 0
  local first

  mkfifo gate
  chmod 666 gate
  # shellcheck disable=SC2016 # of the inner shell
  setpriv --reuid $nobody --regid $nobody --clear-groups \
    unshare --user --keep-caps bash -c 'read -r _ <"$1"
    exec setpriv --reuid 1 --regid 1 --clear-groups "$2" anon,len=4096 <>"$3" \
      >"$4"' - gate "$MMIOTARGET" to out.target 3>&- 2>target.err &
  first=$!
  target_pids+=("$first")
  other_namespace() {
    [ "$(readlink "/proc/$first/ns/user")" != "$(readlink /proc/self/ns/user)" ]
  }
  wait_until other_namespace
  # The kernel wants it in one piece.
  printf '%s\n' "0 $nobody 1" '1 100000 10' >ids
  dd bs=4096 if=ids of="/proc/$first/uid_map" status=none
  dd bs=4096 if=ids of="/proc/$first/gid_map" status=none
  mkfifo to out.target
  chmod 666 to out.target
  echo >gate
  exec {from_target}<>out.target
  read -r -t 60 -u "$from_target" _ _ 'map[0]' _
  read -r -t 60 -u "$from_target" _ pid
  [ "$pid" = "$first" ]
  skip_yama
  expect_of 0 as_nobody -- "$MMIODBG" maps -v -p "$pid"
  expect_of 5 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
  what='opening the memory'
  line_is ", whose files in /proc belong to user 100000 (we are $nobody)" \
    "run as root, or with CAP_DAC_OVERRIDE, or in its user namespace (nsenter\
 -U -t $pid)"
  expect_of 0 as_nobody -- nsenter -U -t "$pid" "$MMIODBG" read -p "$pid" \
    "${map[0]}"
}

@test "as JSON" {
  need_users
  need jq
  target_start anon,len=4096
  expect_of 5 as_nobody -- "$MMIODBG" read --json -p "$pid" "${map[0]}"
  jq_is '.error.kind, (.error.errno | tostring)' $'denied\n13'
  one_diagnostic_err
}

@test "maps of all passes over the others' and counts them" {
  need_users
  target_start anon,len=4096
  expect_of 0 as_nobody -- "$MMIODBG" maps -v
  err_matches 'mmiodbg: [0-9]+ process(es)? could not be looked at .*'
  expect_of 1 as_nobody -- "$MMIODBG" maps 03:1f.7
  err_has 'among the processes that we may look at'
}

@test "a program that was given privilege takes no captured tree" {
  need_users
  [ "$(head -c 2 mmiodbg)" != '#!' ] || skip 'a script is run without its s bit'
  tree_begin
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-s 0 /dev/trap
  cp "$MMIODBG" privileged
  chmod 4755 privileged
  expect_of 0 as_nobody -- "$MMIODBG" maps -p 100 -o DEVICE --noheadings
  out_is file:/dev/trap
  cp "$(command -v id)" id
  chmod 4755 id
  # Where the s bit means nothing, there is nothing to be seen.
  [ "$(as_nobody -- ./id -u)" = 0 ] || return 0
  status=0
  as_nobody -- ./privileged maps -p 100 >out 2>err </dev/null || status=$?
  nowhere out /dev/trap
}
