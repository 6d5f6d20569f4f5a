#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every test, from a fresh clone: installs what is missing, builds, runs CTest.
# Usage: tests/run.sh [CTEST_ARGUMENT...], for instance tests/run.sh -R layering
set -eu
cd "$(dirname "$0")/.."
tools/setup.sh
cmake --preset release
cmake --build --preset release
exec ctest --preset release "$@"
