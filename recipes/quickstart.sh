#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Goes from a fresh clone to decisions: installs missing packages, builds, gets the default model and voices that Debian
# packages, verifies and identifies voices that no model has heard, trains a small encoder and compares four models.
# Usage: recipes/quickstart.sh [WORK_DIR]
set -eu
cd "$(dirname "$0")/.."
work=${1:-work/quickstart} samples=build/samples
tools/setup.sh
cmake --preset release > /dev/null
cmake --build --preset release --target twinear_cli samples_clips
tools/get_model.sh speaker-large || echo 'The quickstart goes on with the small model.' >&2
data/samples/make.sh || { echo 'The quickstart needs these voices, and ends here.' >&2; exit 2; }
. recipes/common.sh
mkdir -p "$work"

# Voices of the split test. `verify` exits with 1 for different speakers.
lina=$samples/clips/ktuberling-lt lena=$samples/clips/qabcs-de stranger=$samples/clips/ktuberling-ru
step "$twinear" verify "$lina/3.flac" "$lina/7.flac"
step "$twinear" verify "$lina/3.flac" "$stranger/4.flac" || [ $? = 1 ]
rm -f "$work/people.sqlite"
step "$twinear" enroll --db "$work/people.sqlite" lina "$lina/0.flac" "$lina/1.flac" "$lina/2.flac"
step "$twinear" enroll --db "$work/people.sqlite" lena "$lena/0.flac" "$lena/1.flac" "$lena/2.flac"
step "$twinear" identify --db "$work/people.sqlite" "$lina/4.flac" "$lena/4.flac" "$stranger/5.flac"

recipe=recipes/quickstart/recipe.toml
step "$twinear" train "$recipe" --set encoder.kind=statistics --set augment.speed_labels=false --set 'augment.speeds=[]' \
  --out "$work/untrained"
step "$twinear" train "$recipe" --out "$work/trained"

models="untrained $work/untrained/model.safetensors
trained $work/trained/model.safetensors
speaker speaker"
! "$twinear" info speaker-large > /dev/null 2>&1 || models="$models
speaker-large speaker-large"
set --
while read -r name model; do
  step "$twinear" score --model "$model" --trials "$samples/trials.txt" -o "$work/$name.txt"
  set -- "$@" "$work/$name.txt"
done <<LIST
$models
LIST
printf "\n== %s\n" "twinear eval $*"
"$twinear" eval "$@" --report "$work/report.html" --log "$work/trained/log.jsonl" > "$work/figures.txt"

speakers() { tail -n +2 "$samples/$1.csv" | cut -d, -f2 | sort -u | wc -l; }
printf '\n%s\n' "Equal error rates on $(speakers test) voices that none of these models was trained on, as far as is known:"
awk '/^[^ ].*: [0-9]+ trials/ {sub(/.*\//, "", $1); sub(/\.txt:$/, "", $1); name = $1}
  /^  EER, %  / {printf "  %-14s %5.1f %%   [%.1f, %.1f]\n", name, $3, $4, $6}' "$work/figures.txt"
cat <<TEXT
In brackets: 95 % intervals over speakers. untrained: mean and deviation of each mel bin. trained: the encoder trained here on
$(speakers train) voices. speaker: the model that ships. speaker-large: the published model that taught it.

What the answers above rest on: words that volunteers read, each voice in one session; two voices of different languages, and
often of different sex, in each comparison of two speakers. Other days, rooms and telephones cost more errors: see data/models.
The report: $work/report.html; all figures: $work/figures.txt
TEXT
