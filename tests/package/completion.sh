#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The shells complete twinear's words: bash, fish and zsh are asked for them, each where it is
# installed.
# Usage: completion.sh PROGRAM
set -euo pipefail
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "completion.sh: $*" >&2; exit 1; }

mkdir "$folder/bin"
ln -s "$(realpath "$program")" "$folder/bin/twinear"
PATH=$folder/bin:$PATH
twinear completion bash >"$folder/bash"
# shellcheck source=/dev/null
. "$folder/bash"
shopt -u compat31
compopt() { :; }  # there is no completion going on

# completes WORDS EXPECTED: what bash offers for the last word
completes() {
  read -ra COMP_WORDS <<<"$1"
  [[ $1 != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _twinear
  [ "${COMPREPLY[*]}" = "$2" ] || fail "bash: $1 -> ${COMPREPLY[*]}; expected $2"
}
completes 'twinear veri' 'verify'
completes 'twinear verify --th' '--threads --threshold'
completes 'twinear db ' 'list remove export import'
completes 'twinear db -' '-h --help'
completes 'twinear db export --o' '--out'
completes 'twinear identify --format ' 's16 f32'
completes 'twinear identify --format = f' 'f32'
completes 'twinear identify --log-level d' 'debug'
completes 'twinear verify ' ''             # files, by bash's own completion
completes 'twinear verify --model spe' ''  # the same
completes 'twinear man' ''                 # there is no such command
complete -p twinear | grep -q -- '-o default' || fail 'bash: no files are offered'

if command -v fish >/dev/null; then
  twinear completion fish >"$folder/fish"
  found=$(fish --no-config -c "source $folder/fish; complete -C 'twinear db '; complete -C 'twinear identify --format '" |
    cut -f 1 | sort | tr '\n' ' ')
  [ "$found" = 'export f32 import list remove s16 ' ] || fail "fish: $found"
fi
if command -v zsh >/dev/null; then
  twinear completion zsh >"$folder/_twinear"
  zsh -f -c "fpath=($folder \$fpath); autoload -Uz compinit; compinit -D -u; [[ \$_comps[twinear] == _twinear ]]" ||
    fail 'zsh: compinit does not take it'
  # shellcheck disable=SC2016
  found=$(zsh -f -c '_describe() { print -- ${(P)2} }; compdef() { }; source $0; words=(twinear db ex) CURRENT=3; _twinear' "$folder/_twinear")
  [[ $found == export:* ]] || fail "zsh: $found"
fi

if twinear completion tcsh 2>/dev/null; then fail 'tcsh was not refused'; fi
