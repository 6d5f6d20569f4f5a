#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes data/models/speaker-large.json, what Twinear ships for the published CAM++: imports the checkpoint, calibrates it on
# dev speakers, and measures it on the test trials.
# Usage: recipes/speaker-large/run.sh CHECKPOINT [DATA_FOLDER] [WORK_DIR] [COMPANION]
set -eu
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { echo "$0: the checkpoint is missing: campplus_cn_en_common.pt" >&2; exit 2; }
checkpoint=$1 data=${2:-../shared/data} work=${3:-work/speaker-large} companion=${4:-data/models/speaker-large.json}
. recipes/common.sh

[ -f "$work/test-elsewhere.txt" ] || step recipes/speaker-default/prepare.sh "$data" "$work"
step "$twinear" import 3dspeaker-campplus "$checkpoint" -o "$work/imported.safetensors"
step recipes/speaker-default/judge.sh "$work/imported.safetensors" "$data" "$work" "$work/model.safetensors"
step "$twinear" export companion "$work/model.safetensors" -o "$companion"
