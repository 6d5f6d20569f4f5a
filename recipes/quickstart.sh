#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Goes from a fresh clone to a decision: installs missing packages, builds, trains a speaker encoder on the bundled
# recordings, prints its error rate on speakers that were not in training, compares clips and writes a report.
# Usage: recipes/quickstart.sh [WORK_DIR]
set -eu
cd "$(dirname "$0")/.."
work=${1:-work/quickstart} samples=data/samples
tools/setup.sh
cmake --preset release > /dev/null
cmake --build --preset release --target twinear_cli
tools/get_model.sh speaker-large || echo 'The quickstart goes on with the small model.' >&2
. recipes/common.sh

recipe=recipes/quickstart/recipe.toml
step "$twinear" train "$recipe" --set encoder.kind=statistics --out "$work/untrained"
step "$twinear" train "$recipe" --out "$work/trained"
for system in untrained trained; do
  step "$twinear" score --model "$work/$system/model.safetensors" --trials "$samples/trials.txt" -o "$work/$system.txt"
done
step "$twinear" eval "$work/untrained.txt" "$work/trained.txt" --report "$work/report.html" --log "$work/trained/log.jsonl"

# Compares the first two trials of one speaker and of two speakers. `verify` exits with 1 for different speakers.
for kind in 1 0; do
  for clips in $(awk -v k=$kind '$1 == k {print $2 ":" $3}' "$samples/trials.txt" | head -n 2); do
    step "$twinear" verify "$samples/${clips%:*}" "$samples/${clips#*:}" --model "$work/trained/model.safetensors" || [ $? = 1 ]
  done
done
printf '\nThe report: %s/report.html\n' "$work"
