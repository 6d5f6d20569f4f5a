#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The C library shows what exports.map lists and the header declares, and nothing else.
# Usage: exports.sh TREE LIBRARY
set -eu
seen=$(nm -D --defined-only --format=posix "$2" | awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort)
listed=$(sed -n 's/^ *\(twinear_[a-z_]*\);$/\1/p' "$1/src/c_api/exports.map" | sort)
declared=$(sed -n 's/^[a-z].* \**\(twinear_[a-z_]*\)(.*/\1/p' "$1/include/twinear/c_api.h" | sort)
[ -n "$listed" ]
[ "$seen" = "$listed" ] || { printf 'exported:\n%s\nlisted:\n%s\n' "$seen" "$listed" >&2; exit 1; }
[ "$declared" = "$listed" ] || { printf 'declared:\n%s\nlisted:\n%s\n' "$declared" "$listed" >&2; exit 1; }
