#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains the network that finds speech (SpeechFinder) and, if PYTHON has onnxruntime and SILERO names silero-vad's ONNX model,
# compares it with silero-vad and with Kaldi's energy rule on sounds that were not trained on.
# Usage: MUSIC=FOLDER recipes/speech-finder/run.sh [DATA_FOLDER] [WORK_DIR]; FOLDER has music without words in Ogg,
# DATA_FOLDER holds voices, speechocean, librispeech251, esc50 and rooms. Five minutes on two free cores.
# The weights are WORK_DIR/speech_weights.f32; copied to features/ they are a part of the library after the next build.
set -eu
cd "$(dirname "$0")/../.."
data=${1:-../shared/data} work=${2:-work/speech-finder}
. recipes/common.sh
bin=$(dirname "$twinear")
for program in speech_finder_train speech_finder_judge; do
  [ -x "$bin/$program" ] || { echo "$0: $bin/$program is missing: build it with cmake --workflow --preset release" >&2; exit 2; }
done
for corpus in voices speechocean librispeech251 esc50; do need_corpus "$data/$corpus" train.csv; done
need_corpus "$data/rooms" rooms.csv
[ -d "${MUSIC:-}" ] || { echo "$0: MUSIC names no folder of music; README.md says which packages hold some" >&2; exit 2; }
mkdir -p "$work"
{ echo path,label; find "$(realpath "$MUSIC")" -name "*.ogg" -size +200k | LC_ALL=C sort | sed "s/\$/,music/"; } > "$work/music.csv"

# Half of the rooms; the others are kept for judging.
grep -E 'path|living|dining|kitchen|cinema|tim|medium|smooth|bright|s1' "$data/rooms/rooms.csv" |
  sed "s|^wav|$(realpath "$data")/rooms/wav|" > "$work/rooms.csv"
step "$bin/speech_finder_train" --speech "$data/voices/train.csv" "$data/speechocean/train.csv" "$data/librispeech251/train.csv" \
  --noises "$data/esc50/train.csv" "$data/esc50/train_more.csv" --music "$work/music.csv" --rooms "$work/rooms.csv" --seed "${SEED:-0}" \
  --steps "${STEPS:-6000}" --rate 5e-3 -o "$work/speech_weights.f32"

for split in dev test; do
  [ -d "$work/$split" ] || step "$bin/speech_finder_judge" make --speech "$data/voices/$split.csv" \
    --noises "$data/esc50/$split.csv" --scenes 150 -o "$work/$split"
  [ -z "${SILERO:-}" ] || WEIGHTS=$work/speech_weights.f32 step "${PYTHON:-python3}" tools/speech-finder/judge.py \
    "$bin/speech_finder_judge" "$SILERO" "$work/$split" "$data/esc50" "$split" > "$work/$split.md"
done
