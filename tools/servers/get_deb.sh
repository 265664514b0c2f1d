#!/bin/sh
# get_deb.sh CACHE SUITE PACKAGE...
#
# Unpacks Debian packages of SUITE (bullseye, bookworm, ...) under
# CACHE/SUITE/PACKAGE. The mirror is the one that this machine's apt uses; the
# system is left alone: own sources list, index and status file, `dpkg -x`
# instead of an install, and no root. Two runs at once do not disturb each
# other, and what is there already is not fetched again.
set -eu
[ $# -ge 3 ] || { echo "usage: $0 CACHE SUITE PACKAGE..." >&2; exit 2; }
command -v apt-get > /dev/null || { echo "$0: needs Debian's apt-get" >&2; exit 1; }
mkdir -p "$1"; cache=$(cd "$1" && pwd); suite=$2; shift 2
root=$cache/$suite

missing=
for package in "$@"; do
  [ -f "$root/$package/.deb" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

# The first whole suite among apt's sources; --print-uris fetches nothing.
mirror=$(apt-get update --print-uris |
  sed -n "s|^'\(.*\)/dists/[a-z]*/InRelease'.*|\1|p" | head -n 1)
[ -n "$mirror" ] || { echo "$0: apt has no Debian source" >&2; exit 1; }
mkdir -p "$root"
tmp=$(mktemp -d "$cache/.tmp.XXXXXX"); chmod 755 "$tmp"
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/lists/partial" "$tmp/archives/partial"
: > "$tmp/status"
printf 'deb [arch=%s signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
  "$(dpkg --print-architecture)" "$mirror" "$suite" > "$tmp/sources.list"
apt() {
  apt-get -qq \
    -o Dir::Etc::sourcelist="$tmp/sources.list" \
    -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null \
    -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::State::lists="$tmp/lists" \
    -o Dir::State::status="$tmp/status" \
    -o Dir::Cache::archives="$tmp/archives" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o APT::Sandbox::User= -o APT::Default-Release= \
    -o Acquire::Check-Valid-Until=false \
    -o Acquire::Languages=none -o Acquire::Retries=3 "$@" >&2
}
apt update
for package in $missing; do
  mkdir -p "$tmp/$package/deb" "$tmp/$package/root"
  (cd "$tmp/$package/deb" && apt download "$package")
  dpkg -x "$tmp/$package"/deb/*.deb "$tmp/$package/root"
  (cd "$tmp/$package/deb" && sha256sum ./*.deb) > "$tmp/$package/root/.deb"
  # Another run may have been first.
  mv -T "$tmp/$package/root" "$root/$package" 2> /dev/null ||
    [ -f "$root/$package/.deb" ]
done
