# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What names of a program of 32 bits mean to us and to gdb: those variants of
# tests/names/compare.test, which the host's kernel may not run.
#
# A case with a variant's name runs that variant; .ci/run goes by these names.
#
#vm: devices edu
#vm: append ia32_emulation=on
#vm: timeout 600
#vm: series 6.1

[[ -e /dev/fd ]] || busybox ln -s /proc/self/fd /dev/fd

for variant in gcc-O0-4-narrow clang-O2-5-narrow; do
  case_begin "tests/names/compare.test: $variant"
  run 0 env CI=true TMPDIR="$WORK" MMIODBG_TEST_PATIENCE=10 \
    "$VM_DIR/../names/compare.test" "$variant"
  stdout_like "^1\.\.1.ok 1 - $variant: [1-9][0-9]* expressions are as gdb says.\$"
  bus_none
  case_end
done
