#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The examples of README.md and docs/*.md do what they show: shell and Python are run, a page's blocks one after
# another; C++ and C are compiled; a recipe is read. After a line that begins with "<!-- not run" a block is left out.
# Exit status 77: the samples are not there.
# Usage: examples.sh TREE PROGRAM [PYTHON_MODULE_FOLDER]
set -eu
tree=$(cd "$1" && pwd) program=$2 python=${3:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir bin && ln -s "$program" bin/twinear
PATH=$scratch/bin:$PATH
clips=$tree/build/samples/clips
[ -d "$clips" ] || { echo 'skipped: there are no samples; data/samples/make.sh makes them'; exit 77; }

cut_blocks() {  # PAGE: its blocks as PAGE_NUMBER.LANGUAGE
  awk -v page="$(basename "$1" .md)" '
    /^```/ && inside {inside = 0; close(file); next}
    /^```[a-z]/ {inside = 1; file = last ~ /^<!-- not run/ ? "/dev/null" : sprintf("%s_%02d.%s", page, ++n, substr($0, 4)); next}
    inside {print > file; next}
    NF {last = $0}' "$1"
}

run_page() {  # PAGE: in a folder of its own, with clips of two speakers
  name=$(basename "$1" .md)
  cut_blocks "$1"
  mkdir "$name"
  (
    cd "$name"
    ln -s "$tree/data" "$tree/recipes" "$tree/build" .
    ln -s "$tree/tests/golden/published/speechbrain_ecapa.ckpt" embedding_model.ckpt
    ln -s "$tree/tests/golden/campplus/small.pt" campplus_cn_en_common.pt
    set -- "$clips"/ktuberling-lt/*.flac
    cp "$1" door.opus && cp "$2" ada1.opus && cp "$3" ada2.opus && cp "$4" ada3.opus
    set -- "$clips"/qabcs-de/*.flac
    cp "$1" visitor.opus && cp "$2" ben1.opus && cp "$3" ben2.opus
    for block in ../"${name}"_*; do
      [ -f "$block" ] || continue
      case $block in
        *.sh) sh -eu "$block" ;;
        *.cpp) "${CXX:-c++}" -std=c++20 -Wall -Wextra -Werror -I"$tree/include" -fsyntax-only "$block" ;;
        *.c) "${CC:-cc}" -std=c99 -pedantic -Wall -Wextra -Werror -I"$tree/include" -fsyntax-only "$block" ;;
        *.toml)
          printf 'path,label\ndoor.opus,ada\n' > clips.csv
          cp "$block" recipe.toml
          twinear augment recipe.toml --manifest clips.csv -o from-recipe --quiet ;;
        *.python) [ -z "$python" ] || PYTHONPATH=$python /usr/bin/python3 "$block" ;;
      esac > block.log 2>&1 || { echo "$name: $(basename "$block") failed:"; cat "$block"; echo ---; cat block.log; exit 1; }
    done
  )
}

for page in "$tree/README.md" "$tree"/docs/*.md; do
  run_page "$page"
  echo "$(basename "$page"): $(find . -maxdepth 1 -name "$(basename "$page" .md)_*" | wc -l) examples"
done
