#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes data/models/sound.safetensors: trains on 30 classes of ESC-50, calibrates on 5 others, and measures on the 15
# that are left.
# Usage: recipes/sound-default/run.sh [CORPUS] [WORK_DIR] [MODEL]
set -eu
cd "$(dirname "$0")/../.."
corpus=${1:-../shared/data/esc50} work=${2:-work/sound-default} model=${3:-data/models/sound.safetensors}
. recipes/common.sh
need_corpus "$corpus" train.csv train_more.csv dev.csv test.csv
mkdir -p "$work"

train_on_sounds "$corpus" "$work"
for part in dev test; do
  every_pair "$corpus/$part.csv" > "$work/$part-trials.txt"
done
step "$twinear" score --model "$work/model.safetensors" --trials "$work/dev-trials.txt" --root "$corpus" -o "$work/dev-scores.txt"
step "$twinear" calibrate --model "$work/model.safetensors" --scores "$work/dev-scores.txt" \
  --source "every pair of 100 sounds of 5 classes of ESC-50" -o "$model"

step "$twinear" score --model "$model" --trials "$work/test-trials.txt" --root "$corpus" --llr -o "$work/test-scores.txt"
step "$twinear" eval "$work/test-scores.txt" --report "$work/report.html"
for shot in 1 5; do
  step "$twinear" fewshot --model "$model" --manifest "$corpus/test.csv" --base "$corpus/train.csv" \
    --way 5 --shot "$shot" --query 15 --episodes 1000
done
