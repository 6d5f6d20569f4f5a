#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs recipes/teach on a folder of made-up voices that nobody labeled, with a teacher of another width and front end.
# Usage: tests/recipes/teach.sh TWINEAR CLIPS
set -eu
cd "$(dirname "$0")/../.."
TWINEAR=$1; export TWINEAR
tree=$(mktemp -d); trap 'rm -rf "$tree"' EXIT
fail() { echo "$1" >&2; exit 1; }

mkdir -p "$tree/recordings/deep, and quoted"
n=0
for clip in $(find "$2" -name '*.wav' | sort | head -n 40); do
  n=$((n + 1))
  [ $((n % 2)) = 0 ] && place=$tree/recordings || place="$tree/recordings/deep, and quoted"
  cp "$clip" "$place/$n.wav"
done
echo no sound > "$tree/recordings/notes.txt"

recipes/teach/run.sh "$tree/recordings" "$tree/work" speaker encoder.channels='[8,8]' encoder.strides='[1,2]' encoder.embedding=8 \
  front_end.mel_bins=20 train.epochs=12 train.eval_every=3 train.crop_seconds=0.5 sampler.labels=4 optimizer.warmup_steps=2 optimizer.learning_rate=1e-2 \
  > "$tree/said" 2>&1 || { cat "$tree/said"; exit 1; }
[ "$(cat "$tree/work/train.csv" "$tree/work/dev.csv" | wc -l)" = 42 ] || fail "the lists have not all 40 clips"
[ "$(wc -l < "$tree/work/dev.csv")" = 5 ] || fail "dev is not a tenth of the clips"
grep -q 'mean cosine 0\.[0-9]* to the teacher on dev after epoch' "$tree/said" || fail "the summary does not say the mean cosine"
grep -q '"dev_cosine":' "$tree/work/student/log.jsonl" || fail "the log does not say the mean cosine"
! grep -q '"dev_eer":' "$tree/work/student/log.jsonl" || fail "the log has an EER without labels"

# The cosine grows from the first evaluation to the last.
sed -n 's/.*"dev_cosine":\([0-9.]*\).*/\1/p' "$tree/work/student/log.jsonl" |
  awk 'NR == 1 {first = $1} {last = $1} END {exit !(NR == 4 && last > first)}' || fail "the student does not come closer to the teacher"

rm "$tree"/recordings/*/*
! recipes/teach/run.sh "$tree/recordings/none" "$tree/work" > "$tree/said" 2>&1 || fail "a folder that is not there was taken"
grep -q 'is no folder' "$tree/said" || fail "nobody says that the folder is not there"
rm "$tree"/recordings/*.wav
! recipes/teach/run.sh "$tree/recordings" "$tree/work" > "$tree/said" 2>&1 || fail "an empty folder was taken"
grep -q 'fewer than 20 sound files' "$tree/said" || fail "nobody says that there are few files"
