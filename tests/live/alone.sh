# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# For tests that keep all processors busy, as guests do, or measure times: side by
# side each would take many times as long. They source this; `top` is the build tree.

# alone ARGUMENT...: starts the script again when no other of its kind runs. Where
# there is no lock to be had, as in a guest, there are no others either.
alone()
{
  # shellcheck disable=SC2154 # of those that source this
  if [ -z "${TEST_ALONE:-}" ] && command -v flock >/dev/null &&
    [ -w "$top/tests" ]; then
    TEST_ALONE=1 exec flock -o "$top/tests/busy" "$0" "$@"
  fi
}
