#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the sample corpus of README.md from recordings that Debian packages: clips, manifests and trials, the same bytes
# each time. Prints nothing if it is there already. Exit status 77: the recordings are not there and cannot be fetched.
# Usage: data/samples/make.sh [FOLDER]     by default build/samples
#        data/samples/make.sh --fetch      only unpacks the packages into the cache, as any user and without what they need
# Environment: TWINEAR_VOICES is the cache, else $XDG_CACHE_HOME/twinear/voices or ~/.cache/twinear/voices;
# SAMPLES_CLIPS is the program that joins the words, else build/release/bin/samples_clips.
set -eu
tree=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$tree/build/samples}
case $out in /* | --fetch) ;; *) out=$PWD/$out ;; esac
voices=${TWINEAR_VOICES:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/twinear/voices}
joins=${SAMPLES_CLIPS:-$tree/build/release/bin/samples_clips}
fail() { echo "data/samples/make.sh: $*" >&2; exit 2; }

# Debian 12; the sounds are kept, and the copyright of each package.
packages='klettres-data=4:22.12.3-1 ktuberling-data=4:22.12.3-1 qabcs-data=1.0.2-6 kajongg=4:22.12.3-1'
sums='1186d257a19e84230856baea0b0b1ded8be9195080fcdb2588970b5cd937f5a8  klettres-data.deb
fba44c875bfa31ea488dadd9263e87a4dcaea0bd47d28817f6c0dc6d2af970ed  ktuberling-data.deb
3484da4cf258e6f3a39a1fc99bbfcaddfd679cff96a8fa792f261ab0a2bf9d86  qabcs-data.deb
be0a9cc0f9a97064ffa0ab01133f55e021c7c58f9869857431bf1ca951dadbaf  kajongg.deb'
sounds='./usr/share/klettres ./usr/share/ktuberling/sounds ./usr/share/qabcs/abcs ./usr/share/kajongg/voices'

scratch=
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

# download [OPTION...]: the packages, by apt, into the current folder
# shellcheck disable=SC2086 # a list of words
download() {
  timeout 300 apt-get -qq -o APT::Sandbox::User="$(id -un)" -o Acquire::http::Timeout=20 -o Acquire::Retries=1 "$@" download $packages
}

fetch() {
  [ "$(cat "$voices/packages" 2>/dev/null)" != "$packages" ] || return 0
  command -v apt-get >/dev/null || { echo 'data/samples/make.sh: the voices come from Debian 12, and there is no apt-get' >&2; exit 77; }
  mkdir -p "${voices%/*}"
  scratch=$(mktemp -d "$voices.XXXXXX")
  cd "$scratch"
  # Where apt has no lists yet, it gets lists of its own: only root may change the system's.
  mkdir -p lists/partial tree
  own="-o Dir::State::lists=$scratch/lists"
  # shellcheck disable=SC2086 # a list of words
  download >said 2>&1 || { timeout 120 apt-get -qq -o APT::Sandbox::User="$(id -un)" $own update && download $own; } >said 2>&1 || {
    echo "data/samples/make.sh: the voices could not be fetched: $(tail -n 1 said); get them where there is a network:" \
      'data/samples/make.sh --fetch' >&2
    exit 77
  }
  for deb in *_*.deb; do mv "$deb" "${deb%%_*}.deb"; done
  echo "$sums" | sha256sum --check --status || fail 'the voices could not be fetched: what came is not what was expected'
  for deb in *.deb; do
    # shellcheck disable=SC2086 # a list of words; a package has one of them
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C tree --wildcards $sounds "./usr/share/doc/${deb%.deb}/copyright" 2>said || true
    [ -f "tree/usr/share/doc/${deb%.deb}/copyright" ] || fail "$deb could not be unpacked: $(tail -n 1 said)"
  done
  echo "$packages" >tree/packages
  cd "$tree"
  rm -rf "$voices"
  mv "$scratch/tree" "$voices" 2>/dev/null || [ -f "$voices/packages" ] || fail "$voices: the folder could not be made"
  rm -rf "$scratch"
  scratch=
}

# words: the manifest of the words that speakers.csv names
words() {
  echo path,label,language,split
  tail -n +2 "$tree/data/samples/speakers.csv" | while IFS=, read -r label language split files; do
    set -f
    for pattern in $files; do
      find "$voices/usr/share/${pattern%%/*}" -type f -path "$voices/usr/share/$pattern" \( -name '*.ogg' -o -name '*.opus' -o -name '*.wav' \)
    done | LC_ALL=C sort | sed "s/\"/\"\"/g; s/.*/\"&\",$label,$language,$split/"
  done
}

fetch
[ "$out" != --fetch ] || exit 0
made=$(cat "$tree/data/samples/speakers.csv" "$tree/data/samples/make.sh" "$tree/data/samples/clips.cpp" | sha256sum)
[ "$(cat "$out/made" 2>/dev/null)" != "$made" ] || exit 0
[ ! -e "$out" ] || [ -f "$out/made" ] || fail "$out: this is not a folder of samples, and it is not replaced"
[ -x "$joins" ] || fail "$joins is missing: build it with cmake --workflow --preset release"
mkdir -p "$(dirname "$out")"
scratch=$(mktemp -d "$out.XXXXXX")
words >"$scratch/words"
"$joins" --words "$scratch/words" -o "$scratch" >"$scratch/said" || exit 2
rm "$scratch/words"
echo "$made" >"$scratch/made"
rm -rf "$out"
mv "$scratch" "$out"
scratch=
echo "samples: $out: $(paste -sd ';' "$out/said")"
rm "$out/said"
