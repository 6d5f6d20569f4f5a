#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What run.sh needs beside the corpora, into WORK_DIR; paths start from the top of the tree:
#   dev.csv                  the dev speakers of both corpora
#   SPLIT/manifest.csv       speechocean's dev and test clips, and librispeech251's dev clips, as heard elsewhere
#   {dev,test}-{here,elsewhere}.txt   trials: both sides as they are; the second side heard elsewhere
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

elsewhere() {  # SPLIT MANIFEST NOISES
  "$twinear" augment recipes/speaker-default/elsewhere.toml --set augment.noises="$3" --manifest "$2" -o "$work/$1" --quiet
}
elsewhere so-dev "$speechocean/dev.csv" "$esc50/dev.csv"
elsewhere ls-dev "$librispeech/dev.csv" "$esc50/dev.csv"
elsewhere so-test "$speechocean/test.csv" "$esc50/test.csv"

recipes/speechocean/prepare.sh "$speechocean" > "$work/so-dev.txt"
every_pair "$librispeech/dev.csv" > "$work/ls-dev.txt"

# sides SECOND TRIALS FIRST: puts folders before the names; of SECOND the extension is that of twinear augment
sides() {
  awk -v first="$3" -v second="$1" '{other = $3; if (second != first) sub(/\.[^.]*$/, ".flac", other)
    print $1, first "/" $2, second "/" other}' "$2"
}
{
  sides "$speechocean" "$work/so-dev.txt" "$speechocean"
  sides "$librispeech" "$work/ls-dev.txt" "$librispeech"
} > "$work/dev-here.txt"
{
  sides "$work/so-dev" "$work/so-dev.txt" "$speechocean"
  sides "$work/ls-dev" "$work/ls-dev.txt" "$librispeech"
} > "$work/dev-elsewhere.txt"
sides "$speechocean" "$speechocean/trials.txt" "$speechocean" > "$work/test-here.txt"
sides "$work/so-test" "$speechocean/trials.txt" "$speechocean" > "$work/test-elsewhere.txt"
