#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which shared libraries a program loads: +NAME must be among them, -NAME must not.
# Usage: loads.sh PROGRAM [+NAME | -NAME]..., for instance loads.sh verify +sndfile -sqlite3
set -eu
program=$1
shift
loaded=$(ldd "$program" | sed -n 's/^[[:space:]]*lib\([A-Za-z0-9_+-]*\)[.-].*/\1/p' | tr '\n' ' ')
status=0
for word in "$@"; do
  name=${word#?}
  case " $loaded" in *" $name "* | *" $name-"*) found=+ ;; *) found=- ;; esac
  [ "${word%"$name"}" = $found ] || { echo "$program: $word was expected; it loads $loaded" >&2; status=1; }
done
exit $status
