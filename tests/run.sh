#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every test, from a fresh clone: installs what is missing, builds all, the Python module too, runs CTest. Tests that ask
# for a CPU, or for a tool that could not be installed, are listed as skipped at the end.
# Usage: tests/run.sh [CTEST_ARGUMENT...], for instance tests/run.sh -L fast or tests/run.sh -R layering
set -eu
cd "$(dirname "$0")/.."
tools/setup.sh dev python
cmake --preset release -DTWINEAR_PYTHON=ON
cmake --build --preset release
exec ctest --preset release "$@"
