#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains the compact encoder with triplet and with contrastive loss on the speakers of speechocean, and
# prints the EER on 50 speakers that it never heard, beside the untrained baseline.
# Usage: recipes/speechocean/run.sh [CORPUS] [WORK_DIR]; SEED=1 chooses another seed
set -eu
cd "$(dirname "$0")/../.."
corpus=${1:-../shared/data/speechocean} work=${2:-work/speechocean}
. recipes/common.sh
need_corpus "$corpus" train.csv dev.csv trials.txt

train_and_score recipes/speechocean/triplet.toml "$corpus" "$corpus" "$corpus/trials.txt" "$work/untrained" encoder.kind=statistics
train_and_score recipes/speechocean/triplet.toml "$corpus" "$corpus" "$corpus/trials.txt" "$work/triplet"
train_and_score recipes/speechocean/contrastive.toml "$corpus" "$corpus" "$corpus/trials.txt" "$work/contrastive"
step "$twinear" eval "$work/untrained/scores.txt" "$work/triplet/scores.txt" "$work/contrastive/scores.txt" \
  --report "$work/report.html" --log "$work/triplet/log.jsonl"
