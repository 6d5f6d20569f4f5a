#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares two builds bit by bit: the features of every front end, the embeddings of both shipped models, the answers of a
# search, and the weights after some epochs of the quickstart's recipe. Prints a sum of each; exits with 1 if they differ.
# Usage: tools/same_bits.sh OLD_COMMIT [WORK_DIR]
#        OLD=PROGRAM NEW=PROGRAM OLD_TREE=FOLDER tools/same_bits.sh   with programs that are built already
# Old and new are built alike: by the preset release, the old one in a worktree under WORK_DIR (default: work/same_bits).
set -eu
cd "$(dirname "$0")/.."
work=$PWD/${2:-work/same_bits} new_tree=$PWD
mkdir -p "$work"
if [ -z "${OLD:-}" ]; then
  old_tree=$work/tree
  [ -d "$old_tree" ] || git worktree add --detach "$old_tree" "$1" >/dev/null
  for tree in "$old_tree" "$new_tree"; do
    (cd "$tree" && cmake --preset release >/dev/null && cmake --build --preset release --target twinear_cli >/dev/null)
  done
  cmake --build --preset release --target samples_clips >/dev/null
  OLD=$old_tree/build/release/bin/twinear NEW=$new_tree/build/release/bin/twinear
else
  old_tree=${OLD_TREE:?}
fi
samples=$new_tree/build/samples
SAMPLES_CLIPS=${SAMPLES_CLIPS:-$new_tree/build/release/bin/samples_clips} data/samples/make.sh

sum() { sha256sum | cut -c1-16; }
# weights FILE: the numbers of a safetensors file without its header, whose words may change
weights() {
  header=$(od -An -tu8 -N8 "$1" | tr -d ' ')
  tail -c +$((header + 9)) "$1"
}
# sums PROGRAM TREE OUT: prints a line for each result that must not change
sums() {
  program=$1 tree=$2 out=$3
  rm -rf "$out"; mkdir -p "$out"
  clip=$samples/$(awk -F, 'NR == 2 {print $1}' "$samples/test.csv")
  for preset in kaldi wespeaker sherpa speechbrain librosa torchaudio; do
    "$program" features "$clip" -o "$out/$preset.npy" --front-end "$preset" -q
    echo "features, $preset: $(sum <"$out/$preset.npy")"
  done
  for model in speaker sound; do
    "$program" embed --manifest "$samples/test.csv" --model "$tree/data/models/$model.safetensors" -o "$out/$model.safetensors" -q
    echo "embeddings, $model: $(weights "$out/$model.safetensors" | sum)"
  done
  awk -F, 'NR > 1 && ++n[$2] <= 2 {print $2, $1}' "$samples/test.csv" >"$out/known"
  while read -r name path; do
    "$program" enroll --db "$out/db.sqlite" --model "$tree/data/models/speaker.safetensors" --force "$name" "$samples/$path" -q >/dev/null
  done <"$out/known"
  "$program" embed --manifest "$samples/test.csv" --model "$tree/data/models/speaker.safetensors" -o "$out/all.safetensors" -q
  awk -F, 'NR > 1 {print $1}' "$samples/test.csv" >"$out/paths"
  (cd "$samples" && xargs "$program" identify --db "$out/db.sqlite" --model "$tree/data/models/speaker.safetensors" \
    --json -q <"$out/paths") >"$out/answers" || true
  echo "search: $(grep -oE '"(name|score)": ?("[^"]*"|[-0-9.e]+)' "$out/answers" | sum)"
  for kind in compact ecapa xvector resnet; do
    "$program" train "$tree/recipes/quickstart/recipe.toml" --set encoder.kind=$kind \
      --set data.train="$samples/train.csv" --set data.dev="$samples/dev.csv" --set train.epochs="${EPOCHS:-3}" \
      --set train.eval_every=3 --out "$out/$kind" -q >/dev/null
    echo "training, $kind: $(weights "$out/$kind/model.safetensors" | sum)"
  done
}
sums "$OLD" "$old_tree" "$work/old" >"$work/old.txt"
sums "${NEW:-$new_tree/build/release/bin/twinear}" "$new_tree" "$work/new" >"$work/new.txt"
cat "$work/new.txt"
diff "$work/old.txt" "$work/new.txt"
