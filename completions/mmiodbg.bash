# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for mmiodbg(1), with the bash-completion library or without.
#
# tests/cli/docs.bats holds the lists in here against the program. Regions come
# from `mmiodbg maps`, which touches no device.

# Sets cur, words and cword to the words that the program would get: bash breaks
# them at '@', ':' and '=', too.
_mmiodbg_words()
{
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n '@:=' cur words cword
    return
  fi
  local line=$COMP_LINE behind=${COMP_LINE:COMP_POINT} blanks i

  words=()
  for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
    blanks=${line%%[![:blank:]]*}
    if ((i)) && [[ -n $line && -z $blanks ]]; then
      words[${#words[@]} - 1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
    line=${line#"$blanks"}
    line=${line#"${COMP_WORDS[i]}"}
    ((i == COMP_CWORD)) && cword=$((${#words[@]} - 1))
  done
  cur=${words[cword]}
  cur=${cur%"${behind%%[[:blank:]]*}"}
}

# Takes a word apart: sets name to the long name of an option that takes an
# argument, and rest to what stands behind it in the same word; has_rest says
# whether anything can.
_mmiodbg_option()
{
  local word=$1 letters

  name='' rest='' has_rest=''
  case $word in
  --*=*)
    name=${word%%=*} rest=${word#*=} has_rest=1
    ;;
  --*)
    name=$word
    ;;
  -?*)
    letters=${word#-}
    while [[ -n $letters && -z $name ]]; do
      case $letters in
      p*) name=--pid ;;
      w*) name=--width ;;
      n*) name=--count ;;
      o*) name=--output ;;
      t*) name=--type ;;
      m*) name=--access ;;
      e*) name=--line ;;
      f*) name=--file ;;
      esac
      letters=${letters:1}
    done
    rest=$letters
    [[ -n $rest ]] && has_rest=1
    ;;
  esac
  case $name in
  --pid | --width | --count | --type | --access | --via | --thread | \
    --max-pause | --max-stop | --retry | --into | --treat-as-device | \
    --interval | --timeout | --samples | --for | --until | --mask | --line | \
    --file | --format | --only | --output | --color) ;;
  *) name='' ;;
  esac
}

# Keeps what says which processes to look at.
_mmiodbg_note()
{
  local value=${2//[\"\'\\]/}

  case $1 in
  --pid | --treat-as-device) target+=("$1=${value/#\~\//$HOME/}") ;;
  esac
}

# Reads the words before the cursor. Sets command; option, if the word at the
# cursor is the argument of one; arguments, the number of those behind the
# command; dashes behind "--"; target.
_mmiodbg_scan()
{
  local i name rest has_rest

  for ((i = 1; i < cword; i++)); do
    if [[ -n $option ]]; then
      _mmiodbg_note "$option" "${words[i]}"
      option=
    elif [[ -z $dashes && ${words[i]} == -- ]]; then
      dashes=1
    elif [[ -z $dashes && ${words[i]} == -?* ]]; then
      _mmiodbg_option "${words[i]}"
      if [[ -n $has_rest ]]; then
        _mmiodbg_note "$name" "$rest"
      else
        option=$name
      fi
    elif [[ -z $command ]]; then
      command=${words[i]} dashes=
    else
      ((arguments += 1))
    fi
  done
}

# Offers those of its arguments that go on with what was typed, behind a prefix
# that was typed, too. What a shell would take apart is quoted, unless it stands
# in quotes already.
_mmiodbg_offer()
{
  local prefix=$1 word

  shift
  for word; do
    [[ -n $quoted ]] || printf -v word %q "$word"
    [[ $prefix$word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
  done
}

_mmiodbg_options()
{
  local -a names=(-v --verbose --json --jsonl --color -h --help
    -V --version)
  local -a place=(-p --pid --treat-as-device)
  local -a table=(-o --output --noheadings --raw)
  local -a replay=(--via --retry --trust-kernel --thread --max-pause --attach
    --stop --max-stop --force --dry-run)
  local -a access=(-w --width -n --count "${replay[@]}" -q --quiet)
  local -a verify=(--verify)
  local -a change=(--fill "${verify[@]}")
  local -a types=(-t --type -m --access)
  local -a symbols=(--no-debuginfod)
  local -a samples=(--interval)
  local -a waiting=("${samples[@]}" --timeout)
  local -a watching=("${samples[@]}" --samples --for --until --mask --all
    --relative --histogram --screen)
  local -a file=(-f --file)
  local -a form=("${file[@]}" --format)
  local -a lines=(-e --line)
  local -a prompt=(--no-attach --no-history)

  case $command in
  '') names+=("${place[@]}" "${table[@]}" "${access[@]}"
    "${change[@]}" "${types[@]}" "${symbols[@]}" --timeout
    "${watching[@]}" "${form[@]}" --only "${lines[@]}" --into
    "${prompt[@]}") ;;
  maps) names+=("${place[@]}" "${table[@]}") ;;
  info) names+=("${place[@]}" "${symbols[@]}" --via --trust-kernel) ;;
  read | peek) names+=("${place[@]}" "${symbols[@]}" "${types[@]}"
    "${access[@]}") ;;
  write | poke) names+=("${place[@]}" "${symbols[@]}" "${types[@]}"
    "${access[@]}" "${change[@]}") ;;
  watch) names+=("${place[@]}" "${symbols[@]}" "${types[@]}"
    "${access[@]}" "${watching[@]}") ;;
  dump) names+=("${place[@]}" "${symbols[@]}" "${types[@]}" "${access[@]}"
    "${form[@]}") ;;
  load) names+=("${place[@]}" "${symbols[@]}" "${types[@]}" "${access[@]}"
    "${verify[@]}" "${form[@]}") ;;
  wait) names+=("${place[@]}" "${symbols[@]}" "${types[@]}"
    "${access[@]}" "${waiting[@]}") ;;
  batch) names+=("${place[@]}" "${symbols[@]}" "${types[@]}"
    "${access[@]}" "${lines[@]}") ;;
  shell) names+=("${place[@]}" "${symbols[@]}" "${types[@]}"
    "${access[@]}" "${prompt[@]}") ;;
  sym) names+=("${place[@]}" "${symbols[@]}" "${types[@]}" "${table[@]}"
    --into) ;;
  save) names+=("${place[@]}" "${symbols[@]}" "${types[@]}" -w --width
    -n --count "${replay[@]}" "${file[@]}") ;;
  diff) names+=("${place[@]}" "${symbols[@]}" "${replay[@]}" -q --quiet) ;;
  restore) names+=("${place[@]}" "${symbols[@]}" "${replay[@]}" -q --quiet
    "${verify[@]}" --only) ;;
  esac
  _mmiodbg_offer '' "${names[@]}"
}

# Numbers and names of processes. Kernel threads have no command line.
_mmiodbg_processes()
{
  local folder name arguments
  local -a found=()

  for folder in "${MMIODBG_SYSROOT-}"/proc/[0-9]*; do
    {
      IFS= read -r name <"$folder/comm" &&
        IFS= read -r -d '' arguments <"$folder/cmdline"
    } 2>/dev/null && found+=("${folder##*/}" "$name")
  done
  _mmiodbg_offer "$1" "${found[@]}"
}

# The columns behind a comma or a first '+', but those that are there already.
_mmiodbg_columns()
{
  local start=$1 list=${cur#"$1"} name
  local -a names=(INDEX PID COMMAND RANGE SIZE PERM KIND DEVICE PCI ID
    DRIVER PHYSICAL OFFSET BACKENDS CLASS TYPE NAME PATH PROBLEM)

  # Of names and pointers, and of types.
  [[ $command == sym ]] &&
    names=(NAME ADDRESS REGION SIZE BITS TYPE VALUE TARGET MODULE SOURCE
      SCOPE PROBLEM OFFSET MEMBER PATH)
  [[ $list == +* ]] && start+=+ list=${list#+}
  [[ $list == *,* ]] && start+=${list%,*},
  list=${list##*,}
  compopt -o nospace 2>/dev/null
  for name in "${names[@]}"; do
    [[ ,${start#"$1"} == *[,+]"$name",* ]] && continue
    [[ $name == "${list^^}"* ]] && COMPREPLY+=("$start$name")
  done
}

# The regions that are mapped, behind a prefix.
_mmiodbg_regions()
{
  local prefix=$1 line region
  local -a limit=() found=()

  type -P timeout >/dev/null && limit=(timeout 2)
  while IFS= read -r line; do
    # Blanks and backslashes are written \xNN.
    printf -v region %b "$line"
    found+=("$region")
    # The domain 0000 may be left out.
    [[ $region == 0000:* && -n ${cur#"$prefix"} ]] &&
      found+=("${region#0000:}")
  done < <("${limit[@]}" "$program" maps --raw --noheadings -o DEVICE \
    "${target[@]}" 2>/dev/null </dev/null | LC_ALL=C sort -u)
  _mmiodbg_offer "$prefix" "${found[@]}"
}

_mmiodbg_files()
{
  local name

  compopt -o filenames 2>/dev/null
  while IFS= read -r name; do
    COMPREPLY+=("$1$name")
  done < <(compgen -f -- "${cur#"$1"}")
}

# The argument of an option, behind what was typed of it: "--pid=".
_mmiodbg_value()
{
  case $1 in
  --pid) _mmiodbg_processes "$2" ;;
  --width)
    _mmiodbg_offer "$2" 8 16 16be 16le 32 32be 32le 32x2 \
      64 64be 64le
    ;;
  --via) _mmiodbg_offer "$2" auto kernel tracee ;;
  --retry) _mmiodbg_offer "$2" 0 100ms 1s 10s ;;
  --max-pause) _mmiodbg_offer "$2" 100us 1ms 10ms 100ms ;;
  --max-stop) _mmiodbg_offer "$2" 1ms 10ms 100ms 1s 10s ;;
  --interval) _mmiodbg_offer "$2" 0 1ms 10ms 100ms 1s 10s ;;
  --for) _mmiodbg_offer "$2" 1s 10s 1m 10m ;;
  --timeout) _mmiodbg_offer "$2" 0 100ms 1s 10s 1m ;;
  --into)
    case ${cur#"$2"} in
    @*) _mmiodbg_regions "$2@" ;;
    *) _mmiodbg_regions "$2" ;;
    esac
    ;;
  --treat-as-device | --file) _mmiodbg_files "$2" ;;
  --format) _mmiodbg_offer "$2" raw hex ;;
  --output) _mmiodbg_columns "$2" ;;
  --color) _mmiodbg_offer "$2" auto always never ;;
  esac
}

_mmiodbg_place()
{
  if [[ $command == maps ]]; then
    ((arguments)) && return
    case $cur in
    /*) _mmiodbg_files '' ;;
    @*) _mmiodbg_regions @ ;;
    *) _mmiodbg_regions '' ;;
    esac
    return
  fi
  if [[ $command == batch ]]; then
    ((arguments)) || _mmiodbg_files ''
    return
  fi
  if [[ $command == wait && $arguments -gt 0 ]]; then
    ((arguments == 1)) && _mmiodbg_offer '' eq ne lt le gt ge set clear
    return
  fi
  [[ $command == shell ]] && return
  # Which names there are, only debug information tells.
  [[ $command == sym ]] && return
  case $command in
  diff | restore)
    _mmiodbg_files ''
    return
    ;;
  esac
  compopt -o nospace 2>/dev/null
  case $cur in
  '' | @*) _mmiodbg_regions @ ;;
  esac
  _mmiodbg_offer '' phys:
}

_mmiodbg()
{
  local cur='' words cword program=$1 quoted='' trim='' i
  local command='' option='' dashes='' arguments=0 name rest has_rest
  local -a target=()

  COMPREPLY=()
  _mmiodbg_words
  if [[ ${words[cword - 1]} == *[\<\>] ]]; then
    compopt -o default 2>/dev/null
    return
  fi
  program=${program/#\~\//$HOME/}
  type -P -- "$program" >/dev/null || program=mmiodbg
  if [[ $cur == [\'\"]* ]]; then
    quoted=1 cur=${cur:1}
  elif [[ $cur == *"$2" ]]; then
    # Bash replaces only what stands behind its last break.
    trim=${cur%"$2"}
  fi
  _mmiodbg_scan
  _mmiodbg_option "$cur"
  if [[ -n $option ]]; then
    _mmiodbg_value "$option" ''
  elif [[ -z $dashes && -n $name && -n $has_rest ]]; then
    _mmiodbg_value "$name" "${cur%"$rest"}"
  elif [[ -z $dashes && $cur == -* ]]; then
    _mmiodbg_options
  elif [[ -z $command ]]; then
    _mmiodbg_offer '' maps info read peek write poke sym watch wait dump \
      load save diff restore batch shell
  else
    _mmiodbg_place
  fi
  for i in "${!COMPREPLY[@]}"; do
    COMPREPLY[i]=${COMPREPLY[i]#"$trim"}
  done
}

complete -F _mmiodbg mmiodbg
