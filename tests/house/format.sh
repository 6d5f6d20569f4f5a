#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every C++ file is as clang-format-14 writes it. Exit status 77: no clang-format-14 to ask.
# Usage: format.sh TREE
set -eu
cd "$1"
command -v clang-format-14 >/dev/null || {
  echo 'skipped: clang-format-14 is not installed (tools/setup.sh dev)'
  exit 77
}
find . -path ./build -prune -o -path ./work -prune -o '(' -name '*.h' -o -name '*.cpp' ')' -print0 |
  xargs -0 clang-format-14 --dry-run -Werror
