#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests the claim that the towers must share their weights: that they then have half the parameters, learn faster, and put
# similar clips in one place.
# Usage: recipes/claims/towers.sh [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
set -eu
cd "$(dirname "$0")/../.."
. recipes/claims/common.sh

# towers NAME [OPTION]: trains with each seed
towers() {
  name=$1; shift
  # shellcheck disable=SC2086 # a list of words
  for override in loss.kind=contrastive loss.margin=1.0 mining.kind=all "data.train=$speech/train.csv" "data.dev=$speech/dev.csv" $overrides; do
    set -- "$@" --set "$override"
  done
  for seed in $seeds; do
    [ -f "$work/$name/$seed/places.txt" ] ||
      step "$bin/claims_towers" recipes/claims/speech.toml --threads "$threads" --seed "$seed" --test "$speech/test.csv" \
        --trials "$trials" --out "$work/$name/$seed" "$@"
  done
}
towers shared
towers separate --separate

table towers eer "shared=$(files shared scores.txt)" "separate=$(files separate scores.txt)" \
  "separate, both clips through the left tower=$(files separate left.txt)"
curves towers shared=shared separate=separate
{
  echo '| towers | parameters | same clip | same speaker | different speakers | clips nearer to another speaker than to themselves |'
  echo '| --- | --- | --- | --- | --- | --- |'
  for name in shared separate; do
    for seed in $seeds; do cat "$work/$name/$seed/places.txt"; done | awk -v name=$name '{sum[$1] += $2; ++n[$1]}
      END {printf "| %s | %d | %.3f | %.3f | %.3f | %.1f %% |\n", name, sum["parameters"] / n["parameters"], sum["self"] / n["self"],
        sum["same"] / n["same"], sum["different"] / n["different"], 100 * sum["misplaced"] / n["misplaced"]}'
  done
} > "$work/places.md"
printf '\n== %s\n' "$work/places.md"; cat "$work/places.md"
