# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What the recipes share; sourced from the top of the tree.
twinear=${TWINEAR:-build/release/bin/twinear}
[ -x "$twinear" ] || { echo "$0: $twinear is missing: build it with cmake --workflow --preset release" >&2; exit 2; }

step() { printf '\n== %s\n' "$*"; "$@"; }

# need_corpus FOLDER FILE...: says what is missing, and where it was looked for
need_corpus() {
  folder=$1; shift
  for file in "$@"; do
    [ -f "$folder/$file" ] || { echo "$0: $folder/$file is missing: name the corpus' folder as the first argument" >&2; exit 2; }
  done
}

# train_and_score RECIPE CORPUS TRIALS WORK [OVERRIDE...]: leaves WORK/model.safetensors and WORK/scores.txt
train_and_score() {
  recipe=$1 corpus=$2 trials=$3 out=$4; shift 4
  for override in "$@"; do set -- "$@" --set "$override"; shift; done
  step "$twinear" train "$recipe" --out "$out" --seed "${SEED:-0}" \
    --set data.train="$corpus/train.csv" --set data.dev="$corpus/dev.csv" "$@"
  step "$twinear" score --model "$out/model.safetensors" --trials "$trials" --root "$corpus" -o "$out/scores.txt"
}
