#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests the claim that semi-hard or hard triplets are better than random ones.
# Usage: recipes/claims/miners.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
set -eu
cd "$(dirname "$0")/../.."
. recipes/claims/common.sh

trained triplet speech.toml "$speech"
trained random speech.toml "$speech" mining.kind=random
trained semi-hard speech.toml "$speech" mining.kind=semi-hard
for name in triplet random semi-hard; do scored $name; done

table miners eer "random=$(files random scores.txt)" "semi-hard=$(files semi-hard scores.txt)" "batch-hard=$(files triplet scores.txt)"
curves miners random=random semi-hard=semi-hard batch-hard=triplet
