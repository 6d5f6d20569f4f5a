// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "evaluate/cuts.h"
#include "twinear/metrics.h"

namespace twinear {

/// Where the answers of some certainties lie among sorted LLRs: trials are rejected from
/// `different` to `different_end`, and accepted from `same` to `same_end`.
struct Answers {
  std::size_t different, different_end, same, same_end;
};

/// Where the answers of Decisions and CertaintyBin lie.
struct AnswerPlaces {
  std::size_t accepted;  ///< the first trial with an LLR of at least 0
  Answers sure;
  std::vector<Answers> bins;
  std::vector<CertaintyBin> figures;  ///< of the bins, without `right`

  /// All cuts that the figures need.
  std::vector<std::size_t> cuts() const;
};

/// Finds the answers in sorted LLRs of so many targets and nontargets.
AnswerPlaces find_answers(std::span<const Comparison> llrs, double targets, double nontargets);

Decisions decisions(const AnswerPlaces& places, const CutSample& sample,
                    std::span<const Resample> resamples);
std::vector<CertaintyBin> reliability(AnswerPlaces places, const CutSample& sample,
                                      std::span<const Resample> resamples);

}  // namespace twinear
