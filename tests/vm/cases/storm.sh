# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A driver that moves its page, takes it away and gives it back, at random and
# all the time, and eight processes that access it meanwhile (storm.c): nothing
# lands in a wrong place, nothing is reported as what it was not, nothing hangs.
#
# MMIODBG_STORM_SECONDS, of the guest: how long (10). MMIODBG_STORM_SEED: what the
# driver does; each run takes another one, and says which in its log.
#
# With 5.10 among the series below, one sees what its race does: in 20 s, seven
# writes had reached a page from which the driver had moved away.
#
#vm: devices edu ivshmem
#vm: module
#vm: series 6.1 6.12 sid
#vm: qemu -smp 2
#vm: timeout 600

seconds=${MMIODBG_STORM_SECONDS:-10}
seed=${MMIODBG_STORM_SEED:-$((EPOCHSECONDS * 32768 + RANDOM))}
storm=${MMIOTARGET%/target/*}/vm/storm
pages=(0x11000 0x15000)

enable "$IVSHMEM"
insmod "$MMIODBG_MODULE" watch=1 "page0=$((IVSHMEM_BASE + pages[0]))" \
  "page1=$((IVSHMEM_BASE + pages[1]))" || fail "no module"

case_begin "a storm of $seconds s: every access is what it was reported as"
echo "# storm: MMIODBG_STORM_SECONDS=$seconds MMIODBG_STORM_SEED=$seed"
run 0 "$storm" /dev/mmiodbg-test "$SYS/$IVSHMEM/resource2" "${pages[@]}" \
  "$((seconds * 1000))" "$seed"
stdout_has "wrong 0"
stderr_is
read -r line </dev/mmiodbg-test
echo "# driver: $line"
for name in moves zaps revokes restores populates faults refused; do
  count=${line#* "$name" }
  check "there were $name" [ "${count%% *}" -gt 0 ]
done
[[ $line == *" revoked 0 "* && $line == *" mappings 0 "* ]] ||
  fail "in the end the driver says $line"
run 0 rmmod mmiodbg_test
bus_none
case_end
