#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains the compact encoder with triplet and with contrastive loss on 223 speakers of LibriSpeech, and prints
# the EER on 25 others, beside the untrained baseline. README.md tells why that EER is optimistic.
# Usage: recipes/librispeech251/run.sh [CORPUS] [WORK_DIR]; SEED=1 chooses another seed
set -eu
cd "$(dirname "$0")/../.."
corpus=${1:-../shared/data/librispeech251} work=${2:-work/librispeech251}
. recipes/common.sh
need_corpus "$corpus" train.csv dev.csv
mkdir -p "$work"
every_pair "$corpus/dev.csv" > "$work/trials.txt"  # the corpus has no trials of its own

train_and_score recipes/librispeech251/triplet.toml "$corpus" "$corpus" "$work/trials.txt" "$work/untrained" encoder.kind=statistics
train_and_score recipes/librispeech251/triplet.toml "$corpus" "$corpus" "$work/trials.txt" "$work/triplet"
train_and_score recipes/librispeech251/contrastive.toml "$corpus" "$corpus" "$work/trials.txt" "$work/contrastive"
step "$twinear" eval "$work/untrained/scores.txt" "$work/triplet/scores.txt" "$work/contrastive/scores.txt" \
  --report "$work/report.html" --log "$work/triplet/log.jsonl"
