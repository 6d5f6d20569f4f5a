#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# data/samples/make.sh makes the same bytes again, and replaces no folder that it did not make. Exit status 77: there are no
# samples.
# Usage: same_bytes.sh TREE SAMPLES
set -eu
tree=$1 samples=$2
[ -f "$samples/made" ] || { echo 'skipped: there are no samples'; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "same_bytes.sh: $*" >&2; exit 1; }
taskset --cpu-list 0 "$tree/data/samples/make.sh" "$folder/again" >"$folder/said"
diff -r "$samples" "$folder/again" || fail 'other bytes'
grep -q 'train: 18 speakers, 226 clips' "$folder/said" || fail "said: $(cat "$folder/said")"
[ -z "$("$tree/data/samples/make.sh" "$folder/again")" ] || fail 'made again, though it was there'
mkdir "$folder/mine"
! "$tree/data/samples/make.sh" "$folder/mine" >/dev/null 2>"$folder/said" || fail 'replaced a folder'
grep -q 'not a folder of samples' "$folder/said" || fail "said: $(cat "$folder/said")"

# Without the packages and without a network, one line says what is missing and how to get it.
status=0
TWINEAR_VOICES="$folder/none" http_proxy=http://127.0.0.1:9 "$tree/data/samples/make.sh" "$folder/more" 2>"$folder/said" || status=$?
[ $status = 77 ] || fail "exit status $status: $(cat "$folder/said")"
[ "$(wc -l <"$folder/said")" = 1 ] || fail "not one line: $(cat "$folder/said")"
grep -q 'could not be fetched: .*data/samples/make.sh --fetch' "$folder/said" || fail "said: $(cat "$folder/said")"
