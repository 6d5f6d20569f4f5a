#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes data/models/speaker.safetensors: teaches a narrow CAM++ by the published one, calibrates it on dev speakers, and
# measures it on the test trials. Stopped, it continues where it was.
# Usage: recipes/speaker-default/run.sh [DATA_FOLDER] [WORK_DIR] [MODEL] [OVERRIDE...]
set -eu
cd "$(dirname "$0")/../.."
data=${1:-../shared/data} work=${2:-work/speaker-default} model=${3:-data/models/speaker.safetensors}
if [ $# -gt 3 ]; then shift 3; else set --; fi
. recipes/common.sh
"$twinear" info speaker-large > /dev/null 2>&1 || step tools/get_model.sh speaker-large

[ -f "$work/test-elsewhere.txt" ] || step recipes/speaker-default/prepare.sh "$data" "$work"
for override; do set -- "$@" --set "$override"; shift; done
resume=; [ ! -f "$work/last.safetensors" ] || resume=--resume
step "$twinear" train recipes/speaker-default/recipe.toml $resume --out "$work" --seed "${SEED:-0}" \
  --set data.train="[\"$data/voices/train.csv\", \"$data/voices/more.csv\", \"$data/speechocean/train.csv\", \"$data/librispeech251/train.csv\"]" \
  --set data.dev="$work/dev.csv" --set augment.noises="$work/noises.csv" --set train.feature_cache="$work/cache" "$@"
step recipes/speaker-default/judge.sh "$work/model.safetensors" "$data" "$work" "$model"
