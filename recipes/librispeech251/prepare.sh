#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes a trial list over the dev speakers: every pair of clips, once. The corpus has no trials of its own.
# Usage: recipes/librispeech251/prepare.sh CORPUS > trials.txt
set -eu
awk -F, 'NR > 1 {path[NR] = $1; label[NR] = $2}
  END {for (i = 2; i < NR; ++i) for (j = i + 1; j <= NR; ++j) print (label[i] == label[j]) + 0, path[i], path[j]}' "$1/dev.csv"
