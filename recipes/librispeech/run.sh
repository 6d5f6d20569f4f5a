#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains ECAPA-TDNN on LibriSpeech as it is published, and prints the EER on the speakers of test-clean.
# Usage: recipes/librispeech/run.sh CORPUS [WORK_DIR] [TABLE.KEY=VALUE...]; SEED=1 chooses another seed
set -eu
cd "$(dirname "$0")/../.."
corpus=${1:?usage: recipes/librispeech/run.sh CORPUS [WORK_DIR] [TABLE.KEY=VALUE...]} work=${2:-work/librispeech}
shift; [ $# -eq 0 ] || shift
. recipes/common.sh
recipes/librispeech/prepare.sh "$corpus" "$work"

train_and_score recipes/librispeech/recipe.toml "$work" "$corpus" "$work/trials.txt" "$work/trained" "$@"
step "$twinear" eval "$work/trained/scores.txt" --report "$work/report.html" --log "$work/trained/log.jsonl"
