#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The package installs on a Debian 12 that has nothing but itself, and works there: a root made by
# debootstrap, so this needs root's rights, a network and some minutes, and CTest does not run it.
# Usage: clean_root.sh TWINEAR.DEB MODEL A B: verifies clips A and B there by the model
set -eu
[ $# = 4 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }
deb=$1
command -v debootstrap >/dev/null || { echo 'clean_root.sh: debootstrap is not installed' >&2; exit 2; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

debootstrap --variant=minbase bookworm "$root" >"$root.log" 2>&1 || { tail "$root.log" >&2; exit 1; }
rm "$root.log"
cp "$deb" "$root/twinear.deb"
cp "$2" "$root/model.safetensors"
cp "$3" "$root/a.${3##*.}"
cp "$4" "$root/b.${4##*.}"
[ ! -f /etc/resolv.conf ] || cp /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" sh -c 'apt-get -qq update &&
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends /twinear.deb' >/dev/null 2>&1
in_root() { echo "== twinear $*" && chroot "$root" twinear "$@"; }
in_root --version
in_root verify --model /model.safetensors "/a.${3##*.}" "/b.${4##*.}" || [ $? = 1 ]
in_root enroll --db /p.sqlite --model /model.safetensors --force A "/a.${3##*.}"
in_root identify --db /p.sqlite --model /model.safetensors "/a.${3##*.}"
chroot "$root" apt-get -qq remove --yes twinear >/dev/null 2>&1
[ ! -e "$root/usr/bin/twinear" ] && [ ! -e "$root/usr/share/twinear" ]
echo 'installed, used and removed'
