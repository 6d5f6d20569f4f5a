#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Teaches a small model on recordings that nobody labeled: every sound file in a folder, however deep. A tenth of the
# files is kept for the evaluations on dev, which tell the mean cosine to the teacher.
# Usage: recipes/teach/run.sh [FOLDER] [WORK_DIR] [TEACHER] [OVERRIDE...]; SEED=1 chooses another seed.
# TEACHER is the file of a model, or a name as --model takes it.
set -eu
here=$PWD
cd "$(dirname "$0")/../.."
# The user's own paths start from where the user is.
mine() { case $1 in /*) printf %s "$1" ;; *) printf %s "$here/$1" ;; esac; }
folder=$PWD/build/samples/clips work=work/teach teacher=${3:-speaker}
if [ $# -ge 1 ]; then folder=$(mine "$1"); else data/samples/make.sh || exit 2; fi
[ $# -lt 2 ] || work=$(mine "$2")
[ ! -f "$(mine "$teacher")" ] || teacher=$(mine "$teacher")
if [ $# -gt 3 ]; then shift 3; else set --; fi
. recipes/common.sh
[ -d "$folder" ] || { echo "$0: $folder is no folder: name that of the recordings as the first argument" >&2; exit 2; }
mkdir -p "$work"

# Paths in quotes, as CSV has them: a name may hold a comma.
find "$folder" -type f \( -iname '*.wav' -o -iname '*.flac' -o -iname '*.ogg' -o -iname '*.opus' -o -iname '*.mp3' \) |
  LC_ALL=C sort | sed 's/"/""/g; s/.*/"&"/' > "$work/files"
[ "$(wc -l < "$work/files")" -ge 20 ] || { echo "$0: $folder has fewer than 20 sound files" >&2; exit 2; }
for split in train dev; do
  { echo path; awk -v dev="$split" '(NR % 10 == 0) == (dev == "dev")' "$work/files"; } > "$work/$split.csv"
done

train recipes/teach/recipe.toml "$work" "$work/student" "teacher.model=$teacher" "$@"
step "$twinear" info "$work/student/model.safetensors" --selftest
