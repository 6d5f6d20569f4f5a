#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that Twinear needs and that are missing; says nothing if none is.
# Usage: tools/setup.sh [dev] [peers] [claims]
#   (always)  to build, to test, to measure
#   dev       also to lint, and to look at the report in a real browser
#   peers     also to race against PyTorch and OpenBLAS
#   claims    also to draw the plots of recipes/claims
set -eu

packages='cmake ninja-build g++ pkg-config libdnnl-dev ocl-icd-opencl-dev opencl-c-headers
  libkissfft-dev libpng-dev libsndfile1-dev libsoxr-dev libtbb-dev libfmt-dev nlohmann-json3-dev
  libtomlplusplus-dev libcli11-dev libjs-chart.js libgtest-dev libbenchmark-dev'
for group in "$@"; do
  case $group in
    dev) packages="$packages git clang-14 clang-format-14 clang-tidy-14 shellcheck opus-tools chromium" ;;
    peers) packages="$packages python3-torch python3-torchaudio libopenblas-pthread-dev" ;;
    claims) packages="$packages gnuplot-nox" ;;
    *) echo "tools/setup.sh: $group: not a group; expected dev, peers or claims" >&2; exit 2 ;;
  esac
done

missing=''
for package in $packages; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || true
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=''
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "tools/setup.sh: needs root for: apt-get install$missing" >&2; exit 2; }
  as_root='sudo'
fi
echo "installing:$missing" >&2
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"; }
apt update
# shellcheck disable=SC2086 # a list of words
apt install --yes --no-install-recommends $missing >/dev/null
