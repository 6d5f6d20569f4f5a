#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a fuzzer for TWINEAR_FUZZ_SECONDS seconds (15 unless that is set) from a corpus. What it finds lies in FOUND: new
# inputs in FOUND/corpus, from which the next run goes on, and the input of a fault beside it.
# Usage: fuzz.sh FUZZER CORPUS FOUND
set -eu
fuzzer=$1 corpus=$2 found=$3
mkdir -p "$found/corpus"
files=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)")  # in memory where that can be
trap 'rm -rf "$files"' EXIT
TEST_TMPDIR=$files/ "$fuzzer" -max_total_time="${TWINEAR_FUZZ_SECONDS:-15}" -timeout=20 -rss_limit_mb=3000 \
  -artifact_prefix="$found/" -print_final_stats=1 -verbosity=0 "$found/corpus" "$corpus" || {
  echo "fuzz.sh: a fault; its input lies in $found. Mend it and add the input to $corpus" >&2
  exit 1
}
