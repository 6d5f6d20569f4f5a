#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the manual (by help2man) and the shells' completion from the program's own help. The manual
# has the page twinear.1 and one for each command, such as twinear-db-list.1.
# Usage: documents.sh PROGRAM FOLDER DATE: the date stands at the foot of each page
set -eu
program=$1 folder=$2 date=$3
version=$("$program" --version | sed -n '1s/^twinear //p')
rm -rf "$folder"
mkdir -p "$folder/man"

# make_page NAME [WORD...]: the page of the command that is called with these words, and those of its commands
make_page() {
  name=$1
  shift
  help=$("$program" "$@" --help)
  commands=$(printf '%s\n' "$help" | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
  {
    echo '[SEE ALSO]'
    [ $# = 0 ] || printf '.BR %s (1)\n' "${name%-*}"
    for command in $commands; do printf '.BR %s (1)\n' "$name-$command"; done
  } | sed '1!{$!s/$/,/}; s/-/\\-/g' >"$folder/see_also"
  help2man --no-info --locale=C --include="$folder/see_also" --source="twinear $version" --version-string="$name $version" \
    --name="$(printf '%s\n' "$help" | sed '1!d; s/[.]$//')" --output="$folder/man/$name.1" "'$program' $*"
  sed -i "s/^\(\.TH [^ ]* \"1\" \)\"[^\"]*\"/\1\"$date\"/" "$folder/man/$name.1"
  for command in $commands; do (make_page "$name-$command" "$@" "$command"); done
}
make_page twinear
help2man --no-info --locale=C --source="twinear $version" --version-string="twinear-get-model $version" \
  --name='gets a published model for Twinear' --output="$folder/man/twinear-get-model.1" "$(dirname "$0")/../tools/get_model.sh"
sed -i "s/^\(\.TH [^ ]* \"1\" \)\"[^\"]*\"/\1\"$date\"/" "$folder/man/twinear-get-model.1"
rm "$folder/see_also"
gzip -9n "$folder"/man/*.1
for shell in bash zsh fish; do "$program" completion "$shell" >"$folder/$shell"; done
touch "$folder/stamp"
