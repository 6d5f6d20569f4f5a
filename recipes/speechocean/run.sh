#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains the compact encoder with contrastive and with triplet loss on the speakers of speechocean, and with triplet
# loss on those of librispeech251 too. Prints the EER on 50 speakers that are not in training, beside the untrained
# baseline, and calibrates the last two on the dev speakers.
# Usage: recipes/speechocean/run.sh [CORPUS] [WORK_DIR] [LIBRISPEECH251]; SEED=1 chooses another seed
set -eu
cd "$(dirname "$0")/../.."
corpus=${1:-../shared/data/speechocean} work=${2:-work/speechocean} more=${3:-../shared/data/librispeech251}
. recipes/common.sh
need_corpus "$corpus" train.csv dev.csv trials.txt speakers.csv

# system NAME RECIPE [OVERRIDE...]
system() {
  name=$1 recipe=$2; shift 2
  train_and_score "recipes/speechocean/$recipe.toml" "$corpus" "$corpus" "$corpus/trials.txt" "$work/$name" "$@"
}
system untrained triplet encoder.kind=statistics
system contrastive contrastive
system triplet triplet
systems="untrained contrastive triplet" calibrated=triplet
if [ -f "$more/train.csv" ]; then
  system both triplet data.train="[\"$corpus/train.csv\", \"$more/train.csv\"]"
  systems="$systems both" calibrated="triplet both"
else
  echo "$0: $more/train.csv is missing; training uses speechocean alone" >&2
fi
scores=$(for name in $systems; do printf '%s/scores.txt ' "$work/$name"; done)
# shellcheck disable=SC2086
step "$twinear" eval $scores --report "$work/report.html" --log "$work/triplet/log.jsonl"

recipes/speechocean/prepare.sh "$corpus" > "$work/dev-trials.txt"
for name in $calibrated; do
  model=$work/$name/calibrated.safetensors
  step "$twinear" score --model "$work/$name/model.safetensors" --trials "$work/dev-trials.txt" --root "$corpus" -o "$work/$name/dev-scores.txt"
  step "$twinear" calibrate --model "$work/$name/model.safetensors" --scores "$work/$name/dev-scores.txt" --prior 0.05 \
    --source "20 dev speakers of speechocean" -o "$model"
  step "$twinear" score --model "$model" --trials "$corpus/trials.txt" --root "$corpus" --llr -o "$work/$name/llrs.txt"
  step "$twinear" eval "$work/$name/llrs.txt"
done
