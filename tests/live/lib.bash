#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests have in common that look at a process which verifies itself,
# while mmiodbg is killed. They source this, and call `within` and `begin`,
# perhaps `alone` before.
#
# Environment: top_builddir (default: .), where the programs are; MMIODBG,
# MMIOSELF, MMIOHOSTILE, MMIOTARGET instead of those; MMIODBG_LIVE_SEED;
# MMIODBG_TEST_PATIENCE, a factor for slow runs; CI=true if nothing may be
# skipped.
# shellcheck disable=SC2034 # who sources this has use for it

set -u
export LC_ALL=C

top=${top_builddir:-.}
program=$(realpath "${MMIODBG:-$top/mmiodbg}")
self=$(realpath "${MMIOSELF:-$top/tests/target/mmioself}")
hostile=$(realpath "${MMIOHOSTILE:-$top/tests/target/mmiohostile}")
target=$(realpath "${MMIOTARGET:-$top/tests/target/mmiotarget}")
RANDOM=${MMIODBG_LIVE_SEED:-1}
patience=${MMIODBG_TEST_PATIENCE:-1}
unset MMIODBG_PID MMIODBG_SYSROOT MMIODBG_TEST_AGENT
# To look for leaks a sanitizer makes a child that stops the process, and which
# looks like the agent: to kill that leaves the process waiting for ever.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

second=1000000                   # times are in microseconds
margin=$((5 * second * patience)) # what a loaded machine may be late
slack=$((60 * second * patience)) # where the time is not what is tested

bail_out() {
  echo "Bail out! $*"
  exit 1
}

for file in "$program" "$self" "$hostile" "$target"; do
  [ -x "$file" ] || bail_out "no $file"
done

# shellcheck source=tests/live/alone.sh
. "$(dirname "${BASH_SOURCE[0]}")/alone.sh"

# within SECONDS ARGUMENT...: all of it has a limit: this script, which is started
# again, and so all that it starts
within() {
  local limit=$(($1 * patience))

  shift
  [ -z "${LIVE_LIMITED:-}" ] || return 0
  export LIVE_LIMITED=1
  exec timeout -k 20 $limit bash "$0" "$@"
}

ended= # as it should

# What was started and has not been waited for.
target_process=
main=
helper=
agent=
left=

# shellcheck disable=SC2317 # reached by the traps
clean_up() {
  local pid

  # It ended before `end`: why, it said there.
  [ -n "$ended" ] || tail -n 20 shell.err | sed 's/^/# /'
  for pid in $main $helper $target_process $(marked); do
    kill -KILL "$pid" 2>/dev/null
  done
  cd / && rm -rf "$work"
}

# Descriptors: 3 our standard error, 5 to and 6 from the target, 7 the
# hook of the agent, 8 a pipe

# begin: in a directory of our own, `work`
begin() {
  work=$(mktemp -d) || exit
  cd "$work" || exit
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  # The target may end when it should not.
  trap : PIPE
  # All that we start has this in its environment; only what is ours can be
  # left.
  export LIVE_MARK=$$.$EPOCHREALTIME
  # bash tells of each of its children that was killed.
  exec 3>&2 2>shell.err
}

# end: of all of it
end() {
  ended=1
  exec 2>&3
  grep -vE 'Killed|Terminated|Stopped|Broken pipe' shell.err | head -n 20 |
    sed 's/^/# /'
  echo "1..$tests"
}

# TAP

tests=0
number_of_problems=0

diagnostic() {
  printf '# %.600s\n' "$*"
}

problem() {
  number_of_problems=$((number_of_problems + 1))
  [ $number_of_problems -gt 20 ] || diagnostic "$*"
}

# verdict NAME: of the problems since the last one
verdict() {
  tests=$((tests + 1))
  if [ $number_of_problems = 0 ]; then
    echo "ok $tests - $1"
  else
    echo "not ok $tests - $1"
    diagnostic "$number_of_problems problems"
  fi
  number_of_problems=0
}

# Time

now() {
  now=${EPOCHREALTIME/[.,]/}
}

# nap SECONDS; `read -t` would need no process, but bash 5.2.15 has aborted in
# this script once ("longjmp causes uninitialized stack frame"), which may be its
# doing
nap() {
  sleep "$1"
}

# await MICROSECONDS COMMAND...: until it succeeds; `took` is how long that was. What
# takes longer is looked at less often, for that takes a processor away from it.
await() {
  local limit=$1 before now pause=0.001

  shift
  now
  before=$now
  until "$@"; do
    now
    took=$((now - before))
    [ "$took" -lt "$limit" ] || return
    nap $pause
    [ $took -lt 50000 ] || pause=0.01
  done
  now
  took=$((now - before))
}

# The target

# Its threads want all the time of all processors, by the score. We take ours first,
# or each of the many programs of a round would wait for its turn behind all of them;
# among themselves they are as before.
yielding=(nice -n 10)

# line_of FILE: its first line, in `line`; false if there is none
line_of() {
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null
}

# state_of FILE: of a stat file, in `state`
state_of() {
  state=
  line_of "$1" || return
  line=${line##*) }
  state=${line:0:1}
}

# look: the states of all threads, in `states`
look() {
  local stat

  states=
  for stat in /proc/"$pid"/task/*/stat; do
    state_of "$stat" && states+=$state
  done
}

# stands: all threads do
stands() {
  look
  [[ -n $states && $states != *[!t]* ]]
}

no_thread_stands() {
  look
  [[ -n $states && $states != *[tT]* ]]
}

is_untraced() {
  ! grep -qs '^TracerPid:.*[1-9]' /proc/"$pid"/task/*/status
}

# number HEX
number() {
  printf '0x%x' "$(($1))"
}

# start_self OPTION...: sets `pid`, `counter` (an address), `text` (256 KiB that
# do not change), `second_half` (of its page, to write to)
start_self() {
  mkfifo to from
  "${yielding[@]}" "$self" "$@" <to >from 2>target.err \
    3>&- &
  target_process=$!
  kind=self
  exec 5>to 6<from
  pid=
  read -r -t $((60 * patience)) -u 6 _ pid counter || :
  [ "$pid" = "$target_process" ] ||
    bail_out "mmioself does not start: $(<target.err)"
  text=$(awk '/ r-xp .*\/libc/ { sub(/-.*/, ""); print "0x" $0; exit }' \
    "/proc/$pid/maps")
  [ -n "$text" ] || text=$(number "$(awk '$2 ~ /x/ {
    sub(/-.*/, ""); print "0x" $0; exit }' "/proc/$pid/maps")")
  second_half=$(number "$counter + 2048")
}

# start_hostile OPTION...: sets `pid`, `address` of the file `dev`, which is
# mapped there, and `counter`. In `want` is what the file should hold.
start_hostile() {
  head -c 16384 /dev/urandom >dev
  cp dev want
  mkfifo to from
  "${yielding[@]}" "$hostile" --file="$work/dev" "$@" <to >from 2>target.err \
    3>&- &
  target_process=$!
  kind=hostile
  exec 5>to 6<from
  pid=
  read -r -t $((60 * patience)) -u 6 _ pid address counter || :
  [ "$pid" = "$target_process" ] ||
    bail_out "mmiohostile does not start: $(<target.err)"
  on=(--via tracee --treat-as-device "$work/dev" -p "$pid")
  note_signals
}

# ping: each of its threads that live on does something now
ping() {
  local answer=

  echo ping >&5
  read -r -t $((100 * patience)) -u 6 answer || :
  [ "$answer" = pong ] || problem "$1: the target is ${answer:-silent}"
}

# signals: what each thread that lives on blocks, and what all ignore and catch
signals() {
  grep -hs '' /proc/"$pid"/task/*/status | awk '
    /^Name:/ { name = $2 }
    /^Pid:/ { tid = $2 }
    /^Sig(Blk|Ign|Cgt):/ { signals = signals " " $0 }
    /^SigCgt:/ { if (name != "brief") print tid, name signals; signals = "" }'
}

# note_signals: to `signals.before`, of the threads that are there each time; for
# each what is seen most, since a handler may run, or a thread start another one
note_signals() {
  local i

  for ((i = 0; i < 20; i++)); do
    signals
    [ $i != 10 ] || ping 'the start'
  done >signals.seen
  sort signals.seen | uniq -c | awk '
    { n = $1; sub(/^ *[0-9]+ /, ""); all[$1] += n }
    n > most[$1] { most[$1] = n; line[$1] = $0 }
    END { for (tid in all) if (all[tid] == 20) print line[tid] }' |
    sort >signals.before
  [ -s signals.before ] || problem 'no threads'
}

# signals_settled: what is not, is in `signals.changed`; the same as above may be
# going on, so it is to be asked again
signals_settled() {
  signals | sort | comm -23 signals.before - >signals.changed
  [ ! -s signals.changed ]
}

# signals_are_unchanged WHAT
signals_are_unchanged() {
  await $margin signals_settled ||
    problem "$1: no more so: $(head -n 2 signals.changed | tr '\n' ' ')"
}

# start_single: one thread; sets `pid` and `text`, too
start_single() {
  mkfifo to from
  "$target" anon,len=0x100000 <to >from 2>target.err \
    3>&- &
  target_process=$!
  kind=single
  exec 5>to 6<from
  pid=
  read -r -t $((60 * patience)) -u 6 _ _ text _ || :
  read -r -t $((60 * patience)) -u 6 _ pid || :
  [ "$pid" = "$target_process" ] ||
    bail_out "mmiotarget does not start: $(<target.err)"
  told=0
  second_half=$text
}

counts() {
  local value

  value=$("$program" read -q -p "$pid" "$counter/64") 2>>shell.err
  [[ $value = 0x* && $value != "$1" ]]
}

counts_or_ended() {
  has_ended "$pid" || counts "$1"
}

# goes_on: there is reason to, and a target
goes_on() {
  [ $number_of_problems -lt 20 ] && ! has_ended "$pid"
}

# it_runs: it does something now that it had not done before
it_runs() {
  local value answer=

  if [ "$kind" != single ]; then
    value=$("$program" read -q -p "$pid" "$counter/64")
    await $slack counts_or_ended "$value" && ! has_ended "$pid"
    return
  fi
  told=$((told + 1))
  printf '%s\n' "store 0 32 0xff000 $told" "load 0 32 0xff000" >&5
  read -r -t $((60 * patience)) -u 6 answer &&
    read -r -t $((60 * patience)) -u 6 answer &&
    [ $((${answer#value })) = $told ]
}

# end_target NAME: what it has noticed
end_target() {
  local line report='' status=0

  exec 5>&-
  while IFS= read -r -t $((200 * patience)) -u 6 line; do
    case $line in
    damage:*) problem "$line" ;;
    note:* | checked*)
      report=$line
      diagnostic "$1: $line"
      ;;
    esac
  done
  exec 6<&-
  await $slack has_ended "$pid" || {
    problem "the target does not end"
    kill -KILL "$target_process"
  }
  wait "$target_process" || status=$?
  target_process=
  rm to from
  [ $status = 0 ] || problem "the target ended with status $status"
  [ "$kind" = single ] || [[ $report == checked* ]] || problem 'no report'
  nothing_is_left || problem "left at the end: $left"
  verdict "$1: the target has noticed nothing"
}

# mmiodbg

# marked: who has our mark and is neither we nor the target
marked() {
  local file

  grep -lsxzF "LIVE_MARK=$LIVE_MARK" /proc/[0-9]*/environ |
    while IFS=/ read -r _ _ file _; do
      case $file in
      "$$" | "$BASHPID" | "$target_process") continue ;;
      esac
      # A shell of ours that is about to end, or was about to begin.
      [[ $(readlink "/proc/$file/exe") = "$program"* ]] && echo "$file"
    done
}

has_ended() {
  state_of "/proc/$1/stat" || return 0
  [[ $state == [ZX] ]]
}

# start ARGUMENT...: mmiodbg, in a group of its own; sets `main`. Its files are
# those of `stdin`, `stdout` and `stderr`.
stdin=/dev/null stdout=out stderr=err
start() {
  agent=
  set -m
  "$program" "$@" <"$stdin" >"$stdout" 2>"$stderr" \
    3>&- 5>&- 6>&- 7>&- 8>&- &
  main=$!
  set +m
}

# start_in POINT ARGUMENT...: the same, until the agent is there; sets `agent`
start_in() {
  local point=$1

  shift
  rm -f hook
  mkfifo hook
  exec 7<>hook
  export MMIODBG_TEST_AGENT=$point:$work/hook
  start "$@"
  unset MMIODBG_TEST_AGENT
  agent=
  read -r -t $((30 * patience)) -u 7 agent
  exec 7>&-
  [ -n "$agent" ]
}

# find_agent: the child of the main process, in `agent`
find_agent() {
  local child

  agent=
  if [ -e "/proc/$$/task/$$/children" ]; then
    line_of "/proc/$main/task/$main/children" || :
    agent=${line%% *}
  else
    for child in $(marked); do
      state_of "/proc/$child/stat" || continue
      # shellcheck disable=SC2086 # words
      set -- $line
      [ "$2" != "$main" ] || agent=$child
    done
  fi
  [ -n "$agent" ]
}

# finish [LIMIT]: waits for the main process; its status is in `status`
finish() {
  status=0
  await "${1:-$slack}" has_ended "$main" || {
    problem "mmiodbg does not end"
    kill -KILL "$main"
  }
  wait "$main" 2>/dev/null || status=$?
  main=
}

nothing_is_left() {
  left=$(marked)
  [ -z "$left" ]
}

longest=0

# all_is_well LIMIT WHAT: nothing is left of mmiodbg within LIMIT from now, and
# the target runs
all_is_well() {
  local limit=$1

  shift
  # To look at all processes takes long where there are many.
  if [ -n "$agent" ]; then
    left=
    await "$limit" has_ended "$agent" || left=$agent
  else
    await "$limit" nothing_is_left
  fi
  [ $took -le $longest ] || longest=$took
  [ -z "$left" ] || {
    problem "$*: left after $((took / 1000)) ms: $left"
    # shellcheck disable=SC2086 # words
    kill -KILL $left 2>/dev/null
    await $margin nothing_is_left
  }
  no_thread_stands || problem "$*: the states of the threads are $states"
  is_untraced || problem "$*: a thread is traced"
  it_runs || problem "$*: the target does not run"
}

# status_is NUMBER...: one of them
status_is() {
  local one

  for one; do
    [ "$status" != "$one" ] || return 0
  done
  problem "status $status, not $*: $(head -c 300 err)"
  return 1
}

err_has() {
  grep -qF -e "$1" err || problem "standard error lacks '$1': $(head -c 300 err)"
}

# json FILTER WANTED: of `out`; "elements" is all of them
json() {
  local found

  found=$(jq -rs "def elements: .[] | .elements[]?, select(has(\"place\"));
    $1" out 2>&1) || :
  [ "$found" = "$2" ] || problem "$1 is ${found:0:200}, not $2"
}

# shoot WHOM
shoot() {
  case $1 in
  main) kill -KILL "$main" ;;
  group) kill -KILL -- "-$main" ;;
  agent) [ -n "$agent" ] && kill -KILL "$agent" ;;
  esac
}

has_output() {
  [ -s out ]
}

is_suspended() {
  state_of "/proc/$main/stat" && [ "$state" = T ]
}

suspended_or_ended() {
  is_suspended || has_ended "$main"
}
