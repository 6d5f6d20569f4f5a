#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests five claims about Siamese networks, each with three seeds; taught.sh tests one more. README.md has the results.
# Usage: recipes/claims/run.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
#   DATA_FOLDER holds speechocean and esc50 (default: ../shared/data). Results in WORK_DIR are not made again.
#   The environment may set SEEDS='0 1 2', THREADS=0 (all), EPISODES=600, of which the first SCRATCH=40 train an encoder of
#   their own, and SCRATCH_STEPS=30, the steps of that training.
set -eu
cd "$(dirname "$0")/../.."
for claim in losses miners towers shots domains; do "recipes/claims/$claim.sh" "$@"; done
