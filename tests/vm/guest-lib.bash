# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC1007,SC2317 # the words are for case scripts
#
# guest-lib.bash SCRIPT: the words in which cases are written; runs SCRIPT
#
# The README explains the words. Everything that happens is written to
# $VM_OUT/results at once, a line each, for check.awk, which compares it with
# what the devices saw:
#
#   device NAME START LENGTH REGION   where a device's BAR is
#   case N LINE TITLE                 a case begins, at that line of SCRIPT
#   fail N TEXT                       a check inside the guest failed
#   bus N DEVICE OP OFFSET SIZE VALUE|- MIN MAX|- STEP
#   bus_none N, bus_any N             what the devices should have seen
#   kernel_log N any|TEXT             what the kernel log may or must have
#   skip N REASON, todo N REASON
#   end N                             the case is complete
#
# A fork costs 20 ms or more here: nothing below starts a program needlessly.

exec 8>>"$VM_OUT/results" 9>/dev/kmsg

WORK=/dev/shm
SYS=/sys/bus/pci/devices
MMIODBG=${MMIODBG:-}
MMIOTARGET=${MMIOTARGET:?}
export MMIODBG MMIOTARGET

# What the last command left behind.
STDOUT= STDERR= STATUS= REPLY=

_case=0      # the number of the case
_open=       # not empty: we are in one
_targets=0
declare -A _in _out _process

# _result WORDS...: one line for check.awk
_result()
{
  local text="$*"

  printf '%s\n' "${text//$'\n'/\\n}" >&8
}

# fail TEXT: the case fails; it goes on nevertheless
fail()
{
  _result "fail $_case $*"
}

# A misspelt word must not be a check less.
command_not_found_handle()
{
  _result "fail $_case no such command: $1"
  return 127
}

# _mark KIND: writes the current case's mark into the trace
_mark()
{
  local value

  printf -v value '0x6d%s%04x' "$1" "$_case"
  tell MARKER mark "$value"
  [[ $REPLY == ok ]] || fail "mark: $REPLY"
}

# Cases

case_begin()
{
  if [[ $_open ]]; then
    fail "case_end is missing"
    case_end
  fi
  _case=$((_case + 1))
  _open=1
  STDOUT= STDERR= STATUS=
  _result "case $_case ${BASH_LINENO[0]} $*"
  printf '# %d %s\n' "$_case" "$*"
  printf '<6>mmiodbg-vm: case %d begin\n' "$_case" >&9
  _mark b0
}

case_end()
{
  _mark e0
  printf '<6>mmiodbg-vm: case %d end\n' "$_case" >&9
  _result "end $_case"
  _open=
}

case_skip()
{
  _result "skip $_case $*"
}

case_todo()
{
  _result "todo $_case $*"
}

# unwatched COMMAND...: what the devices see meanwhile does not count
unwatched()
{
  local status=0

  _mark f0
  "$@" || status=$?
  _mark f1
  return "$status"
}

# Commands

# run STATUS COMMAND...: STATUS may be "any"; stdin is empty
run()
{
  local expected=$1

  shift
  printf '$ %s\n' "$*"
  STATUS=0
  "$@" </dev/null >"$WORK/stdout" 2>"$WORK/stderr" || STATUS=$?
  _slurp STDOUT "$WORK/stdout"
  _slurp STDERR "$WORK/stderr"
  _judge "$expected" "$@"
}

# run_held STATUS HOOK COMMAND...: as run; but when COMMAND has something to say
# on standard error, HOOK (words of the shell) runs before it can go on: the
# pipe there is full.
run_held()
{
  local expected=$1 hook=$2 pipe process number file line
  local deadline=$((SECONDS + 20)) write=1

  shift 2
  [[ $HOSTTYPE != aarch64 ]] || write=64
  printf '$ %s    # held: %s\n' "$*" "$hook"
  exec {pipe}<>"$WORK/pipe"
  printf '%65536s' '' >&"$pipe"
  "$@" </dev/null >"$WORK/stdout" 2>&"$pipe" &
  process=$!
  # In write(2), on standard error?
  while ! { read -r number file _ <"/proc/$process/syscall" &&
    [[ "$number $file" == "$write 0x2" ]]; } 2>/dev/null; do
    if ((SECONDS > deadline)) || [[ ! -d /proc/$process ]]; then
      fail "run_held: it never waited: $*"
      break
    fi
    read -r -t 0.01 <>"$WORK/never"
  done
  eval "$hook"
  head -c 65536 <&"$pipe" >/dev/null
  STATUS=0
  wait "$process" || STATUS=$?
  _slurp STDOUT "$WORK/stdout"
  STDERR=
  while IFS= read -r -d '' -t 0.2 -u "$pipe" line || [[ $line ]]; do
    STDERR+=$line
  done
  exec {pipe}>&-
  _judge "$expected" "$@"
}

# _judge EXPECTED COMMAND...: what became of COMMAND
_judge()
{
  local expected=$1 line

  shift
  printf '%s%s' "$STDOUT" "$STDERR"
  if [[ $expected != any && $STATUS != "$expected" ]]; then
    fail "exit status $STATUS, expected $expected: $*"
    while read -r line; do
      fail "  stderr: $line"
    done <<<"$STDERR"
  fi
}

# _slurp NAME FILE: reads all of FILE, without a fork
_slurp()
{
  IFS= read -r -d '' "$1" <"$2" || :
}

# _lines TEXT...: sets _text to the texts, a line each
_lines()
{
  _text=
  (($# == 0)) || printf -v _text '%s\n' "$@"
}

stdout_is()
{
  _lines "$@"
  [[ $STDOUT == "$_text" ]] || fail "stdout is '$STDOUT', expected '$_text'"
}

stdout_has()
{
  [[ $STDOUT == *"$1"* ]] || fail "stdout '$STDOUT' lacks '$1'"
}

stdout_hasnt()
{
  [[ $STDOUT != *"$1"* ]] || fail "stdout '$STDOUT' has '$1'"
}

# stdout_like REGEX: an extended regular expression over all of it
stdout_like()
{
  [[ $STDOUT =~ $1 ]] || fail "stdout '$STDOUT' is not like '$1'"
}

stderr_is()
{
  _lines "$@"
  [[ $STDERR == "$_text" ]] || fail "stderr is '$STDERR', expected '$_text'"
}

stderr_has()
{
  [[ $STDERR == *"$1"* ]] || fail "stderr '$STDERR' lacks '$1'"
}

stderr_hasnt()
{
  [[ $STDERR != *"$1"* ]] || fail "stderr '$STDERR' has '$1'"
}

stderr_like()
{
  [[ $STDERR =~ $1 ]] || fail "stderr '$STDERR' is not like '$1'"
}

# check "WHAT" TEST...: for anything else
check()
{
  local what=$1

  shift
  "$@" || fail "$what"
}

# The bus

# bus DEVICE OP OFFSET SIZE [VALUE] [xCOUNT[-[MAX]][+STEP]]
bus()
{
  local usage="bus $*" device=${1:-} op=${2:-} offset=${3:-} size=${4:-}
  local value=- min=1 max=1 step word

  if (($# < 4)) || [[ ! -v _device[$device] ]] ||
    [[ $op != @(r|w|r-refused|w-refused) || $size != [1248] ||
      ! $offset =~ ^(0x[0-9a-fA-F]+|[0-9]+)$ ]]; then
    fail "not understood: $usage"
    return
  fi
  step=$size
  shift 4
  for word; do
    if [[ $word =~ ^x([0-9]+)(-([0-9]*))?(\+(0x[0-9a-f]+|[0-9]+))?$ ]]; then
      min=${BASH_REMATCH[1]} max=${BASH_REMATCH[1]}
      [[ ! ${BASH_REMATCH[2]} ]] || max=${BASH_REMATCH[3]:--}
      [[ ! ${BASH_REMATCH[4]} ]] || step=$((BASH_REMATCH[5]))
    elif [[ $word =~ ^0x[0-9a-fA-F]+$ ]]; then
      value=$word
    else
      fail "not understood: $usage"
    fi
  done
  _result "bus $_case $device $op $((offset)) $size $value $min $max $step"
}

bus_none()
{
  _result "bus_none $_case"
}

bus_any()
{
  _result "bus_any $_case"
}

kernel_log_any()
{
  _result "kernel_log $_case any"
}

kernel_log_has()
{
  _result "kernel_log $_case $*"
}

# Targets

# target_start NAME SPEC...: a mmiotarget. Its pid is in $NAME afterwards, the
# addresses of its mappings are in the array NAME_AT.
target_start()
{
  local name=$1 process in out word rest
  local -n pid=$1 at=$1_AT

  shift
  in=$WORK/in.$_targets out=$WORK/out.$_targets
  _targets=$((_targets + 1))
  [[ -p $in ]] || mkfifo "$in" "$out"
  # Both ends here, so that opening does not wait.
  exec {in}<>"$in" {out}<>"$out"
  "$MMIOTARGET" "$@" <&"$in" >&"$out" 8>&- 9>&- &
  process=$!
  _in[$name]=$in _out[$name]=$out _process[$name]=$process
  # shellcheck disable=SC2034 # a reference
  pid=$process at=()
  while _answer "$name"; do
    read -r word rest <<<"$REPLY"
    case $word in
    map)
      read -r _ rest _ <<<"$rest"
      at+=("$rest")
      ;;
    ready)
      return 0
      ;;
    esac
  done
  fail "target_start $name: $REPLY"
  return 1
}

# _answer NAME: the next line from a target, in REPLY
_answer()
{
  local tries part=

  for ((tries = 0; tries < 20; tries++)); do
    if read -r -t 1 -u "${_out[$1]}" REPLY; then
      REPLY=$part$REPLY
      return 0
    fi
    # The time may be over in the middle of a line.
    part+=$REPLY
    [[ -d /proc/${_process[$1]} ]] || break
  done
  REPLY="error: no answer from $1"
  return 1
}

# tell NAME COMMAND...: one line to a target; its answer is in REPLY
tell()
{
  if [[ ! -v _in[$1] ]]; then
    fail "tell: no target $1"
    return 1
  fi
  printf '%s\n' "${*:2}" >&"${_in[$1]}"
  _answer "$1"
}

reply_is()
{
  [[ $REPLY == "$*" ]] || fail "the target answers '$REPLY', expected '$*'"
}

reply_has()
{
  [[ $REPLY == *"$*"* ]] || fail "the target answers '$REPLY', lacks '$*'"
}

# flags_are NAME PATH FLAG...: VmFlags of all mappings of that path in a target
flags_are()
{
  local process=${_process[$1]} path=$2 line current='' seen=

  shift 2
  while read -r line; do
    case $line in
    [0-9a-f]*-[0-9a-f]*\ *) current=${line##* } ;;
    VmFlags:*)
      [[ $current == "$path" ]] || continue
      seen=1
      [[ $line == "VmFlags: $*" ]] || fail "$path has $line, expected $*"
      ;;
    esac
  done <"/proc/$process/smaps"
  check "$path is mapped" [ "$seen" ]
}

# target_stop NAME: ends it
target_stop()
{
  local in=${_in[$1]} out=${_out[$1]}

  kill -KILL "${_process[$1]}" 2>/dev/null
  wait "${_process[$1]}" 2>/dev/null
  exec {in}>&- {out}>&-
  unset "_in[$1]" "_out[$1]" "_process[$1]"
}

# Devices

# sysfs VALUE FILE: writes it
sysfs()
{
  echo "$1" >"$2" || fail "sysfs $*"
}

# enable DEVICE...: so that its BARs answer without a driver
enable()
{
  local bdf

  for bdf; do
    sysfs 1 "$SYS/$bdf/enable"
  done
}

# For each device of this guest: its PCI address in a variable of its name in
# capitals, the physical address and length of the BAR in NAME_BASE, NAME_SIZE.
declare -A _device
_find_devices()
{
  local name id bar region path vendor device start end flags line

  while read -r name id bar region; do
    for path in "$SYS"/*; do
      read -r vendor <"$path/vendor"
      read -r device <"$path/device"
      [[ ${vendor#0x}:${device#0x} == "$id" ]] || continue
      line=0
      while read -r start end flags; do
        ((line++ == bar)) && break
      done <"$path/resource"
      printf -v "${name^^}" '%s' "${path##*/}"
      printf -v "${name^^}_BASE" '%s' "$start"
      printf -v "${name^^}_SIZE" '%s' "$((end - start + 1))"
      _device[$name]=${path##*/}
      _result "device $name $((start)) $((end - start + 1)) $region"
      : "$flags"
    done
    [[ -v _device[$name] ]] || fail "$name: no such device here"
  done <"$VM_OUT/devices"
}

_find_devices
mkfifo "$WORK"/{in,out}.{0..15} "$WORK"/{pipe,never}
enable "$EDU"
target_start MARKER "$SYS/$EDU/resource0,len=4096" || exit 1

# shellcheck source=/dev/null
. "$1"

if [[ $_open ]]; then
  fail "case_end is missing"
  exit 1
fi
exit 0
