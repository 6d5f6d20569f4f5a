#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calibrates a speaker model over conditions, and measures it on the test trials. prepare.sh wrote WORK_DIR.
# Usage, from the top of the tree: recipes/speaker-default/judge.sh MODEL DATA_FOLDER WORK_DIR CALIBRATED
set -eu
[ $# -eq 4 ] || { echo "usage: $0 MODEL DATA_FOLDER WORK_DIR CALIBRATED" >&2; exit 2; }
model=$1 data=$2 work=$3 calibrated=$4
. recipes/common.sh

step "$twinear" calibrate --model "$model" --manifest "$work/calibration.csv" --group group --domain domain \
  --noises "$work/noises.csv" --responses "$work/rooms.csv" \
  --source "$(awk -F, 'NR > 1 && !($2 in seen) {seen[$2]; ++n} END {print n}' "$work/calibration.csv") speakers of voices, speechocean and LibriSpeech over lengths, telephones, noises and rooms" \
  -o "$calibrated"

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
