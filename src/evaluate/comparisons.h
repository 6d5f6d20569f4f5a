// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "twinear/trials.h"

namespace twinear {

/// The speakers of the clips of a trial list: the groups of clips that target trials or a label
/// join. They are numbered from 1 in the order of their clips' names, so that the order of trials
/// has no effect.
struct Speakers {
  std::vector<std::uint32_t> of_name;  ///< a number for each of the table's names
  std::size_t count = 0;
};
/// `clips` tell the labels of those names that are theirs. Throws Error (mismatch), which names the
/// trial, where target trials join two labels or a nontarget trial has one label.
Speakers find_speakers(const ScoreTable& trials, std::span<const Clip> clips = {});

/// A trial of speakers `a` and `b`. Where speakers are drawn, it counts as often as the product of
/// their draws. A target trial has its speaker as `b`, and as `a` 0, which always counts once.
struct Comparison {
  double score;
  std::uint32_t a, b;
  bool target() const noexcept { return a == 0; }
};

/// Sorts trials by rising score, and those with equal scores targets first. Throws Error (numeric)
/// for a score that is not a number.
std::vector<Comparison> sorted_comparisons(const ScoreTable& trials, const Speakers& speakers);

}  // namespace twinear
