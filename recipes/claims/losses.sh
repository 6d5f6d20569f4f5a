#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests the claim that triplet loss converges better than contrastive loss, with and without batch norm on the pooled vector.
# Usage: recipes/claims/losses.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
set -eu
cd "$(dirname "$0")/../.."
. recipes/claims/common.sh

trained triplet speech.toml "$speech"
trained triplet-bare speech.toml "$speech" encoder.pooled_norm=false
trained random speech.toml "$speech" mining.kind=random
trained contrastive speech.toml "$speech" loss.kind=contrastive loss.margin=1.0 mining.kind=all
trained contrastive-bare speech.toml "$speech" loss.kind=contrastive loss.margin=1.0 mining.kind=all encoder.pooled_norm=false
for name in triplet triplet-bare random contrastive contrastive-bare; do scored $name; done

table losses eer "contrastive=$(files contrastive scores.txt)" "triplet, batch-hard=$(files triplet scores.txt)" \
  "triplet, random negatives=$(files random scores.txt)"
table losses-bare eer "contrastive, no pooled norm=$(files contrastive-bare scores.txt)" \
  "triplet, no pooled norm=$(files triplet-bare scores.txt)"
curves losses 'contrastive=contrastive' 'triplet=triplet' \
  'contrastive, no pooled norm=contrastive-bare' 'triplet, no pooled norm=triplet-bare'
