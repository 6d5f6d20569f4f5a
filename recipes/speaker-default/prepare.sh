#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes what run.sh needs beside the corpora to WORK_DIR. Paths start from the top folder of the tree.
#   dev.csv                  the dev speakers of both corpora
#   so-dev, so-test, ls-all  speechocean's dev and test clips, and all of librispeech251, as if recorded elsewhere
#   {dev,test,ls-all}-{here,elsewhere}.txt   trials with both sides as they are, or the second side elsewhere. dev: of both
#     corpora; test: of speechocean; ls-all: every pair of all clips of librispeech251, for leave_out.sh
# Usage, from the top of the tree: recipes/speaker-default/prepare.sh SPEECHOCEAN LIBRISPEECH251 ESC50 WORK_DIR
set -eu
[ $# -eq 4 ] || { echo "usage: $0 SPEECHOCEAN LIBRISPEECH251 ESC50 WORK_DIR" >&2; exit 2; }
speechocean=$1 librispeech=$2 esc50=$3 work=$4
. recipes/common.sh
mkdir -p "$work"

up=$(realpath --relative-to="$work" .)
{
  echo path,label
  awk -F, -v root="$up/$speechocean" 'FNR > 1 {print root "/" $1 ",s" $2}' "$speechocean/dev.csv"
  awk -F, -v root="$up/$librispeech" 'FNR > 1 {print root "/" $1 ",l" $2}' "$librispeech/dev.csv"
} > "$work/dev.csv"

cat "$librispeech/train.csv" "$librispeech/dev.csv" | awk 'NR == 1 || $0 != "path,label"' > "$work/ls-all.csv"

# elsewhere NAME MANIFEST NOISES
elsewhere() {
  "$twinear" augment recipes/speaker-default/elsewhere.toml --set augment.noises="$3" --manifest "$2" -o "$work/$1" --quiet
}
elsewhere so-dev "$speechocean/dev.csv" "$esc50/dev.csv"
elsewhere so-test "$speechocean/test.csv" "$esc50/test.csv"
for split in train dev; do  # into one folder
  elsewhere ls-all "$librispeech/$split.csv" "$esc50/dev.csv"
done

recipes/speechocean/prepare.sh "$speechocean" > "$work/so-dev.txt"
every_pair "$librispeech/dev.csv" > "$work/ls-dev.txt"
every_pair "$work/ls-all.csv" > "$work/ls-all.txt"

# sides TRIALS FIRST SECOND: puts folders before the names. If SECOND is another folder, it has the FLACs of twinear augment.
sides() {
  awk -v first="$2" -v second="$3" '{other = $3; if (second != first) sub(/\.[^.]*$/, ".flac", other)
    print $1, first "/" $2, second "/" other}' "$1"
}
{
  sides "$work/so-dev.txt" "$speechocean" "$speechocean"
  sides "$work/ls-dev.txt" "$librispeech" "$librispeech"
} > "$work/dev-here.txt"
{
  sides "$work/so-dev.txt" "$speechocean" "$work/so-dev"
  sides "$work/ls-dev.txt" "$librispeech" "$work/ls-all"
} > "$work/dev-elsewhere.txt"
sides "$speechocean/trials.txt" "$speechocean" "$speechocean" > "$work/test-here.txt"
sides "$speechocean/trials.txt" "$speechocean" "$work/so-test" > "$work/test-elsewhere.txt"
sides "$work/ls-all.txt" "$librispeech" "$librispeech" > "$work/ls-all-here.txt"
sides "$work/ls-all.txt" "$librispeech" "$work/ls-all" > "$work/ls-all-elsewhere.txt"
