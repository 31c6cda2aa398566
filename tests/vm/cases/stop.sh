# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Targets that stand still while a device is accessed, and that are attached to
#
#vm: series 6.1 6.12 sid
#vm: devices edu nvme
#vm: timeout 1500

enable "$NVME"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0"

# Masked writes that race with a thread of the target.
rounds=${MMIODBG_VM_ROUNDS:-200}
repeat=${MMIOTARGET%/target/*}/vm/repeat

case_begin "--stop: a snapshot of 32 registers is one access each, ascending"
run 0 "$MMIODBG" read -q --stop -p "$APP" "@$NVME/bar0+0x0" -n 32
stdout_like "^(0x[0-9a-f]{8}.){32}\$"
stderr_is
bus nvme r 0x0 4 x32
case_end

case_begin "--stop: a masked write is one read and one write, and -v tells how long"
run 0 "$MMIODBG" write -v --stop -p "$APP" "@$EDU/bar0+0x80=0x5:0xff"
stdout_is
stderr_like "stood still for [0-9]+\.[0-9]{3} us"
bus edu r 0x80 4
bus edu w 0x80 4
case_end

case_begin "--attach: as without it, and the target is not traced afterwards"
run 0 "$MMIODBG" read -q --attach -p "$APP" "@$NVME/bar0+0x8"
stdout_is 0x00010400
bus nvme r 0x8 4 0x00010400
while read -r key value; do
  [[ $key != TracerPid: ]] || check "nobody traces it" [ "$value" = 0 ]
done <"/proc/$APP/status"
case_end

case_begin "what is refused before a stop touches nothing"
run 7 "$MMIODBG" write --stop -p "$$" "@$NVME/bar0+0x14=1"
stderr_has ancestor
run 2 "$MMIODBG" read --max-stop 1s -p "$APP" "@$NVME/bar0+0x8"
run 0 "$MMIODBG" read --stop --dry-run -p "$APP" "@$NVME/bar0+0x8"
stdout_has "would stop process $APP for 1s at most"
bus_none
case_end

# race OPTION...: LOST is how often the target found its bits undone
race()
{
  tell APP toggle 0 0x80 0xffff0000
  reply_is ok
  run 0 "$repeat" "$@" "$APP" "$rounds" "@$EDU/bar0+0x80=0x5:0xff" \
    "@$EDU/bar0+0x80=0xa:0xff"
  stdout_has "rounds $rounds failed 0"
  tell APP toggled
  read -r _ times LOST <<<"$REPLY"
  echo "# the target wrote $times times, and lost $LOST of its updates"
  check "the target ran meanwhile" [ "$times" -gt 100 ]
}

case_begin "masked writes that race with the target: without --stop some of its updates are lost"
race
check "there is a race to be won" [ "$LOST" -gt 0 ]
bus_any
case_end

case_begin "masked writes that race with the target: with --stop none is lost"
race --stop
stdout_has "stops shortest"
check "$LOST of the target's updates were lost" [ "$LOST" = 0 ]
bus_any
case_end

target_stop APP
