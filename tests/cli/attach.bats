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

@test "another user's process" {
  need_users
  target_start anon,len=4096
  for command in "maps" "read ${map[0]}" "write ${map[0]}=1" \
    "info ${map[0]}"; do
    # shellcheck disable=SC2086 # words
    expect_of 5 as_nobody -- "$MMIODBG" $command -p "$pid"
    denied 'belongs to user 0' "we are $nobody" 'as root'
  done
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
  target_launch setpriv --reuid $nobody --regid $nobody --clear-groups \
    "$MMIOTARGET" anon,len=4096
  expect_of 5 setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace \
    "$MMIODBG" read -p "$pid" "${map[0]}"
  denied "belongs to user $nobody" 'we are 0' CAP_SYS_PTRACE
  expect 0 read -p "$pid" "${map[0]}"
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
  denied 'capabilities that we lack: cap_net_admin, cap_sys_nice'
  expect_of 5 as_nobody --inh-caps +net_admin --ambient-caps +net_admin -- \
    "$MMIODBG" read -p "$pid" "${map[0]}"
  denied 'capabilities that we lack: cap_sys_nice'
  nowhere err cap_net_admin
  expect_of 0 as_nobody --inh-caps +sys_ptrace --ambient-caps +sys_ptrace -- \
    "$MMIODBG" read -p "$pid" "${map[0]}"
}

@test "a process that is not dumpable" {
  need_users
  target_launch setpriv --reuid $nobody --regid $nobody --clear-groups \
    "$MMIOTARGET" anon,len=4096
  tell dumpable 0
  for command in "maps" "read ${map[0]}" "info ${map[0]}"; do
    # shellcheck disable=SC2086 # words
    expect_of 5 as_nobody -- "$MMIODBG" $command -p "$pid"
    denied 'not dumpable'
  done
  expect 0 read -p "$pid" "${map[0]}"
  skip_yama
  tell dumpable 1
  expect_of 0 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
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
  expect_of 5 setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace \
    "$MMIODBG" read -p "$pid" "${map[0]}"
  # /proc/PID is root's either way; it may be said with less certainty.
  denied dumpable
}

@test "a process that is traced already, and who traces it" {
  need_users
  need strace
  target_start anon,len=4096
  strace -qq -o /dev/null -p "$pid" 3>&- &
  tracer=$!
  target_pids+=("$tracer")
  wait_until grep -q "^TracerPid:.$tracer$" "/proc/$pid/status"
  expect_of 5 as_nobody -- "$MMIODBG" maps -v -p "$pid"
  err_has "already traced by process $tracer (strace)"
  expect_of 5 as_nobody -- "$MMIODBG" maps -p "$pid"
  one_diagnostic
}

@test "Yama, here" {
  local scope=0

  [ ! -e /proc/sys/kernel/yama/ptrace_scope ] ||
    read -r scope </proc/sys/kernel/yama/ptrace_scope
  need_users
  target_launch setpriv --reuid $nobody --regid $nobody --clear-groups \
    "$MMIOTARGET" anon,len=4096
  if [ "$scope" = 0 ]; then
    expect_of 0 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
  else
    expect_of 5 as_nobody -- "$MMIODBG" read -p "$pid" "${map[0]}"
    denied "Yama scope $scope"
  fi
}

# A tree with a process whose maps cannot be opened.
closed_process() {
  tree_begin
  mkdir -p "$tree/proc/sys/kernel/yama" "$tree/proc/self"
  tree_process 100 app
  tree_mapping 0x10000000 0x1000 rw-p 0 '[heap]' 'rd wr mr mw me ac sd '
  echo '         0          0 4294967295' >"$tree/proc/self/uid_map"
  cp "$tree/proc/self/uid_map" "$process/uid_map"
  chmod 0 "$process/maps"
  pid=100
  plain=() capable=()
  if [ $EUID = 0 ]; then
    need setpriv
    plain=(without 'dac_override,dac_read_search,sys_ptrace')
    capable=(without 'dac_override,dac_read_search')
  fi
}

# without CAPABILITIES COMMAND...
without() {
  local list=-${1//,/,-}

  shift
  setpriv --bounding-set "$list" --inh-caps "$list" "$@"
}

@test "Yama, in a captured tree" {
  closed_process
  local scope

  for scope in 1 2 3; do
    echo $scope >"$tree/proc/sys/kernel/yama/ptrace_scope"
    expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
    denied "Yama scope $scope"
  done
  need_root
  expect_of 5 "${capable[@]}" "$MMIODBG" maps -p 100
  denied 'Yama scope 3' 'until the next boot'
  echo 1 >"$tree/proc/sys/kernel/yama/ptrace_scope"
  expect_of 5 "${capable[@]}" "$MMIODBG" maps -p 100
  denied
  nowhere err Yama
}

@test "another user namespace, in a captured tree" {
  closed_process
  echo '         0     100000      65536' >"$process/uid_map"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  denied 'another user namespace'
}

@test "nothing of that: a security module" {
  closed_process
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  denied 'security module'
  chmod 600 "$process/maps"
  chmod 0 "$process/mem"
  expect_of 5 "${plain[@]}" "$MMIODBG" read -p 100 0x10000000
  denied 'opening the memory'
  expect_of 0 "${plain[@]}" "$MMIODBG" info -p 100 0x10000000
}

@test "the order of the diagnosis" {
  closed_process
  echo 1 >"$tree/proc/sys/kernel/yama/ptrace_scope"
  echo '         0     100000      65536' >"$process/uid_map"
  expect_of 5 "${plain[@]}" "$MMIODBG" maps -p 100
  denied 'Yama scope 1'
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

@test "a container" {
  # Where there is none to be made, the captured tree above has to do.
  unshare --user --map-root-user true 2>/dev/null || return 0
  target_start anon,len=4096
  expect_of 5 unshare --user --map-root-user "$MMIODBG" read -p "$pid" \
    "${map[0]}"
  denied namespace
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
