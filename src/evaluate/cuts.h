// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "evaluate/bootstrap.h"
#include "evaluate/comparisons.h"
#include "twinear/metrics.h"

namespace twinear {

/// The number of sorted trials with a score below `score`, and of those with at most this score.
std::size_t count_below(std::span<const Comparison> trials, double score);
std::size_t count_up_to(std::span<const Comparison> trials, double score);

/// The numbers of trials of each kind below cuts, in a sample or in a resample of it.
class Below {
 public:
  /// `counts` has a number for each of the rising cuts, and then for all trials.
  Below(std::span<const std::size_t> cuts, std::span<const PerKind> counts)
      : cuts_(cuts), counts_(counts) {}

  const PerKind& operator()(std::size_t cut) const {
    return counts_[static_cast<std::size_t>(std::ranges::lower_bound(cuts_, cut) - cuts_.begin())];
  }
  const PerKind& all() const { return counts_.back(); }
  double share_of_targets(std::size_t cut) const { return (*this)(cut).target / all().target; }
  double share_of_nontargets(std::size_t cut) const {
    return (*this)(cut).nontarget / all().nontarget;
  }

 private:
  std::span<const std::size_t> cuts_;
  std::span<const PerKind> counts_;
};

/// A sample of trials at its cuts, with its resamples.
class CutSample {
 public:
  CutSample(std::span<const Comparison> trials, std::vector<std::size_t> cuts);

  /// Rising and distinct.
  std::span<const std::size_t> cuts() const { return cuts_; }
  Below below() const { return {cuts_, counts_}; }

  /// A function of the counts below the cuts, and its interval.
  template <class Figure>
  Measured measure(std::span<const Resample> resamples, const Figure& figure) const {
    std::vector<double> values;
    values.reserve(resamples.size());
    for (const auto& resample : resamples) values.push_back(figure(Below(cuts_, resample.below)));
    return {figure(below()), central_interval(std::move(values))};
  }

 private:
  std::vector<std::size_t> cuts_;
  std::vector<PerKind> counts_;
};

}  // namespace twinear
