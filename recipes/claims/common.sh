# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Functions that the claims share. A script sources this file in the top folder of the tree with its own arguments:
# [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]. CORPUS=voices takes the speakers of voices in place of speechocean's, and
# judges by trials between days.
. recipes/common.sh
data=${1:-../shared/data} work=${2:-work/claims}
[ $# -lt 2 ] || shift
[ $# -eq 0 ] || shift
overrides=$*
corpus=${CORPUS:-speechocean}
case $corpus in
  speechocean) trials=trials.txt ;;
  voices) trials=test_across.txt ;;
  *) echo "$0: CORPUS: expected speechocean or voices, found $corpus" >&2; exit 2 ;;
esac
speech=$data/$corpus sounds=$data/esc50 trials=$data/$corpus/$trials
need_corpus "$speech" train.csv dev.csv test.csv "$(basename "$trials")"
need_corpus "$sounds" train.csv dev.csv test.csv
bin=$(dirname "$twinear")
for program in towers shots table; do
  [ -x "$bin/claims_$program" ] || { echo "$0: $bin/claims_$program is missing: build it with cmake --workflow --preset release" >&2; exit 2; }
done
seeds=${SEEDS:-0 1 2} threads=${THREADS:-0}
mkdir -p "$work"

# trained NAME RECIPE CORPUS [OVERRIDE...]: trains with each seed into WORK/NAME/SEED, unless that is done already
trained() {
  name=$1 recipe=recipes/claims/$2 corpus=$3; shift 3
  # shellcheck disable=SC2086 # a list of words
  set -- "$@" $overrides "data.train=$corpus/train.csv" "data.dev=$corpus/dev.csv"
  for override in "$@"; do set -- "$@" --set "$override"; shift; done
  for seed in $seeds; do
    [ -f "$work/$name/$seed/done" ] || step "$twinear" train "$recipe" --quiet --threads "$threads" --out "$work/$name/$seed" --seed "$seed" "$@"
    touch "$work/$name/$seed/done"
  done
}

# model NAME SEED: prints the model after the last step, so that all are compared at equal steps, and not the best on dev.
# Untrained statistics have no steps.
model() {
  if [ -f "$work/$1/$2/last.safetensors" ]; then echo "$work/$1/$2/last.safetensors"; else echo "$work/$1/$2/model.safetensors"; fi
}

# scored NAME: scores the trials of the test speakers with the model of each seed into WORK/NAME/SEED/scores.txt
scored() {
  for seed in $seeds; do
    [ -f "$work/$1/$seed/scores.txt" ] ||
      step "$twinear" score --quiet --threads "$threads" --model "$(model "$1" "$seed")" --trials "$trials" -o "$work/$1/$seed/scores.txt"
  done
}

# adapted NAME WAY CORPUS: adapts the model of each seed to CORPUS without its labels, into
# WORK/NAME-WAY-CORPUS/SEED/model.safetensors
adapted() {
  to=$1-$2-$(basename "$3")
  for seed in $seeds; do
    mkdir -p "$work/$to/$seed"
    [ -f "$work/$to/$seed/model.safetensors" ] ||
      step "$twinear" adapt --quiet --threads "$threads" --model "$(model "$1" "$seed")" --by "$2" --manifest "$3/train.csv" -o "$work/$to/$seed/model.safetensors"
  done
}

# shots NAME WAY SHOT EPISODES FILE [OPTION...]: writes accuracies on esc50's test classes to WORK/NAME/SEED/FILE
shots() {
  name=$1 by=$2 shot=$3 episodes=$4 file=$5; shift 5
  for seed in $seeds; do
    [ -f "$work/$name/$seed/$file" ] ||
      step "$bin/claims_shots" "$(model "$name" "$seed")" --threads "$threads" --by "$by" --manifest "$sounds/test.csv" --shot "$shot" \
        --query "${QUERIES:-15}" --episodes "$episodes" --seed "$seed" --steps "${SCRATCH_STEPS:-30}" -o "$work/$name/$seed/$file" "$@"
  done
}

# files NAME FILE: prints the paths of this file of every seed, separated by commas
files() {
  list=''
  for seed in $seeds; do list=$list,$work/$1/$seed/$2; done
  echo "${list#,}"
}

# table NAME KIND SYSTEM...: writes a table in Markdown to WORK/NAME.md, and the same for gnuplot to WORK/NAME.dat
table() {
  name=$1 kind=$2; shift 2
  figure='accuracy, %'; [ "$kind" != eer ] || figure='EER, %'
  {
    printf '| system | %s: seeds %s | mean [95 %% interval] | difference to the first |\n| --- | --- | --- | --- |\n' "$figure" "$seeds"
    "$bin/claims_table" "$kind" --manifest "$speech/test.csv" -o "$work/$name.dat" "$@"
  } > "$work/$name.md"
  printf '\n== %s\n' "$work/$name.md"; cat "$work/$name.md"
}

# curve NAME: writes the EER on dev during training to WORK/NAME/curve.dat: step, and mean, minimum and maximum of the seeds
curve() {
  for seed in $seeds; do
    sed -n 's/.*"step":\([0-9]*\),"dev_eer":\([0-9.e-]*\).*/\1 \2/p' "$work/$1/$seed/log.jsonl"
  done | awk '{n[$1]++; sum[$1] += $2; if (n[$1] == 1 || $2 < low[$1]) low[$1] = $2; if ($2 > high[$1]) high[$1] = $2}
    END {for (s in n) print s, 100 * sum[s] / n[s], 100 * low[s], 100 * high[s]}' | sort -n > "$work/$1/curve.dat"
}

# curves NAME TITLE=RUN...: plots the learning curves of runs to WORK/NAME.svg, and writes their EER during training to
# WORK/NAME-steps.md
curves() {
  name=$1; shift
  {
    echo '| EER on dev, %, mean of the seeds, after | a third of the steps | two thirds | all | mean over all |'
    echo '| --- | --- | --- | --- | --- |'
    for run in "$@"; do
      curve "${run#*=}"
      awk -v title="${run%%=*}" '{step[NR] = $1; eer[NR] = $2; sum += $2}
        function at(share, i) {for (i = 1; step[i] < share * step[NR]; ++i); return eer[i]}
        END {printf "| %s | %.1f | %.1f | %.1f | %.1f |\n", title, at(1 / 3), at(2 / 3), at(1), sum / NR}' "$work/${run#*=}/curve.dat"
    done
  } > "$work/$name-steps.md"
  printf '\n== %s\n' "$work/$name-steps.md"; cat "$work/$name-steps.md"
  for run in "$@"; do set -- "$@" "\"${run%%=*}\" $work/${run#*=}/curve.dat"; shift; done
  plot curves.gp "$work/$name.svg" "$*"
}

# bars NAME TABLE...: plots tables as panels of WORK/NAME.svg
bars() {
  name=$1; shift
  for panel in "$@"; do set -- "$@" "\"${panel%%=*}\" $work/${panel#*=}.dat"; shift; done
  plot bars.gp "$work/$name.svg" "$*"
}

plot() {
  if command -v gnuplot > /dev/null; then gnuplot -e "svg = '$2'; runs = '$3'" "recipes/claims/$1"
  else echo "$2: no plot: gnuplot is missing (tools/setup.sh claims)" >&2; fi
}
