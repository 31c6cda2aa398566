# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # STATUS is for the words
#
# `watch` and `wait`: what devices see of samples, and of a driver that comes and
# goes meanwhile
#
# The target $APP has mapped edu (0), nvme (1) and e1000e (2). Registers that may
# be written: edu +0x80; e1000e's table from +0x5200 on, until a driver comes.
#
#vm: series 6.1 6.12 sid
#vm: devices edu nvme e1000e
#vm: timeout 600

enable "$NVME" "$E1000E"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0" \
  "$SYS/$E1000E/resource0"
OUT=$WORK/watched

# watch_start ARGUMENT...: in the background, into $OUT
watch_start()
{
  printf '$ watch %s &\n' "$*"
  "$MMIODBG" watch -p "$APP" "$@" </dev/null >"$OUT" 2>"$OUT.err" 8>&- 9>&- &
  WATCHER=$!
}

# watched TEXT: until it is in the output
watched()
{
  local deadline=$((SECONDS + 60)) text=

  while [[ $text != *"$1"* ]]; do
    if ((SECONDS > deadline)); then
      fail "watch never said '$1', but '$text'"
      return
    fi
    read -r -t 0.05 <>"$WORK/never"
    _slurp text "$OUT"
  done
}

# watch_end STATUS: ends it; its output is as that of `run` then
watch_end()
{
  kill -TERM "$WATCHER"
  STATUS=0
  wait "$WATCHER" || STATUS=$?
  _slurp STDOUT "$OUT"
  _slurp STDERR "$OUT.err"
  _judge "$1" watch
}

case_begin "each sample is one access of the register, and nothing else"
run 0 "$MMIODBG" watch -p "$APP" --samples 5 --interval 20ms "@$EDU/bar0+0x80"
stderr_is
bus edu r 0x80 4 x5+0
case_end

case_begin "--interval 0: so many samples, so many accesses"
run 0 "$MMIODBG" watch -p "$APP" --samples 1000 --interval 0 --histogram \
  "@$NVME/bar0+0x8"
stdout_like "0x00010400 +1000 +100.00%"
bus nvme r 0x8 4 0x00010400 x1000+0
case_end

case_begin "several locations: each once a sample, in the order of the line"
run 0 "$MMIODBG" watch -p "$APP" --samples 2 --interval 0 "@$NVME/bar0+0x1c" \
  "@$EDU/bar0+0x80" "@$NVME/bar0..+0x8"
bus nvme r 0x1c 4
bus edu r 0x80 4
bus nvme r 0x0 4 x2
bus nvme r 0x1c 4
bus edu r 0x80 4
bus nvme r 0x0 4 x2
case_end

case_begin "a condition is one access more, but not of what is watched anyway"
run 124 "$MMIODBG" watch -p "$APP" --samples 2 --interval 0 \
  --until "@$NVME/bar0+0x8.16 clear" "@$NVME/bar0+0x8"
run 124 "$MMIODBG" watch -p "$APP" --samples 2 --interval 0 \
  --until "@$NVME/bar0+0x8.16 clear" "@$NVME/bar0+0x1c"
run 0 "$MMIODBG" watch -p "$APP" --until "@$NVME/bar0+0x8.16 set" \
  "@$NVME/bar0+0x8"
bus nvme r 0x8 4 0x00010400 x2+0
bus nvme r 0x1c 4
bus nvme r 0x8 4 0x00010400
bus nvme r 0x1c 4
bus nvme r 0x8 4 0x00010400 x2+0
case_end

case_begin "64 bits by a thread of the target: one access a sample"
run 0 "$MMIODBG" watch -p "$APP" --samples 3 --interval 0 "@$NVME/bar0/64"
bus nvme r 0x0 8 x3+0
case_end

case_begin "what the target writes is seen"
tell APP store 0 32 0x80 0
watch_start --interval 10ms "@$EDU/bar0+0x80"
watched "+0x80 = 0x00000000"
tell APP store 0 32 0x80 0x30001
watched "was"
watch_end 143
stdout_like "@$EDU/bar0\+0x80 = 0x00030001 \(was 0x00000000, bits 17:16, 0\)"
stderr_is
bus edu w 0x80 4 0x0
bus edu r 0x80 4 0x0 x1-+0
bus edu w 0x80 4 0x30001
bus edu r 0x80 4 0x30001 x1-+0
case_end

case_begin "wait: reads until it holds, and not once more"
tell APP store 0 32 0x80 0
run 124 "$MMIODBG" wait -p "$APP" "@$EDU/bar0+0x80" eq 5 --timeout 0
tell APP store 0 32 0x80 5
run 0 "$MMIODBG" wait -q -p "$APP" "@$EDU/bar0+0x80" eq 5 --timeout 60s
stdout_is 0x00000005
bus edu w 0x80 4 0x0
bus edu r 0x80 4 0x0
bus edu w 0x80 4 0x5
bus edu r 0x80 4 0x5
case_end

case_begin "--dry-run, wrong usage, and what is refused touch nothing"
run 0 "$MMIODBG" watch -p "$APP" --dry-run "@$NVME/bar0+0x8"
stdout_has "would read 32 bits"
run 2 "$MMIODBG" watch -p "$APP" --mask 0x100 "@$NVME/bar0+0x8/8"
run 7 "$MMIODBG" watch -p "$APP" "@$NVME/bar0+0x9"
bus_none
case_end

# The other device is watched on meanwhile; what the accesses that fail come to is
# nothing that a device sees.
case_begin "a driver takes the region: told once; and when it is mapped again"
tell APP store 2 32 0x5200 0x12345678
watch_start --interval 50ms --retry 0 "@$E1000E/bar0+0x5200" "@$NVME/bar0+0x8"
watched "+0x8 = 0x00010400"
unwatched modprobe e1000e || fail "modprobe e1000e"
watched "revoked"
unwatched rmmod e1000e || fail "rmmod e1000e"
unwatched enable "$E1000E"
tell APP mapat 2 "$SYS/$E1000E/resource0"
watched "back after"
watch_end 143
stdout_like "bar0\+0x5200: .*revoked.*bar0\+0x5200 = 0x[0-9a-f]{8} \(back after"
stdout_hasnt "+0x8: "
bus_any
case_end

case_begin "the target ends"
watch_start --interval 100s "@$NVME/bar0+0x8"
watched "+0x8 = 0x00010400"
target_stop APP
wait "$WATCHER"
check "the status is 4" [ $? = 4 ]
bus nvme r 0x8 4 0x00010400
case_end
