#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# docs-bash.sh COMPLETION LINE...: what bash offers at the end of each LINE
#
# For each LINE comes "line LINE", then a line for each choice, as it would
# stand on the line. The completion is called as readline does it: with the
# words that bash breaks the line into, and with what it is going to replace. If
# LIBRARY is set, it is the bash-completion library, which is loaded before.

COMP_WORDBREAKS=$' \t\n"\'@><=;|&(:'
COMP_TYPE=9 COMP_KEY=9

if [ -n "${LIBRARY:-}" ]; then
  export BASH_COMPLETION_USER_DIR=/nonexistent
  # shellcheck disable=SC1090 # it is where the caller says
  . "$LIBRARY" || exit 1
fi
# shellcheck disable=SC1090
. "$1" || exit 1
shift

read -r _ _ function _ <<<"$(complete -p mmiodbg)"

# There is no line to work on; what it asks for is not tested.
compopt() { :; }

# Sets COMP_WORDS; open_quote to the quote that the last word stands in. Words
# are broken at blanks that are not quoted, and at '@', '=' and ':' unless the
# library has changed that.
break_line()
{
  local line=$1 word='' begun='' char i

  COMP_WORDS=() open_quote=''
  for ((i = 0; i < ${#line}; i++)); do
    char=${line:i:1}
    if [[ -n $open_quote ]]; then
      word+=$char
      [[ $char == "$open_quote" ]] && open_quote=
    elif [[ $char == [\'\"] ]]; then
      open_quote=$char word+=$char begun=1
    elif [[ $char == ' ' ]] ||
      [[ $char == [@=:] && $COMP_WORDBREAKS == *"$char"* ]]; then
      [[ -n $begun ]] && COMP_WORDS+=("$word")
      [[ $char == ' ' ]] || COMP_WORDS+=("$char")
      word='' begun=''
    else
      word+=$char begun=1
    fi
  done
  [[ -n $begun || $line == *' ' ]] && COMP_WORDS+=("$word")
}

# What is replaced is the last word, behind its last break, but with an '@'.
offer()
{
  local whole=${1##* } replaced choice

  COMP_LINE=$1 COMP_POINT=${#1}
  break_line "$1"
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  if [[ -n $open_quote ]]; then
    whole=${1##*"$open_quote"}
    replaced=$whole
  else
    replaced=${whole##*[:=]}
    [[ $COMP_WORDBREAKS == *@* && $replaced == *@* ]] &&
      replaced=@${replaced##*@}
  fi
  COMPREPLY=()
  "$function" "${COMP_WORDS[0]}" "$replaced" "${COMP_WORDS[COMP_CWORD - 1]}"
  for choice in "${COMPREPLY[@]}"; do
    printf '%s\n' "${whole%"$replaced"}$choice"
  done
}

for line; do
  printf 'line %s\n' "$line"
  offer "$line"
done
