#compdef mmiodbg
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion for mmiodbg(1).
#
# tests/cli/docs.bats holds the lists in here against the program. Regions come
# from `mmiodbg maps`, which touches no device.

# What the line says of the processes to look at, as the array target.
_mmiodbg_target() {
  local -i i

  target=()
  for (( i = 2; i <= $#line_words; i++ )); do
    case $line_words[i] in
    (-[qv]#p|--pid) target+=( "--pid=$line_words[++i]" ) ;;
    (-[qv]#p?*) target+=( "--pid=${line_words[i]#-*p}" ) ;;
    (--treat-as-device)
      target+=( "$line_words[i]=$line_words[++i]" ) ;;
    (--pid=*|--treat-as-device=*) target+=( "$line_words[i]" ) ;;
    esac
  done
  target=( "${(@)target/#--treat-as-device=\~\//--treat-as-device=$HOME/}" )
}

# The regions that are mapped, behind a prefix.
_mmiodbg_regions() {
  local prefix=$1 program=${line_words[1]/#\~\//$HOME/}
  local -a target limit found

  _mmiodbg_target
  (( $+commands[$program] )) || [[ -x $program ]] || program=mmiodbg
  (( $+commands[timeout] )) && limit=( timeout 2 )
  found=( ${(f)"$($limit $program maps --raw --noheadings -o DEVICE \
    $target 2>/dev/null </dev/null)"} )
  # Blanks and backslashes are written \xNN.
  found=( "${(@g::)found}" )
  # The domain 0000 may be left out.
  [[ -n ${PREFIX#$prefix} ]] && found+=( ${${(M)found:#0000:*}#0000:} )
  found=( $prefix${^${(u)found}} )
  (( $#found )) && compadd "${@[2,-1]}" -a found
}

_mmiodbg_devices() {
  case $PREFIX in
  (/*) _files ;;
  (@*) _mmiodbg_regions @ "$@" ;;
  (*) _mmiodbg_regions '' "$@" ;;
  esac
}

_mmiodbg_locations() {
  local ret=1

  [[ -z $PREFIX || $PREFIX == @* ]] &&
    _mmiodbg_regions @ "$@" -S '' && ret=0
  compadd "$@" -S '' phys: && ret=0
  return ret
}

# Numbers and names of processes. Kernel threads have no command line.
_mmiodbg_processes() {
  local folder name arguments ret=1
  local -a numbers names

  for folder in ${MMIODBG_SYSROOT-}/proc/<->(N/n); do
    {
      IFS= read -r name <$folder/comm &&
        IFS= read -r -d '' arguments <$folder/cmdline
    } 2>/dev/null || continue
    numbers+=( "${folder:t}:$name" )
    names+=( "$name" )
  done
  _describe -t processes process numbers && ret=0
  compadd "$@" -a names && ret=0
  return ret
}

# The columns behind a comma or a first '+', but those that are there already.
_mmiodbg_columns() {
  local -a given names=(
    INDEX PID COMMAND RANGE SIZE PERM KIND DEVICE PCI ID DRIVER
    PHYSICAL OFFSET BACKENDS CLASS TYPE NAME PATH PROBLEM
  )

  # Of names and pointers, and of types.
  [[ $words[1] == sym ]] && names=(
    NAME ADDRESS REGION SIZE BITS TYPE VALUE TARGET MODULE SOURCE SCOPE
    PROBLEM OFFSET MEMBER PATH
  )
  compset -P '+'
  [[ $PREFIX == *,* ]] && given=( ${(s:,:)${(U)PREFIX%,*}} )
  compset -P '*,'
  names=( ${names:|given} )
  compadd "$@" -M 'm:{a-z}={A-Z}' -qS , -a names
}

_mmiodbg() {
  local curcontext=$curcontext state state_descr context ret=1
  local -a line line_words commands_ always place table via access change
  local -a types symbols into samples watch timeout waiting form replay quiet
  local -a verify file format only lines typing
  typeset -A opt_args

  line_words=( "${(@Q)words}" )
  commands_=(
    'maps:list device mappings; who has a device mapped'
    'info:explain a location, without touching the device'
    'read:read registers'
    'peek:read registers'
    'write:write registers'
    'poke:write registers'
    'sym:where a name is, how a type is laid out, what points into a device'
    'watch:sample registers; print what changes, and when'
    'wait:wait until a condition holds'
    'dump:a plain range into a file or as text'
    'load:write the bytes of a file'
    'save:read registers and keep them in a snapshot'
    'diff:compare a snapshot with the device, or with another one'
    'restore:write registers of a snapshot back'
    'batch:carry out commands, a line each'
    'shell:carry out commands by hand, with line editing'
  )
  always=(
    '(-v --verbose)'{-v,--verbose}'[say more; each access]'
    '(--json --jsonl)--json[output as one JSON object]'
    '(--json --jsonl)--jsonl[output as JSON, an object a line]'
    '--color=[colour the output]:when:(auto always never)'
    '(- : *)'{-h,--help}'[show help]'
    '(- : *)'{-V,--version}'[show the version]'
  )
  place=(
    '(-p --pid)'{-p+,--pid=}'[the process]:process:_mmiodbg_processes'
    '--treat-as-device=[take mappings of a file for a device'\''s]:file:_files'
  )
  table=(
    '(-o --output)'{-o+,--output=}'[the columns]:columns:_mmiodbg_columns'
    '--noheadings[no line of column names]'
    '--raw[columns separated by single blanks]'
  )
  via=(
    '--via=[how to make the access]:backend:(auto kernel tracee)'
    '--trust-kernel[use an access path that is known to be unsafe]'
  )
  form=(
    '(-w --width)'{-w+,--width=}'[bits of an access]:width:(8 16 16be 16le 32 32be 32le 32x2 64 64be 64le)'
    '(-n --count)'{-n+,--count=}'[elements from each location on]:number: '
  )
  replay=(
    '--retry=[how long to try again]:time:(0 100ms 1s 10s)'
    '--thread=[the thread that makes accesses]:number: '
    '--max-pause=[the longest that a thread is held]:time:(100us 1ms 10ms 100ms)'
    '--attach[attach to all threads, and let them run]'
    '--stop[stop all threads until the accesses are made]'
    '--max-stop=[the longest stop]:time:(1ms 10ms 100ms 1s 10s)'
    '--force[access a device that sleeps; write ordinary memory; stop though a call fails]'
    '--dry-run[check and show all, do nothing]'
  )
  quiet=(
    '(-q --quiet)'{-q,--quiet}'[values only]'
  )
  access=( $form $replay $quiet )
  verify=(
    '--verify[read each element back after its write]'
  )
  change=(
    '--fill[write the value to each element of a range]'
    $verify
  )
  file=(
    '(-f --file)'{-f+,--file=}'[the file]:file:_files'
  )
  format=(
    '--format=[the form of the file]:form:(raw hex)'
  )
  only=(
    '*--only=[restore this register or struct]:name: '
  )

  types=(
    '(-t --type)'{-t+,--type=}'[the C type of a place]:type: '
    '(-m --access)'{-m+,--access=}'[only this member]:member: '
  )
  symbols=(
    '--no-debuginfod[ask no server for debug information]'
  )
  lines=(
    '*'{-e+,--line=}'[a line of the batch]:line: '
  )
  typing=(
    '--no-attach[do not attach to the threads of the process]'
    '--no-history[neither read nor keep lines that were typed]'
  )
  into=(
    '--into=[the variables that point into a region]:device:_mmiodbg_devices'
  )

  samples=(
    '--interval=[from one sample to the next]:time:(0 1ms 10ms 100ms 1s 10s)'
  )
  watch=(
    $samples
    '--samples=[end after so many samples]:number: '
    '--for=[end after this time]:time:(1s 10s 1m 10m)'
    '--until=[end when this holds]:condition: '
    '--mask=[only changes of these bits count]:mask: '
    '--all[show every sample, and not only changes]'
    '--relative[times from the start on]'
    '--histogram[at the end, how often each value was there]'
    '--screen[a table that is kept up to date]'
  )
  timeout=(
    '--timeout=[give up after this time]:time:(0 100ms 1s 10s 1m)'
  )
  waiting=( $samples $timeout )

  _arguments -C -s $always $place $table $via $access $change \
    $types $symbols $into $watch $timeout \
    $file $format $only $lines $typing \
    '(-): :->command' '(-)*:: :->arguments' && ret=0
  case $state in
  (command)
    _describe -t commands command commands_ && ret=0
    ;;
  (arguments)
    curcontext=${curcontext%:*:*}:mmiodbg-$words[1]:
    case $words[1] in
    (maps)
      _arguments -s -S $always $place $table \
        ':device:_mmiodbg_devices' && ret=0
      ;;
    (info)
      _arguments -s -S $always $place $via $symbols \
        '*:location:_mmiodbg_locations' && ret=0
      ;;
    (read|peek)
      _arguments -s -S $always $place $via $access $types $symbols \
        '*:location:_mmiodbg_locations' && ret=0
      ;;
    (write|poke)
      _arguments -s -S $always $place $via $access $change $types $symbols \
        '*:location:_mmiodbg_locations' && ret=0
      ;;
    (watch)
      _arguments -s -S $always $place $via $access $types $symbols $watch \
        '*:location:_mmiodbg_locations' && ret=0
      ;;
    (dump)
      _arguments -s -S $always $place $via $access $types $symbols $file \
        $format ':location:_mmiodbg_locations' && ret=0
      ;;
    (load)
      _arguments -s -S $always $place $via $access $verify $types $symbols \
        $file $format ':location:_mmiodbg_locations' && ret=0
      ;;
    (wait)
      _arguments -s -S $always $place $via $access $types $symbols $waiting \
        '1:location:_mmiodbg_locations' \
        '2:OP:(eq ne lt le gt ge set clear)' '3:value: ' && ret=0
      ;;
    (batch)
      _arguments -s -S $always $place $via $access $types $symbols $lines \
        '1:file:_files' && ret=0
      ;;
    (shell)
      _arguments -s -S $always $place $via $access $types $symbols $typing \
        '*: : ' && ret=0
      ;;
    (sym)
      _arguments -s -S $always $place $table $types $symbols $into \
        '*:name: ' && ret=0
      ;;
    (save)
      _arguments -s -S $always $place $via $form $replay $types $symbols \
        $file '*:location:_mmiodbg_locations' && ret=0
      ;;
    (diff)
      _arguments -s -S $always $place $via $replay $quiet $symbols \
        '*:file:_files' && ret=0
      ;;
    (restore)
      _arguments -s -S $always $place $via $replay $quiet $verify $symbols \
        $only ':file:_files' && ret=0
      ;;
    esac
    ;;
  esac
  return ret
}

_mmiodbg "$@"
