#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes manifests of ESC-50 as it is published. CORPUS holds audio/*.wav and meta/esc50.csv.
# Usage: recipes/esc50/prepare.sh CORPUS WORK_DIR; writes WORK_DIR/{train,dev,test}.csv
#
# Few-shot recognition splits the classes, not the clips: 30 for training, 5 to choose and calibrate with and 15 for the
# test, which are 6, 1 and 3 of each of the five categories. ESC-50's official folds keep all clips of a recording together; here dev and
# test have one clip of each recording, so that support and query of an episode never come from one.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 CORPUS WORK_DIR" >&2; exit 2; }
[ -f "$1/meta/esc50.csv" ] || { echo "$0: $1/meta/esc50.csv is missing: name the folder that ESC-50 was unpacked in" >&2; exit 2; }
corpus=$(cd "$1" && pwd)
mkdir -p "$2"
for part in train dev test; do
  awk -F, -v part="$part" -v root="$corpus" '
    BEGIN {
      assign("cat chirping_birds clapping door_wood_creaks engine", "dev")
      assign("cow rooster dog rain water_drops wind footsteps brushing_teeth breathing mouse_click vacuum_cleaner " \
                      "clock_alarm airplane chainsaw train", "test")
      print "path,label,fold,session"
    }
    function assign(classes, to,   list, n, i) {n = split(classes, list, " "); for (i = 1; i <= n; ++i) of[list[i]] = to}
    NR == 1 {for (i = 1; i <= NF; ++i) column[$i] = i; next}
    {label = $column["category"]; source = $column["src_file"]; mine = label in of ? of[label] : "train"}
    mine == part && (part == "train" || !(label SUBSEP source in seen)) {
      seen[label, source] = 1
      print "\"" root "/audio/" $column["filename"] "\"," label "," $column["fold"] "," source
    }' "$corpus/meta/esc50.csv" > "$2/$part.csv"
done
