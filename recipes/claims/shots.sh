#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests the claim that an embedding recognizes new labels from one example without training, where a classifier cannot learn.
# Usage: recipes/claims/shots.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
set -eu
cd "$(dirname "$0")/../.."
. recipes/claims/common.sh

trained sound sound.toml "$sounds"
trained untrained speech.toml "$speech" encoder.kind=statistics
for shot in 1 5; do
  shots sound centroid "$shot" "${EPISODES:-600}" "centroid-$shot.txt"
  shots sound regression "$shot" "${EPISODES:-600}" "regression-$shot.txt"
  shots sound scratch "$shot" "${SCRATCH:-40}" "scratch-$shot.txt"
  shots untrained centroid "$shot" "${EPISODES:-600}" "centroid-$shot.txt" --base "$sounds/train.csv"
  shots untrained regression "$shot" "${EPISODES:-600}" "regression-$shot.txt" --base "$sounds/train.csv"
  table "shots-$shot" accuracy "embedding, nearest centroid=$(files sound "centroid-$shot.txt")" \
    "embedding, logistic regression=$(files sound "regression-$shot.txt")" \
    "encoder trained on the shots=$(files sound "scratch-$shot.txt")" \
    "log-mel statistics, logistic regression=$(files untrained "regression-$shot.txt")" \
    "log-mel statistics, nearest centroid=$(files untrained "centroid-$shot.txt")"
done
bars shots '1 shot=shots-1' '5 shots=shots-5'
