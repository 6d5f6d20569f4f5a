# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Functions that the recipes share. A script sources this file in the top folder of the tree.
twinear=${TWINEAR:-build/release/bin/twinear}
[ -x "$twinear" ] || { echo "$0: $twinear is missing: build it with cmake --workflow --preset release" >&2; exit 2; }

step() { printf '\n== %s\n' "$*"; "$@"; }

# need_corpus FOLDER FILE...: exits with a message if a file is missing in the folder
need_corpus() {
  folder=$1; shift
  for file in "$@"; do
    [ -f "$folder/$file" ] || { echo "$0: $folder/$file is missing: name the corpus' folder as the first argument" >&2; exit 2; }
  done
}

# train RECIPE MANIFESTS OUT [OVERRIDE...]: trains on MANIFESTS/{train,dev}.csv and writes OUT/model.safetensors
train() {
  recipe=$1 manifests=$2 out=$3; shift 3
  for override in "$@"; do set -- "$@" --set "$override"; shift; done
  step "$twinear" train "$recipe" --out "$out" --seed "${SEED:-0}" \
    --set data.train="$manifests/train.csv" --set data.dev="$manifests/dev.csv" "$@"
}

# train_on_sounds CORPUS OUT [OVERRIDE...]: trains the recipe of esc50 to its end on CORPUS/train.csv and, where there is one,
# train_more.csv, and writes OUT/model.safetensors
train_on_sounds() {
  sounds=$1 out=$2; shift 2
  lists="\"$sounds/train.csv\""
  [ ! -f "$sounds/train_more.csv" ] || lists="$lists, \"$sounds/train_more.csv\""
  train recipes/esc50/recipe.toml "$sounds" "$out" data.train="[$lists]" data.dev='""' augment.noises="$sounds/train.csv" "$@"
}

# train_and_score RECIPE MANIFESTS ROOT TRIALS OUT [OVERRIDE...]: trains as train does and writes the scores of TRIALS,
# whose paths start from ROOT, to OUT/scores.txt
train_and_score() {
  root=$3 trials=$4 out=$5
  recipe=$1 manifests=$2; shift 5
  train "$recipe" "$manifests" "$out" "$@"
  step "$twinear" score --model "$out/model.safetensors" --trials "$trials" --root "$root" -o "$out/scores.txt"
}

# every_pair MANIFEST: writes a trial list with every pair of its clips once. The manifest must not have quotes.
every_pair() {
  awk -F, 'NR > 1 {path[NR] = $1; label[NR] = $2}
    END {for (i = 2; i < NR; ++i) for (j = i + 1; j <= NR; ++j) print (label[i] == label[j]) + 0, path[i], path[j]}' "$1"
}
