# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `shell` at a terminal, on a real device: each line touches what it names, once;
# typing, completing and waiting for a line touch nothing.
#
#vm: arch x86_64
#vm: devices edu
#vm: timeout 300
#vm: series 6.1 6.12

target_start APP "$SYS/$EDU/resource0"
AT=@$EDU/bar0
SCREEN=$WORK/screen
export HOME=$WORK TERM=dumb

# shows TEXT: the terminal comes to show it behind what it has shown before, last;
# with `*` behind it, anywhere
shows()
{
  local end=$((SECONDS + 60)) text

  while ((SECONDS < end)); do
    text=$(tr -d '\0' <"$SCREEN"; echo .)
    text=${text%.}
    text=${text:SEEN}
    # shellcheck disable=SC2053 # a pattern
    if [[ $text == *$1 ]]; then
      SEEN=$((SEEN + ${#text}))
      return
    fi
    sleep 0.05
  done
  echo "the terminal does not show '$1'"
  return 1
}

# typed WORDS...: a shell, into which they are typed; `-` before a text waits for
# that, and `!` ends the target. Then what was on the screen.
typed()
{
  local word keys status=0

  SEEN=0
  : >"$SCREEN"
  rm -f "$WORK/keys"
  mkfifo "$WORK/keys"
  exec {keys}<>"$WORK/keys"
  script -qefc "'$MMIODBG' shell --no-history -p $APP" "$SCREEN" \
    <"$WORK/keys" >/dev/null &
  shows ')> ' || status=1
  for word; do
    case $word in
    -*) shows "${word#-}" || status=1 ;;
    !) kill -KILL "$APP" ;;
    *) printf '%b' "$word" >&"$keys" ;;
    esac
  done
  printf 'exit\r' >&"$keys"
  wait $! || status=1
  exec {keys}>&-
  cat "$SCREEN"
  return $status
}

PROMPT='-)> '

case_begin "each line touches what it names, once, in order"
run 0 typed "read $AT\r" "$PROMPT" "write $AT+0x80=0x12\r" "$PROMPT" \
  "read $AT+0x80.7:4 $AT+0x4\r" "$PROMPT"
stdout_has "$AT = 0x010000ed"
stdout_has "$AT+0x80.7:4 = 0x1"
bus edu r 0x0 4 0x010000ed
bus edu w 0x80 4 0x00000012
bus edu r 0x80 4 0x00000012
bus edu r 0x4 4
case_end

case_begin "completing, editing and dropping a line touch nothing"
run 0 typed "read @\t" -bar0 '\003' "$PROMPT" "write $AT+0x80=1" '\003' "$PROMPT" \
  'wri\t@\t\t+0x80=1' '\025' '\r' "$PROMPT"
stdout_has "$AT"
bus_none
case_end

case_begin "what Tab has completed is what is accessed"
run 0 typed 'rea\t@\t+0x4\r' "$PROMPT"
stdout_has "read $AT+0x4"
bus edu r 0x4 4
case_end

case_begin "Ctrl-C ends a command: no access after it, and the next line is carried out"
run 0 typed "watch $AT+0x24 --interval 10ms --all --relative\r" \
  '-= 0x00000000*' '\003' "$PROMPT" "read -q $AT+0x8\r" "$PROMPT"
bus edu r 0x24 4 0x00000000 x1-+0
bus edu r 0x8 4
case_end

case_begin "the end of the target is told, and nothing is touched then"
run 0 typed "read -q $AT\r" "$PROMPT" ! '-, ended)> ' "read $AT\r" "$PROMPT"
stdout_has ', ended)> '
stdout_has "process $APP has ended"
bus edu r 0x0 4 0x010000ed
case_end
