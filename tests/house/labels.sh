#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every test of a build has a label and a time limit. Prints those that have not; fails if there is one.
# Usage: labels.sh CTEST BUILD_FOLDER
set -eu
ctest=$1 build=$2
"$ctest" --test-dir "$build" --show-only=json-v1 | awk '
  /^      "name" : / && !/_NOT_BUILT"/ { name = $3; gsub(/[",]/, "", name); ++tests; names[name] = 1 }
  /^          "name" : "LABELS"/ { labeled[name] = 1 }
  /^          "name" : "TIMEOUT"/ { limited[name] = 1 }
  END {
    for (name in names) if (!(name in labeled) || !(name in limited)) {
      print name " needs" (name in labeled ? "" : " a label") (name in limited ? "" : " a time limit")
      failed = 1
    }
    if (tests < 100) { print "expected hundreds of tests, found " tests + 0; failed = 1 }
    exit failed
  }'
