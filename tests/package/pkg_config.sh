#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Someone else's programs, compiled with what pkg-config says of an installed Twinear: in C++, in C99, in C11. All compare
# the same two clips alike.
# Usage: pkg_config.sh PREFIX SOURCES BUILD_FOLDER CLIP CLIP CXX [FLAG...]
set -eu
prefix=$1 sources=$2 build=$3 a=$4 b=$5 cxx=$6
shift 6
command -v cc >/dev/null || { echo 'skipped: no C compiler'; exit 77; }
pc=$(find "$prefix" -name twinear.pc)
library=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
mkdir -p "$build"
# shellcheck disable=SC2046 # lists of words
"$cxx" -std=c++20 "$@" "$sources/consumer.cpp" -o "$build/consumer" $(pkg-config --cflags --libs twinear)
found=$("$build/consumer" "$build/model.safetensors" "$a" "$b")
echo "C++: $found"
for standard in c99 c11; do
  # shellcheck disable=SC2046
  cc -std=$standard -Wall -Wextra -Wpedantic -Werror "$@" "$sources/consumer.c" -o "$build/consumer_c" \
    $(pkg-config --cflags --libs twinear_c)
  c=$(LD_LIBRARY_PATH=$library "$build/consumer_c" "$build/model.safetensors" "$a" "$b")
  echo "$standard: $c"
  [ "$c" = "$found" ]
done
case $found in 0.*' same' | 0.*' different') ;; *) exit 1 ;; esac
