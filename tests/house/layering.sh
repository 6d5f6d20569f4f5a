#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A file includes only headers of its own room and of rooms that the room's library links (its CMakeLists.txt; what those
# link as PUBLIC included), and a third party only where that has its place. Prints each include that may not be; fails if
# there is one. The test linked_rooms checks the same of functions.
# Usage: layering.sh TREE
set -eu
cd "$1"
includes=$(mktemp)
trap 'rm -f "$includes"' EXIT
grep -rnE --include='*.h' --include='*.cpp' '^[[:space:]]*#[[:space:]]*include' include features src >"$includes"
awk '
  BEGIN {
    # A third party has one folder, one file or one kind of file.
    n = split("kiss_?fft ^features/ sndfile ^src/data/ soxr ^src/data/ dnnl ^src/(linalg|nn)/ sqlite3|SQLiteCpp/ ^src/identify/" \
              " CLI/ ^src/cli/ pybind11/ ^src/python/ png[.]h|cairo ^src/report/ zip[.]h ^src/exchange/torch_checkpoint[.]cpp" \
              " omp[.]h|tbb/global_control ^src/base/threads[.]cpp Eigen/ [.]cpp$ tbb/ [.]cpp$ toml [.]cpp$ nlohmann/json[.]hpp [.]cpp$", word, " ")
    for (i = 1; i < n; i += 2) home["^(oneapi/|cairo/)?(" word[i] ")"] = word[i + 1]
  }

  # The CMakeLists.txt of the rooms: which rooms there are, which public headers they have, what they link.
  FILENAME ~ /CMakeLists[.]txt$/ {
    sub(/#.*/, "")
    gsub(/[()]/, " & ")
    room = FILENAME == "src/CMakeLists.txt" ? "twinear" : FILENAME
    gsub(/^src[/]|[/]CMakeLists[.]txt$/, "", room)
    is_room[room] = 1
    for (i = 1; i <= NF; ++i) {
      if ($i ~ /^([A-Z_]+|[()])$/) mode = $i
      if ($i ~ /[.]h$/) {
        sub(/.*[/]/, "", $i)
        room_of_header[$i] = room
      }
      if (mode ~ /^(PUBLIC|PRIVATE|INTERFACE)$/ && sub(/^.*twinear::/, "", $i)) {
        sub(/>$/, "", $i)
        sees[room, $i] = 1
        if (mode != "PRIVATE") passes_on[room, $i] = 1
      }
    }
    next
  }

  FNR == 1 {
    for (grown = 1; grown;) {
      grown = 0
      for (r in is_room)
        for (pair in passes_on) {
          split(pair, p, SUBSEP)
          if (((r, p[1]) in sees) && !((r, p[2]) in sees)) grown = sees[r, p[2]] = 1
        }
    }
  }

  # The room of a path; "" for a header without a folder, which lies beside the file that asks.
  function room_of(path, parts) {
    if (sub(/^(include[/])?twinear[/]/, "", path)) return path in room_of_header ? room_of_header[path] : "?"
    sub(/^src[/]/, "", path)
    return split(path, parts, "/") > 1 ? parts[1] : ""
  }

  function refuse(reason) {
    print place included ": " reason
    failed = 1
  }

  {
    split($0, field, ":")
    place = field[1] ":" field[2] ": "
    included = field[3]
    gsub(/^[^<"]*[<"]|[>"].*$/, "", included)
    ours = field[3] ~ /"/ || included ~ /^twinear[/]/
    from = room_of(field[1])
    to = ours ? room_of(included) : ""
    if (!(from in is_room)) refuse("included by a file of no room")
    else if (to == "" && ours && included ~ /[/]/) refuse("of no room")
    else if (to != "" && to != from && !((from, to) in sees)) refuse("the library of " from " does not link " to)
    if (field[1] ~ /^include[/]/ && included !~ /^twinear[/]|^stddef[.]h$/ && included ~ /[.\/]/)
      refuse("neither public nor of the standard library")
    for (name in home)
      if (!ours && included ~ name && field[1] !~ home[name]) refuse("belongs in " home[name])
  }
  END { exit failed }' features/CMakeLists.txt src/CMakeLists.txt src/*/CMakeLists.txt "$includes"
