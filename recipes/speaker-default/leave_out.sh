#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests the recipe on a corpus that is not in training: trains on either speech corpus alone and measures on the other,
# on clips as they are and with one side recorded elsewhere.
# Usage: recipes/speaker-default/leave_out.sh [SPEECHOCEAN] [LIBRISPEECH251] [ESC50] [WORK_DIR]
set -eu
cd "$(dirname "$0")/../.."
speechocean=${1:-../shared/data/speechocean} librispeech=${2:-../shared/data/librispeech251} esc50=${3:-../shared/data/esc50}
work=${4:-work/speaker-default}
. recipes/common.sh
need_corpus "$speechocean" train.csv dev.csv test.csv trials.txt speakers.csv
need_corpus "$librispeech" train.csv dev.csv
need_corpus "$esc50" train.csv dev.csv test.csv
recipes/speaker-default/prepare.sh "$speechocean" "$librispeech" "$esc50" "$work"

# without NAME TRAIN_CORPUS [OVERRIDE...]
without() {
  name=$1 corpus=$2; shift 2
  train recipes/speaker-default/recipe.toml "$corpus" "$work/without-$name" "$@"
  train recipes/speaker-default/recipe.toml "$corpus" "$work/without-$name/untrained" encoder.kind=statistics
}
# judge NAME TRIALS...
judge() {
  name=$1; shift
  for system in without-$name/untrained without-$name; do
    for place in here elsewhere; do
      step "$twinear" score --model "$work/$system/model.safetensors" --trials "$work/$1-$place.txt" --root . -o "$work/$system/$place.txt"
    done
  done
  step "$twinear" eval "$work/without-$name/untrained/here.txt" "$work/without-$name/here.txt" \
    "$work/without-$name/untrained/elsewhere.txt" "$work/without-$name/elsewhere.txt"
}
without librispeech251 "$speechocean"
judge librispeech251 ls-all
without speechocean "$librispeech"
judge speechocean test
