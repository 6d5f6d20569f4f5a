#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains on the sounds of 30 classes and recognizes 15 others from one and from five examples, without retraining,
# beside the untrained baseline.
# Usage: recipes/esc50/run.sh [CORPUS] [WORK_DIR] [TABLE.KEY=VALUE...]; SEED=1 chooses another seed
#   CORPUS is ESC-50 as it is published (audio/, meta/) or a folder with train.csv, test.csv and, if there are more clips to
#   train on, train_more.csv
set -eu
cd "$(dirname "$0")/../.."
corpus=${1:-../shared/data/esc50} work=${2:-work/esc50}
[ $# -eq 0 ] || shift
[ $# -eq 0 ] || shift
. recipes/common.sh
if [ -f "$corpus/meta/esc50.csv" ]; then
  recipes/esc50/prepare.sh "$corpus" "$work"
  corpus=$work
fi
need_corpus "$corpus" train.csv test.csv

train_on_sounds "$corpus" "$work/untrained" "$@" encoder.kind=statistics
train_on_sounds "$corpus" "$work/trained" "$@"
for shot in ${SHOTS:-1 5}; do
  for system in untrained trained; do
    step "$twinear" fewshot --model "$work/$system/model.safetensors" --manifest "$corpus/test.csv" --base "$corpus/train.csv" \
      --way 5 --shot "$shot" --query "${QUERY:-15}" --episodes "${EPISODES:-1000}" --seed "${SEED:-0}"
  done
done
