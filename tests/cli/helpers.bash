# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the command-line tests share; each file loads it.
#
# A test runs in $BATS_TEST_TMPDIR and writes nowhere else. It starts targets
# with target_start and looks at them with `expect STATUS ARGUMENTS...`, which
# runs mmiodbg and leaves its output in the files `out` and `err`.
#
# Environment: top_builddir; MMIODBG and MMIOTARGET instead of the programs
# there; CI=true if a missing tool is a failure and no reason to skip.

bats_require_minimum_version 1.5.0

# shellcheck source=tests/target/narrow.bash
. "$BATS_TEST_DIRNAME/../target/narrow.bash"

: "${top_builddir:=.}"
: "${MMIODBG:=$top_builddir/mmiodbg}"
: "${MMIOTARGET:=$top_builddir/tests/target/mmiotarget}"
[[ $MMIODBG == /* ]] || MMIODBG=$PWD/$MMIODBG
[[ $MMIOTARGET == /* ]] || MMIOTARGET=$PWD/$MMIOTARGET
our_group=$(id -g)
schema=$BATS_TEST_DIRNAME/../../schema/mmiodbg.schema.json

unset MMIODBG_PID MMIODBG_SYSROOT NO_COLOR
export LC_ALL=C.UTF-8
export TZ=UTC

# Processes and descriptors of this test's targets.
target_pids=()

setup() {
  cd -P "$BATS_TEST_TMPDIR" || return
  work=$PWD
  tree=$work/tree
  if declare -F prepare >/dev/null; then
    prepare
  fi
}

teardown() {
  local failed=0

  if declare -F finish >/dev/null; then
    finish || failed=1
  fi
  end_targets
  return $failed
}

end_targets() {
  local pid

  for pid in "${target_pids[@]}"; do
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
}

# fail WORDS...: ends the test
fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# need TOOL...: skips without it, but not in CI
need() {
  local tool

  for tool; do
    command -v "$tool" >/dev/null && continue
    [ "${CI:-}" != true ] || fail "no $tool"
    skip "no $tool"
  done
}

# need_narrow OPTION...: skips where no program for 32 bits runs; else `narrow` is
# mmionarrow, compiled with these
need_narrow() {
  case $(uname -m) in
  x86_64 | i?86) ;;
  *) skip 'no x86' ;;
  esac
  need gcc
  narrow_build narrow "$@"
  ! narrow_refused ./narrow 20 || skip "$no_narrow"
}

# need_root: skips the rest where only root can go on
need_root() {
  [ $EUID != 0 ] || return 0
  [ "${CI:-}" != true ] || fail "the tests must run as root in CI"
  skip "only root can do this"
}

# wait_until COMMAND...: until it succeeds, at most a minute
wait_until() {
  local - && set +T
  local end=$((SECONDS + 60))

  until "$@"; do
    [ $SECONDS -lt $end ] || fail "waited in vain: $*"
    sleep 0.01
  done
}

# within SECONDS COMMAND...: it takes no longer; a slow run (valgrind) may set
# MMIODBG_TEST_PATIENCE to a factor
within() {
  local limit=$(($1 * ${MMIODBG_TEST_PATIENCE:-1})) before=$SECONDS

  shift
  "$@"
  [ $((SECONDS - before)) -le $limit ] || fail "more than $limit seconds: $*"
}

# state_is PID LETTERS: of /proc/PID/stat
state_is() {
  local stat

  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  stat=${stat##*) }
  [[ ${stat:0:1} == ["$2"] ]]
}

is_gone() {
  [ ! -e "/proc/$1" ]
}

# Files. What stands here and below turns off the trap that bats has for each
# command of a test: it takes longer than the commands do.

# pattern FILE: 8192 bytes, byte N of it is N modulo 256
pattern() {
  local - && set +T
  # shellcheck disable=SC2046,SC2059 # a format; words
  printf "$(printf '\\x%02x' {0..255})" >"$1.256"
  cat "$1.256"{,}{,}{,}{,}{,} >"$1"
}

# put_bytes FILE OFFSET HEX...: bytes like de ad
put_bytes() {
  local - && set +T
  local file=$1 offset=$(($2)) text

  shift 2
  printf -v text '\\x%s' "$@"
  # shellcheck disable=SC2059 # it is a format
  printf "$text" | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

# bytes_are FILE OFFSET HEX...
bytes_are() {
  local - && set +T
  local file=$1 offset=$(($2)) found

  shift 2
  found=$(od -An -v -tx1 -w$# -j "$offset" -N $# "$file")
  [ "$found" = " $*" ] || fail "$file at $offset: $found instead of $*"
}

# number WIDTH OFFSET: what `regs.before` has there, as mmiodbg writes it
number() {
  local - && set +T
  echo "0x$(od -An -v -tx$(($1 / 8)) -j $(($2)) -N $(($1 / 8)) regs.before |
    tr -d ' ')"
}

byte_order() {
  case $(printf '\1\0' | od -An -tu2) in
  *256) echo big ;;
  *) echo little ;;
  esac
}

# same FILE [COPY]: nothing was written to it since COPY was made
same() {
  cmp "$1" "${2:-$1.before}" || fail "$1 was changed"
}

# region PATH: as @ takes it
region() {
  local path=${1//\\/\\\\}

  path=${path//+/\\+}
  path=${path//=/\\=}
  path=${path//../\\.\\.}
  echo "@file:$path"
}

# Targets

# target_start SPEC...: starts mmiotarget. Sets `pid`, `map[i]` (addresses) and
# the descriptors that `tell` uses; the last one started is told.
target_start() {
  target_launch "$MMIOTARGET" "$@"
}

# target_launch COMMAND...: the same, if COMMAND comes to be mmiotarget
target_launch() {
  local - && set +T
  local number=${#target_pids[@]} line

  mkfifo "to.$number" "from.$number"
  # To look for leaks at its end, it would trace itself.
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    "$@" <"to.$number" >"from.$number" 2>"target.$number.err" 3>&- &
  target_pids+=($!)
  exec {to_target}>"to.$number" {from_target}<"from.$number"
  map=()
  pid=
  while IFS= read -r -t 60 -u "$from_target" line; do
    case $line in
    'map '*)
      line=${line#map * }
      map+=("${line%% *}")
      ;;
    'ready '*)
      pid=${line#ready }
      [ "$pid" = "${target_pids[-1]}" ] || target_pids+=("$pid")
      return
      ;;
    esac
  done
  fail "no target: $(cat "target.$number.err")"
}

# target_orphan SPEC...: a target whose parent does not wait for it
target_orphan() {
  # shellcheck disable=SC2016 # of the inner shell
  target_launch bash -c '"$@" <&0 & exec sleep 600' - "$MMIOTARGET" "$@"
}

# tell WORDS...: a command to the target; its answer is in `answer`
tell() {
  printf '%s\n' "$*" >&"$to_target"
  answer=
  IFS= read -r -t 60 -u "$from_target" answer || fail "no answer to '$*'"
  [[ $answer != error* ]] || fail "$*: $answer"
}

# target_ends: its process is gone, and waited for
target_ends() {
  wait "$pid" 2>/dev/null || :
  wait_until is_gone "$pid"
}

# The program

# expect STATUS ARGUMENTS...: runs mmiodbg, into `out` and `err`
expect() {
  local - && set +T
  local wanted=$1

  shift
  expect_of "$wanted" "$MMIODBG" "$@"
}

# expect_of STATUS COMMAND...: runs any command so
expect_of() {
  local - && set +T
  local wanted=$1

  shift
  status=0
  "$@" >out 2>err </dev/null 3>&- || status=$?
  [ "$status" = "$wanted" ] || {
    printf 'status %s instead of %s of: ' "$status" "$wanted"
    printf '%.200q ' "$@"
    printf '\n'
    show out err
    return 1
  }
  [ -z "${MMIODBG_TEST_JSON:-}" ] || keep_json "$@"
}

# keep_json COMMAND...: what it printed, in the folder MMIODBG_TEST_JSON, if that
# is JSON
keep_json() {
  local word form=

  for word; do
    case $word in
    --json | --jsonl) form=${word#--} ;;
    --) break ;;
    esac
  done
  [ ! -s out ] || [ -z "$form" ] ||
    cp out "$(mktemp "$MMIODBG_TEST_JSON/XXXXXX.$form")"
}

show() {
  local file

  for file; do
    printf -- '--- %s\n' "$file"
    head -c 1000 "$file" | sed -n l
  done
}

# out_is LINES...: standard output, exactly; without any, it is empty
out_is() {
  file_is out "$@"
}

err_is() {
  file_is err "$@"
}

# content FILE: of it, in `content`
content() {
  IFS= read -r -d '' content <"$1" || :
}

file_is() {
  local - && set +T
  local LC_ALL=C file=$1 content wanted=

  shift
  [ $# = 0 ] || printf -v wanted '%s\n' "$@"
  content "$file"
  [ "$content" = "$wanted" ] && return
  printf -- '--- wanted\n%s' "$wanted"
  show "$file"
  return 1
}

# out_has TEXT...: each occurs in it
out_has() {
  file_has out "$@"
}

err_has() {
  file_has err "$@"
}

file_has() {
  local - && set +T
  local LC_ALL=C file=$1 content text

  shift
  content "$file"
  for text; do
    [[ $content != *"$text"* ]] || continue
    echo "nowhere: $text"
    show "$file"
    return 1
  done
}

# nowhere FILE TEXT...: none of them occurs in it
nowhere() {
  local - && set +T
  local LC_ALL=C file=$1 content text

  shift
  content "$file"
  for text; do
    [[ $content == *"$text"* ]] || continue
    show "$file"
    fail "$file has $text"
  done
}

# out_matches REGEX...: each matches a whole line
out_matches() {
  file_matches out "$@"
}

err_matches() {
  file_matches err "$@"
}

file_matches() {
  local file=$1 regex

  shift
  for regex; do
    grep -qxE -e "$regex" "$file" || {
      echo "nowhere: $regex"
      show "$file"
      return 1
    }
  done
}

# One diagnostic, and nothing on standard output: a line that starts with
# "mmiodbg: ", and the two of the caret at most. It is short, UTF-8, and has
# nothing that a terminal would obey.
one_diagnostic() {
  local - && set +T
  [ ! -s out ] || {
    show out err
    fail 'standard output is not empty'
  }
  one_diagnostic_err
}

one_diagnostic_err() {
  local - && set +T
  local -a lines
  local LC_ALL=C content

  content err
  mapfile -t lines <err
  if [[ ${#lines[@]} != [13] || ${lines[0]} != 'mmiodbg: '?* ||
    ${#content} -gt 1000 ||
    (${#lines[@]} = 3 && ! (${lines[1]} == '  '* &&
    ${lines[2]} =~ ^'  '' '*\^~*$)) ]]; then
    show err
    fail 'not one short diagnostic'
  fi
  is_clean err
}

# is_clean FILE: it has nothing that a terminal would obey, and is UTF-8
is_clean() {
  local - && set +T
  local LC_ALL=C content

  content "$1"
  content=${content//$'\n'/}
  [[ $content == *[![:print:]]* ]] || return 0
  if [[ $content == *[[:cntrl:]]* ]] ||
    ! iconv -f UTF-8 -t UTF-8 <"$1" >/dev/null 2>&1; then
    show "$1"
    fail 'control characters, or not UTF-8'
  fi
}

# refused STATUS ARGUMENTS...: with one diagnostic
refused() {
  local - && set +T
  expect "$@"
  one_diagnostic
}

# jq_is FILTER VALUE: in the output, which is JSON
jq_is() {
  local - && set +T
  local found

  found=$(jq -r "$1" <out) || {
    show out
    fail "not JSON, or no $1"
  }
  [ "$found" = "$2" ] || {
    show out
    fail "$1 is $found, not $2"
  }
}

# validates [document|lines [FILE...]]: what was printed, or what is in each FILE,
# is as the schema says: one object of --json, or the lines of --jsonl
validates() {
  local - && set +T

  find_python || return
  [ $# -gt 0 ] || set -- document
  [ $# -gt 1 ] || set -- "$1" out
  validator "$@" >problems || {
    cat problems
    show out
    fail 'that is not as the schema says'
  }
}

# validator FORM FILE...: what is wrong with them; find_python stands before it
validator() {
  "$python" "$BATS_TEST_DIRNAME/validate" "$schema" "$@"
}

# find_python: one that has jsonschema, in `python`
find_python() {
  for python in /usr/bin/python3 python3; do
    ! "$python" -c 'import jsonschema' 2>/dev/null || return 0
  done
  if [ "${CI:-}" = true ]; then
    fail 'no jsonschema for Python'
  else
    skip 'no jsonschema for Python'
  fi
}

# What reached the target's memory

# traced STATUS ARGUMENTS...: as `expect`, under strace. `accesses` is then the
# list of what was done with the target's memory.
traced() {
  local wanted=$1

  shift
  traced_of "$wanted" "$MMIODBG" "$@"
}

# A leak checker cannot work in a process that is traced already.
traced_of() {
  local - && set +T
  local wanted=$1

  shift
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of "$wanted" strace -qq -f -y -s 0 -o trace "$@"
  # "9 pread64(6</proc/5/mem>, ""..., 4, 4096) = 4"
  sed -n -E -e 's/^[0-9]+ +//' -e '/^(openat|close|fcntl)\(/d' \
    -e 's@^([a-z_0-9]+)\([0-9]+<[^>]*/mem>, .*, ([0-9]+), ([0-9]+)\) += .*@\1 \2 \3@p' \
    -e t -e '/<[^>]*\/mem>/p' \
    -e '/^(ptrace|process_vm_readv|process_vm_writev)\(/p' trace >accesses
}

# accesses_are [r|w][BITS]@ADDRESS...: these system calls, in this order
accesses_are() {
  local - && set +T
  local access call
  local -a lines=()

  for access; do
    call=pread64
    [ "${access:0:1}" = r ] || call=pwrite64
    local bits=${access:1}
    lines+=("$call $((${bits%@*} / 8)) $((${access#*@}))")
  done
  file_is accesses "${lines[@]}"
}

# bad STATUS ARGUMENTS...: refused with one diagnostic, and no access
bad() {
  local - && set +T
  local wanted=$1

  shift
  if command -v strace >/dev/null; then
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
      expect_of "$wanted" strace -qq -f -y -s 0 -o trace --seccomp-bpf \
      -e trace="$memory_calls" "$MMIODBG" "$@"
    nowhere trace '/mem>' 'ptrace(' 'process_vm'
  else
    expect "$wanted" "$@"
  fi
  one_diagnostic
}

# nameless STATUS NAME: a name that the target does not have is looked up; of the
# target's memory no more is read than process_vm_readv(2) permits: no device
nameless() {
  expect "$1" read "${on[@]}" "$2"
  one_diagnostic
  traced "$1" read "${on[@]}" "$2"
  nowhere trace '/mem>' 'ptrace('
}

memory_calls=pread64,pwrite64,preadv,pwritev,preadv2,pwritev2,lseek
memory_calls+=,sendfile,splice,process_vm_readv,process_vm_writev,ptrace

# injected FAULT STATUS COMMAND ARGUMENTS...: FAULT is "pread64:error=EIO:when=2",
# on the memory of the process `pid`; no other backend may help
injected() {
  local - && set +T
  local fault=$1 wanted=$2

  shift 2
  ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    expect_of "$wanted" strace -qq -o trace -P "/proc/$pid/mem" \
    -e trace="${fault%%:*}" -e inject="$fault" "$MMIODBG" "$1" --via kernel "${@:2}"
}

# Captured trees

# tree_begin [ARCHITECTURE RELEASE]: an empty one, x86_64 6.1.0
tree_begin() {
  mkdir -p "$tree/proc" "$tree/sys/bus/pci/devices" "$tree/sys/class"
  echo "${1:-x86_64} ${2:-6.1.0}" >"$tree/uname"
  export MMIODBG_SYSROOT=$tree
}

# tree_process PID NAME: tree_mapping adds to the last one
tree_process() {
  local - && set +T
  process=$tree/proc/$1
  mkdir -p "$process/fd" "$process/ns"
  printf '%s\n' "$2" >"$process/comm"
  printf '%s\0' "/usr/bin/$2" >"$process/cmdline"
  echo "$1 ($2) S 1 $1 $1 0 -1 4194560 0 0" >"$process/stat"
  printf '%s\n' "Name:	$2" 'State:	S (sleeping)' "Tgid:	$1" "Pid:	$1" \
    'TracerPid:	0' "Uid:	$EUID	$EUID	$EUID	$EUID" \
    "Gid:	$our_group	$our_group	$our_group	$our_group" \
    'CapPrm:	0000000000000000' >"$process/status"
  : >"$process/maps"
  : >"$process/smaps"
  truncate -s 4G "$process/mem"
}

# tree_mapping START LENGTH PERMISSIONS OFFSET PATH [FLAGS]: ascending; FLAGS
# are those of a device's mapping unless given
tree_mapping() {
  local - && set +T
  local line

  printf -v line '%08x-%08x %s %08x 00:05 %s' $(($1)) $(($1 + $2)) "$3" \
    $(($4)) "$((${#5} + 100))"
  [ -z "$5" ] || printf -v line '%-73s%s' "$line" "$5"
  printf '%s\n' "$line" >>"$process/maps"
  printf '%s\n' "$line" "Size:              $(($2 / 1024)) kB" \
    'Rss:                   0 kB' \
    "VmFlags: ${6-rd wr sh mr mw me ms pf io de dd sd }" >>"$process/smaps"
}

# tree_memory ADDRESS BYTES...: what stands there in the last process
tree_memory() {
  put_bytes "$process/mem" "$@"
}

# tree_pci NAME VENDOR DEVICE DRIVER START:SIZE:FLAGS...: DRIVER may be ""
tree_pci() {
  local - && set +T
  local folder=$tree/sys/bus/pci/devices/$1 driver=$4 i bar start size flags

  mkdir -p "$folder/power"
  echo "$2" >"$folder/vendor"
  echo "$3" >"$folder/device"
  echo 1 >"$folder/enable"
  echo D0 >"$folder/power_state"
  echo active >"$folder/power/runtime_status"
  [ -z "$driver" ] || ln -sfn "../../../bus/pci/drivers/$driver" "$folder/driver"
  shift 4
  : >"$folder/resource"
  for ((i = 0; i < 13; i++)); do
    bar=${1:-}
    [ $# = 0 ] || shift
    start=0 size=0 flags=0
    [ -z "$bar" ] || IFS=: read -r start size flags <<<"$bar"
    printf '0x%016x 0x%016x 0x%016x\n' $((start)) \
      $((size ? start + size - 1 : 0)) $((${flags:-0x40200})) \
      >>"$folder/resource"
  done
}

# tree_uio NUMBER DEVICE: DEVICE is a PCI name, or "" for another one
tree_uio() {
  local - && set +T
  local folder=$tree/sys/class/uio/uio$1

  mkdir -p "$folder/maps"
  echo "test" >"$folder/name"
  if [ -n "$2" ]; then
    ln -sfn "../../../bus/pci/devices/$2" "$folder/device"
  else
    mkdir "$folder/device"
  fi
}

# tree_uio_map NUMBER MAP ADDRESS SIZE OFFSET NAME
tree_uio_map() {
  local - && set +T
  local folder=$tree/sys/class/uio/uio$1/maps/map$2

  mkdir -p "$folder"
  printf '0x%016x\n' $(($3)) >"$folder/addr"
  printf '0x%016x\n' $(($4)) >"$folder/size"
  printf '0x%x\n' $(($5)) >"$folder/offset"
  echo "$6" >"$folder/name"
}
