#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes what the recipes of both speaker models need beside the corpora to WORK_DIR. Paths in the lists start from the top
# folder of the tree.
#   dev.csv             the dev clips of voices, speechocean and LibriSpeech
#   noises.csv          the sounds of ESC-50's training classes
#   dev-trials.txt      trials of the dev speakers: once as they are, and once with the second side elsewhere
#   test-elsewhere.txt  the test trials of speechocean with the second side elsewhere
# Usage, from the top of the tree: recipes/speaker-default/prepare.sh DATA_FOLDER WORK_DIR
set -eu
[ $# -eq 2 ] || { echo "usage: $0 DATA_FOLDER WORK_DIR" >&2; exit 2; }
data=$1 work=$2
. recipes/common.sh
need_corpus "$data/voices" train.csv more.csv dev.csv dev_same.txt dev_across.txt test_same.txt test_across.txt
need_corpus "$data/speechocean" train.csv dev.csv test.csv trials.txt speakers.csv
need_corpus "$data/librispeech251" train.csv dev.csv
need_corpus "$data/esc50" train.csv train_more.csv dev.csv test.csv
mkdir -p "$work"

# listed CORPUS/FILE...: the paths of manifests, from WORK_DIR
up=$(realpath --relative-to="$work" "$data")
listed() {
  echo path
  for list; do awk -F, -v root="$up/${list%/*}" 'FNR > 1 {print root "/" $1}' "$data/$list"; done
}
listed voices/dev.csv speechocean/dev.csv librispeech251/dev.csv > "$work/dev.csv"
listed esc50/train.csv esc50/train_more.csv | sed '1s/$/,label/; 1!s/$/,noise/' > "$work/noises.csv"

# elsewhere CORPUS SPLIT NOISES: the split's clips as if recorded in another room, by another device
elsewhere() {
  "$twinear" augment recipes/speaker-default/elsewhere.toml --set augment.noises="$data/esc50/$3.csv" \
    --manifest "$data/$1/$2.csv" -o "$work/elsewhere/$1" --quiet
}
elsewhere voices dev dev
elsewhere librispeech251 dev dev
elsewhere speechocean dev dev
elsewhere speechocean test test

# sides TRIALS CORPUS PLACE: puts folders before the names; elsewhere are the FLACs of twinear augment
sides() {
  awk -v here="$data/$2" -v place="$3" -v work="$work/elsewhere/$2" '{other = here "/" $3
    if (place == "elsewhere") {other = work "/" $3; sub(/\.[^.]*$/, ".flac", other)}
    print $1, here "/" $2, other}' "$1"
}
recipes/speechocean/prepare.sh "$data/speechocean" > "$work/speechocean-dev.txt"
every_pair "$data/librispeech251/dev.csv" > "$work/librispeech251-dev.txt"
for place in here elsewhere; do
  sides "$work/speechocean-dev.txt" speechocean $place
  sides "$work/librispeech251-dev.txt" librispeech251 $place
  sides "$data/voices/dev_same.txt" voices $place
  sides "$data/voices/dev_across.txt" voices $place
done > "$work/dev-trials.txt"
sides "$data/speechocean/trials.txt" speechocean elsewhere > "$work/test-elsewhere.txt"
