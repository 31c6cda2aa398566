# SPDX-License-Identifier: GPL-2.0-or-later
#
# filter.awk DEVICES TRACE: of QEMU's trace, the accesses to the DEVICES
#
# An access of a size that the device refuses appears among the guest errors
# only, as "Invalid read at addr 0x8, size 2, region 'edu-mmio', reason: ...".

NR == FNR {
  $1 = $2 = $3 = ""
  sub(/^ */, "")
  wanted["'" $0 "'"] = 1
  next
}

/^memory_region_ops_/ {
  if (substr($0, index($0, " name '") + 6) in wanted)
    print
  next
}

/^Invalid / {
  name = $0
  sub(/^.*, region /, "", name)
  sub(/, reason:.*/, "", name)
  if (name in wanted)
    print
}
