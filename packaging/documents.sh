#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the manual and the shells' completion from the program's own help.
# Usage: documents.sh PROGRAM FOLDER DATE
set -eu
program=$1 folder=$2 date=$3
rm -rf "$folder"
mkdir -p "$folder"
"$program" manual "$folder/man" "$date"
gzip -9n "$folder"/man/*.1
for shell in bash zsh fish; do "$program" completion "$shell" >"$folder/$shell"; done
touch "$folder/stamp"
