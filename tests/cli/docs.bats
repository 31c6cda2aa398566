#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The man page and the completions, against the tables in the program. What the
# program has it tells by --help and by its errors; src/ is asked for what it
# does not tell.

# shellcheck disable=SC2030,SC2031,SC2154 # a test is a subshell; helpers.bash
load helpers

: "${top_srcdir:=$BATS_TEST_DIRNAME/../..}"
man=$top_srcdir/man/mmiodbg.1
snapshot_man=$top_srcdir/man/mmiodbg-snapshot.5
completions=$top_srcdir/completions
library=/usr/share/bash-completion/bash_completion

# A machine with a process that has a BAR, a UIO map and a file with a difficult
# name mapped, another process, and a kernel thread.
prepare() {
  HOME=$work LC_ALL=C
  unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_DATA_DIRS
  tree_begin
  tree_pci 0000:03:00.0 0x8086 0x10d3 vfio-pci 0xfea00000:0x100000:0x40200
  tree_pci 0000:04:00.0 0x1234 0x11e8 uio_pci_generic 0xfeb00000:0x1000:0x40200
  tree_uio 0 0000:04:00.0
  tree_uio_map 0 0 0xfeb00000 0x1000 0 regs
  tree_process 4242 dpdk-app
  tree_mapping 0x10000000 0x100000 rw-s 0xfea00000 \
    /sys/devices/pci0000:00/0000:03:00.0/resource0
  tree_mapping 0x10200000 0x1000 rw-s 0 /dev/uio0
  tree_mapping 0x10300000 0x1000 rw-s 0 '/tmp/a b+c'
  tree_mapping 0x10400000 0x1000 rw-p 0 '' 'rd wr mr mw me ac sd'
  truncate -s $((0x10500000)) "$process/mem"
  tree_process 4343 'my app'
  tree_process 2 kthreadd
  : >"$process/cmdline"
  # The completions start the program by its name.
  mkdir bin
  cat >bin/mmiodbg <<-END
	#!/bin/sh
	echo "\$*" >>'$work/calls'
	exec '$MMIODBG' "\$@"
	END
  # How long it may take there is not for a busy machine to be held against.
  printf '#!/bin/sh\nshift\nexec "$@"\n' >bin/timeout
  chmod +x bin/mmiodbg bin/timeout
  PATH=$work/bin:$PATH
}

# What the program has

# once NAME COMMAND...: its output; it runs once for all tests of this file
once() {
  local kept=$BATS_FILE_TMPDIR/$1

  shift
  [ -e "$kept" ] || "$@" >"$kept.new" 2>&1 || :
  [ -e "$kept" ] || mv "$kept.new" "$kept"
  cat "$kept"
}

help_of() {
  once "help${1:+-$1}" "$MMIODBG" "$@" --help
}

# commands: and their other names
commands() {
  help_of | sed -n '/^Commands:/,/^$/s/^  \([a-z, ]*\)  .*/\1/p' | tr -d ' ' |
    tr , '\n'
}

# options [COMMAND]: "LETTER LONG ARGUMENT", with "-" for what there is not;
# without a command those that every command takes
options() {
  help_of "$@" | sed -n -E '
    /^Options:/,/^$/ {
      s/^  -(.), --([a-z-]+) ([A-Z][A-Z|]*) .*/\1 \2 \3/p; t
      s/^      --([a-z-]+) ([A-Z][A-Z|]*) .*/- \1 \2/p; t
      s/^  -(.), --([a-z-]+) .*/\1 \2 -/p; t
      s/^      --([a-z-]+) .*/- \1 -/p
    }'
}

all_options() {
  local command

  for command in $(commands); do
    options "$command"
  done | sort -u
}

# spelled: the lines of `options`, as words of a command line
spelled() {
  awk '$1 != "-" { print "-" $1 } { print "--" $2 }' | sort -u
}

columns() {
  once columns "$MMIODBG" maps -o '?' | sed -n 's/.*the columns are //p' | tr -d , |
    tr ' ' '\n'
}

# "STATUS KIND"
kinds() {
  sed -n -E 's/.*\[ERROR_[A-Z_]+\] = \{"([a-z-]+)", ([0-9]+)\}.*/\2 \1/p' \
    "$top_srcdir/src/base/error.c"
}

statuses() {
  {
    kinds | cut -d' ' -f1
    grep -oE 'STATUS_[A-Z]+ = [0-9]+' "$top_srcdir/src/base/error.h" |
      cut -d' ' -f3
  } | sort -n -u
}

# What the man page has

# section TITLE [SUBSECTION]: its lines; with SUBSECTION "-", up to the first
section() {
  awk -v title="$1" -v part="${2:-}" '
    /^\.Sh / { on = $0 == ".Sh " title; in_part = part == "-" || part == "" }
    /^\.Ss / { if (part != "") in_part = $0 == ".Ss " part }
    on && in_part' "$man"
}

# same_lists WANTED FOUND WHAT: files with lines
same_lists() {
  [ -s "$1" ] || fail "the test finds none of: $3"
  diff -u --label "$3: program" --label "$3: here" "$1" "$2"
}

@test "what this test reads of the program is there" {
  local name

  commands | sort >found
  for name in maps info read peek write poke watch wait; do
    grep -qx "$name" found || fail "no command $name"
  done
  options >found
  grep -qx 'v verbose -' found
  grep -qx -- '- color WHEN' found
  options maps >found
  grep -qx 'p pid PID|NAME' found
  grep -qx -- '- treat-as-device FILE' found
  grep -qx -- '- raw -' found
  columns | grep -qx PROBLEM
  kinds | grep -qx '7 no-access-method'
  [ "$(statuses | head -n 1)" = 0 ]
  # Nothing of --help is missed.
  for name in $(commands); do
    [ "$(help_of "$name" | sed '1,/^Options:/d; /^$/,$d' | wc -l)" = \
      "$(options "$name" | wc -l)" ] || fail "lines of $name --help"
  done
}

@test "man page: mandoc has nothing to say against it" {
  need mandoc
  mandoc -Tlint -W warning "$man" "$snapshot_man" >out 2>&1 || {
    cat out
    fail 'mandoc warns'
  }
  out_is
}

@test "man page: the commands" {
  commands | sort >wanted
  section COMMANDS - | sed -n 's/^\.It Cm //p' | sed 's/ \(Ar\|Op\) .*//' |
    tr -d , | tr -s ' ' '\n' | sort >found
  same_lists wanted found commands
}

@test "man page: the synopsis has the options of each command" {
  local command

  options | sort >always
  for command in $(commands); do
    grep -q "^\.Cm $command\$" <(section SYNOPSIS) || continue
    options "$command" | sort | comm -23 - always |
      awk -v command="$command" '{
        print command, ($1 == "-" ? "--" $2 : "-" $1), $3 }'
  done | sort >wanted
  section SYNOPSIS | awk '
    $1 == ".Cm" { command = $2 }
    $1 == ".Op" && $2 == "Fl" {
      print command, "-" $3, $4 == "Ar" ? $5 : "-" }' | sort >found
  same_lists wanted found synopsis
  # The other names have no line of their own: they take the same.
  help_of | sed -n -E 's/^  ([a-z]+), ([a-z]+) .*/\1 \2/p' |
    while read -r command alias; do
      [ "$(options "$command")" = "$(options "$alias")" ]
    done
  section SYNOPSIS | sed -n 's/^\.Cm //p' | sort >found
  help_of | awk '/^Commands:/ { on = 1; next } !NF { on = 0 }
    on { sub(",", "", $1); print $1 }' | sort >wanted
  same_lists wanted found 'commands of the synopsis'
}

@test "man page: the options, with their letters and arguments" {
  all_options >wanted
  section OPTIONS | sed -n -E '
    s/^\.It Fl (.) , -([a-z-]+) Ar (.*)/\1 \2 \3/p; t
    s/^\.It Fl -([a-z-]+) Ar (.*)/- \1 \2/p; t
    s/^\.It Fl (.) , -([a-z-]+)$/\1 \2 -/p; t
    s/^\.It Fl -([a-z-]+)$/- \1 -/p' | sort >found
  same_lists wanted found options
  [ "$(section OPTIONS | grep -c '^\.It')" = "$(wc -l <found)" ]
  # Those that every command takes are named at the top.
  options | awk '{ print $1 == "-" ? "-" $2 : $1 }' | sort >wanted
  section OPTIONS | sed '/^\.Bl/,$d' | sed -n 's/^\.Fl \([^ ]*\).*/\1/p' |
    sort >found
  same_lists wanted found 'options of every command'
}

@test "man page: it names nothing that there is not" {
  {
    all_options | awk '$1 != "-" { print $1 } { print "-" $2 }'
  } | sort -u >wanted
  {
    grep '^\.' "$man" | grep -oE '\<Fl -?[A-Za-z-]+' | sed 's/^Fl //'
    grep '^mmiodbg' "$man" | grep -oE '(^| )--?[a-zA-Z][a-z-]*' |
      sed 's/^ *-//'
  } | sort -u >found
  [ -s found ]
  comm -13 wanted found >others
  [ ! -s others ] || fail "options that there are not: $(cat others)"
  {
    commands
    columns
    kinds | cut -d' ' -f2
  } | sort -u >wanted
  grep -oE '\<Cm [A-Za-z-]+( , [a-z]+)?' "$man" | sed 's/^Cm //; s/ , /\n/' |
    sort -u >found
  comm -13 wanted found >others
  [ ! -s others ] || fail "commands that there are not: $(cat others)"
}

@test "man page: the columns, and which are shown" {
  columns >wanted
  section COMMANDS 'Columns of maps' | sed -n 's/^\.It Cm //p' >all
  sort wanted >wanted.sorted
  sort all >found
  same_lists wanted.sorted found columns
  "$MMIODBG" maps | sed -n '1s/  */\n/gp' | sed '/^$/d' >wanted
  head -n "$(wc -l <wanted)" all >found
  same_lists wanted found 'columns that are shown'
}

@test "man page: the exit statuses and the kinds of errors" {
  statuses >wanted
  section 'EXIT STATUS' | sed -n -E 's/^\.It ([0-9]+)$/\1/p' >found
  same_lists wanted found 'exit statuses'
  kinds | sort >wanted
  section 'EXIT STATUS' |
    sed -n -E 's/^\.It Cm ([a-z-]+) Ta ([0-9]+) Ta .+/\2 \1/p' | sort >found
  same_lists wanted found 'kinds of errors'
}

@test "man page: the environment" {
  # What only tests set is told in HACKING.
  grep -rhoE 'getenv\("[A-Z_]+"' "$top_srcdir/src" |
    sed -E 's/.*"(.*)"/\1/' | grep -v '^MMIODBG_TEST_' | sort -u >wanted
  section ENVIRONMENT | sed -n 's/^\.It Ev //p' | sort >found
  same_lists wanted found environment
}

# served VERSION [OPTION]: widths of reads, and of writes, of a register
served() {
  echo "$1" >"$tree/uname"
  "$MMIODBG" info "${@:2}" -p 4242 @03:00.0/bar0+0x0 | awk '
    $1 ~ /^(read|write)$/ && $3 == "kernel" { widths[$1] = widths[$1] " " $2 }
    END {
      print substr(widths["read"] ? widths["read"] : " none", 2) "|" \
        substr(widths["write"] ? widths["write"] : " none", 2)
    }'
}

@test "man page: what is served on which kernel" {
  local machines kernels reads writes machine version wanted found

  section SAFETY | sed -n -E 's/^\.It (.*) Ta (.*) Ta (.*) Ta (.*)/\1|\2|\3|\4/p' |
    sed 1d >rows
  [ -s rows ]
  while IFS='|' read -r machines kernels reads writes; do
    case $kernels in
    'before '*) kernels="4.4 ${kernels#before }"
      case ${kernels##*.} in
      0) kernels="4.4 $((${kernels:4:1} - 1)).99" ;;
      *) kernels=${kernels%.*}.$((${kernels##*.} - 1)) ;;
      esac
      ;;
    *' on') kernels="${kernels% on} 9.99" ;;
    all) kernels='4.4 5.12 6.1 9.99' ;;
    esac
    rm -f "$tree/proc/cpuinfo"
    case $machines in
    *' guest')
      machines=${machines%%,*}
      echo 'flags		: fpu hypervisor sev sev_es' >"$tree/proc/cpuinfo"
      ;;
    others) machines=mips64 ;;
    esac
    for machine in ${machines//,/}; do
      echo "$machine" >>machines
      for version in $kernels; do
        wanted=$(sed 's/([^)]*)/none/g' <<<"$reads|$writes")
        found=$(served "$machine $version.0")
        [ "$found" = "$wanted" ] || fail "$machine $version: $found"
        # In parentheses: only if the kernel is trusted.
        wanted=$(tr -d '()' <<<"$reads|$writes")
        found=$(served "$machine $version.0" --trust-kernel)
        [ "$found" = "$wanted" ] || fail "$machine $version trusted: $found"
      done
    done
  done <rows
  # No machine of the table in the program is left out.
  sed -n -E 's/.*(\.architecture = |(FIX|PATH)\()"([a-z0-9_]+)".*/\3/p' \
    "$top_srcdir/src/access/kernelpath.c" | sort -u >wanted
  sort -u machines | grep -vx mips64 >found
  same_lists wanted found machines
}

# Both ways: what comes out is described, and what is described is in the
# source.
@test "man page: the members of JSON" {
  local member

  export MMIODBG_PID=4242
  {
    "$MMIODBG" maps --json -o "$(columns | paste -s -d,)"
    "$MMIODBG" info --json @uio0 @03:00.0/bar0+0x8 0x10400000
    "$MMIODBG" info --json @uio9 || :
    "$MMIODBG" read --json @uio0+0x10.7:4 @uio0/32x2 || :
    "$MMIODBG" read --json @uio0/64 || :
    "$MMIODBG" write --json @uio0+0x10.7:4=2 || :
  } >out 2>err
  grep -oE '"[a-z0-9_]+": ' out | tr -d '": ' | sort -u >members
  [ "$(wc -l <members)" -gt 40 ]
  section OUTPUT JSON | grep -oE '\<Ql [a-z0-9_-]+' | sed 's/Ql //' |
    sort -u >described
  comm -23 members described >others
  [ ! -s others ] || fail "not described: $(cat others)"
  # All that the source adds to objects.
  cat "$top_srcdir"/src/cmd/*.c "$top_srcdir"/src/render/*.c | tr -s '\n\t ' ' ' |
    grep -oE '(json_object_object_add|json_add_value|json_add_number|add_string|add_time)\( ?[a-z]+, "[a-z_]+"' |
    sed -E 's/.*"(.*)"/\1/' | sort -u >members
  [ "$(wc -l <members)" -gt 40 ]
  comm -23 members described >others
  [ ! -s others ] || fail "not described: $(cat others)"
  while read -r member; do
    [[ $member =~ ^[0-9]+$ ]] ||
      grep -rqF "\"$member\"" "$top_srcdir/src" ||
      fail "described, but there is no member $member"
  done <described
}

@test "man page: JSON as the schema has it" {
  need jq
  section OUTPUT JSON | grep -oE '\<Ql [a-z0-9_-]+' | sed 's/Ql //' |
    grep -vx 0x | sort -u >described
  jq -r '.. | .properties? | objects | keys[]' "$schema" | sort -u >members
  [ "$(wc -l <members)" -gt 100 ]
  comm -23 members described >others
  [ ! -s others ] || fail "in the schema, not described: $(cat others)"
  # Besides, what a member may be is quoted.
  jq -r '.. | .enum? | arrays | .[] | strings' "$schema" | sort -u - members >words
  comm -13 words described >others
  [ ! -s others ] || fail "described, not in the schema: $(cat others)"
  # Where the schema is.
  section OUTPUT JSON | grep -qF "${schema##*/}"
}

@test "man page of snapshots: the members, which are required, the example" {
  # What stands under each heading, and the table that reads it.
  while read -r table title; do
    sed -n "/^static const struct reader_member ${table}_members/,/^};/p" \
      "$top_srcdir/src/snapshot/"*.c | grep -oE '\{"[a-z]+"' | tr -d '{"' |
      sort >wanted
    man=$snapshot_man section DESCRIPTION "$title" |
      sed -n 's/^\.It Cm //p' | sort >found
    same_lists wanted found "members: $title"
  done <<-'END'
	target The target
	device A device
	type A type
	register A register
	error An error
	END
  sed -n '/^static const struct reader_member members/,/^};/p' \
    "$top_srcdir/src/snapshot/read.c" | grep -oE '\{"[a-z]+"' | tr -d '{"' |
    cat - <(printf '%s\n' format version) | sort >wanted
  man=$snapshot_man section DESCRIPTION 'The snapshot' |
    sed -n 's/^\.It Cm //p' | sort >found
  same_lists wanted found 'members: The snapshot'
  # It is one.
  sed '/^\.Bd -literal -offset 2n/,/^\.Ed/!d; /^\./d' "$snapshot_man" >example
  expect 0 diff example example
  sed 's/FAST/SLOW/; s/0x00000009/0x00000007/' example >other
  expect 1 diff example other
  out_has 'regs.ctrl.mode: 4 (FAST) -> 3'
}

# examples: of the man page, one file for each
examples() {
  section EXAMPLES | awk '
    /^\.Bd/ { name = "example." ++n; next }
    /^\.Ed/ { name = ""; next }
    name { print >name }'
}

@test "man page: the examples work" {
  local example status count=0

  examples
  for example in example.*; do
    status=0
    if grep -qF '$$' "$example"; then
      # Of this very machine, where Yama or a container may forbid it.
      env -u MMIODBG_SYSROOT bash -eu "$example" >out 2>err || status=$?
      [ "$status" = 0 ] || [ "$status" = 5 ] || {
        show "$example" out err
        fail "status $status"
      }
      [ "$status" = 5 ] || grep -qF '7f 45 4c 46' out
    else
      # A captured tree has no threads, to stop or to make accesses.
      sed -i 's/ --stop / --dry-run --stop /
        s/ --via tracee \(.*\)\/64$/ \1/
        s/ --for 1m/ --for 1s/' "$example"
      bash -eu "$example" >out 2>err || status=$?
      [ "$status" = 0 ] && [ ! -s err ] || {
        show "$example" out err
        fail "status $status"
      }
    fi
    count=$((count + $(grep -c mmiodbg "$example")))
  done
  [ "$count" -gt 10 ]
}

example_of_shell() {
  need script
  status=0
  echo exit | within 20 script -qec "'$MMIODBG' $1" /dev/null >out 2>err ||
    status=$?
  [ "$status" = 0 ] || fail "status $status: $1: $(cat out)"
  out_has "(app)> "
}

@test "--help: its examples work" {
  local command line count=0

  tree_process 4444 app
  export MMIODBG_PID=4242
  for command in $(commands); do
    # In a captured tree there is no program whose names could be looked up; and
    # there is no file of a batch.
    [[ $command != @(sym|batch) ]] || continue
    help_of "$command" | grep "^  $command " |
      sed -E 's/^  //; s/   .*//' >lines || :
    while read -r line; do
      # These would go on, and one wants a terminal.
      [ "$command" != watch ] || line+=' --samples 1'
      if [ "$command" = shell ]; then
        example_of_shell "$line"
      else
        eval "expect 0 $line"
      fi
      count=$((count + 1))
    done <lines
  done
  [ "$count" -gt 8 ]
}

# What the completions have

# offers SHELL LINE...: asks a shell what it offers at the end of each line, for
# `choices`
offers() {
  local shell=$1

  shift
  case $shell in
  bash | bash-with-library)
    [ "$shell" = bash ] || export LIBRARY=$library
    bash "$BATS_TEST_DIRNAME/docs-bash.sh" "$completions/mmiodbg.bash" "$@" \
      >offered 2>err
    ;;
  zsh)
    mkdir -p zsh
    cp "$completions/mmiodbg.zsh" zsh/_mmiodbg
    zsh -f "$BATS_TEST_DIRNAME/docs-zsh.sh" "$work/zsh" "$@" >offered 2>err || {
      [ $? = 77 ] && [ "${CI:-}" != true ] && skip "$(cat err)"
      cat err
      return 1
    }
    ;;
  fish)
    # A region is offered with the start of an offset, too.
    # shellcheck disable=SC2016 # the variables are of fish
    fish -c 'source $argv[1]
      for line in $argv[2..-1]
        echo "line $line"
        complete -C $line | string replace -r "\t.*" "" |
          string match -v "*+0x"
      end
      true' "$completions/mmiodbg.fish" "$@" >offered 2>err
    ;;
  esac
  [ ! -s err ] || {
    show err
    fail "$shell said something"
  }
}

# choices LINE: of the last `offers`, sorted
choices() {
  LINE=$1 awk '
    sub(/^line /, "") { on = $0 == ENVIRON["LINE"]; next }
    on' offered | sort -u
}

# offered_are LINE CHOICE...
offered_are() {
  local line=$1

  shift
  choices "$line" >found
  printf '%s\n' "$@" | sed '/^$/d' | sort >wanted
  diff -u --label wanted --label "$line" wanted found
}

need_shell() {
  case $1 in
  bash-with-library) [ -e "$library" ] || skip "no bash-completion" ;;
  *) need "$1" ;;
  esac
}

check_options() {
  local command
  local -a lines=('mmiodbg -')

  for command in $(commands); do
    lines+=("mmiodbg $command -" "mmiodbg --json $command @uio0 -")
  done
  offers "$1" "${lines[@]}"
  all_options | spelled >wanted
  choices 'mmiodbg -' >found
  same_lists wanted found "options of $1 before the command"
  for command in $(commands); do
    options "$command" | spelled >wanted
    choices "mmiodbg $command -" >found
    same_lists wanted found "options of $1 for $command"
    choices "mmiodbg --json $command @uio0 -" >found
    # It may leave out what stands there already, with what excludes it.
    sed -i '/^--jsonl*$/d' wanted found
    same_lists wanted found "options of $1 for $command, later"
  done
}

# Behind an option that takes an argument no place is offered, and behind its
# argument the command is known.
check_arguments() {
  local letter long argument command word place wanted
  local -a lines=()

  for command in maps info read write; do
    place=p wanted=phys:
    [ "$command" != maps ] || place=u wanted=uio0/map0
    options "$command" | spelled >"spelled.$command"
    while read -r letter long argument; do
      case $long in
      help | version) continue ;;
      esac
      for word in "--$long" "-$letter"; do
        [ "$word" != -- ] || continue
        echo "$argument $command $word $place $wanted"
        lines+=("mmiodbg $command $word $place" "mmiodbg $word x $command --")
      done
    done < <(options "$command")
  done >cases
  offers "$1" "${lines[@]}"
  while read -r argument command word place wanted; do
    choices "mmiodbg $command $word $place" >found
    if [ "$argument" = - ]; then
      grep -qxF "$wanted" found || fail "no place behind $command $word"
      continue
    fi
    ! grep -xF "$wanted" found || fail "a place behind $command $word"
    choices "mmiodbg $word x $command --" >found
    grep -qx -e --pid -e --treat-as-device found ||
      fail "no options behind $word x $command"
    comm -13 "spelled.$command" found >others
    [ ! -s others ] || fail "options behind $word x $command: $(cat others)"
  done <cases
}

check_commands() {
  offers "$1" 'mmiodbg ' 'mmiodbg -v --color never ' 'mmiodbg -p 4242 '
  commands | sort >wanted
  for line in 'mmiodbg ' 'mmiodbg -v --color never ' 'mmiodbg -p 4242 '; do
    choices "$line" >found
    same_lists wanted found "commands of $1"
  done
}

check_columns() {
  offers "$1" 'mmiodbg maps -o ' 'mmiodbg maps -o +TYPE,PA' \
    'mmiodbg maps --output=PID,' 'mmiodbg maps -oPRO'
  columns | sort >wanted
  choices 'mmiodbg maps -o ' >found
  same_lists wanted found "columns of $1"
  offered_are 'mmiodbg maps -o +TYPE,PA' +TYPE,PATH
  choices 'mmiodbg maps --output=PID,' | sed 's/^--output=PID,//' >found
  columns | sort | grep -vx PID >wanted
  same_lists wanted found "columns of $1 behind another"
  offered_are 'mmiodbg maps -oPRO' -oPROBLEM
}

# accepted OPTION VALUE...: those that are not wrong usage; that a captured tree
# has no threads is none
accepted() {
  local option=$1 value status

  shift
  for value; do
    status=0
    "$MMIODBG" read -p 4242 --dry-run "$option" "$value" @uio0+0x8 >out 2>&1 ||
      status=$?
    [ "$status" = 2 ] && ! grep -qF 'a captured tree' out || echo "$value"
  done
}

# What is offered is taken, and what is taken is offered.
check_values() {
  offers "$1" 'mmiodbg read --via ' 'mmiodbg read --color=' 'mmiodbg read -w '
  once via accepted --via auto kernel tracee >wanted
  choices 'mmiodbg read --via ' >found
  same_lists wanted found 'values of --via'
  once color accepted --color always auto never >wanted
  choices 'mmiodbg read --color=' | sed 's/^--color=//' >found
  same_lists wanted found 'values of --color'
  # A byte has no order, though one may be given.
  once width accepted -w {16,32,64}{,be,le} 32x2 8 | sort >wanted
  choices 'mmiodbg read -w ' >found
  same_lists wanted found 'values of -w'
  offers "$1" 'mmiodbg dump --format '
  printf '%s\n' hex raw >wanted
  choices 'mmiodbg dump --format ' >found
  same_lists wanted found 'values of --format'
}

# typed SHELL TEXT: as it stands on the line; fish quotes when it puts it there
typed() {
  if [ "$1" = fish ]; then
    printf '%s\n' "$2"
  else
    printf '%q\n' "$2"
  fi
}

check_processes() {
  local name

  name=$(typed "$1" 'my app')
  offers "$1" 'mmiodbg read -p ' 'mmiodbg read -p my' 'mmiodbg maps --pid=d' \
    'mmiodbg read -p43' 'mmiodbg -vp 42'
  offered_are 'mmiodbg read -p ' 4242 dpdk-app 4343 "$name"
  offered_are 'mmiodbg read -p my' "$name"
  offered_are 'mmiodbg maps --pid=d' --pid=dpdk-app
  offered_are 'mmiodbg read -p43' -p4343
  offered_are 'mmiodbg -vp 42' 4242
  # The program was not started for them.
  [ ! -e calls ]
}

check_regions() {
  local bar=0000:03:00.0/bar0 uio=uio0/map0 file

  file=$("$MMIODBG" maps --noheadings -o DEVICE | grep '^file:/tmp/a b')
  # Any choice that is offered is a place.
  expect 0 read "@$file"
  file=$(typed "$1" "$file")
  offers "$1" 'mmiodbg read ' 'mmiodbg write @' 'mmiodbg info @0' \
    'mmiodbg read @0000:' 'mmiodbg read @0000:03:00.0/b' 'mmiodbg read @03:' \
    "mmiodbg read '@0000:03" 'mmiodbg read @f' 'mmiodbg read p' \
    'mmiodbg read @uio0+0x8 @u' 'mmiodbg read @uio0+0x8' 'mmiodbg peek -- @u' \
    'mmiodbg maps ' 'mmiodbg maps @u' 'mmiodbg maps 00'
  offered_are 'mmiodbg read ' @$bar "@$file" @$uio phys:
  offered_are 'mmiodbg write @' @$bar "@$file" @$uio
  offered_are 'mmiodbg info @0' @$bar @03:00.0/bar0
  offered_are 'mmiodbg read @0000:' @$bar
  offered_are 'mmiodbg read @0000:03:00.0/b' @$bar
  offered_are 'mmiodbg read @03:' @03:00.0/bar0
  offered_are "mmiodbg read '@0000:03" @$bar
  offered_are 'mmiodbg read @f' "@$file"
  offered_are 'mmiodbg read p' phys:
  offered_are 'mmiodbg read @uio0+0x8 @u' @$uio
  offered_are 'mmiodbg read @uio0+0x8'
  offered_are 'mmiodbg peek -- @u' @$uio
  offered_are 'mmiodbg maps ' $bar "$file" $uio
  offered_are 'mmiodbg maps @u' @$uio
  offered_are 'mmiodbg maps 00' $bar
  # What it calls is what touches no device.
  [ "$(sort -u calls)" = 'maps --raw --noheadings -o DEVICE' ]
}

# The options that say where to look are handed on; nothing else is.
check_target() {
  local call='maps --raw --noheadings -o DEVICE'

  offers "$1" 'mmiodbg read -p 4343 -w 8 @' 'mmiodbg -qp4242 read -n 2 @u' \
    'mmiodbg --pid=4242 read --treat-as-device /x -v @u' \
    'mmiodbg info --treat-as-device=/y @uio0 @u' 'mmiodbg read -p 99999999 @'
  offered_are 'mmiodbg read -p 4343 -w 8 @'
  offered_are 'mmiodbg -qp4242 read -n 2 @u' @uio0/map0
  offered_are 'mmiodbg --pid=4242 read --treat-as-device /x -v @u' @uio0/map0
  offered_are 'mmiodbg info --treat-as-device=/y @uio0 @u' @uio0/map0
  offered_are 'mmiodbg read -p 99999999 @'
  printf '%s\n' "$call --pid=4343" "$call --pid=4242" \
    "$call --pid=4242 --treat-as-device=/x" "$call --treat-as-device=/y" \
    "$call --pid=99999999" >wanted
  sed 's/ $//' calls >found
  same_lists wanted found 'calls of the program'
  # So is what the environment says.
  export MMIODBG_PID=4343
  offers "$1" 'mmiodbg read @'
  offered_are 'mmiodbg read @'
}

# Behind the location of a condition, and not behind its operator.
check_operators() {
  offers "$1" 'mmiodbg wait @uio0+0x8 ' 'mmiodbg -v wait -p 4242 @uio0+0x8 c' \
    'mmiodbg wait --timeout 1s @u' 'mmiodbg wait @uio0+0x8 eq e'
  offered_are 'mmiodbg wait @uio0+0x8 ' eq ne lt le gt ge set clear
  offered_are 'mmiodbg -v wait -p 4242 @uio0+0x8 c' clear
  offered_are 'mmiodbg wait --timeout 1s @u' @uio0/map0
  offered_are 'mmiodbg wait @uio0+0x8 eq e'
}

check_shell() {
  local - && set +T
  need_shell "$1"
  "check_$2" "$1"
}

# A program that hangs must not hang the shell.
check_patience() {
  printf '#!/bin/sh\nsleep 600\n' >bin/mmiodbg
  rm bin/timeout
  SECONDS=0
  offers "$1" 'mmiodbg read @'
  [ $SECONDS -lt 300 ]
  offered_are 'mmiodbg read @'
}

@test "completions: they name no option that there is not" {
  local file

  all_options | spelled >wanted
  for file in bash zsh fish; do
    grep -v '^ *#' "$completions/mmiodbg.$file" |
      grep -oE -e '--[a-z][a-z-]*' | sort -u >found
    comm -13 wanted found >others
    [ ! -s others ] || fail "$file: $(cat others)"
  done
}

@test "completions: each shell takes the syntax of its own" {
  local shell missing=''

  bash -n "$completions/mmiodbg.bash"
  for shell in zsh fish; do
    if ! command -v $shell >/dev/null; then
      missing+=" $shell"
      continue
    fi
    $shell -n "$completions/mmiodbg.$shell" >out 2>&1 || {
      cat out
      fail "$shell"
    }
    out_is
  done
  # shellcheck disable=SC2086 # words
  [ -z "$missing" ] || need $missing
}

@test "bash: the commands" {
  check_shell bash commands
}

@test "bash: the options of each command" {
  check_shell bash options
}

@test "bash: which options take an argument" {
  check_shell bash arguments
}

@test "bash: the values of options" {
  check_shell bash values
}

@test "bash: the operators of a condition" {
  check_shell bash operators
}

@test "bash: the columns of maps" {
  check_shell bash columns
}

@test "bash: processes by number and name" {
  check_shell bash processes
}

@test "bash: the regions that are mapped" {
  check_shell bash regions
}

@test "bash: the process that the line names" {
  check_shell bash target
}

@test "bash: a program that hangs" {
  check_shell bash patience
}

@test "bash-with-library: the commands" {
  check_shell bash-with-library commands
}

@test "bash-with-library: the options of each command" {
  check_shell bash-with-library options
}

@test "bash-with-library: which options take an argument" {
  check_shell bash-with-library arguments
}

@test "bash-with-library: the values of options" {
  check_shell bash-with-library values
}

@test "bash-with-library: the operators of a condition" {
  check_shell bash-with-library operators
}

@test "bash-with-library: the columns of maps" {
  check_shell bash-with-library columns
}

@test "bash-with-library: processes by number and name" {
  check_shell bash-with-library processes
}

@test "bash-with-library: the regions that are mapped" {
  check_shell bash-with-library regions
}

@test "bash-with-library: the process that the line names" {
  check_shell bash-with-library target
}

@test "bash-with-library: a program that hangs" {
  check_shell bash-with-library patience
}

@test "zsh: the commands" {
  check_shell zsh commands
}

@test "zsh: the options of each command" {
  check_shell zsh options
}

@test "zsh: which options take an argument" {
  check_shell zsh arguments
}

@test "zsh: the values of options" {
  check_shell zsh values
}

@test "zsh: the operators of a condition" {
  check_shell zsh operators
}

@test "zsh: the columns of maps" {
  check_shell zsh columns
}

@test "zsh: processes by number and name" {
  check_shell zsh processes
}

@test "zsh: the regions that are mapped" {
  check_shell zsh regions
}

@test "zsh: the process that the line names" {
  check_shell zsh target
}

@test "zsh: a program that hangs" {
  check_shell zsh patience
}

@test "fish: the commands" {
  check_shell fish commands
}

@test "fish: the options of each command" {
  check_shell fish options
}

@test "fish: which options take an argument" {
  check_shell fish arguments
}

@test "fish: the values of options" {
  check_shell fish values
}

@test "fish: the operators of a condition" {
  check_shell fish operators
}

@test "fish: the columns of maps" {
  check_shell fish columns
}

@test "fish: processes by number and name" {
  check_shell fish processes
}

@test "fish: the regions that are mapped" {
  check_shell fish regions
}

@test "fish: the process that the line names" {
  check_shell fish target
}

@test "fish: a program that hangs" {
  check_shell fish patience
}
