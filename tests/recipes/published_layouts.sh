#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the recipes of published corpora on miniature trees with the same layout, made of made-up voices.
# Usage: tests/recipes/published_layouts.sh librispeech|voxceleb|esc50 TWINEAR VOICES
set -eu
cd "$(dirname "$0")/../.."
TWINEAR=$2; export TWINEAR
trees=$(mktemp -d); trap 'rm -rf "$trees"' EXIT
samples=$3/clips
fail() { echo "$1: $2" >&2; exit 1; }

# place CLIP PATH: libsndfile goes by what a file holds, not by its name
place() { mkdir -p "$(dirname "$2")"; cp "$1" "$2"; }
# Speakers in their order, from the FIRST on, COUNT of them.
speakers() { find "$samples" -mindepth 1 -maxdepth 1 -exec basename {} \; | sort | tail -n "+$1" | head -n "$2"; }
# few steps of a small encoder: what is tested is the way, not the number
small='encoder.kind=compact encoder.channels=[16,16] encoder.strides=[1,2] encoder.embedding=8 train.epochs=1 train.crop_seconds=0.5
  sampler.labels=4 sampler.clips=2 optimizer.warmup_steps=2 augment.reverb=0'

librispeech() {
  corpus=$trees/LibriSpeech
  mkdir -p "$corpus"
  printf ';ID  |SEX| SUBSET           |MINUTES| NAME\n' > "$corpus/SPEAKERS.TXT"
  sex=F
  for split in train-clean-100 train-clean-360 dev-clean test-clean; do
    case $split in train-clean-100) first=1 ;; train-clean-360) first=9 ;; dev-clean) first=13 ;; *) first=17 ;; esac
    for speaker in $(speakers "$first" 4); do
      id=1$speaker
      printf '%s   | %s | %s  | 25.0 | Some One\n' "$id" "$sex" "$split" >> "$corpus/SPEAKERS.TXT"
      [ $sex = F ] && sex=M || sex=F
      number=0
      for clip in "$samples/$speaker"/*; do
        chapter=$((100 + number % 2))
        place "$clip" "$corpus/$split/$id/$chapter/$id-$chapter-000$number.flac"
        number=$((number + 1))
      done
    done
  done
  # shellcheck disable=SC2086 # a list of words
  recipes/librispeech/run.sh "$corpus" "$trees/work" $small
  [ "$(grep -c 'train-clean-360' "$trees/work/train.csv")" -gt 0 ] || fail train.csv "lacks train-clean-360"
  ! grep -q 'dev-clean\|test-clean' "$trees/work/train.csv" || fail train.csv "holds speakers of dev or test"
  ! grep -vq 'dev-clean\|^path' "$trees/work/dev.csv" || fail dev.csv "holds others than dev-clean"
  awk '{split($2, a, "/"); split($3, b, "/")
        if (a[1] != "test-clean" || b[1] != "test-clean") exit 1
        if ($1 == 1 && (a[2] != b[2] || a[3] == b[3])) exit 1  # one speaker, two chapters
        if ($1 == 0 && a[2] == b[2]) exit 1
        ++n[$1]} END {if (!n[0] || !n[1]) exit 1}' "$trees/work/trials.txt" || fail trials.txt "is not what it should be"
  [ "$(sort "$trees/work/trials.txt" | uniq -d | wc -l)" = 0 ] || fail trials.txt "has a trial twice"
}

voxceleb() {
  number=10001
  first_of_test=$(speakers 61 1)
  for speaker in $(speakers 1 65); do # the last five are of the official test part
    [ "$speaker" != "$first_of_test" ] || number=10270
    n=1
    for clip in $(find "$samples/$speaker" -type f | sort | head -n 3); do
      part="dev"; [ $number -lt 10270 ] || part="test"
      place "$clip" "$trees/vox1/$part/wav/id$number/video$((n % 2))/0000$n.wav"
      n=$((n + 1))
    done
    number=$((number + 1))
  done
  cat > "$trees/vox1/veri_test2.txt" <<'LIST'
1 id10270/video1/00001.wav id10270/video0/00002.wav
0 id10270/video1/00001.wav id10271/video0/00002.wav
1 id10272/video1/00003.wav id10272/video1/00001.wav
0 id10273/video1/00003.wav id10274/video1/00001.wav
LIST
  # shellcheck disable=SC2086 # a list of words
  recipes/voxceleb/run.sh "$trees/vox1" "$trees/work" $small
  ! grep -q 'id102[7-9]\|/test/' "$trees/work/train.csv" "$trees/work/dev.csv" || fail train.csv "holds test speakers"
  [ "$(cut -d, -f2 "$trees/work/dev.csv" | sort -u | grep -c ^id)" = 2 ] || fail dev.csv "has not every 30th speaker"
  [ "$(wc -l < "$trees/work/trained/scores.txt")" = 4 ] || fail scores.txt "has not the four trials"

  # E and H, whose speakers are VoxCeleb1's own, need another corpus to train on.
  mkdir "$trees/vox2"; cp -r "$trees/vox1/dev/wav" "$trees/vox2/dev"
  printf '1 id10001/video1/00001.wav id10001/video0/00002.wav\n0 id10002/video1/00001.wav id10270/video0/00002.wav\n' |
    tee "$trees/vox1/list_test_all2.txt" > "$trees/vox1/list_test_hard2.txt"
  # shellcheck disable=SC2086
  VOXCELEB2=$trees/vox2 recipes/voxceleb/run.sh "$trees/vox1" "$trees/work2" $small
  for list in E H; do [ "$(wc -l < "$trees/work2/trained/$list.txt")" = 2 ] || fail "$list.txt" "has not the two trials"; done
  grep -q '^0 dev/wav/id10002.* test/wav/id10270' "$trees/work2/E.txt" || fail E.txt "does not know the two parts"
}

esc50() {
  corpus=$trees/ESC-50-master
  mkdir -p "$corpus/audio" "$corpus/meta"
  echo filename,fold,target,category,esc10,src_file,take > "$corpus/meta/esc50.csv"
  target=0
  # shellcheck disable=SC2046 # a list of words
  set -- $(speakers 1 50)
  for category in dog rooster pig cow frog cat hen insects sheep crow rain sea_waves crackling_fire crickets \
    chirping_birds water_drops wind pouring_water toilet_flush thunderstorm crying_baby sneezing clapping breathing \
    coughing footsteps laughing brushing_teeth snoring drinking_sipping door_wood_knock mouse_click keyboard_typing \
    door_wood_creaks can_opening washing_machine vacuum_cleaner clock_alarm clock_tick glass_breaking helicopter \
    chainsaw siren car_horn engine train church_bells airplane fireworks hand_saw; do
    n=0
    for clip in $(find "$samples/$1" -type f | sort | head -n 4); do
      n=$((n + 1)) fold=$((n % 2 + 1)) source=$((target * 10 + n)) take=A
      if [ $n = 4 ]; then source=$((source - 1)) take=B fold=2; fi # of the recording before
      place "$clip" "$corpus/audio/$fold-$source-$take-$target.wav"
      echo "$fold-$source-$take-$target.wav,$fold,$target,$category,False,$source,$take" >> "$corpus/meta/esc50.csv"
    done
    target=$((target + 1))
    shift
  done
  # shellcheck disable=SC2086 # a list of words
  SHOTS=1 QUERY=2 EPISODES=20 recipes/esc50/run.sh "$corpus" "$trees/work" $small
  for expected in train:30:120 dev:5:15 test:15:45; do # classes and clips
    split=${expected%%:*} file=$trees/work/${expected%%:*}.csv
    found=$(awk -F, 'NR > 1 {++clips; seen[$2] = 1} END {n = 0; for (c in seen) ++n; print n ":" clips}' "$file")
    [ "$split:$found" = "$expected" ] || fail "$split.csv" "has $found classes and clips; expected ${expected#*:}"
  done
  [ "$(cut -d, -f2,4 "$trees/work/test.csv" | sort | uniq -d | wc -l)" = 0 ] || fail test.csv "has a recording twice"
}

"$1"
