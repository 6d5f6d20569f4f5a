#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calibrates a speaker model on the dev speakers, and measures it on the test trials. prepare.sh wrote WORK_DIR.
# Usage, from the top of the tree: recipes/speaker-default/judge.sh MODEL DATA_FOLDER WORK_DIR CALIBRATED
set -eu
[ $# -eq 4 ] || { echo "usage: $0 MODEL DATA_FOLDER WORK_DIR CALIBRATED" >&2; exit 2; }
model=$1 data=$2 work=$3 calibrated=$4
. recipes/common.sh

step "$twinear" score --model "$model" --trials "$work/dev-trials.txt" --root . -o "$work/dev-scores.txt"
step "$twinear" calibrate --model "$model" --scores "$work/dev-scores.txt" --prior 0.1 --quality duration --root . \
  --source "272 dev speakers of voices, speechocean and LibriSpeech, half of the trials across rooms and devices" -o "$calibrated"

# judged NAME TRIALS [OPTION...]
judged() {
  name=$1 trials=$2; shift 2
  "$twinear" score --model "$calibrated" --trials "$trials" --llr -o "$work/test-$name-scores.txt" "$@"
  step "$twinear" eval "$work/test-$name-scores.txt"
}
judged same "$data/voices/test_same.txt"
judged across "$data/voices/test_across.txt"
judged speechocean "$data/speechocean/trials.txt"
judged elsewhere "$work/test-elsewhere.txt" --root .
