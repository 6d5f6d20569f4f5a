#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes data/models/speaker-large.json, what Twinear ships for the published CAM++: imports the checkpoint, calibrates it on
# the dev speakers of voices, speechocean and LibriSpeech, and measures it on the test trials of the first two.
# Usage: recipes/speaker-large/run.sh CHECKPOINT [VOICES] [SPEECHOCEAN] [LIBRISPEECH251] [ESC50] [WORK_DIR] [COMPANION]
set -eu
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { echo "$0: the checkpoint is missing: campplus_cn_en_common.pt" >&2; exit 2; }
checkpoint=$1 voices=${2:-../shared/data/voices} speechocean=${3:-../shared/data/speechocean}
librispeech=${4:-../shared/data/librispeech251} esc50=${5:-../shared/data/esc50}
work=${6:-work/speaker-large} companion=${7:-data/models/speaker-large.json}
. recipes/common.sh
need_corpus "$voices" dev.csv dev_same.txt dev_across.txt test_same.txt test_across.txt
need_corpus "$speechocean" train.csv dev.csv test.csv trials.txt speakers.csv
need_corpus "$librispeech" train.csv dev.csv
need_corpus "$esc50" train.csv dev.csv test.csv

step recipes/speaker-default/prepare.sh "$speechocean" "$librispeech" "$esc50" "$work"
step "$twinear" augment recipes/speaker-default/elsewhere.toml --set augment.noises="$esc50/dev.csv" \
  --manifest "$voices/dev.csv" -o "$work/voices-dev" --quiet
step "$twinear" import 3dspeaker-campplus "$checkpoint" -o "$work/imported.safetensors"

# Half of the trials as they are, half with the second side elsewhere.
for trials in dev_same dev_across; do
  awk -v root="$voices" '{print $1, root "/" $2, root "/" $3}' "$voices/$trials.txt" >> "$work/dev-here.txt"
  awk -v root="$voices" -v other="$work/voices-dev" '{sub(/\.[^.]*$/, ".flac", $3); print $1, root "/" $2, other "/" $3}' \
    "$voices/$trials.txt" >> "$work/dev-elsewhere.txt"
done
cat "$work/dev-here.txt" "$work/dev-elsewhere.txt" > "$work/dev-trials.txt"
step "$twinear" score --model "$work/imported.safetensors" --trials "$work/dev-trials.txt" --root . -o "$work/dev-scores.txt"
step "$twinear" calibrate --model "$work/imported.safetensors" --scores "$work/dev-scores.txt" --prior 0.1 \
  --quality duration --root . -o "$work/model.safetensors" \
  --source "272 dev speakers of voices, speechocean and LibriSpeech, half of the trials across rooms and devices"
step "$twinear" export companion "$work/model.safetensors" -o "$companion"

for trials in "$voices/test_same.txt" "$voices/test_across.txt" "$speechocean/trials.txt"; do
  scores=$work/$(basename "$(dirname "$trials")")-$(basename "$trials")
  "$twinear" score --model "$work/model.safetensors" --trials "$trials" --llr -o "$scores"
  step "$twinear" eval "$scores"
done
