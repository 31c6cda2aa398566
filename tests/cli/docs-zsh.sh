#!/usr/bin/env zsh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# docs-zsh.sh FOLDER LINE...: what zsh offers at the end of each LINE
#
# FOLDER has the completion as _mmiodbg, and is written to. For each LINE comes
# "line LINE", then a line for each choice, as it would stand on the line. The
# completion runs as for a user: in an interactive shell, on a terminal, at a
# key; only compadd, through which it offers its choices, is watched.

emulate -R zsh

folder=${1:a}
shift
choices=$folder/choices
: >$choices

zmodload zsh/zpty && zpty shell zsh -f -i || {
  print -u2 'zsh gets no terminal'
  exit 77
}

print -r -- '
PS1= PS2= RPS1=
unsetopt zle_bracketed_paste beep prompt_cr prompt_sp 2>/dev/null
fpath=( '${(q)folder}' $fpath )
autoload -Uz compinit && compinit -u -D
compadd() {
  local -a hits
  if [[ ${@[1,(i)(-|--)]} == *-[OAD]* ]]; then
    builtin compadd "$@"
    return
  fi
  builtin compadd -A hits "$@"
  (( $#hits )) && print -rl -- $IPREFIX$^hits >>'${(q)choices}'
  builtin compadd "$@"
}
_watch() {
  _main_complete
  compstate[insert]= compstate[list]=
  print -r -- "end" >>'${(q)choices}'
}
zle -C watch complete-word _watch
bindkey "^I" watch
bindkey "^U" kill-whole-line
print -r -- "end" >>'${(q)choices}'
' >$folder/setup

# Until there are so many answers; what the shell prints is of no interest.
wait_for() {
  local junk
  integer i

  for (( i = 0; i < 12000; i++ )); do
    while zpty -r -t shell junk; do :; done
    (( $(grep -cx end $choices) >= $1 )) && return
    sleep 0.01
  done
  print -u2 -r -- "zsh gives no answer $1"
  exit 1
}

integer n=1
zpty -w shell "source ${(q)folder}/setup"
wait_for $n
: >$choices
n=0
for line; do
  print -r -- "line $line" >>$choices
  zpty -w -n shell $'\C-U'"$line"$'\t'
  wait_for $((++n))
done
zpty -d shell
grep -vx end $choices
