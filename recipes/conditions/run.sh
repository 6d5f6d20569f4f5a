#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures speaker models by the length of the clips and by what happened to their sound: a table in Markdown of errors at the
# default decision and of what the probabilities were worth.
# Both sides of a trial have the length, and both went through the telephone, the noise or the room.
# Usage: recipes/conditions/run.sh [DATA_FOLDER] [WORK_DIR] [MODEL...]; DATA_FOLDER holds speechocean, voices, esc50 and rooms,
# MODEL is a file or a name as --model takes it. Scores that are there already are not made again.
set -eu
cd "$(dirname "$0")/../.."
data=${1:-../shared/data} work=${2:-work/conditions}
if [ $# -gt 2 ]; then shift 2; else set -- speaker; fi
. recipes/common.sh
clips=$(dirname "$twinear")/conditions_clips
[ -x "$clips" ] || { echo "$0: $clips is missing: build it with cmake --workflow --preset release" >&2; exit 2; }
need_corpus "$data/speechocean" test.csv speakers.csv
need_corpus "$data/voices" test.csv
need_corpus "$data/esc50" test.csv
need_corpus "$data/rooms" rooms.csv
mkdir -p "$work"

# Speakers of the same gender and age group, or who speak the same language, are compared.
up=$(realpath --relative-to="$work" "$data")
awk -F, -v root="$up/speechocean" 'NR == FNR {group[$1] = $2 ($3 > 15); next}
  FNR == 1 {print "path,label,group"; next} {print root "/" $1 "," $2 "," group[$2]}' \
  "$data/speechocean/speakers.csv" "$data/speechocean/test.csv" > "$work/speechocean.csv"
awk -F, -v root="$up/voices" 'FNR == 1 {print "path,label,group"; next}
  $3 == "common_voice" {print root "/" $1 "," $2 "," $4}' "$data/voices/test.csv" > "$work/voices.csv"
# The rooms with which speaker-default does not calibrate
awk -F, -v root="$up/rooms" 'FNR == 1 {print "path,label"; next} FNR % 2 == 1 {print root "/" $1 ",room"}' "$data/rooms/rooms.csv" > "$work/rooms.csv"
for corpus in speechocean voices; do
  [ -f "$work/$corpus/10.txt" ] || step "$clips" --manifest "$work/$corpus.csv" --group group -o "$work/$corpus"
  change() {
    name=$1; shift
    for setting in "$@"; do set -- "$@" --set "$setting"; shift; done
    [ -d "$work/$corpus/$name" ] || "$twinear" augment recipes/conditions/plain.toml --manifest "$work/$corpus/3.csv" \
      -o "$work/$corpus/$name" --quiet "$@"
  }
  change telephone augment.telephone=1
  change noise augment.noise=1 "augment.noises=$PWD/$data/esc50/test.csv" augment.noise_snr_low_db=10 augment.noise_snr_high_db=10
  change room augment.reverb=1 "augment.responses=$PWD/$work/rooms.csv"
done

# figures MODEL CORPUS CONDITION TRIALS ROOT: a row of the table. Answered are the trials whose clips were not refused; the
# figures are of those.
figures() {
  scores=$work/$2/$(basename "$1" .safetensors)-$3-scores.txt
  [ -f "$scores" ] ||
    "$twinear" score --model "$1" --trials "$work/$2/$4.txt" --root "$5" --llr -o "$scores" --quiet 2> "$scores.refused" || [ $? -eq 2 ]
  "$twinear" eval "$scores" --llr yes --resamples 0 --json --quiet > "$scores.json"
  awk -v trials="$(wc -l < "$work/$2/$4.txt")" -v scored="$(wc -l < "$scores")" '
    function value(key,  at) {at = match($0, "\"" key "\":[-0-9.e]+"); return at ? substr($0, at + length(key) + 3, RLENGTH - length(key) - 3) : "nan"}
    {printf " %.1f | %.1f | %.1f + %.1f | %.3f | %.1f | %.1f |\n", 100 * value("eer"), 50 * (value("miss") + value("false_alarm")),
      100 * value("miss"), 100 * value("false_alarm"), value("cllr") - value("min_cllr"), 100 * value("wrong_of_sure"),
      100 * scored / trials}' "$scores.json"
}
for model; do
  printf '\n| %s, both sides | EER %% | error %% | misses + false alarms, %% | Cllr - minCllr, bits | wrong of those 90 %% sure, %% | answered %% |\n' \
    "$(basename "$model" .safetensors)"
  echo '| --- | --- | --- | --- | --- | --- | --- |'
  for corpus in speechocean voices; do
    for condition in 1 2 3 6 10 telephone noise room; do
      case $condition in
        telephone) name="3 s, telephone" trials=3 root=$work/$corpus/$condition ;;
        noise) name="3 s, noise of 10 dB" trials=3 root=$work/$corpus/$condition ;;
        room) name="3 s, in a real room" trials=3 root=$work/$corpus/$condition ;;
        *) name="$condition s" trials=$condition root=$work/$corpus ;;
      esac
      printf '| %s, %s |' "$corpus" "$name"
      figures "$model" "$corpus" "$condition" "$trials" "$root"
    done
  done
done > "$work/table.md"
cat "$work/table.md"
