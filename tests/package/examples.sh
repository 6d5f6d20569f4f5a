#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds examples/ against an installed Twinear, runs each program and checks what it prints.
# Usage: examples.sh TREE PREFIX BUILD_FOLDER CMAKE_ARGUMENT...
set -eu
tree=$1 prefix=$2 build=$3
shift 3
clips=$tree/build/samples/clips model=$tree/data/models/speaker.safetensors
[ -d "$clips" ] || { echo 'skipped: there are no samples; data/samples/make.sh makes them'; exit 77; }
cmake -S "$tree/examples" -B "$build" -DCMAKE_PREFIX_PATH="$prefix" "$@" >/dev/null
cmake --build "$build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$1" >&2; cat "$work/out" >&2; exit 1; }

# Several clips of one speaker, and of another.
set -- "$clips"/ktuberling-lt/*.flac
a=$1 b=$2
set -- "$clips"/qabcs-de/*.flac
c=$1
mkdir "$work/folder" && cp "$a" "$work/folder/a.flac" && cp "$b" "$work/folder/b.flac" && cp "$c" "$work/folder/c.flac" && : >"$work/folder/empty.wav"

"$build/verify" "$model" "$a" "$b" >"$work/out" || fail "verify: two clips of one speaker are not the same"
grep -q '^same: score 0\.' "$work/out" || fail 'verify: no score'
code=0; "$build/verify" "$model" "$a" "$c" >"$work/out" || code=$?
[ $code = 1 ] || fail "verify: clips of two speakers gave exit code $code"
code=0; "$build/verify" "$model" "$a" "$work/nobody.wav" >"$work/out" 2>&1 || code=$?
[ $code = 2 ] || fail "verify: a missing clip gave exit code $code"

"$build/embed_folder" "$model" "$work/folder" >"$work/out" 2>"$work/left_out" || fail 'embed_folder failed'
[ "$(wc -l <"$work/out")" = 3 ] || fail 'embed_folder: not three clips'
grep -q '^left out: .*empty.wav' "$work/left_out" || fail 'embed_folder: the empty file was not named'
awk -F '\t' -v a="$(basename "$a")" -v b="$(basename "$b")" '$1 ~ a && $2 !~ b {exit 1}' "$work/out" ||
  fail 'embed_folder: the nearest clip is not of the same speaker'

"$build/identify" "$model" "$work/people.sqlite" ada "$a" -- "$b" "$c" >"$work/out" 2>&1 || fail 'identify failed'
grep -q '^ada: 1 new clips$' "$work/out" || fail 'identify: the clip was not enrolled'
grep -q "$(basename "$b"): ada\$" "$work/out" || fail 'identify: did not know ada again'
grep -q "$(basename "$c"): unknown\$" "$work/out" || fail 'identify: named a stranger'

head -c 160000 /dev/zero | "$build/stream" "$model" "$work/people.sqlite" >"$work/out" || fail 'stream failed'
grep -q '^  0.0 -   3.0 s: silence$' "$work/out" || fail 'stream: silence was not called so'

"$build/spectrogram" >"$work/out" || fail 'spectrogram failed'
sort -nc "$work/out" || fail 'spectrogram: the loudest bins do not rise'
[ "$(wc -l <"$work/out")" = 10 ] || fail 'spectrogram: not ten frames'

"$build/own_loss" "$tree/examples/own_loss.toml" "$work/own_loss" >"$work/out" 2>&1 || fail 'own_loss failed'
awk '/^EER on dev/ {exit !($4 < 12)}' "$work/out" || fail 'own_loss: the EER on dev is not under 12 %'

"$build/own_layer" "$tree/examples/own_layer.toml" "$work/own_layer" >"$work/out" 2>&1 || fail 'own_layer failed'
[ -s "$work/own_layer/model.onnx" ] || fail 'own_layer: no model.onnx'
grep -q Sigmoid "$work/own_layer/model.onnx" || fail 'own_layer: the layer is not in the graph'

"$build/own_loop" >"$work/out" || fail 'own_loop failed'
awk '/^same/ {exit !($2 + 0 > $4 + 0.2)}' "$work/out" || fail 'own_loop: did not tell the voices apart'
