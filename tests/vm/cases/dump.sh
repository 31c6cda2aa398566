# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Ranges to files and back: an element is one access of the width, and they
# ascend; what is refused before touches nothing.
#
# e1000e's table of multicast addresses (+0x5200, 128 words) is memory, and so is
# sdhci's +0x8 (an argument, of which each byte may be written). Of e1000e all
# sizes are 4, whatever was asked for.
#
#vm: series 6.1 6.12 sid
#vm: devices edu nvme sdhci e1000e
#vm: timeout 300

enable "$NVME" "$SDHCI" "$E1000E"
target_start APP "$SYS/$EDU/resource0" "$SYS/$NVME/resource0" \
  "$SYS/$SDHCI/resource0" "$SYS/$E1000E/resource0"
cd "$WORK" || exit

table=@$E1000E/bar0+0x5200
on=(-p "$APP")

# 512 bytes, none of them as its neighbours
for ((i = 0; i < 512; i++)); do
  printf -v byte '\\x%02x' $(((i * 37 + i / 256) % 256))
  # shellcheck disable=SC2059 # it is a format
  printf "$byte"
done >words

case_begin "dump: 16 registers of nvme are 16 reads of 4 bytes, ascending"
run 0 "$MMIODBG" dump "${on[@]}" "@$NVME/bar0..+0x40" -f nvme
stdout_is
stderr_is
check "it has 64 bytes" [ "$(stat -c %s nvme)" = 64 ]
check "the version is in its place" \
  [ "$(od -An -tx4 -j 8 -N 4 nvme)" = " 00010400" ]
bus nvme r 0x0 4 x16
case_end

case_begin "load: 128 words are 128 writes of 4 bytes, ascending, and no read"
run 0 "$MMIODBG" load "${on[@]}" "$table..+0x200" -f words
stdout_is
stderr_is
bus e1000e w 0x5200 4 x128
case_end

case_begin "dump: the same comes back, by 128 reads"
run 0 "$MMIODBG" dump "${on[@]}" "$table..+0x200" -f back
check "it is the same" cmp words back
bus e1000e r 0x5200 4 x128
case_end

case_begin "dump: be is the same bytes; they stand in the order of addresses"
run 0 "$MMIODBG" dump "${on[@]}" "$table..+0x200/32be" -f back
check "it is the same" cmp words back
bus e1000e r 0x5200 4 x128
case_end

case_begin "dump: text, of more than one page of reads"
run 0 "$MMIODBG" dump "${on[@]}" "$table" -n 128
stdout_has "00005200  00 25 4a 6f"
stdout_has "00005400"
bus e1000e r 0x5200 4 x128
case_end

case_begin "load: from text, at another place than it says, with other bytes"
tr '\0-\377' '\1-\377\0' <words | head -c 64 >other
hexdump -C other >text
run 0 "$MMIODBG" load "${on[@]}" "$table" --format hex -f text
bus e1000e w 0x5200 4 x16
case_end

case_begin "dump, load: of 1 and 2 bytes"
printf '\1\2\3\4' >four
run 0 "$MMIODBG" load "${on[@]}" "@$SDHCI/bar0+0x8/8" -f four
bus sdhci w 0x8 1 0x1
bus sdhci w 0x9 1 0x2
bus sdhci w 0xa 1 0x3
bus sdhci w 0xb 1 0x4
run 0 "$MMIODBG" dump "${on[@]}" "@$SDHCI/bar0+0x8..+4/8" -f back
check "it is the same" cmp four back
bus sdhci r 0x8 1 0x1
bus sdhci r 0x9 1 0x2
bus sdhci r 0xa 1 0x3
bus sdhci r 0xb 1 0x4
run 0 "$MMIODBG" load "${on[@]}" "@$SDHCI/bar0+0x8..+4/16be" -f four
bus sdhci w 0x8 2 0x201
bus sdhci w 0xa 2 0x403
run 0 "$MMIODBG" dump "${on[@]}" "@$SDHCI/bar0+0x8/16" -n 2 -f back
check "it is the same" cmp four back
bus sdhci r 0x8 2 0x201
bus sdhci r 0xa 2 0x403
case_end

case_begin "load: --verify reads each back right after its write"
head -c 16 words >some
run 0 "$MMIODBG" load "${on[@]}" "$table" -f some --verify
for offset in 0x5200 0x5204 0x5208 0x520c; do
  bus e1000e w "$offset" 4
  bus e1000e r "$offset" 4
done
case_end

case_begin "dump, load: by a thread of the target"
run 0 "$MMIODBG" load "${on[@]}" --via tracee "$table" -f some
run 0 "$MMIODBG" dump "${on[@]}" --via tracee "$table..+0x10" -f back
check "it is the same" cmp some back
bus e1000e w 0x5200 4 x4
bus e1000e r 0x5200 4 x4
case_end

case_begin "dump, load: while the target stands still"
run 0 "$MMIODBG" load "${on[@]}" --stop "$table" -f words
run 0 "$MMIODBG" dump "${on[@]}" --stop "$table..+0x200" -f back
check "it is the same" cmp words back
bus e1000e w 0x5200 4 x128
bus e1000e r 0x5200 4 x128
case_end

case_begin "what is refused before, and what runs dry, touches nothing"
head -c 510 words >odd
head -c 100 text >shorter
run 2 "$MMIODBG" load "${on[@]}" "$table" -f odd
run 2 "$MMIODBG" load "${on[@]}" "$table..+0x100" -f words
run 2 "$MMIODBG" load "${on[@]}" "$table..+0x400" -f words
run 2 "$MMIODBG" load "${on[@]}" "$table" --format hex -f shorter
run 2 "$MMIODBG" load "${on[@]}" "$table" --format hex -f words
run 1 "$MMIODBG" load "${on[@]}" "$table" -f absent
run 2 "$MMIODBG" load "${on[@]}" "@$E1000E/bar0+0x1fff0" -f words
run 0 "$MMIODBG" load "${on[@]}" "$table" -f words --dry-run
run 0 "$MMIODBG" dump "${on[@]}" "$table..+0x200" -f new --dry-run
run 1 "$MMIODBG" dump "${on[@]}" "$table..+0x200" -f absent/new
run 7 "$MMIODBG" dump "${on[@]}" --via kernel "$table..+0x200/64" -f new
run 7 "$MMIODBG" load "${on[@]}" --via kernel "$table/64" -f words
check "no file came of it" [ ! -e new ]
bus_none
case_end

case_begin "dump: a full disk: the reads were made, and the old file stays"
mkdir small
mount -t tmpfs -o size=4k none small
echo old >small/file
run 1 "$MMIODBG" dump "${on[@]}" "$table..+0x200" -f small/file
stderr_has "small/file: it cannot be written: No space left on device"
check "it is as it was" [ "$(cat small/file)" = old ]
check "nothing stands beside it" [ "$(ls -A small)" = file ]
umount small
bus e1000e r 0x5200 4 x128
case_end

target_stop APP
