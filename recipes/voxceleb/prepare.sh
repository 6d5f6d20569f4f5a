#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes manifests and trials of VoxCeleb as it is published. VOXCELEB1 holds wav/idNNNNN/VIDEO/NNNNN.wav (or the same below dev/
# and test/, as the two archives unpack) and, beside it, the official trial lists that are wanted: veri_test.txt and
# veri_test2.txt (VoxCeleb1-O and cleaned), list_test_all2.txt (E cleaned), list_test_hard2.txt (H cleaned).
# VOXCELEB2, if given, is trained on instead: idNNNNN/VIDEO/NNNNN.wav or .flac below it. It is published as .m4a, which must
# be converted first:
#   find VOXCELEB2 -name '*.m4a' -exec sh -c 'ffmpeg -loglevel error -i "$1" "${1%.m4a}.flac"' - {} \;
# Usage: recipes/voxceleb/prepare.sh VOXCELEB1 WORK_DIR [VOXCELEB2]; writes WORK_DIR/{train,dev}.csv and O.txt, E.txt, H.txt
#
# Without VOXCELEB2, training uses the 1,211 speakers of VoxCeleb1's dev part, who are also in E and H: only O is written.
# Every 30th training speaker is left out of training, to choose the epoch by.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 VOXCELEB1 WORK_DIR [VOXCELEB2]" >&2; exit 2; }
fail() { echo "$0: $*" >&2; exit 2; }
[ -d "$1/wav" ] || [ -d "$1/dev/wav" ] || fail "$1 has neither wav nor dev/wav: name the folder that VoxCeleb1's archives were unpacked in"
corpus=$(cd "$1" && pwd) work=$2 voxceleb2=${3:-}
mkdir -p "$work"

clips() { # "path label", a line each, sorted by speaker
  if [ -n "$voxceleb2" ]; then
    (cd "$voxceleb2" && find "$PWD" -name '*.wav' -o -name '*.flac')
  else
    for part in "$corpus/wav" "$corpus/dev/wav"; do [ ! -d "$part" ] || find "$part" -name '*.wav'; done
  fi | LC_ALL=C sort | awk -F/ -v all="${voxceleb2:+1}" '{id = $(NF - 2)} all || id < "id10270" || id > "id10309" {print $0 "\t" id}'
}
clips > "$work/clips.tsv"
[ -s "$work/clips.tsv" ] || fail "${voxceleb2:-$corpus}: no idNNNNN/VIDEO/NNNNN.wav${voxceleb2:+ or .flac} below it${voxceleb2:+; .m4a must be converted first}"
awk -F'\t' -v train="$work/train.csv" -v dev="$work/dev.csv" '
  BEGIN {print "path,label" > train; print "path,label" > dev}
  $2 != last {last = $2; ++speakers}
  {print "\"" $1 "\"," $2 > (speakers % 30 == 0 ? dev : train)}' "$work/clips.tsv"
rm "$work/clips.tsv"

list() { # OFFICIAL_LIST TRIALS: paths below VOXCELEB1
  [ ! -f "$corpus/$1" ] || awk -v split_in_two="$([ -d "$corpus/wav" ] || echo 1)" '
    function below(path) {
      if (!split_in_two) return "wav/" path
      return (path >= "id10270" && path < "id10310" ? "test" : "dev") "/wav/" path
    }
    {print $1, below($2), below($3)}' "$corpus/$1" > "$work/$2"
}
rm -f "$work/O.txt" "$work/E.txt" "$work/H.txt"
list veri_test.txt O.txt
list veri_test2.txt O.txt
[ -z "$voxceleb2" ] || { list list_test_all2.txt E.txt; list list_test_hard2.txt H.txt; }
[ -f "$work/O.txt" ] || fail "$corpus/veri_test2.txt is missing: put the official list of VoxCeleb1-O there"
