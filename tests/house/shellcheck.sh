#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every shell script passes shellcheck. Exit status 77: no shellcheck to ask.
# Usage: shellcheck.sh TREE
set -eu
cd "$1"
command -v shellcheck >/dev/null || {
  echo 'skipped: shellcheck is not installed (tools/setup.sh dev)'
  exit 77
}
# -s: a folder that is not there has no scripts.
grep -rlsE '^#!(/bin/sh|/usr/bin/env bash)' .ci tools tests recipes bench data examples packaging | xargs shellcheck -x
