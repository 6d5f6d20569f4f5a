#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cpack's packages hold what they should, lintian finds no error in them, and every library that the
# program loads comes from a package that it depends on. Exit status 77: no Debian.
# Usage: deb.sh SOURCE_FOLDER BUILD_FOLDER
set -eu
source=$1 build=$2
command -v dpkg-shlibdeps >/dev/null || { echo 'skipped: dpkg-dev is not installed'; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "deb.sh: $*" >&2; exit 1; }

(cd "$folder" && cpack --config "$build/CPackConfig.cmake") >"$folder/log" 2>&1 ||
  { cat "$folder/log"; fail 'cpack failed'; }
deb=$(echo "$folder"/twinear_*.deb) library=$(echo "$folder"/libtwinear-c*.deb) dev=$(echo "$folder"/libtwinear-dev_*.deb)

for field in Package Version Architecture Maintainer Section Description Installed-Size Depends; do
  for package in "$deb" "$library" "$dev"; do
    [ -n "$(dpkg-deb -f "$package" "$field")" ] || fail "$package: no $field"
  done
done
dpkg-deb -x "$deb" "$folder/root"
dpkg-deb -x "$dev" "$folder/dev"
dpkg-deb -x "$library" "$folder/library"
for file in bin/twinear bin/twinear-get-model share/man/man1/twinear.1.gz share/man/man1/twinear-verify.1.gz \
  share/bash-completion/completions/twinear share/zsh/vendor-completions/_twinear \
  share/fish/vendor_completions.d/twinear.fish share/doc/twinear/copyright share/doc/twinear/changelog.gz; do
  [ -f "$folder/root/usr/$file" ] || fail "twinear: no /usr/$file"
done
for model in "$source"/data/models/*; do
  cmp -s "$model" "$folder/root/usr/share/twinear/models/$(basename "$model")" || fail "twinear: no $model"
done
for file in include/twinear/twinear.h include/twinear/c_api.h lib/libtwinear_base.a lib/libtwinear_identify.a lib/libtwinear_c.so \
  lib/cmake/twinear/twinear-config.cmake lib/pkgconfig/twinear_c.pc; do
  [ -f "$folder/dev/usr/$file" ] || [ -L "$folder/dev/usr/$file" ] || fail "libtwinear-dev: no /usr/$file"
done
[ ! -e "$folder/root/usr/include" ] || fail 'twinear: holds headers'
[ ! -e "$folder/dev/usr/bin" ] || fail 'libtwinear-dev: holds programs'

"$folder/root/usr/bin/twinear" --version | grep -q "^twinear $(dpkg-deb -f "$deb" Version)\$" ||
  fail 'twinear: another version than its package'
# loads PACKAGE FILE: each library that the file needs is of a package that the package depends on
loads() {
  depends=$(dpkg-deb -f "$1" Depends | tr ',' '\n' | sed 's/^ *\([^ ]*\).*/\1/')
  for needed in $(objdump -p "$2" | sed -n 's/^ *NEEDED *//p'); do
    path=$(ldd "$2" | awk -v name="$needed" '$1 == name {print $3}')
    [ -n "$path" ] || continue # the loader itself
    file=$(realpath "$path")   # /lib is a link to /usr/lib, but some packages say /lib
    owner=$( (dpkg -S "$file" || dpkg -S "${file#/usr}") 2>/dev/null | cut -d : -f 1)
    echo "$depends" | grep -qx "$owner" || fail "$2: needs $needed of $owner, which its package does not depend on"
  done
}
loads "$deb" "$folder/root/usr/bin/twinear"
for object in "$folder"/library/usr/lib/libtwinear_c.so.*; do loads "$library" "$object"; done

if command -v lintian >/dev/null; then
  # The .pc files lie where those of any `cmake --install` do; cpack calls ldconfig beside the trigger.
  lintian --allow-root --fail-on error,warning \
    --suppress-tags pkg-config-unavailable-for-cross-compilation,maintscript-calls-ldconfig \
    "$deb" "$library" "$dev" || fail 'lintian: see above'
fi
