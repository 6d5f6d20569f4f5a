#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that Twinear needs and that are missing; says nothing if none is.
# Usage: tools/setup.sh [dev] [peers] [claims]
#   (always)  to build, to test, to measure
#   dev       also to lint, to look at the report in a real browser, and npm
#   peers     also to race against PyTorch, OpenBLAS and faiss
#   claims    also to draw the plots of recipes/claims
# Where there is npm it also fetches umap-js, which Debian does not have, into build/npm: with it reports map
# embeddings by UMAP beside PCA.
set -eu

packages='cmake ninja-build g++ pkg-config libdnnl-dev ocl-icd-opencl-dev opencl-c-headers
  libkissfft-dev libpng-dev libsndfile1-dev libsoxr-dev libtbb-dev libfmt-dev nlohmann-json3-dev
  libsqlite3-dev libtomlplusplus-dev libcli11-dev libjs-chart.js libgtest-dev libbenchmark-dev'
for group in "$@"; do
  case $group in
    dev) packages="$packages git clang-14 clang-format-14 clang-tidy-14 shellcheck opus-tools chromium"
      command -v npm >/dev/null || packages="$packages npm" ;;
    peers) packages="$packages python3-torch python3-torchaudio libopenblas-pthread-dev libfaiss-dev" ;;
    claims) packages="$packages gnuplot-nox" ;;
    *) echo "tools/setup.sh: $group: not a group; expected dev, peers or claims" >&2; exit 2 ;;
  esac
done

fetch_umap() {
  folder=$(dirname "$0")/../build/npm
  file=$folder/node_modules/umap-js/lib/umap-js.min.js
  if [ -f "$file" ] || ! command -v npm >/dev/null; then return; fi
  mkdir -p "$folder"
  timeout 60 npm install --fetch-timeout=20000 --fetch-retries=0 --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts umap-js@1.4.0 >/dev/null 2>&1 || {
    echo "tools/setup.sh: umap-js could not be fetched: reports map embeddings by PCA alone" >&2; return; }
  echo "9d226db25cc57eae1e1843765eac64c90f6bccfdeb2c2be2520b2e310abc3ded  $file" | sha256sum --check --status || {
    rm -r "$folder"; echo "tools/setup.sh: umap-js is not the file that was expected" >&2; exit 2; }
}

missing=''
for package in $packages; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || true
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || { fetch_umap; exit 0; }

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
fetch_umap
