// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "twinear/manifest.h"

namespace twinear {

/// A trial: a pair of clips, by name, and whether both have the same source.
struct Trial {
  std::string enroll, test;
  bool target = false;  ///< true: the clips have the same source.
  bool operator==(const Trial&) const = default;
};

/// A trial with its score. A higher score means that the clips are more similar.
struct ScoredTrial {
  Trial trial;
  double score = 0.0;
};

/// Scored trials with numbered clips. Each takes 16 bytes, so that lists of millions fit in memory.
struct ScoreTable {
  /// A trial with its score.
  struct Row {
    double score;
    std::uint32_t enroll;  ///< Index into `names`, as `test` is.
    std::uint32_t test : 31;
    std::uint32_t target : 1;
  };
  std::vector<std::string> names;  ///< The clips in the order of their first appearance.
  std::vector<Row> rows;           ///< The trials in their order.
};

/// Numbers the clips of scored trials.
ScoreTable make_score_table(std::span<const ScoredTrial> trials);

/// Reads a trial list: lines `1|0 enroll test` (VoxCeleb) or `enroll test target|nontarget`
/// (Kaldi). The first line tells which. Throws Error with file and line for anything malformed and
/// for an empty list.
std::vector<Trial> read_trials(const std::string& path);

/// Reads a score file: lines `enroll test score target|nontarget`. Throws Error with file and line
/// for anything malformed, for a score that is not finite, and for an empty file.
std::vector<ScoredTrial> read_scores(const std::string& path);
ScoreTable read_score_table(const std::string& path);

/// Writes a score file, whole or not at all. The scores read back as the same doubles. Throws
/// Error (numeric) for a score that is not finite, and (format) for a name with a blank.
void write_scores(const std::string& path, const std::vector<ScoredTrial>& scores);

/// Makes trials of the clips of a manifest: all pairs of one label (targets) and all pairs of two
/// labels (nontargets). Of each kind that has more than `limit` pairs, `limit` are drawn without
/// repetition: a pure function of `seed`.
std::vector<Trial> make_trials(const Manifest& manifest, std::size_t limit, std::uint64_t seed);

}  // namespace twinear
