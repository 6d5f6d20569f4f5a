#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual has a page a command, which man renders without a warning and mandoc finds nothing wrong with.
# Usage: manual.sh DOCUMENTS PROGRAM: DOCUMENTS is packaging/documents.sh
set -eu
documents=$1 program=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "manual.sh: $*" >&2; exit 1; }

"$documents" "$program" "$folder/documents" 2026-01-02
gunzip "$folder"/documents/man/*.gz
cd "$folder/documents/man"
for command in $("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  [ -f "twinear-$command.1" ] || fail "no page of $command"
  for option in $("$program" "$command" --help | grep -o '^  .*--[a-z-]*' | grep -o -e '--[a-z-]*'); do
    sed 's/\\//g' "twinear-$command.1" | grep -q -e "$option" || fail "$command: no word of $option"
  done
done
[ -f twinear-db-list.1 ] || fail 'no page of a command within a group'
grep -q 2026-01-02 twinear.1 || fail 'twinear.1: no date'

for page in *.1; do
  if command -v man >/dev/null; then
    warnings=$(LC_ALL=C.UTF-8 MANWIDTH=80 man -l --warnings "$page" 2>&1 >"$folder/text")
    [ -z "$warnings" ] || fail "$page: $warnings"
    grep -q '^NAME' "$folder/text" || fail "$page: no section NAME"
  fi
  if command -v mandoc >/dev/null; then
    mandoc -Tlint -W warning "$page" || fail "$page: see above"
  fi
done
