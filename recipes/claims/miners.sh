#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Claim: semi-hard or hard triplets are better than random ones. With and without batch norm on the pooled vector.
# Usage: recipes/claims/miners.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
set -eu
cd "$(dirname "$0")/../.."
. recipes/claims/common.sh

trained triplet speech.toml "$speech"
trained triplet-bare speech.toml "$speech" encoder.pooled_norm=false
for kind in random semi-hard; do
  trained $kind speech.toml "$speech" mining.kind=$kind
  trained $kind-bare speech.toml "$speech" mining.kind=$kind encoder.pooled_norm=false
done
for name in triplet random semi-hard; do scored $name; scored $name-bare; done

table miners eer "random=$(files random scores.txt)" "semi-hard=$(files semi-hard scores.txt)" "batch-hard=$(files triplet scores.txt)"
table miners-bare eer "random, no pooled norm=$(files random-bare scores.txt)" \
  "semi-hard, no pooled norm=$(files semi-hard-bare scores.txt)" "batch-hard, no pooled norm=$(files triplet-bare scores.txt)"
curves miners random=random semi-hard=semi-hard batch-hard=triplet 'random, no pooled norm=random-bare' \
  'semi-hard, no pooled norm=semi-hard-bare' 'batch-hard, no pooled norm=triplet-bare'
