# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# debian.sh: packages of Debian that are unpacked and never installed
#
# For scripts that were started with set -eu. apt works on lists and a status
# file of its own, with the mirror and the keys of this machine, for whatever
# architecture.

# apt-get and depmod want what is in sbin.
PATH=$PATH:/usr/sbin:/sbin

cache=${MMIODBG_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmiodbg-vm}

say()
{
  echo "${0##*/}: $*" >&2
}

# The callers' status 3: it cannot be done on this machine.
impossible()
{
  say "$*"
  exit 3
}

# The machine's own mirror, if it is a Debian machine.
mirror_of()
{
  # shellcheck disable=SC2016 # $(REPO_URI) is apt's
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' |
    sed 's,/*$,,' | grep "/$1\$" | head -n 1
}

# open_archive ARCH SUITE...: reads the lists of these suites ("security:NAME"
# is one of the security archive) into $work, a folder that goes when the script
# ends. What follows is asked of them.
open_archive()
{
  arch=$1
  shift
  for tool in apt-get apt-cache dpkg; do
    command -v "$tool" >/dev/null || impossible "$tool is not here"
  done

  mkdir -p "$cache"
  work=$(mktemp -d "$cache/.fetch-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  : >"$work/status"

  mirror=$(mirror_of debian || :)
  security=$(mirror_of debian-security || :)
  [ -n "$mirror" ] || impossible "apt has no Debian mirror configured"

  # With the archive's keyring where it is; else apt's default trust decides.
  options="arch=$arch"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ ! -r "$keyring" ] || options="$options signed-by=$keyring"

  for suite; do
    case $suite in
    security:*) echo "deb [$options] ${security:-$mirror-security} ${suite#*:} main" ;;
    *)          echo "deb [$options] $mirror $suite main" ;;
    esac
  done >"$work/sources.list"

  say "asking $mirror for $* $arch"
  apt apt-get update --error-on=any >"$work/log" 2>&1 || {
    sed 's/^/    /' "$work/log" >&2
    impossible "cannot read the package lists of $*"
  }
}

# apt TOOL ARGUMENT...
apt()
{
  tool=$1
  shift
  "$tool" -q \
    -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" \
    -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" \
    -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
    -o Acquire::Languages=none -o Acquire::Retries=3 \
    -o APT::Update::Post-Invoke= -o APT::Update::Post-Invoke-Success= \
    "$@"
}

# unpack FOLDER DEB...: and the packages are gone
unpack()
{
  folder=$1
  shift
  for deb; do
    dpkg -x "$deb" "$folder"
    rm -f "$deb"
  done
}

# fetch FOLDER PACKAGE=VERSION...: downloads them and unpacks them there
fetch()
{
  folder=$1
  shift
  mkdir "$folder"
  (cd "$work" && apt apt-get download "$@") >"$work/log" 2>&1 || {
    sed 's/^/    /' "$work/log" >&2
    say "cannot download $1"
    return 1
  }
  unpack "$folder" "$work"/*.deb
}

# fetch_all FOLDER PACKAGE...: them and all that they depend on
fetch_all()
{
  folder=$1
  shift
  mkdir "$folder"
  apt apt-get install -y --download-only --no-install-recommends "$@" \
    >"$work/log" 2>&1 || {
    sed 's/^/    /' "$work/log" >&2
    say "cannot download $*"
    return 1
  }
  unpack "$folder" "$work"/cache/archives/*.deb
}
