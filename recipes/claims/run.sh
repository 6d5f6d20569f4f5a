#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts five claims about Siamese networks to the test, each with three seeds; README.md has what came out.
# Usage: recipes/claims/run.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
#   DATA_FOLDER holds speechocean and esc50 (default: ../shared/data). What is in WORK_DIR already is not made again.
#   SEEDS='0 1 2'; THREADS=0 (all); EPISODES=600, of which the first SCRATCH=40 train an encoder anew, in SCRATCH_STEPS=30 steps
set -eu
cd "$(dirname "$0")/../.."
for claim in losses miners towers shots domains; do "recipes/claims/$claim.sh" "$@"; done
