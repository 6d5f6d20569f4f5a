#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Times Twinear and PyTorch on the same work, in turn, and prints the ratio of their medians.
# Usage: bench/against_peers.sh [ROUNDS] [PEERS_FOLDER]; needs `tools/setup.sh peers` and the peers' scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5} peers=${2:-../shared/peers} bin=build/release/bin
python=/usr/bin/python3 # Debian's, which has Debian's torch

fail() { echo "bench/against_peers.sh: $*" >&2; exit 2; }
[ -x "$bin/bench_train_step" ] || fail "$bin/bench_train_step is missing: build with cmake --workflow --preset release"
[ -f "$peers/torch_compact_train.py" ] || fail "$peers/torch_compact_train.py is missing: name the folder of the peers' scripts"
"$python" -c 'import torch, torchaudio' 2>/dev/null || fail "python3-torch or python3-torchaudio is missing: tools/setup.sh peers"

# A kernel that somebody forced on OpenBLAS would slow the peer.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# ratio NAME OURS PEER: two commands that print one number, lower is better
ratio() {
  local ours=() theirs=() a b
  for _ in $(seq "$rounds"); do
    ours+=("$(eval "$2")")
    theirs+=("$(eval "$3")")
  done
  a=$(printf '%s\n' "${ours[@]}" | median)
  b=$(printf '%s\n' "${theirs[@]}" | median)
  awk -v n="$1" -v a="$a" -v b="$b" 'BEGIN {printf "%-52s %10.2f %10.2f %7.2fx\n", n, a, b, b / a}'
}

bench() { # PROGRAM FILTER: real time of a benchmark in its own unit
  "$bin/bench_$1" --benchmark_filter="$2" --benchmark_format=json 2>/dev/null |
    "$python" -c 'import json, sys; print(json.load(sys.stdin)["benchmarks"][0]["real_time"])'
}

printf '%-52s %10s %10s %8s\n' "median of $rounds rounds in turn" twinear pytorch faster
for threads in 1 2; do
  ratio "compact training step, 64 x 300, $threads thread(s), ms" \
    "bench train_step 'compact_train_step/threads:$threads/P:16/K:4/frames:300'" \
    "OPENBLAS_NUM_THREADS=$threads $python $peers/torch_compact_train.py --threads $threads --repeat 1 | sed 's/.*\"total\": \([0-9.]*\).*/\1/'"
done
ecapa() { # THREADS WHAT: the peer's median
  OPENBLAS_NUM_THREADS=$1 "$python" "$peers/torch_ecapa.py" --threads "$1" --what "$2" --repeat 9 |
    sed -n 's/.*median *\([0-9.]*\) ms.*/\1/p'
}
for threads in 1 2; do
  ratio "ECAPA-TDNN C=512 training step, 16 x 200, $threads thread(s), ms" \
    "bench train_step 'ecapa_train_step/threads:$threads/'" "ecapa $threads train"
done
ratio "ECAPA-TDNN C=512, one clip of 3 s, 1 thread, ms" "bench verify ecapa_encode_one" "ecapa 1 infer"
ours_features() { bench log_mel '^log_mel/3/512$' | awk '{print $1 / 298000}'; } # ns a clip to us a frame
features() { # NAME: the peer's microseconds a frame for a clip of 3 s
  "$python" "$peers/torch_features.py" --threads 1 --repeat 5 | sed -n "s/^$1 .*clip   3 s: .* ms *\([0-9.]*\) us.*/\1/p"
}
ratio "log-mel, 3 s, against kaldi.fbank, us/frame" ours_features "features kaldi.fbank"
ratio "log-mel, 3 s, against MelSpectrogram, us/frame" ours_features "features MelSpectrogram+log"
