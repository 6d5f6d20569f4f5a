// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "twinear/manifest.h"

namespace twinear {

/// One comparison to be made: `1 enroll test` in VoxCeleb's words.
struct Trial {
  std::string enroll, test;
  bool target = false;  ///< true: same source
  bool operator==(const Trial&) const = default;
};

/// A comparison and its score: higher means more alike.
struct ScoredTrial {
  Trial trial;
  double score = 0.0;
};

/// Scored trials with their clips numbered: 16 bytes a trial, for lists of millions.
struct ScoreTable {
  /// A trial.
  struct Row {
    double score;
    std::uint32_t enroll;  ///< index into `names`, as `test` is
    std::uint32_t test : 31;
    std::uint32_t target : 1;
  };
  std::vector<std::string> names;  ///< by their first appearance
  std::vector<Row> rows;           ///< in the order of the trials
};
ScoreTable make_score_table(std::span<const ScoredTrial> trials);

/// Reads `1 a b` / `0 a b` (VoxCeleb) or `a b target|nontarget` (Kaldi), told apart by content.
/// Throws Error with file and line; an empty list is an error.
std::vector<Trial> read_trials(const std::string& path);

/// Reads and writes `enroll test score target|nontarget`, a trial a line. Scores are written so
/// that they read back as the same double; a score that is not finite is an error in both
/// directions.
std::vector<ScoredTrial> read_scores(const std::string& path);
ScoreTable read_score_table(const std::string& path);
void write_scores(const std::string& path, const std::vector<ScoredTrial>& scores);

/// Trials between the clips of a manifest: every same-label pair and every other pair where there
/// are at most `limit` of each, else `limit` of each drawn without repetition from `seed`.
std::vector<Trial> make_trials(const Manifest& manifest, std::size_t limit, std::uint64_t seed);

}  // namespace twinear
