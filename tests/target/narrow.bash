# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# narrow.bash: programs for 32 bits, for tests that source this
#
# Not every kernel of x86-64 runs them. A test that finds no other fault is skipped
# then, with the words of $no_narrow; cases/narrow.sh and narrow-names.sh of
# tests/vm run it in a guest, in a case of its name. .ci/run knows both.

# shellcheck disable=SC2034 # for those that source this
no_narrow='this kernel runs no program for 32 bits, but a guest does (tests/vm)'

# narrow_build FILE OPTION...: mmionarrow, compiled with these
narrow_build() {
  gcc -m32 -nostdlib -static -ffreestanding -fno-pie -no-pie \
    -fno-stack-protector -O2 "${@:2}" -o "$1" \
    "${BASH_SOURCE[0]%/*}/mmionarrow.c"
}

# narrow_refused COMMAND...: whether the kernel does not know what to do with it;
# if it fails otherwise, that is a fault
narrow_refused() {
  local message status=0

  message=$(LC_ALL=C "$@" </dev/null 2>&1) || status=$?
  [[ $status == 126 && $message == *'Exec format error'* ]]
}
