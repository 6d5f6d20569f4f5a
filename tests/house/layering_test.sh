#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# layering.sh passes what it should, and finds each of these planted violations.
set -eu
layering=$(dirname "$0")/layering.sh
rooms=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# plant FILE INCLUDE: a tree of the rooms, as their CMakeLists.txt describe them, and of one file with one include.
plant() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree/include" "$tree/src" "$tree/$(dirname "$1")"
  (cd "$rooms" && cp --parents features/CMakeLists.txt src/CMakeLists.txt src/*/CMakeLists.txt "$tree")
  printf '#include %s\n' "$2" >"$tree/$1"
}
allowed() {
  plant "$@"
  "$layering" "$tree" >/dev/null || { echo "$1: $2 was refused" >&2; exit 1; }
}
refused() {
  plant "$@"
  ! "$layering" "$tree" >"$tree/found" || { echo "$1: $2 was not refused" >&2; exit 1; }
  grep -q "^$1:1: " "$tree/found" || { echo "$1: $2 was refused without its place" >&2; exit 1; }
}

allowed src/model/model.cpp '"nn/network.h"'
allowed src/model/model.cpp '"safetensors.h"'
allowed src/model/model.cpp '"twinear/calibration.h"'   # of evaluate, which model links
allowed src/model/model.cpp '"data/csv.h"'              # which evaluate passes on
allowed src/model/model.cpp '<nlohmann/json.hpp>'
allowed src/base/threads.cpp '<tbb/global_control.h>'
allowed src/nn/conv1d.h '<oneapi/dnnl/dnnl.hpp>'
allowed src/linalg/product.cpp '<dnnl.hpp>'
allowed src/base/files.cpp '<sys/mman.h>'
allowed src/base/json.h '<nlohmann/json_fwd.hpp>'
allowed src/report/plot.cpp '<cairo/cairo-svg.h>'
allowed src/cli/main.cpp '"report/report.h"'
allowed src/cli/main.cpp '"train/recipe.h"'             # of twinear::twinear
allowed include/twinear/c_api.h '<stddef.h>'
allowed include/twinear/twinear.h '"twinear/trainer.h"'
allowed src/c_api/c_api.cpp '"twinear/verifier.h"'
allowed include/twinear/model.h '"twinear/encoder.h"'

refused src/base/files.cpp '"data/csv.h"'               # upward
refused features/log_mel.cpp '"data/csv.h"'             # between rooms that do not know each other
refused src/nn/layer.h '"twinear/loss.h"'               # the same, by a public header
refused src/evaluate/metrics.cpp '"model/safetensors.h"' # upward
refused src/train/trainer.cpp '<twinear/verifier.h>'    # in pointed brackets
refused include/twinear/matrix.h '"twinear/model.h"'    # a public header has a room too
refused include/twinear/matrix.h '"base/json.h"'        # the public includes the private
refused include/twinear/model.h '"twinear/nothing.h"'   # a public header of no room
refused src/cli/main.cpp '"twinear/c_api.h"'
refused include/twinear/matrix.h '<tbb/parallel_for.h>'
refused src/model/model_file.h '<nlohmann/json.hpp>'    # JSON in a header
refused src/base/settings.h '<toml++/toml.h>'
refused src/data/audio.cpp '<kiss_fftr.h>'
refused src/data/audio.cpp '<kissfft/kiss_fftr.h>'
refused src/cli/main.cpp '<sndfile.h>'
refused src/verify/verifier.cpp '<soxr.h>'
refused src/metric/distance.cpp '<dnnl.hpp>'
refused src/train/trainer.cpp '<omp.h>'
refused src/train/trainer.cpp '<oneapi/tbb/global_control.h>'
refused src/report/report.cpp '<CLI/CLI.hpp>'
refused src/model/model.cpp '<sqlite3.h>'
refused src/cli/features.cpp '<png.h>'
refused src/verify/verifier.cpp '<pybind11/numpy.h>'
refused src/exchange/import_torch.cpp '<zip.h>'
refused src/base/files.cpp '"utility/strings.h"'        # a folder that is no room
refused src/stray.cpp '<vector>'                        # a file outside of every room
