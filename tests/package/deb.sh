#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cpack's packages hold what they should, lintian finds no error in them, and every library that the
# program loads comes from a package that it depends on. Exit status 77: no Debian.
# Usage: deb.sh BUILD_FOLDER
set -eu
build=$1
command -v dpkg-shlibdeps >/dev/null || { echo 'skipped: dpkg-dev is not installed'; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "deb.sh: $*" >&2; exit 1; }

(cd "$folder" && cpack --config "$build/CPackConfig.cmake") >"$folder/log" 2>&1 ||
  { cat "$folder/log"; fail 'cpack failed'; }
deb=$(echo "$folder"/twinear_*.deb) dev=$(echo "$folder"/libtwinear-dev_*.deb)

for field in Package Version Architecture Maintainer Section Description Installed-Size Depends; do
  for package in "$deb" "$dev"; do
    [ -n "$(dpkg-deb -f "$package" "$field")" ] || fail "$package: no $field"
  done
done
dpkg-deb -x "$deb" "$folder/root"
dpkg-deb -x "$dev" "$folder/dev"
for file in bin/twinear share/man/man1/twinear.1.gz share/man/man1/twinear-verify.1.gz \
  share/bash-completion/completions/twinear share/zsh/vendor-completions/_twinear \
  share/fish/vendor_completions.d/twinear.fish share/doc/twinear/copyright share/doc/twinear/changelog.gz; do
  [ -f "$folder/root/usr/$file" ] || fail "twinear: no /usr/$file"
done
for file in include/twinear/twinear.h lib/libtwinear.a lib/cmake/twinear/twinear-config.cmake; do
  [ -f "$folder/dev/usr/$file" ] || fail "libtwinear-dev: no /usr/$file"
done
[ ! -e "$folder/root/usr/include" ] || fail 'twinear: holds headers'
[ ! -e "$folder/dev/usr/bin" ] || fail 'libtwinear-dev: holds programs'

"$folder/root/usr/bin/twinear" --version | grep -q "^twinear $(dpkg-deb -f "$deb" Version)\$" ||
  fail 'twinear: another version than its package'
depends=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/^ *\([^ ]*\).*/\1/')
for library in $(objdump -p "$folder/root/usr/bin/twinear" | sed -n 's/^ *NEEDED *//p'); do
  path=$(ldd "$folder/root/usr/bin/twinear" | awk -v name="$library" '$1 == name {print $3}')
  [ -n "$path" ] || continue # the loader itself
  file=$(realpath "$path") # /lib is a link to /usr/lib, but some packages say /lib
  owner=$( (dpkg -S "$file" || dpkg -S "${file#/usr}") 2>/dev/null | cut -d : -f 1)
  echo "$depends" | grep -qx "$owner" || fail "twinear: needs $library of $owner, which it does not depend on"
done

if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning "$deb" "$dev" || fail 'lintian: see above'
fi
