#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes trials of the dev speakers that are as hard as the corpus' test trials: every pair of clips of one speaker, and
# of two speakers of the same gender and age group (15 or younger, older).
# Usage: recipes/speechocean/prepare.sh CORPUS > trials.txt
set -eu
awk -F, '
  FNR == 1 {next}
  NR == FNR {group[$1] = $2 ($3 <= 15); next}
  {path[++n] = $1; label[n] = $2}
  END {
    for (i = 1; i < n; ++i) for (j = i + 1; j <= n; ++j)
      if (group[label[i]] == group[label[j]]) print (label[i] == label[j]) + 0, path[i], path[j]
  }' "$1/speakers.csv" "$1/dev.csv"
