#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes what the recipes of both speaker models need beside the corpora to WORK_DIR. Paths in the lists start from the top
# folder of the tree.
#   dev.csv             the dev clips of voices, speechocean and LibriSpeech
#   noises.csv          the sounds of ESC-50's training classes
#   calibration.csv     the clips of the dev speakers and of some training speakers of these corpora, with columns for
#                       calibration: domain (the corpus) and group (language, or gender and age)
#   rooms.csv           every other room response, for calibration; test-rooms.csv has the others
#   test-elsewhere.txt  the test trials of speechocean with the second side elsewhere
# Usage, from the top of the tree: recipes/speaker-default/prepare.sh DATA_FOLDER WORK_DIR
set -eu
[ $# -eq 2 ] || { echo "usage: $0 DATA_FOLDER WORK_DIR" >&2; exit 2; }
data=$1 work=$2
. recipes/common.sh
need_corpus "$data/voices" train.csv more.csv dev.csv test_same.txt test_across.txt
need_corpus "$data/speechocean" train.csv dev.csv test.csv trials.txt speakers.csv
need_corpus "$data/librispeech251" train.csv dev.csv
need_corpus "$data/esc50" train.csv train_more.csv dev.csv test.csv
need_corpus "$data/rooms" rooms.csv
mkdir -p "$work"

# listed CORPUS/FILE...: the paths of manifests, from WORK_DIR
up=$(realpath --relative-to="$work" "$data")
listed() {
  echo path
  for list; do awk -F, -v root="$up/${list%/*}" 'FNR > 1 {print root "/" $1}' "$data/$list"; done
}
listed voices/dev.csv speechocean/dev.csv librispeech251/dev.csv > "$work/dev.csv"
listed esc50/train.csv esc50/train_more.csv | sed '1s/$/,label/; 1!s/$/,noise/' > "$work/noises.csv"

# some FILE N: the clips of every N-th label of a manifest, with a header
some() { awk -F, -v n="$2" 'FNR == 1 {print; next} !($2 in seen) {seen[$2] = count++ % n} seen[$2] == 0' "$data/$1"; }
{
  echo path,label,domain,group
  for list in "dev 1" "train 23"; do
    some "voices/${list% *}.csv" "${list#* }" | awk -F, -v root="$up/voices" \
      'FNR > 1 {print root "/" $1 "," $2 ",voices," $3 " " $4}'
  done
  for list in "dev 1" "train 3"; do
    some "speechocean/${list% *}.csv" "${list#* }" | awk -F, -v root="$up/speechocean" \
      'NR == FNR {group[$1] = $2 ($3 > 15 ? " adult" : " child"); next}
       FNR > 1 {print root "/" $1 ",so-" $2 ",speechocean," group[$2]}' "$data/speechocean/speakers.csv" -
    some "librispeech251/${list% *}.csv" "${list#* }" | awk -F, -v root="$up/librispeech251" \
      'FNR > 1 {print root "/" $1 ",ls-" $2 ",librispeech,all"}'
  done
} > "$work/calibration.csv"
for half in 0 1; do
  awk -F, -v half=$half -v root="$up/rooms" 'FNR == 1 {print "path,label"; next} FNR % 2 == half {print root "/" $1 ",room"}' \
    "$data/rooms/rooms.csv" > "$work/$([ $half = 0 ] && echo rooms || echo test-rooms).csv"
done

# The second side as if recorded in another room, by another device
"$twinear" augment recipes/speaker-default/elsewhere.toml --set augment.noises="$data/esc50/test.csv" \
  --manifest "$data/speechocean/test.csv" -o "$work/elsewhere" --quiet
awk -v here="$data/speechocean" -v work="$work/elsewhere" '{other = work "/" $3; sub(/\.[^.]*$/, ".flac", other)
  print $1, here "/" $2, other}' "$data/speechocean/trials.txt" > "$work/test-elsewhere.txt"
