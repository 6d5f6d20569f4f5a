#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the claims of recipes/claims on a few made-up voices: speakers stand for sounds too. What is tested is the way.
# Usage: tests/recipes/claims.sh TWINEAR VOICES
set -eu
cd "$(dirname "$0")/../.."
voices=$2 TWINEAR=$1 SEEDS='0 1' EPISODES=6 SCRATCH=2 QUERIES=1 SCRATCH_STEPS=3; export TWINEAR SEEDS EPISODES SCRATCH QUERIES SCRATCH_STEPS
tree=$(mktemp -d); trap 'rm -rf "$tree"' EXIT
fail() { echo "$1: $2" >&2; exit 1; }

# few SPLIT FIRST LAST: the clips of the speakers from FIRST to LAST
few() { awk -F, -v first="$2" -v last="$3" 'NR == 1 || ($2 >= first && $2 <= last)' "$voices/clips.csv" > "$tree/data/speechocean/$1.csv"; }
mkdir -p "$tree/data/speechocean"
ln -s "$voices/clips" "$tree/data/speechocean/clips"
few train 0 7; few dev 8 11; few test 12 21
awk -F'[, ]' 'NR == FNR {is[$1] = 1; next} is[$2] && is[$3]' "$tree/data/speechocean/test.csv" "$voices/trials.txt" > "$tree/data/speechocean/trials.txt"
cp -r "$tree/data/speechocean" "$tree/data/esc50"

work=$tree/work
recipes/claims/run.sh "$tree/data" "$work" 'encoder.channels=[8,8]' 'encoder.strides=[1,2]' encoder.embedding=8 train.epochs=3 \
  train.eval_every=1 train.crop_seconds=0.5 sampler.labels=4 sampler.clips=2 optimizer.warmup_steps=2 > "$tree/said" 2>&1 ||
  { cat "$tree/said"; exit 1; }

for table in losses losses-bare miners towers shots-1 shots-5 to-sounds-1 to-sounds-5 to-speech losses-steps miners-steps towers-steps places; do
  [ "$(grep -c '^| ' "$work/$table.md")" -ge 4 ] || fail "$table.md" "has no two rows"
  ! grep -q nan "$work/$table.md" || fail "$table.md" "has figures that are none"
done
# Shared towers put a clip in one place; towers of different weights do not.
grep -q '^| shared | [0-9]* | 0.000 .* 0.0 % |$' "$work/places.md" || fail places.md "shared towers differ"
! grep -q '^| separate | [0-9]* | 0.000' "$work/places.md" || fail places.md "separate towers do not differ"
awk -F'|' '/^[|] (shared|separate) / {n[$2] = $3} END {exit !(n[" separate "] == 2 * n[" shared "])}' "$work/places.md" ||
  fail places.md "two towers have not twice the parameters"
if command -v gnuplot > /dev/null; then
  for plot in losses miners towers shots domains; do grep -q '</svg>' "$work/$plot.svg" || fail "$plot.svg" "is no plot"; done
fi

# Figures are those of the program.
"$TWINEAR" eval --json "$work/triplet/0/scores.txt" | sed 's/.*"eer":\([0-9.e-]*\),.*/\1/' | awk '{printf "| triplet, batch-hard | %.1f,\n", 100 * $1}' > "$tree/row"
grep -qFf "$tree/row" "$work/losses.md" || fail losses.md "has another EER than twinear eval"
"$TWINEAR" fewshot --json --model "$work/sound/0/last.safetensors" --manifest "$tree/data/esc50/test.csv" --shot 1 --query 1 --episodes 6 |
  sed 's/.*"accuracy":\([0-9.e-]*\),.*/\1/' | awk '{printf "| sounds | %.1f,\n", 100 * $1}' > "$tree/row"
grep -qFf "$tree/row" "$work/to-sounds-1.md" || fail to-sounds-1.md "has another accuracy than twinear fewshot"

# The same on another corpus, and a teacher in place of the labels.
mkdir "$tree/data/voices"
cp -r "$tree/data/speechocean/." "$tree/data/voices"
mv "$tree/data/voices/trials.txt" "$tree/data/voices/test_across.txt"
small='encoder.channels=[8,8] encoder.strides=[1,2] encoder.embedding=8 train.epochs=1 train.crop_seconds=0.5 sampler.labels=4'
# shellcheck disable=SC2086 # a list of words
for claim in towers taught; do
  CORPUS=voices TEACHER=data/models/speaker.safetensors recipes/claims/$claim.sh "$tree/data" "$tree/voices" $small > "$tree/said" 2>&1 ||
    { cat "$tree/said"; exit 1; }
done
for table in towers taught taught-foreign; do
  [ "$(grep -c '^| ' "$tree/voices/$table.md")" -ge 4 ] || fail "$table.md" "has no two rows"
done
grep -q '"teacher":' "$tree/voices/taught/0/log.jsonl" || fail taught.sh "asks no teacher"
! CORPUS=songs recipes/claims/towers.sh "$tree/data" "$tree/other" > "$tree/refused" 2>&1 || fail towers.sh "takes any corpus"
grep -q 'CORPUS: expected speechocean or voices, found songs' "$tree/refused" || fail towers.sh "does not say which corpora there are"

# What is there is not made again; what is missing is named.
before=$(find "$work" -name '*.safetensors' -newer "$tree/said" | wc -l)
recipes/claims/losses.sh "$tree/data" "$work" > "$tree/again" 2>&1 || { cat "$tree/again"; exit 1; }
! grep -q ' train ' "$tree/again" || fail losses.sh "trains again"
[ "$before" = "$(find "$work" -name '*.safetensors' -newer "$tree/said" | wc -l)" ] || fail losses.sh "writes models again"
rm "$tree/data/esc50/test.csv"
! recipes/claims/run.sh "$tree/data" "$tree/other" > "$tree/refused" 2>&1 || fail run.sh "does without esc50/test.csv"
grep -q 'esc50/test.csv is missing' "$tree/refused" || fail run.sh "does not say what is missing"
