#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures speaker models by the length of the clips and by what happened to their sound: a table of EERs in Markdown.
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
  change room augment.reverb=1 "augment.responses=$PWD/$data/rooms/rooms.csv"
done

# eer MODEL CORPUS CONDITION TRIALS ROOT: prints the EER in percent
eer() {
  scores=$work/$2/$(basename "$1" .safetensors)-$3-scores.txt
  [ -f "$scores" ] || "$twinear" score --model "$1" --trials "$work/$2/$4.txt" --root "$5" -o "$scores" --quiet
  "$twinear" eval "$scores" --resamples 0 --json --quiet | sed -n 's/.*"eer":\([0-9.e-]*\).*/\1/p' | head -n 1 |
    awk '{printf "%.1f", 100 * $1}'
}
{
  printf '| both sides |'; for model; do printf ' %s |' "$(basename "$model" .safetensors)"; done
  printf '\n| --- |'; for model; do printf ' --- |'; done; echo
  for corpus in speechocean voices; do
    for condition in 1 2 3 6 10 telephone noise room; do
      case $condition in
        telephone) name="3 s, telephone" trials=3 root=$work/$corpus/$condition ;;
        noise) name="3 s, noise of 10 dB" trials=3 root=$work/$corpus/$condition ;;
        room) name="3 s, in a real room" trials=3 root=$work/$corpus/$condition ;;
        *) name="$condition s" trials=$condition root=$work/$corpus ;;
      esac
      printf '| %s, %s |' "$corpus" "$name"
      for model; do printf ' %s |' "$(eer "$model" "$corpus" "$condition" "$trials" "$root")"; done; echo
    done
  done
} > "$work/table.md"
cat "$work/table.md"
