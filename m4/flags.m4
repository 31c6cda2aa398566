dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl Warnings, hardening and sanitizers. The flags stand in variables of their
dnl own, before the user's CFLAGS, so that the user's always win.

dnl MMIODBG_ADD_FLAG(VARIABLE, FLAG): adds a flag that the compiler takes.
AC_DEFUN([MMIODBG_ADD_FLAG], [
  AS_VAR_PUSHDEF([cachevar], [mmiodbg_cv_flag_$2])
  AC_CACHE_CHECK([whether $CC takes $2], [cachevar], [
    mmiodbg_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [[]])],
      [AS_VAR_SET([cachevar], [yes])], [AS_VAR_SET([cachevar], [no])])
    CFLAGS=$mmiodbg_saved_CFLAGS])
  AS_VAR_IF([cachevar], [yes], [AS_VAR_APPEND([$1], [" $2"])])
  AS_VAR_POPDEF([cachevar])
])

AC_DEFUN([MMIODBG_FLAGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [warnings are errors])],
    [], [enable_werror=no])
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers],
      [build with the address and undefined-behaviour sanitizers])],
    [], [enable_sanitizers=no])
  AC_ARG_ENABLE([hardening],
    [AS_HELP_STRING([--disable-hardening], [add no hardening flags])],
    [], [enable_hardening=yes])

  WARN_CFLAGS=
  m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wvla
    -Wpointer-arith -Wcast-align -Wundef -Wformat=2 -Wimplicit-fallthrough
    -Wnull-dereference],
    [MMIODBG_ADD_FLAG([WARN_CFLAGS], flag)])
  AS_IF([test "x$enable_werror" = xyes],
    [AS_VAR_APPEND([WARN_CFLAGS], [" -Werror"])])

  HARDEN_CPPFLAGS=
  HARDEN_CFLAGS=
  HARDEN_LDFLAGS=
  AS_IF([test "x$enable_sanitizers" = xyes], [
    AS_VAR_APPEND([HARDEN_CFLAGS],
      [" -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"])
    AS_VAR_APPEND([HARDEN_LDFLAGS], [" -fsanitize=address,undefined"])
    enable_hardening=no
  ])
  AS_IF([test "x$enable_hardening" != xno], [
    m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection
      -fcf-protection -fPIE],
      [MMIODBG_ADD_FLAG([HARDEN_CFLAGS], flag)])
    MMIODBG_ADD_FLAG([HARDEN_LDFLAGS], [-pie])
    MMIODBG_ADD_FLAG([HARDEN_LDFLAGS], [[-Wl,-z,relro]])
    MMIODBG_ADD_FLAG([HARDEN_LDFLAGS], [[-Wl,-z,now]])
    dnl Only with optimisation, and never over what the user (or the compiler
    dnl by itself) has set.
    AC_CACHE_CHECK([whether to add -D_FORTIFY_SOURCE=2], [mmiodbg_cv_fortify], [
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
        #if defined(_FORTIFY_SOURCE) || !defined(__OPTIMIZE__)
        #error no
        #endif]], [[]])],
        [mmiodbg_cv_fortify=yes], [mmiodbg_cv_fortify=no])])
    AS_VAR_IF([mmiodbg_cv_fortify], [yes],
      [HARDEN_CPPFLAGS="-D_FORTIFY_SOURCE=2"])
  ])
  AC_SUBST([WARN_CFLAGS])
  AC_SUBST([HARDEN_CPPFLAGS])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
])
