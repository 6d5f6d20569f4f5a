#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes manifests and trials of LibriSpeech as it is published. CORPUS holds SPEAKERS.TXT, train-clean-100 (also
# train-clean-360 and train-other-500, where they are there), dev-clean and test-clean, each
# SPEAKER/CHAPTER/SPEAKER-CHAPTER-NUMBER.flac.
# Usage: recipes/librispeech/prepare.sh CORPUS WORK_DIR; writes WORK_DIR/{train,dev}.csv and trials.txt
#
# LibriSpeech has no trial list. This one pairs at most 12 utterances of each speaker of test-clean. Targets are from
# different chapters if the speaker has two. Nontargets are of the same sex.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 CORPUS WORK_DIR" >&2; exit 2; }
work=$2
for part in SPEAKERS.TXT train-clean-100 dev-clean test-clean; do
  [ -e "$1/$part" ] || { echo "$0: $1/$part is missing: unpack LibriSpeech's archives and name their LibriSpeech folder" >&2; exit 2; }
done
corpus=$(cd "$1" && pwd)
mkdir -p "$work"

utterances() { # SPLIT...: their paths below the corpus, sorted
  for split in "$@"; do
    [ ! -d "$corpus/$split" ] || (cd "$corpus" && find "$split" -name '*.flac')
  done | LC_ALL=C sort
}
manifest() { # SPLIT...
  utterances "$@" | awk -F/ -v root="$corpus" 'BEGIN {print "path,label"} {print "\"" root "/" $0 "\"," $2}'
}
manifest train-clean-100 train-clean-360 train-other-500 > "$work/train.csv"
manifest dev-clean > "$work/dev.csv"

utterances test-clean | awk -F/ -v speakers="$corpus/SPEAKERS.TXT" -v most=12 '
  BEGIN {while ((getline line < speakers) > 0) if (line !~ /^;/) {split(line, f, / *\| */); sub(/^ */, "", f[1]); sex[f[1]] = f[2]}}
  {if (!($2 in count)) speaker[++n] = $2; k = ++count[$2]; path[$2, k] = $0; chapter[$2, k] = $3}
  function at(s, i) {return count[s] <= most ? i : 1 + int((i - 1) * count[s] / most)}  # evenly among all
  function taken(s) {return count[s] <= most ? count[s] : most}
  END {
    for (a = 1; a <= n; ++a) {
      s = speaker[a]; two = 0
      for (i = 2; i <= count[s]; ++i) if (chapter[s, i] != chapter[s, 1]) two = 1
      for (i = 1; i < taken(s); ++i) for (j = i + 1; j <= taken(s); ++j)
        if (!two || chapter[s, at(s, i)] != chapter[s, at(s, j)]) print 1, path[s, at(s, i)], path[s, at(s, j)]
      for (b = a + 1; b <= n; ++b) {
        t = speaker[b]
        if (sex[s] == sex[t]) for (i = 1; i <= taken(s) && i <= taken(t); i += 2) print 0, path[s, at(s, i)], path[t, at(t, i)]
      }
    }
  }' > "$work/trials.txt"
