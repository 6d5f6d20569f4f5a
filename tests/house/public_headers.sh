#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recipes, benchmarks and examples are programs like those of any user: they include public headers of Twinear and headers
# that lie beside them, and no other of the tree. Prints each include that may not be; fails if there is one.
# Usage: public_headers.sh TREE
set -eu
cd "$1"
found=$(find recipes bench examples -name '*.cpp' -o -name '*.h' 2>/dev/null | sort | while read -r file; do
  sed -n 's/^ *# *include *"\(.*\)".*/\1/p' "$file" | while read -r header; do
    [ -f "include/$header" ] || [ -f "$(dirname "$file")/$header" ] || echo "$file: $header is no public header"
  done
done)
[ -z "$found" ] || { echo "$found"; exit 1; }
