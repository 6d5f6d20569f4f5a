#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Times Twinear and PyTorch on the same work, in turn, and prints the ratio of their medians.
# Usage: bench/against_peers.sh [ROUNDS] [PEERS_FOLDER]; needs `tools/setup.sh peers` and the peers' scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5} peers=${2:-../shared/peers} bin=build/release/bin
python=/usr/bin/python3 # Debian's, which has Debian's torch

fail() { echo "bench/against_peers.sh: $*" >&2; exit 2; }
[ -x "$bin/bench_ceiling" ] || fail "$bin/bench_ceiling is missing: build with cmake --workflow --preset release"
[ -f "$peers/torch_compact_train.py" ] || fail "$peers/torch_compact_train.py is missing: name the folder of the peers' scripts"
"$python" -c 'import torch, torchaudio' 2>/dev/null || fail "python3-torch or python3-torchaudio is missing: tools/setup.sh peers"

# A kernel that the environment forces on OpenBLAS would slow the peer.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

rates=$(mktemp)
trap 'rm -f "$rates"' EXIT

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# ratio NAME OURS PEER [CEILING]: compares two commands that print one number, of which lower is better. Given the
# ceiling of the machine, in flop/s, it also prints the share that ours reaches.
ratio() {
  local ours=() theirs=() a b
  : >"$rates"
  for _ in $(seq "$rounds"); do
    ours+=("$(eval "$2")")
    theirs+=("$(eval "$3")")
  done
  a=$(printf '%s\n' "${ours[@]}" | median)
  b=$(printf '%s\n' "${theirs[@]}" | median)
  awk -v n="$1" -v a="$a" -v b="$b" -v rate="$(median <"$rates")" -v ceiling="${4:-0}" 'BEGIN {
    printf "%-58s %10.2f %10.2f %7.2fx", n, a, b, b / a
    if (ceiling > 0) printf " %9.0f %%", 100 * rate / ceiling
    print ""}'
}

bench() { # PROGRAM FILTER: real time of a benchmark in its own unit; its flop/s goes to $rates
  "$bin/bench_$1" --benchmark_filter="$2" --benchmark_format=json 2>/dev/null |
    "$python" -c '
import json, sys
result = json.load(sys.stdin)["benchmarks"][0]
if "error_message" in result: sys.exit(result["error_message"])
print(result["real_time"])
if "flop/s" in result: print(result["flop/s"], file=open(sys.argv[1], "a"))' "$rates"
}

# ceiling THREADS BF16: flop/s of a large product of matrices
ceiling() {
  : >"$rates"
  for _ in 1 2 3; do bench ceiling "ceiling/threads:$1/bf16:$2/" >/dev/null; done
  sort -g "$rates" | tail -n 1
}

precisions=0
grep -q avx512_bf16 /proc/cpuinfo && precisions="0 1" # whether in bf16
declare -A most
for threads in 1 2; do
  for bf16 in $precisions; do
    most[$threads,$bf16]=$(ceiling "$threads" "$bf16")
    awk -v t="$threads" -v b="$bf16" -v r="${most[$threads,$bf16]}" 'BEGIN {
      printf "ceiling, %d thread(s), %s: %.0f GF/s\n", t, b ? "bf16" : "fp32", r / 1e9}'
  done
done
printf '%-58s %10s %10s %8s %11s\n' "median of $rounds rounds in turn" twinear pytorch faster "of ceiling"

compact() { # THREADS VARIANT
  OPENBLAS_NUM_THREADS=$1 "$python" "$peers/torch_compact_train.py" --threads "$1" --variant "$2" --repeat 1 |
    sed 's/.*"total": \([0-9.]*\).*/\1/'
}
torch_median() { # THREADS SCRIPT OPTION...
  OPENBLAS_NUM_THREADS=$1 "$python" "$2" --threads "$1" "${@:3}" | sed -n 's/.*median *\([0-9.]*\) ms.*/\1/p'
}
torch_best() { # the same, its best: its threads and those of its BLAS wait for each other
  OPENBLAS_NUM_THREADS=$1 "$python" "$2" --threads "$1" "${@:3}" | sed -n 's/.*min *\([0-9.]*\).*/\1/p'
}
ecapa=$peers/torch_ecapa.py xvector=bench/peers/torch_xvector.py

# in_each_precision NAME THREADS OURS FP32_PEER BF16_PEER: ours in both, each against the peer's both
in_each_precision() {
  ratio "$1 $2 thread(s), fp32" "$3/bf16:0/" "$4" "${most[$2,0]}"
  [ "$precisions" != 0 ] || return 0
  ratio "$1 $2 thread(s), bf16 to its fp32" "$3/bf16:1/" "$4" "${most[$2,1]}"
  ratio "$1 $2 thread(s), bf16 to its bf16" "$3/bf16:1/" "$5" "${most[$2,1]}"
}
for t in 1 2; do
  in_each_precision "compact step, 64 x 300," $t "bench train_step compact_train_step/threads:$t/P:16/K:4/frames:300" \
    "compact $t conv1d" "compact $t bf16"
  in_each_precision "x-vector step, 16 x 200," $t "bench train_step xvector_train_step/threads:$t/P:4/K:4/frames:200" \
    "torch_median $t $xvector" "torch_median $t $xvector --bf16"
  in_each_precision "ECAPA-TDNN C=512 step, 16 x 200," $t "bench train_step ecapa_train_step/threads:$t/P:4/K:4/frames:200" \
    "torch_median $t $ecapa --what train --repeat 9" "torch_median $t $ecapa --what train --repeat 9 --bf16"
  in_each_precision "ECAPA-TDNN C=512, clip of 3 s," $t "bench verify ecapa_encode_one/threads:$t" \
    "torch_best $t $ecapa --what infer" "torch_best $t $ecapa --what infer --bf16"
done
ours_features() { bench log_mel '^log_mel/3/512$' | awk '{print $1 / 298000}'; } # ns a clip to us a frame
features() { # NAME: the peer's microseconds a frame for a clip of 3 s
  "$python" "$peers/torch_features.py" --threads 1 --repeat 5 | sed -n "s/^$1 .*clip   3 s: .* ms *\([0-9.]*\) us.*/\1/p"
}
ratio "log-mel, 3 s, against kaldi.fbank, us/frame" ours_features "features kaldi.fbank"
ratio "log-mel, 3 s, against MelSpectrogram, us/frame" ours_features "features MelSpectrogram+log"
