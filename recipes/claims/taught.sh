#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests the claim that a small net that a large one teaches without labels is better than the same net trained on labels:
# on speakers of the corpus that it was trained on, between days, and on a corpus that it never heard.
# Usage: recipes/claims/taught.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]; DATA_FOLDER holds voices and speechocean.
#   TEACHER=speaker-large is the file or the name of the teacher.
set -eu
cd "$(dirname "$0")/../.."
CORPUS=voices
. recipes/claims/common.sh
need_corpus "$data/speechocean" test.csv trials.txt

trained labels taught.toml "$speech"
trained taught taught.toml "$speech" loss.kind=sum 'loss.terms=[{kind="teacher-cosine"},{kind="teacher-table",weight=5}]' \
  "teacher.model=${TEACHER:-speaker-large}" teacher.precision=bf16 "train.feature_cache=$work/lessons"
for name in labels taught; do
  scored $name
  for seed in $seeds; do
    [ -f "$work/$name/$seed/foreign.txt" ] || step "$twinear" score --quiet --threads "$threads" --model "$(model $name "$seed")" \
      --trials "$data/speechocean/trials.txt" -o "$work/$name/$seed/foreign.txt"
  done
done

table taught eer "labels=$(files labels scores.txt)" "taught=$(files taught scores.txt)"
speech=$data/speechocean
table taught-foreign eer "labels=$(files labels foreign.txt)" "taught=$(files taught foreign.txt)"
