// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "twinear/trials.h"

namespace twinear {

/// Who the clips of a trial list belong to: the groups of clips that target trials join, numbered
/// from 1 by the order of names, so that the order of trials changes nothing.
struct Speakers {
  std::vector<std::uint32_t> of_name;  ///< a number for each of the table's names
  std::size_t count = 0;
};
Speakers find_speakers(const ScoreTable& trials);

/// A trial as a resampling of speakers sees it: it counts as often as `a` times `b` was drawn. A
/// target has 0 for `a`, which always counts once, and its speaker for `b`.
struct Comparison {
  double score;
  std::uint32_t a, b;
  bool target() const noexcept { return a == 0; }
};

/// By rising score; of tied ones, targets first. Throws Error (numeric) for a score that is not a
/// number.
std::vector<Comparison> sorted_comparisons(const ScoreTable& trials, const Speakers& speakers);

}  // namespace twinear
