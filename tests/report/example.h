// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/random.h"
#include "report/report.h"

namespace twinear {

/// A system whose target scores lie `separation` deviations above the others, `n` of each.
inline ReportedScores example_system(const std::string& name, std::size_t n, double separation) {
  ReportedScores system{name, {}, {}};
  std::vector<ScoredTrial> trials;
  Random random(7, Purpose::test);
  for (std::size_t i = 0; i < 2 * n; ++i) {
    const bool target = i % 2 == 0;
    trials.push_back({{"a", "b", target}, random.normal() + (target ? separation : 0)});
  }
  system.trials = make_score_table(trials);
  const auto scores = split_scores(system.trials);
  auto& e = system.evaluation;
  e.targets = e.nontargets = n;
  e.speakers = 50;
  e.eer = eer(scores);
  e.eer_interval = {e.eer.rocch - 0.017, e.eer.rocch + 0.021};
  for (const double p : {0.01, 0.05}) {
    const Task task{.p_target = p};
    e.tasks.push_back({task, min_dcf(scores, task), act_dcf(scores, task), {}, {}});
  }
  return system;
}

/// Groups of clips around centers far apart.
inline ReportedEmbeddings example_embeddings(std::size_t speakers, std::size_t clips) {
  ReportedEmbeddings result{{}, {}, Matrix(speakers * clips, 24)};
  Random random(8, Purpose::test);
  for (std::size_t i = 0; i < speakers * clips; ++i) {
    result.clips.push_back("clip" + std::to_string(i));
    result.speakers.push_back("<b>speaker " + std::to_string(i / clips));
    for (std::size_t k = 0; k < 24; ++k)
      result.rows.row(i)[k] = static_cast<float>((k == i / clips ? 1 : 0) + 0.05 * random.normal());
  }
  return result;
}

inline bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Writes the log of a run that learns: a line every 10 steps, an evaluation every 50.
inline void write_example_log(const std::string& path, int steps) {
  std::string log = "{\"run\":{\"seed\":0}}\n";
  for (int step = 10; step <= steps; step += 10) {
    const double done = static_cast<double>(step) / steps, wave = std::sin(step);
    log += fmt::format(
        "{{\"step\":{},\"loss\":{},\"learning_rate\":{},\"gradient_norm\":{},\"active\":{},"
        "\"positive\":{},\"negative\":{},\"spread\":{},\"data_wait\":{},\"clips_per_second\":{}}}"
        "\n",
        step, 0.31 * std::exp(-2 * done) + 0.01 * wave, 1e-3 * (1 - done), 1 - 0.6 * done,
        0.98 - 0.7 * done, 0.9 - 0.3 * done, 0.9 + 0.3 * done, 0.4 + 0.4 * done, 0.02, 180 + wave);
    if (step % 50 == 0)
      log += fmt::format(
          "{{\"epoch\":{},\"step\":{},\"dev_eer\":{},\"dev_min_dcf\":0.6,\"best\":true}}\n",
          step / 50, step, 0.06 + 0.15 * std::exp(-4 * done));
  }
  write_file(path, log);
}

}  // namespace twinear
