#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains ECAPA-TDNN on VoxCeleb as it is published, and prints EER and minDCF on the official trial lists.
# Usage: recipes/voxceleb/run.sh VOXCELEB1 [WORK_DIR] [TABLE.KEY=VALUE...]
#   VOXCELEB2=FOLDER trains on VoxCeleb2 and scores E and H too; SEED=1 chooses another seed
set -eu
cd "$(dirname "$0")/../.."
corpus=${1:?usage: recipes/voxceleb/run.sh VOXCELEB1 [WORK_DIR] [TABLE.KEY=VALUE...]} work=${2:-work/voxceleb}
shift; [ $# -eq 0 ] || shift
. recipes/common.sh
recipes/voxceleb/prepare.sh "$corpus" "$work" ${VOXCELEB2:+"$VOXCELEB2"}

train_and_score recipes/voxceleb/recipe.toml "$work" "$corpus" "$work/O.txt" "$work/trained" "$@"
set -- "$work/trained/scores.txt"
for list in E H; do
  [ -f "$work/$list.txt" ] || continue
  step "$twinear" score --model "$work/trained/model.safetensors" --trials "$work/$list.txt" --root "$corpus" -o "$work/trained/$list.txt"
  set -- "$@" "$work/trained/$list.txt"
done
step "$twinear" eval "$@" --report "$work/report.html" --log "$work/trained/log.jsonl"
