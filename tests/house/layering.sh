#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may include whom (CONTRIBUTING.md). Prints each include that may not be; fails if there is one.
# Usage: layering.sh TREE
set -eu
cd "$1"
grep -rnE --include='*.h' --include='*.cpp' '^[[:space:]]*#[[:space:]]*include' \
    include features data src | awk -F: '
  BEGIN {
    # A layer may include itself and every layer of a lower rank; equal ranks are siblings.
    n = split("base 0 features 1 data 1 nn 2 metric 2 model 3 train 4 verify 4 report 5 cli 6 c_api 6 python 6", word, " ")
    for (i = 1; i < n; i += 2) rank[word[i]] = word[i + 1]
    n = split("error base matrix base features features audio data dataset data encoder nn" \
              " loss metric miner metric metrics metric model model trainer train verifier verify" \
              " adaptation model few_shot verify scoring verify search verify enrollment verify twinear cli c_api c_api", word, " ")
    for (i = 1; i < n; i += 2) layer_of_header[word[i]] = word[i + 1]
    # A third party lives in one folder, one file or one kind of file.
    n = split("kiss_?fft ^features/ sndfile ^data/ soxr ^data/ dnnl ^src/(nn|metric/product)[./] sqlite3 ^src/verify/" \
              " CLI/ ^src/cli/ pybind11/ ^src/python/ png[.]h ^src/report/ zip[.]h ^src/model/torch_checkpoint[.]cpp omp[.]h ^src/base/threads[.]cpp tbb/global_control" \
              " ^src/base/threads[.]cpp tbb/ [.]cpp$ toml [.]cpp$ nlohmann/json[.]hpp [.]cpp$", word, " ")
    for (i = 1; i < n; i += 2) home["^(oneapi/)?" word[i]] = word[i + 1]
  }

  # The layer of a path; "" for a header without a folder, which lies beside the file that asks.
  function layer(path, parts) {
    if (path ~ /^(include\/)?twinear\//) {
      gsub(/^.*\/|[.]h$/, "", path)
      return layer_of_header[path]
    }
    sub(/^src\//, "", path)
    return split(path, parts, "/") > 1 ? parts[1] : ""
  }

  function refuse(reason) {
    print $1 ":" $2 ": " included ": " reason
    failed = 1
  }

  {
    included = $3
    gsub(/^[^<"]*[<"]|[>"].*$/, "", included)
    ours = $3 ~ /"/ || included ~ /^twinear\//
    from = layer($1)
    to = ours ? layer(included) : ""
    if (!(from in rank)) refuse("included by a file of no layer")
    else if (to == "" && ours && included ~ /\//) refuse("of no layer")
    else if (to != "" && to != from && !(to in rank && rank[to] < rank[from]))
      refuse(to " is not below " from)
    if ($1 ~ /^include\// && included !~ /^twinear\/|^stddef[.]h$/ && included ~ /[.\/]/)
      refuse("neither public nor of the standard library")
    for (name in home)
      if (!ours && included ~ name && $1 !~ home[name]) refuse("belongs in " home[name])
  }
  END { exit failed }'
