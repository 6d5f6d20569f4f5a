#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes data/models/speaker.safetensors: trains on the speakers of both speech corpora, calibrates on the dev speakers
# of both, and measures on speechocean's test trials, as they are and with one side recorded elsewhere.
# Usage: recipes/speaker-default/run.sh [SPEECHOCEAN] [LIBRISPEECH251] [ESC50] [WORK_DIR] [MODEL]
set -eu
cd "$(dirname "$0")/../.."
speechocean=${1:-../shared/data/speechocean} librispeech=${2:-../shared/data/librispeech251} esc50=${3:-../shared/data/esc50}
work=${4:-work/speaker-default} model=${5:-data/models/speaker.safetensors}
. recipes/common.sh
need_corpus "$speechocean" train.csv dev.csv test.csv trials.txt speakers.csv
need_corpus "$librispeech" train.csv dev.csv
need_corpus "$esc50" train.csv dev.csv test.csv

step recipes/speaker-default/prepare.sh "$speechocean" "$librispeech" "$esc50" "$work"
step "$twinear" train recipes/speaker-default/recipe.toml --out "$work" --seed "${SEED:-0}" \
  --set data.train="[\"$speechocean/train.csv\", \"$librispeech/train.csv\"]" --set data.dev="$work/dev.csv"

cat "$work/dev-here.txt" "$work/dev-elsewhere.txt" > "$work/dev-trials.txt"
step "$twinear" score --model "$work/model.safetensors" --trials "$work/dev-trials.txt" --root . -o "$work/dev-scores.txt"
step "$twinear" calibrate --model "$work/model.safetensors" --scores "$work/dev-scores.txt" --prior 0.1 \
  --source "45 dev speakers of speechocean and LibriSpeech, half of the trials across rooms and devices" -o "$model"

for place in here elsewhere; do
  step "$twinear" score --model "$model" --trials "$work/test-$place.txt" --root . --llr -o "$work/test-$place-scores.txt"
done
step "$twinear" eval "$work/test-here-scores.txt" "$work/test-elsewhere-scores.txt" --report "$work/report.html" \
  --log "$work/log.jsonl" --model "$model"
