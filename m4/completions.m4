dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl MMIODBG_COMPLETION(SHELL, MODULE, VARIABLE, FALLBACK): the folder for a
dnl shell's completions: as --with-SHELLcompletiondir says, else as pkg-config's
dnl MODULE says for our own prefix, else FALLBACK; "no" installs none.
AC_DEFUN([MMIODBG_COMPLETION], [
  AC_ARG_WITH([$1completiondir],
    [AS_HELP_STRING([--with-$1completiondir=DIR],
      [where the $1 completion goes; "no" for nowhere])],
    [$1completiondir=$withval],
    [$1completiondir=yes])
  AS_IF([test "x$$1completiondir" = xyes], [
    $1completiondir=
    m4_ifval([$2], [
      AC_MSG_CHECKING([where $1 completions go])
      $1completiondir=`$PKG_CONFIG --define-variable=prefix='${prefix}' \
        --define-variable=datadir='${datarootdir}' \
        --variable=$3 $2 2>/dev/null`
      AS_IF([test -z "$$1completiondir"], [$1completiondir='$4'])
      AC_MSG_RESULT([$$1completiondir])
    ], [$1completiondir='$4'])
  ])
  AS_IF([test "x$$1completiondir" = xno], [$1completiondir=])
  AC_SUBST([$1completiondir])
])

AC_DEFUN([MMIODBG_COMPLETIONS], [
  MMIODBG_COMPLETION([bash], [bash-completion], [completionsdir],
    [${datarootdir}/bash-completion/completions])
  MMIODBG_COMPLETION([zsh], [], [], [${datarootdir}/zsh/site-functions])
  MMIODBG_COMPLETION([fish], [fish], [completionsdir],
    [${datarootdir}/fish/vendor_completions.d])
  AM_CONDITIONAL([BASH_COMPLETION], [test -n "$bashcompletiondir"])
  AM_CONDITIONAL([ZSH_COMPLETION], [test -n "$zshcompletiondir"])
  AM_CONDITIONAL([FISH_COMPLETION], [test -n "$fishcompletiondir"])
])
