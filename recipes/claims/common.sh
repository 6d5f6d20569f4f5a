# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What the claims share; sourced from the top of the tree with the arguments of the script:
# [DATA_FOLDER] [WORK_DIR] [TABLE.KEY=VALUE...]
. recipes/common.sh
data=${1:-../shared/data} work=${2:-work/claims}
[ $# -lt 2 ] || shift
[ $# -eq 0 ] || shift
overrides=$*
speech=$data/speechocean sounds=$data/esc50
need_corpus "$speech" train.csv dev.csv test.csv trials.txt
need_corpus "$sounds" train.csv dev.csv test.csv
bin=$(dirname "$twinear")
for program in towers shots table; do
  [ -x "$bin/claims_$program" ] || { echo "$0: $bin/claims_$program is missing: build it with cmake --workflow --preset release" >&2; exit 2; }
done
seeds=${SEEDS:-0 1 2} threads=${THREADS:-0}
mkdir -p "$work"

# trained NAME RECIPE CORPUS [OVERRIDE...]: a run for each seed, WORK/NAME/SEED, unless it is there
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

# model NAME SEED: after the last step, not the best on dev: equal steps for all. Statistics have no steps.
model() {
  if [ -f "$work/$1/$2/last.safetensors" ]; then echo "$work/$1/$2/last.safetensors"; else echo "$work/$1/$2/model.safetensors"; fi
}

# scored NAME: the trials between the test speakers, by the model of each seed, in WORK/NAME/SEED/scores.txt
scored() {
  for seed in $seeds; do
    [ -f "$work/$1/$seed/scores.txt" ] ||
      step "$twinear" score --quiet --threads "$threads" --model "$(model "$1" "$seed")" --trials "$speech/trials.txt" -o "$work/$1/$seed/scores.txt"
  done
}

# adapted NAME WAY CORPUS: the model of each seed fitted to CORPUS without its labels, as WORK/NAME-WAY-CORPUS/SEED/model.safetensors
adapted() {
  to=$1-$2-$(basename "$3")
  for seed in $seeds; do
    mkdir -p "$work/$to/$seed"
    [ -f "$work/$to/$seed/model.safetensors" ] ||
      step "$twinear" adapt --quiet --threads "$threads" --model "$(model "$1" "$seed")" --by "$2" --manifest "$3/train.csv" -o "$work/$to/$seed/model.safetensors"
  done
}

# shots NAME WAY SHOT EPISODES FILE [OPTION...]: accuracies of esc50's test classes, in WORK/NAME/SEED/FILE
shots() {
  name=$1 by=$2 shot=$3 episodes=$4 file=$5; shift 5
  for seed in $seeds; do
    [ -f "$work/$name/$seed/$file" ] ||
      step "$bin/claims_shots" "$(model "$name" "$seed")" --threads "$threads" --by "$by" --manifest "$sounds/test.csv" --shot "$shot" \
        --query "${QUERIES:-15}" --episodes "$episodes" --seed "$seed" --steps "${SCRATCH_STEPS:-30}" -o "$work/$name/$seed/$file" "$@"
  done
}

# files NAME FILE: of every seed, with commas between
files() {
  list=''
  for seed in $seeds; do list=$list,$work/$1/$seed/$2; done
  echo "${list#,}"
}

# table NAME KIND SYSTEM...: Markdown in WORK/NAME.md, and the same for gnuplot in WORK/NAME.dat
table() {
  name=$1 kind=$2; shift 2
  figure='accuracy, %'; [ "$kind" != eer ] || figure='EER, %'
  {
    printf '| system | %s: seeds %s | mean [95 %% interval] | difference to the first |\n| --- | --- | --- | --- |\n' "$figure" "$seeds"
    "$bin/claims_table" "$kind" --manifest "$speech/test.csv" -o "$work/$name.dat" "$@"
  } > "$work/$name.md"
  printf '\n== %s\n' "$work/$name.md"; cat "$work/$name.md"
}

# curve NAME: EER on dev as training goes, in WORK/NAME/curve.dat: step, mean, least and most over seeds
curve() {
  for seed in $seeds; do
    sed -n 's/.*"step":\([0-9]*\),"dev_eer":\([0-9.e-]*\).*/\1 \2/p' "$work/$1/$seed/log.jsonl"
  done | awk '{n[$1]++; sum[$1] += $2; if (n[$1] == 1 || $2 < low[$1]) low[$1] = $2; if ($2 > high[$1]) high[$1] = $2}
    END {for (s in n) print s, 100 * sum[s] / n[s], 100 * low[s], 100 * high[s]}' | sort -n > "$work/$1/curve.dat"
}

# curves NAME TITLE=RUN...: the learning curves of runs as WORK/NAME.svg, and in WORK/NAME-steps.md the EER on the way
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

# bars NAME TABLE...: tables as panels of WORK/NAME.svg
bars() {
  name=$1; shift
  for panel in "$@"; do set -- "$@" "\"${panel%%=*}\" $work/${panel#*=}.dat"; shift; done
  plot bars.gp "$work/$name.svg" "$*"
}

plot() {
  if command -v gnuplot > /dev/null; then gnuplot -e "svg = '$2'; runs = '$3'" "recipes/claims/$1"
  else echo "$2: no plot: gnuplot is missing (tools/setup.sh claims)" >&2; fi
}
