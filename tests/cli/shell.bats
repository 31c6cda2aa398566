#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The shell, at a terminal that tmux plays

# Each test is a shell of its own, and the helpers set variables for it.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

: "${top_srcdir:=$BATS_TEST_DIRNAME/../..}"

# A driver with names to complete.
write_driver() {
  cat <<'C'
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum mode { OFF, SLOW, FAST = 4 };

struct regs {
	uint32_t id; /* 0x0 */
	union {      /* 0x4 */
		uint32_t raw;
		struct {
			uint32_t enable : 1;
			enum mode mode : 3;
			uint32_t rate : 8;
		};
	} ctrl;
	uint32_t level; /* 0x8 */
	struct queue {
		uint32_t head, tail;
	} queue[2]; /* 0xc */
};

struct device {
	volatile struct regs *bar;
	struct device *next;
	bool ready;
};

volatile struct regs *regs;
struct device first_device;
int first_number = 1;
static int only_here = 2;

static int count(void)
{
	static int calls;

	return ++calls + only_here;
}

int main(int argc, char **argv)
{
	int descriptor = open(argv[1], O_RDWR);
	char line[256];

	regs = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor,
		    0);
	if (argc < 2 || regs == MAP_FAILED)
		return 1;
	first_device.bar = regs;
	printf("map 0 %p 8192 %s\nready %d\n", (void *)regs, argv[1], getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		count();
	return 0;
}
C
}

setup_file() {
  need tmux gcc
  cd "$BATS_FILE_TMPDIR" || return
  write_driver >driver.c
  gcc -g -O0 -o driver driver.c
}

prepare() {
  need tmux
  unset DEBUGINFOD_URLS XDG_STATE_HOME EDITRC
  export HOME=$work/home
  mkdir home
  kept=$HOME/.local/state/mmiodbg/history
  pattern regs
  cp regs regs.before
  file=$work/regs
  at=$(region "$file")
  terminals=0
  echo 'set -g remain-on-exit on' >terminal.conf
}

finish() {
  terminal kill-server 2>/dev/null || :
}

# The terminal

# A server that is ending may still hold its socket: each one has its own.
terminal() {
  tmux -S "$work/terminal.$terminals" -f "$work/terminal.conf" "$@" 3>&-
}

# terminal_start COMMAND...: in a terminal of 160 columns and 40 lines
terminal_start() {
  terminals=$((terminals + 1))
  terminal new-session -d -x 160 -y 40 "$@"
}

# shell_start ARGUMENTS...: `mmiodbg shell` with the target; its status goes to
# the file `ended`, and the modes of the terminal to `modes.*`
shell_start() {
  local quoted

  printf -v quoted ' %q' "$@" --treat-as-device "$file"
  cat >run <<SH
stty -a >modes.before
'$MMIODBG' shell$quoted
status=\$?
stty -a >modes.after
echo \$status >ended
SH
  rm -f ended
  terminal_start bash run
  shown '>'
}

# keys KEY...: as tmux names them; whatever is no name is typed
keys() {
  terminal send-keys "$@"
}

# line TEXT: typed, and Enter
line() {
  keys -l "$1"
  keys Enter
}

screen() {
  terminal capture-pane -p
}

# Lines that the terminal has broken are whole.
screen_has() {
  [[ $(terminal capture-pane -p -J) == *"$1"* ]]
}

# await COMMAND...: as wait_until, but with the screen if it is in vain
await() {
  local end=$((SECONDS + 60))

  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      screen
      fail "waited in vain: $*"
      return 1
    fi
    sleep 0.02
  done
}

# shown TEXT...: it comes to stand on the screen
shown() {
  local - && set +T
  local text

  for text; do
    await screen_has "$text" || return
  done
}

not_shown() {
  local - && set +T

  ! screen_has "$1" || {
    screen
    fail "there is $1"
  }
}

# The last line that has something, without blanks at its end.
last_line() {
  screen | sed -n 's/ *$//; /./h; $ { x; p }'
}

last_is() {
  [ "$(last_line)" = "$1" ]
}

# typed TEXT: this comes to be the last line, behind the prompt
typed() {
  local - && set +T

  await last_is "$prompt${1:+ $1}"
}

# completed TEXT RESULT: TEXT and a Tab come to that, behind which one types on
completed() {
  local - && set +T

  keys C-u
  typed ''
  keys -l "$1"
  keys Tab
  keys -l '!'
  typed "$2!"
  keys C-u
  typed ''
}

# listed TEXT WORDS...: a Tab behind it shows exactly these
listed() {
  local - && set +T
  local text=$1 wanted

  shift
  wanted=$*
  keys C-l
  typed ''
  keys -l "$text"
  keys Tab
  await lists "$text" "$wanted" || return
  keys C-u
  typed ''
}

lists() {
  local found

  found=$(screen | sed '1d; s/ *$//; /^$/d')
  [ "${found##*$'\n'}" = "$prompt $1" ] || return 1
  found=${found%$'\n'*}
  # shellcheck disable=SC2086 # words
  [ "$(printf '%s\n' $found | sort | xargs)" = "$2" ]
}

# running: the line was taken, and there is no new prompt
running() {
  await cursor_is_in 0
}

cursor_is_in() {
  [ "$(terminal display-message -p '#{cursor_x}')" = "$1" ]
}

ended_with() {
  await [ -s ended ]
  [ "$(cat ended)" = "$1" ] || {
    screen
    fail "status $(cat ended)"
  }
  cmp modes.before modes.after
}

# target PROGRAM: sets `pid` and what the prompt is
driver_start() {
  target_launch "$BATS_FILE_TMPDIR/driver" "$file"
  prompt="mmiodbg $pid (driver)>"
}

plain_start() {
  target_start "$file"
  prompt="mmiodbg $pid (mmiotarget)>"
}

is_traced() {
  [ "$(sed -n 's/^TracerPid:\t//p' "/proc/$1/status")" != 0 ]
}

is_not_traced() {
  ! is_traced "$1"
}

# The number of mmiodbg itself.
shell_pid() {
  local pane

  pane=$(terminal list-panes -F '#{pane_pid}')
  pgrep -P "$pane"
}

# Lines

@test "shell: a line is carried out, and the prompt says of which target" {
  plain_start
  shell_start -p "$pid"
  typed ''
  is_traced "$pid"
  line "read $at+0x10"
  shown "$at+0x10 = $(number 32 0x10)"
  typed ''
  line "write $at+0x20=0x11223344"
  line "read $at+0x20"
  shown "$at+0x20 = 0x11223344"
  line 'let x read @0+0x20'
  # shellcheck disable=SC2016 # of the shell that is tested
  line 'echo ${x}-here'
  shown '0x11223344-here'
  line exit
  ended_with 0
  is_not_traced "$pid"
  tell load 0 32 0
}

@test "shell: a line that fails ends nothing" {
  plain_start
  shell_start -p "$pid"
  line 'nothing'
  shown "mmiodbg: unknown command 'nothing'"
  line "read $at+0x1"
  shown "$at+0x1"
  line 'on-error stop'
  shown 'a shell goes on whatever fails'
  line 'batch x'
  shown 'a shell holds no `batch`'
  line 'shell'
  shown 'a shell holds no `shell`'
  line "read $at -p 1"
  shown 'a line has no -p'
  line ''
  line '   # nothing'
  line "read $at -q"
  shown "$(number 32 0)"
  typed ''
  keys C-d
  ended_with 0
}

@test "shell: a line is not judged by the options of the one before" {
  plain_start
  shell_start -p "$pid"
  line "read $at -q"
  shown "$(number 32 0)"
  line "wait $at eq $(number 32 0) --timeout 10s"
  shown "$at = $(number 32 0) after "
  not_shown 'unknown option'
}

@test "shell: help, of all and of one" {
  plain_start
  shell_start -p "$pid"
  line help
  shown 'Statements:'
  shown 'wait until a condition holds'
  line 'help detach'
  shown 'let go of the target'
  line 'help nothing'
  shown "unknown command 'nothing'"
  line 'help info'
  shown 'Usage: mmiodbg [options] info [options] LOCATION...'
}

@test "shell: JSON of one that does not start" {
  expect 2 shell --json x
  validates
  jq_is '.command, .error.kind' $'shell\nusage'
}

@test "shell: JSON is one document a line" {
  plain_start
  shell_start -p "$pid" --json
  line "read $at"
  shown '"command": "read"'
  shown '"done": 1'
  line "read $at+0x1"
  shown '"kind": "misaligned"'
}

@test "shell: output goes where it is sent, and the line to the terminal" {
  plain_start
  cat >run <<SH
'$MMIODBG' shell -p $pid --treat-as-device '$file' >log
echo \$? >ended
SH
  terminal_start bash run
  typed ''
  line "read $at -q"
  typed ''
  keys C-d
  await [ -s ended ]
  file_is log "$(number 32 0)"
  file_is ended 0
}

@test "shell: without a terminal it is refused" {
  plain_start
  refused 2 shell -p "$pid"
  err_has 'standard input is no terminal; `mmiodbg batch` reads commands'
  refused 2 shell file
  err_has 'a shell takes no arguments'
}

@test "shell: what is wrong at its start is told, and ends it" {
  plain_start
  cat >run <<SH
'$MMIODBG' shell -p 999999999
echo \$? >ended
'$MMIODBG' shell --attach --no-attach
echo \$? >>ended
'$MMIODBG' shell -p $pid 2>err </dev/tty >log
echo \$? >>ended
'$MMIODBG' shell --fill
echo \$? >>ended
SH
  terminal_start bash run
  await lines_are ended 4
  file_is ended 4 2 2 2
  err_has 'neither standard error nor standard output is a terminal'
}

# Completion

@test "shell: Tab completes commands, statements and options" {
  plain_start
  shell_start -p "$pid"
  typed ''
  completed rea 'read '
  completed ass 'assert '
  completed 'help wri' 'help write '
  completed 'read --wid' 'read --width '
  completed 'read -w 8' 'read -w 8 '
  completed 'read --via tr' 'read --via tracee '
  completed 'wait @0 eq 1 --timeo' 'wait @0 eq 1 --timeout '
  completed 'wait @0 cl' 'wait @0 clear '
  completed 'assert --force @0 cl' 'assert --force @0 clear '
  completed 'maps --no' 'maps --noheadings '
  completed 'maps -o CL' 'maps -o CLASS'
  completed 'maps -o +PID,PHY' 'maps -o +PID,PHYSICAL'
  completed 'maps -o pid,phy' 'maps -o pid,physical'
  completed 'let x re' 'let x read '
  completed 'read -- --wid' 'read -- --wid'
  completed 'read --nothing' 'read --nothing'
  completed 'nothing --wid' 'nothing --wid'
  completed '# rea' '# rea'
  listed 'a' assert attach
  listed 'maps -o PID,P' PATH PCI PERM PHYSICAL PID PROBLEM
  listed 'read --t' --thread --trust-kernel --type
  completed 'maps --p' 'maps --pid '
}

@test "shell: Tab completes regions" {
  plain_start
  shell_start -p "$pid"
  typed ''
  completed 'read @' "read $at"
  completed 'read @fi' "read $at"
  completed 'maps fil' "maps ${at#@}"
  completed 'let x read @f' "let x read $at"
  completed 'write @f' "write $at"
  completed "read \"@f" "read \"$at"
  # One that is mapped since: indexes tell them apart.
  tell map "$file"
  # That is told between two keys, whenever it is.
  shown 'have changed'
  listed 'read @' @0 @1 "$at"
  completed 'read @file' "read $at"
}

@test "shell: what is completed is a word, whatever is in it" {
  file="$work/a b+'c"
  cp regs "$file"
  plain_start
  shell_start -p "$pid"
  typed ''
  keys -l 'read @f'
  keys Tab
  typed "read @file:$work/a\\ b\\\\x2b\\'c"
  keys -l '+0x4'
  keys Enter
  shown "= $(number 32 4)"
  keys -l "read '@f"
  keys Tab
  typed "read '@file:$work/a b\\x2b'\\''c"
  keys -l "+0x8'"
  keys Enter
  shown "= $(number 32 8)"
  keys -l 'read "@f'
  keys Tab
  typed "read \"@file:$work/a b\\\\x2b'c"
  keys -l '+0xc"'
  keys Enter
  shown "= $(number 32 12)"
  completed 'maps --treat-as-device a' "maps --treat-as-device a\\ b+\\'c "
}

@test "shell: Tab completes regions and processes before there is a target" {
  plain_start
  shell_start
  prompt='mmiodbg>'
  typed ''
  completed 'read @f' "read $at"
  completed "attach $pid" "attach $pid "
  line "read $at"
  shown "$at = $(number 32 0)"
  prompt="mmiodbg $pid (mmiotarget)>"
  typed ''
  await is_traced "$pid"
}

@test "shell: Tab completes names, members and values" {
  driver_start
  shell_start -p "$pid"
  typed ''
  completed 'read re' 'read regs'
  completed 'read ptr:reg' 'read ptr:regs'
  completed 'read first_' 'read first_'
  listed 'read first_' first_device first_number
  listed 'read regs.' ctrl id level queue
  completed 'read regs.i' 'read regs.id '
  completed 'write regs.i' 'write regs.id'
  completed 'read regs.c' 'read regs.ctrl'
  completed 'read regs.ctrl.m' 'read regs.ctrl.mode '
  completed 'read regs->ctrl.m' 'read regs->ctrl.mode '
  completed 'read regs.queue[1].ta' 'read regs.queue[1].tail '
  completed 'read regs.queue.1.ta' 'read regs.queue.1.tail '
  completed 'read first_device.bar.ctrl.en' 'read first_device.bar.ctrl.enable '
  completed 'read first_device.n' 'read first_device.next'
  completed 'read first_device.next.next.bar.l' \
    'read first_device.next.next.bar.level '
  completed 'write regs.ctrl.mode=F' 'write regs.ctrl.mode=FAST'
  completed 'write regs.ctrl.mode=FAST,r' 'write regs.ctrl.mode=FAST,rate'
  listed 'write regs.ctrl.rate=1,mode=' FAST OFF SLOW
  completed 'write first_device.ready=t' 'write first_device.ready=true'
  completed 'wait regs.ctrl.mode eq S' 'wait regs.ctrl.mode eq SLOW '
  completed 'assert -v regs.ctrl.mode ne S' 'assert -v regs.ctrl.mode ne SLOW '
  completed "read -t 'struct regs' 0x1000.le" \
    "read -t 'struct regs' 0x1000.level "
  completed "read -t 'struct reg" "read -t 'struct regs' "
  completed 'read -t uint32' 'read -t uint32_t '
  completed 'read --type=uint32' 'read --type=uint32_t '
  completed 'read --via=tr' 'read --via=tracee '
  completed "read -t 'struct regs' -m ctrl.mo" "read -t 'struct regs' -m ctrl.mode "
  completed "read -t 'struct regs' -m queue[1].ta" \
    "read -t 'struct regs' -m queue[1].tail "
  completed "read -t 'struct regs' --access=le" "read -t 'struct regs' --access=level "
  completed 'read -- --via=tr' 'read -- --via=tr'
  listed 'read --via=' auto kernel tracee
  completed 'sym first_n' 'sym first_number'
  completed 'read nothing.' 'read nothing.'
  line 'write regs.ctrl.mode=FAST,rate=3'
  line 'read regs.ctrl.mode'
  shown 'regs.ctrl.mode = 0x4 (FAST)'
}

@test "shell: Tab completes scopes" {
  driver_start
  shell_start -p "$pid"
  typed ''
  completed 'read driver.c::only' 'read driver.c::only_here'
  completed 'read count' 'read count::'
  completed 'read count::' 'read count::calls'
  completed 'read drive' 'read driver'
  listed 'read driver' driver.c:: driver::
  completed 'read driver::regs.le' 'read driver::regs.level '
  completed 'read var:count::c' 'read var:count::calls'
  line 'read count::calls'
  shown 'count::calls = 0x00000000'
}

@test "shell: Tab completes variables and files" {
  driver_start
  shell_start -p "$pid"
  typed ''
  line 'set place regs'
  # shellcheck disable=SC2016 # of the shell that is tested
  {
    completed 'read ${pl' 'read ${place}'
    completed 'read ${place}.ctr' 'read ${place}.ctrl'
    completed 'read "${place}.i' 'read "${place}.id" '
    completed "read '\${place}.i" "read '\${place}.i"
    completed 'read ${nothing}.i' 'read ${nothing}.i'
  }
  completed 'set pl' 'set place '
  mkdir folder
  touch folder/one folder/.two
  completed 'maps --treat-as-device fol' 'maps --treat-as-device folder/'
  completed 'maps --treat-as-device folder/' \
    'maps --treat-as-device folder/one '
  completed "maps --treat-as-device $work/folder/." \
    "maps --treat-as-device $work/folder/.two "
  completed 'on-error st' 'on-error stop '
}

# But for the build ids of its program files, which are read from its memory once.
@test "shell: completing makes no access and follows no pointer" {
  need strace
  driver_start
  cat >run <<SH
ASAN_OPTIONS=detect_leaks=0 strace -f -y -s 0 -o trace \\
  -e trace=pread64,pwrite64,process_vm_readv,ptrace,openat,poll \\
  '$MMIODBG' shell -p $pid --no-attach --treat-as-device '$file'
SH
  terminal_start bash run
  typed ''
  completed 'read @f' "read $at"
  completed 'read only' 'read only_here'
  before=$(grep -c process_vm_readv trace)
  completed 'read regs.ctrl.m' 'read regs.ctrl.mode '
  completed 'read first_device.next.bar.l' 'read first_device.next.bar.level '
  completed 'write regs.ctrl.mode=F' 'write regs.ctrl.mode=FAST'
  completed 'read count::' 'read count::calls'
  nowhere trace '/mem>' 'process_vm_writev' 'ptrace('
  [ "$(grep -c process_vm_readv trace)" = "$before" ]
  same regs
  # It would be seen.
  line 'read regs.id'
  shown "regs.id = $(number 32 0)"
  await grep -q 'pread64(.*/mem>' trace
  [ "$(grep -c process_vm_readv trace)" -gt "$before" ]
}

# What was typed

@test "shell: Up brings lines back, also those of earlier shells" {
  plain_start
  shell_start -p "$pid"
  typed ''
  line 'echo first'
  line ' echo with a blank'
  line 'echo second'
  line 'echo second'
  line ''
  shown 'with a blank'
  typed ''
  keys Up
  typed 'echo second'
  keys Up
  typed 'echo first'
  keys Down
  typed 'echo second'
  keys C-u
  line exit
  ended_with 0
  file_is "$kept" 'echo first' 'echo second' exit
  [ "$(stat -c %a "$kept")" = 600 ]
  [ "$(stat -c %a "${kept%/*}")" = 700 ]
  terminal kill-server
  shell_start -p "$pid"
  typed ''
  keys Up
  typed exit
  keys Up
  keys Up
  typed 'echo first'
  keys C-c
  typed ''
  keys C-r
  keys -l sec
  shown 'echo second'
}

@test "shell: two at the same time keep the lines of both" {
  plain_start
  for name in one two; do
    terminal new-session -d -x 160 -y 40 -s $name \
      "'$MMIODBG' shell -p $pid --no-attach --treat-as-device '$file'"
  done
  for i in {1..20}; do
    for name in one two; do
      terminal send-keys -t $name -l "echo $name $i"
      terminal send-keys -t $name Enter
    done
  done
  await lines_are "$kept" 40
  for name in one two; do
    [ "$(grep -c "^echo $name [0-9]*$" "$kept")" = 20 ]
  done
}

@test "shell: a thousand lines are kept" {
  mkdir -p "${kept%/*}"
  seq -f 'echo %.0f' 1500 >"$kept"
  plain_start
  shell_start -p "$pid"
  typed ''
  lines_are "$kept" 1000
  [ "$(head -n 1 "$kept")" = 'echo 501' ]
  line 'echo new'
  typed ''
  line exit
  ended_with 0
  [ "$(tail -n 2 "$kept")" = $'echo new\nexit' ]
}

@test "shell: a history that is no text is passed over, and told" {
  mkdir -p "${kept%/*}"
  printf 'echo good\n\0\1\2bad\n\33[31mred\n%5000s\nlast' x >"$kept"
  plain_start
  shell_start -p "$pid"
  shown '3 lines are no text, and passed over'
  typed ''
  keys Up
  typed last
  keys Up
  typed 'echo good'
  head -c 100000 /dev/urandom >"$kept"
  terminal kill-server
  shell_start -p "$pid"
  typed ''
  line 'echo alive'
  await grep -aqx 'echo alive' "$kept"
}

# forgets STARTS...: it starts without a history, and says TEXT of it
forgets() {
  local text=$1

  shell_start -p "$pid"
  typed ''
  if [ -n "$text" ]; then
    shown "$text"
  else
    not_shown mmiodbg:
  fi
  line 'echo one'
  typed ''
  keys Up
  typed 'echo one'
  keys C-u
  keys C-d
  ended_with 0
  terminal kill-server
}

@test "shell: without a place for it, nothing is kept, and all else works" {
  plain_start
  unset HOME
  forgets ''
  export HOME=$work/nowhere
  forgets ''
  [ ! -e nowhere ]
  export HOME=$work/home XDG_STATE_HOME=relative
  forgets ''
  [ -e "$kept" ]
  export XDG_STATE_HOME=$work/regs
  forgets 'what is typed will not be remembered'
  export XDG_STATE_HOME=$work/state
  mkdir -p state/mmiodbg/history
  forgets 'it is no regular file'
  rmdir state/mmiodbg/history
  mkfifo state/mmiodbg/history
  forgets 'it is no regular file'
  rm state/mmiodbg/history
  ln -s /dev/null state/mmiodbg/history
  forgets ''
  ln -sf "$work/made" state/mmiodbg/history
  forgets 'what is typed will not be remembered'
  [ ! -e made ]
  ln -sf "$kept" state/mmiodbg/history
  forgets ''
  rm state/mmiodbg/history
  forgets ''
  file_is state/mmiodbg/history 'echo one'
}

@test "shell: --no-history neither reads nor keeps lines" {
  mkdir -p "${kept%/*}"
  echo 'echo before' >"$kept"
  plain_start
  shell_start -p "$pid" --no-history
  typed ''
  line 'echo one'
  shown $'\none'
  keys Up
  typed 'echo one'
  keys Up
  keys Up
  keys -l '!'
  typed 'echo one!'
  keys C-u
  line exit
  ended_with 0
  file_is "$kept" 'echo before'
}

@test "shell: root leaves nothing in the home of somebody else" {
  need_root
  plain_start
  chown 12345 home
  forgets 'it belongs to another user'
  [ -z "$(find home -mindepth 1)" ]
  chown 0 home
  mkdir -p "${kept%/*}"
  echo theirs >"$kept"
  chown 12345 "$kept"
  forgets 'it belongs to another user'
  file_is "$kept" theirs
}

# Ctrl-C, Ctrl-Z, signals

@test "shell: Ctrl-C at the prompt drops the line" {
  plain_start
  shell_start -p "$pid"
  typed ''
  keys -l 'write @0=1'
  typed 'write @0=1'
  keys C-c
  shown '@0=1^C'
  typed ''
  same regs
  line 'echo alive'
  shown alive
}

@test "shell: Ctrl-C ends a command, and not the shell" {
  plain_start
  truncate -s 64M large
  tell map "$work/large"
  shell_start -p "$pid"
  typed ''
  line 'sleep 10m'
  running
  keys C-c
  shown 'mmiodbg: interrupted'
  typed ''
  keys C-l
  line 'wait @0 eq 5'
  running
  keys C-c
  shown 'interrupted'
  typed ''
  line exit
  ended_with 0
}

@test "shell: Ctrl-C ends watch, and leaves no trace of itself" {
  plain_start
  shell_start -p "$pid"
  typed ''
  line 'watch @0 --samples 2 --interval 1ms --all --relative'
  typed ''
  line 'watch @0'
  running
  shown "@0 = $(number 32 0)"
  keys C-c
  typed ''
  line 'watch @0 @0+0x4 --screen'
  shown ' 0 lost'
  keys C-c
  typed ''
  line "save $at -n 4 -f kept"
  typed ''
  line "write $at=0xffffffff"
  line 'diff kept'
  shown '0xffffffff'
  typed ''
  line exit
  ended_with 0
}

first_is_written() {
  [ "$(head -c 1 large | od -An -tu1)" -eq 1 ]
}

# written: to the file that was all zeros, with elements of 8 bits
written() {
  tr -d '\0' <large | wc -c
}

@test "shell: Ctrl-C ends a write, and nothing is written after it" {
  file=$work/large
  truncate -s 64M large
  at=$(region "$file")
  plain_start
  shell_start -p "$pid"
  typed ''
  line "write --fill -w 8 $at..+0x4000000=1"
  await first_is_written
  keys C-c
  shown ' elements were written'
  typed ''
  told=$(screen | sed -n 's/.*: \([0-9]*\) of 67108864 elements were written.*/\1/p')
  [ "$told" -lt 67108864 ]
  [ "$(written)" = "$told" ]
  line 'echo alive'
  shown alive
  [ "$(written)" = "$told" ]
}

@test "shell: Ctrl-C ends a long read, and tells how far that came" {
  file=$work/large
  truncate -s 256M large
  plain_start
  for what in '@0 -q -n 60000000' "@0..+0xe000000"; do
    shell_start -p "$pid" -q
    typed ''
    line "read $what"
    shown 0x00000000
    keys C-c
    shown 'mmiodbg: interrupted: ' ' elements were read'
    typed ''
    line 'echo alive'
    shown alive
    terminal kill-server
  done
}

# interrupted_at N: from here on SIGINT comes with the Nth access of a shell
interrupted_at() {
  cat >traced <<SH
#!/bin/sh
export ASAN_OPTIONS="\$ASAN_OPTIONS:detect_leaks=0"
exec strace -qq -o trace -P /proc/$pid/mem -e trace=pread64 \
  -e inject=pread64:signal=SIGINT:when=$1 '$mmiodbg' "\$@"
SH
  chmod +x traced
}

@test "shell: Ctrl-C with the last access of a dump cuts nothing short" {
  need strace hexdump
  plain_start
  mmiodbg=$MMIODBG
  MMIODBG=$work/traced
  interrupted_at 8
  shell_start -p "$pid" --no-attach
  typed ''
  line 'dump @0..+0x20'
  shown "$(hexdump -C -n 32 regs | sed -n 2p)" $'\n00000020'
  typed ''
  not_shown interrupted
  terminal kill-server
  shell_start -p "$pid" --no-attach
  typed ''
  line 'dump @0..+0x20 -f bytes'
  typed ''
  await [ -e bytes ]
  cmp bytes <(head -c 32 regs)
  terminal kill-server
  # One before the last: that is told, and the file is not written.
  interrupted_at 7
  shell_start -p "$pid" --no-attach
  typed ''
  line 'dump @0..+0x20 --format hex -f text'
  shown 'mmiodbg: interrupted: 7 of 8 elements were read' $'mmiodbg: interrupted\n'
  typed ''
  [ ! -e text ]
}

@test "shell: Ctrl-C ends waiting for a file, and a reader that goes is an error" {
  plain_start
  mkfifo pipe
  shell_start -p "$pid"
  typed ''
  for what in 'save @0 -f pipe' 'dump @0 -n 1 -f pipe' 'load @0 -f pipe' \
    'load @0 --format hex -f pipe' 'diff pipe'; do
    keys C-l
    typed ''
    line "$what"
    running
    keys C-c
    shown 'mmiodbg: interrupted'
    typed ''
  done
  same regs
  # The terminal is for lines.
  line 'load @0 -f -'
  shown 'the lines come from standard input: no file can'
  same regs
  # One that does not read, and one that reads a byte and goes.
  exec {reader}<>pipe
  keys C-l
  line 'dump @0 -n 2048 --format hex -f pipe'
  typed ''
  keys C-l
  line 'dump @0 -n 2048 --format hex -f pipe'
  running
  keys C-c
  shown 'mmiodbg: interrupted'
  typed ''
  exec {reader}>&-
  keys C-l
  head -c 1 pipe >first &
  line 'save @0 -n 2048 -f pipe'
  shown 'Broken pipe'
  typed ''
  line 'echo alive'
  shown alive
  line exit
  ended_with 0
}

@test "shell: Ctrl-C ends trying again" {
  plain_start
  shell_start -p "$pid"
  typed ''
  : >regs
  within 30 interrupted_retry "read --retry 5m $at"
  within 30 interrupted_retry "write --retry 5m $at=1"
  keys C-l
  line "read --retry 1ms $at"
  shown 'the mapping was revoked'
}

interrupted_retry() {
  keys C-l
  line "$1"
  running
  keys C-c
  shown 'interrupted while waiting'
  typed ''
}

@test "shell: Ctrl-Z suspends it, at the prompt and in a command" {
  plain_start
  cat >rc <<SH
PS1='bash> '
SH
  terminal_start bash --noprofile --rcfile rc -i
  shown 'bash>'
  line "stty -a >modes.before"
  line "'$MMIODBG' shell -p $pid --treat-as-device '$file'"
  typed ''
  keys -l 'echo ab'
  typed 'echo ab'
  keys C-z
  shown Stopped
  keys C-l
  line 'stty -a >modes.between'
  await [ -s modes.between ]
  cmp modes.before modes.between
  is_traced "$pid"
  tell load 0 32 0
  line 'fg'
  typed 'echo ab'
  keys -l 'cd'
  keys Enter
  shown $'\nabcd'
  line 'sleep 10m'
  running
  keys C-z
  shown 'Stopped'
  keys C-l
  line 'fg'
  shown "'$MMIODBG' shell"
  running
  keys C-c
  shown 'mmiodbg: interrupted'
  typed ''
  keys C-d
  line 'stty -a >modes.after; echo status $?'
  shown 'status 0'
  cmp modes.before modes.after
}

@test "shell: a signal ends it, and the terminal is as it was" {
  plain_start
  for signal in TERM:143 HUP:129 QUIT:131; do
    shell_start -p "$pid"
    typed ''
    keys -l 'half of a line'
    typed 'half of a line'
    kill -"${signal%:*}" "$(shell_pid)"
    ended_with "${signal#*:}"
    await is_not_traced "$pid"
    shell_start_again
    line 'sleep 10m'
    running
    kill -"${signal%:*}" "$(shell_pid)"
    ended_with "${signal#*:}"
    await is_not_traced "$pid"
    terminal kill-server
  done
  tell load 0 32 0
}

shell_start_again() {
  terminal kill-server
  shell_start -p "$pid"
  typed ''
}

@test "shell: SIGTERM is for the shell alone" {
  plain_start
  cat >run <<SH
trap 'echo got >signal' TERM
'$MMIODBG' shell -p $pid --treat-as-device '$file'
echo \$? >ended
SH
  terminal_start bash run
  typed ''
  kill -TERM "$(shell_pid)"
  await [ -s ended ]
  file_is ended 143
  [ ! -e signal ]
}

@test "shell: SIGKILL leaves the target running, and not traced" {
  plain_start
  shell_start -p "$pid"
  typed ''
  is_traced "$pid"
  kill -KILL "$(shell_pid)"
  await is_not_traced "$pid"
  tell load 0 32 0
  [ "$answer" = "value $(number 32 0)" ]
}

@test "shell: the terminal goes" {
  plain_start
  shell_start -p "$pid"
  typed ''
  victim=$(shell_pid)
  terminal kill-server
  await is_gone "$victim"
  await is_not_traced "$pid"
  tell load 0 32 0
}

@test "shell: another size of the terminal" {
  plain_start
  shell_start -p "$pid"
  typed ''
  keys -l 'echo one two three'
  typed 'echo one two three'
  terminal resize-window -x 60 -y 20
  await last_is "$prompt echo one two three"
  keys -l ' four five six seven eight'
  shown eight
  terminal resize-window -x 120 -y 20
  typed 'echo one two three four five six seven eight'
  keys Enter
  shown $'\none two three four five six seven eight'
}

@test "shell: a terminal that can do nothing" {
  plain_start
  cat >run <<SH
TERM=dumb '$MMIODBG' shell -p $pid --treat-as-device '$file'
echo \$? >ended
SH
  terminal_start bash run
  typed ''
  keys -l 'echo ac'
  keys BSpace
  keys -l 'b'
  typed 'echo ab'
  kill -KILL "$pid"
  shown 'has ended'
  prompt="mmiodbg $pid (mmiotarget, ended)>"
  typed 'echo ab'
  keys Enter
  shown $'\nab'
  completed rea 'read '
  keys C-d
  await [ -s ended ]
  file_is ended 0
}

# The target

@test "shell: it survives its target, and says so at once" {
  plain_start
  shell_start -p "$pid"
  typed ''
  keys -l 'echo ab'
  typed 'echo ab'
  kill -KILL "$pid"
  shown "mmiodbg: process $pid (mmiotarget) has ended"
  prompt="mmiodbg $pid (mmiotarget, ended)>"
  typed 'echo ab'
  keys -l c
  keys Enter
  shown $'\nabc'
  line "read $at"
  shown "mmiodbg: process $pid has ended"
  line ''
  typed ''
  line detach
  prompt='mmiodbg>'
  typed ''
  plain_start
  line "attach $pid"
  typed ''
  line "read $at"
  shown "$at = $(number 32 0)"
  is_traced "$pid"
  line detach
  prompt='mmiodbg>'
  typed ''
  is_not_traced "$pid"
  line exit
  ended_with 0
}

@test "shell: it survives an exec of its target" {
  plain_start
  shell_start -p "$pid"
  typed ''
  tell exec "$MMIOTARGET" "$file"
  shown "mmiodbg: process $pid (mmiotarget) has executed another program (exec)"
  prompt="mmiodbg $pid (mmiotarget, exec)>"
  typed ''
  line "read $at"
  shown 'is gone: it has ended or started another program (exec)'
  line "attach $pid"
  prompt="mmiodbg $pid (mmiotarget)>"
  typed ''
  line "read $at"
  shown "$at = $(number 32 0)"
}

@test "shell: without attaching it sees the end, too" {
  plain_start
  shell_start -p "$pid" --no-attach
  typed ''
  is_not_traced "$pid"
  line "read $at"
  shown "$at = "
  is_not_traced "$pid"
  line "read --attach $at -q"
  typed ''
  is_not_traced "$pid"
  kill -KILL "$pid"
  shown "mmiodbg: process $pid (mmiotarget) has ended"
}

@test "shell: without attaching it sees an exec, too" {
  plain_start
  shell_start -p "$pid" --no-attach
  typed ''
  tell exec "$MMIOTARGET" "$file"
  shown "mmiodbg: process $pid (mmiotarget) has executed another program (exec)"
  prompt="mmiodbg $pid (mmiotarget, exec)>"
  typed ''
  # And the end of that, without a key.
  kill -KILL "$pid"
  shown "mmiodbg: process $pid (mmiotarget) has ended"
  prompt="mmiodbg $pid (mmiotarget, ended)>"
  typed ''
}

@test "shell: device mappings that change are told, once" {
  plain_start
  for attach in '' --no-attach; do
    # shellcheck disable=SC2086 # a word or none
    shell_start -p "$pid" $attach
    typed ''
    keys -l 'echo ab'
    typed 'echo ab'
    tell map "$file"
    shown "the device mappings of process $pid (mmiotarget) have changed; \`maps\` lists them"
    typed 'echo ab'
    keys -l c
    keys Enter
    shown $'\nabc'
    line maps
    shown "file:$file"
    typed ''
    keys C-l
    typed ''
    line "read @1 -q"
    shown "$(number 32 0)"
    tell map anon,len=4096
    line "read @0+0x4 -q"
    shown "$(number 32 4)"
    not_shown 'have changed'
    terminal kill-server
  done
}

@test "shell: a target of somebody else" {
  need_root
  need setpriv
  plain_start
  chmod 711 "$work" "${work%/*}" "${work%/*/*}"
  cat >run <<SH
unset HOME
setpriv --reuid 64321 --regid 64321 --clear-groups \
  '$MMIODBG' shell -p $pid
echo \$? >ended
setpriv --reuid 64321 --regid 64321 --clear-groups '$MMIODBG' shell
echo \$? >>ended
SH
  terminal_start bash run
  shown "reading the mappings of process $pid, which belongs to user 0"
  prompt='mmiodbg>'
  typed ''
  line "attach $pid"
  keys C-l
  line "attach $pid"
  shown 'Permission denied'
  typed ''
  keys C-d
  await lines_are ended 2
  file_is ended 5 0
}

@test "shell: another target" {
  plain_start
  first=$pid
  shell_start -p "$first"
  typed ''
  plain_start
  line "attach $pid"
  typed ''
  is_traced "$pid"
  is_not_traced "$first"
  line 'attach 999999999'
  shown 'there is no process 999999999'
  typed ''
  is_traced "$pid"
  # Neither of them is asked for any more.
  line detach
  prompt='mmiodbg>'
  typed ''
  line "read $at"
  shown '2 processes have it mapped; name one with `attach`'
  is_not_traced "$pid"
  line 'read 0x1000'
  shown 'of which process?; `attach PID` names it'
}

@test "shell: a target that is traced already is read all the same" {
  need strace
  plain_start
  strace -qq -o trace -p "$pid" 3>&- &
  target_pids+=($!)
  await is_traced "$pid"
  shell_start -p "$pid"
  typed ''
  shown '(strace) traces already' 'going on unattached'
  line "read $at"
  shown "$at = $(number 32 0)"
  keys C-l
  line "read $at --attach"
  shown 'it can be read and written all the same'
  line "read $at+0x4"
  shown "$at+0x4 = $(number 32 4)"
  not_shown 'going on'
  line exit
  ended_with 0
}

@test "shell: the agent is killed" {
  plain_start
  shell_start -p "$pid"
  typed ''
  agent=$(sed -n 's/^TracerPid:\t//p' "/proc/$pid/status")
  kill -KILL "$agent"
  shown 'the target runs, unattached'
  typed ''
  line "read $at"
  shown "$at = $(number 32 0)"
  is_traced "$pid"
}

@test "shell: an index means what maps has shown" {
  plain_start
  shell_start -p "$pid"
  typed ''
  line 'read @0'
  shown "@0 = $(number 32 0)"
  tell map "$file"
  line 'read @0'
  shown 'the index may mean another one'
  keys C-l
  line maps
  shown "$file"
  line 'read @1'
  shown "@1 = $(number 32 0)"
}

@test "shell: the name of a target may be anything" {
  plain_start
  tell name $'e\033[31m)>\xff'
  shell_start -p "$pid"
  shown "mmiodbg $pid (e\\x1b[31m)>\\xff)>"
  kill -KILL "$pid"
  shown "mmiodbg: process $pid (e\\x1b[31m)>\\xff) has ended"
  export LC_ALL=C
  plain_start
  tell name $'\xc3\xa4\xc3\xb6'
  terminal kill-server
  shell_start -p "$pid"
  shown "mmiodbg $pid (????)>"
}

# Bytes

# revived: whatever is half typed is dropped, and a line carried out
revived() {
  keys C-c
  keys -l 'echo alive'
  keys Enter
  sleep 0.2
  screen_has $'\nalive'
}

# pasted TEXT: printf(1) makes bytes of it, which are typed as they are
pasted() {
  # shellcheck disable=SC2059 # it is a format
  printf "$1" >bytes
  terminal load-buffer bytes
  terminal paste-buffer
  await revived
  keys C-l
}

@test "shell: long lines" {
  plain_start
  shell_start -p "$pid"
  typed ''
  printf 'echo %030000d\n' 7 >bytes
  terminal load-buffer bytes
  terminal paste-buffer
  shown 00007
  await revived
  head -c 2000000 /dev/zero | tr '\0' x >bytes
  keys -l 'echo '
  terminal load-buffer bytes
  terminal paste-buffer
  keys C-c
  await revived
}

@test "shell: bytes that are no text" {
  plain_start
  shell_start -p "$pid"
  typed ''
  keys -l 'echo äöü€'
  keys BSpace
  keys Enter
  shown $'\näöü'
  # What libedit would crash of: its own commands, regions without an end, and
  # characters of six bytes.
  pasted '\033x'\''\r'
  pasted '\033X"\r'
  pasted 'some text\0\1\13\27\30\30\27\033w\33W\31\31'
  pasted '\375\277\277\277\277\277\t\r'
  pasted '\374\204\200\200\200\200\r'
  pasted 'a\200b\377c\355\240\200d\r'
  pasted 'a\026\0b\rread @\0\t'
  # Without keys that would end or suspend it.
  LC_ALL=C awk 'BEGIN {
    srand(7)
    for (i = 0; i < 20000; i++) {
      c = int(256 * rand())
      if (c != 3 && c != 4 && c != 17 && c != 19 && c != 26 && c != 28)
        printf "%c", c
    }
  }' >bytes
  terminal load-buffer bytes
  terminal paste-buffer
  await revived
  echo 'bind -v' >home/.editrc
  terminal kill-server
  shell_start -p "$pid"
  typed ''
  pasted '\033:'\''\r'
}

@test "shell: editrc is obeyed" {
  plain_start
  printf '%s\n' 'bind ^X ed-move-to-beg' 'mmiodbg:bind ^Y ed-move-to-end' \
    'other:bind ^X ed-move-to-end' >home/.editrc
  shell_start -p "$pid"
  typed ''
  keys -l 'o x'
  keys C-x
  keys -l ech
  keys C-y
  keys -l y
  typed 'echo xy'
  keys C-d
  keys C-u
  line exit
  ended_with 0
  terminal kill-server
  echo 'bind -v' >home/.editrc
  shell_start -p "$pid"
  typed ''
  keys -l 'rea'
  keys Tab
  keys -l '@0'
  typed 'read @0'
  echo 'edit off' >home/.editrc
  terminal kill-server
  shell_start -p "$pid"
  line "read $at"
  shown "$at = $(number 32 0)"
  keys C-d
  ended_with 0
}

lines_are() {
  [ "$(wc -l <"$1")" = "$2" ]
}
