#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# layering.sh passes what it should, and finds each of these planted violations.
set -eu
layering=$(dirname "$0")/layering.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# plant FILE INCLUDE: a tree of one file with one include.
plant() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree/include" "$tree/features" "$tree/data" "$tree/src" "$tree/$(dirname "$1")"
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
allowed src/model/model.cpp '<nlohmann/json.hpp>'
allowed src/base/threads.cpp '<tbb/global_control.h>'
allowed src/nn/onednn.h '<oneapi/dnnl/dnnl.hpp>'
allowed src/metric/product.cpp '<dnnl.hpp>'
allowed src/base/files.cpp '<sys/mman.h>'
allowed src/base/json.h '<nlohmann/json_fwd.hpp>'
allowed include/twinear/c_api.h '<stddef.h>'
allowed src/c_api/c_api.cpp '"twinear/verifier.h"'
allowed include/twinear/model.h '"twinear/encoder.h"'

refused src/base/files.cpp '"data/pcm.h"'              # upward
refused features/log_mel.cpp '"data/pcm.h"'            # between siblings
refused src/nn/layer.h '"twinear/loss.h"'              # between siblings, by a public header
refused src/model/model.cpp '"verify/calibration.h"'   # upward
refused src/train/trainer.cpp '<twinear/verifier.h>'   # in pointed brackets
refused include/twinear/matrix.h '"twinear/model.h"'   # a public header has a layer too
refused include/twinear/matrix.h '"base/json.h"'       # the public includes the private
refused src/cli/main.cpp '"twinear/c_api.h"'         # between siblings
refused include/twinear/matrix.h '<tbb/parallel_for.h>'
refused src/model/model.h '<nlohmann/json.hpp>'        # JSON in a header
refused src/base/settings.h '<toml++/toml.h>'
refused data/audio.cpp '<kiss_fftr.h>'
refused data/audio.cpp '<kissfft/kiss_fftr.h>'
refused src/cli/main.cpp '<sndfile.h>'
refused src/verify/verifier.cpp '<soxr.h>'
refused src/metric/distance.cpp '<dnnl.hpp>'
refused src/train/trainer.cpp '<omp.h>'
refused src/train/trainer.cpp '<oneapi/tbb/global_control.h>'
refused src/report/report.cpp '<CLI/CLI.hpp>'
refused src/model/model.cpp '<sqlite3.h>'
refused src/cli/features.cpp '<png.h>'
refused src/model/import_torch.cpp '<zip.h>'
refused src/base/files.cpp '"utility/strings.h"'       # an unknown folder
refused src/stray.cpp '<vector>'                       # a file outside every layer
