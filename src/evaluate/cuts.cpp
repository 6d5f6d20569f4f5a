// SPDX-License-Identifier: Apache-2.0
#include "evaluate/cuts.h"

namespace twinear {

std::size_t count_below(std::span<const Comparison> trials, double score) {
  return static_cast<std::size_t>(std::ranges::lower_bound(trials, score, {}, &Comparison::score) -
                                  trials.begin());
}

std::size_t count_up_to(std::span<const Comparison> trials, double score) {
  return static_cast<std::size_t>(std::ranges::upper_bound(trials, score, {}, &Comparison::score) -
                                  trials.begin());
}

CutSample::CutSample(std::span<const Comparison> trials, std::vector<std::size_t> cuts)
    : cuts_(std::move(cuts)) {
  std::ranges::sort(cuts_);
  cuts_.erase(std::unique(cuts_.begin(), cuts_.end()), cuts_.end());
  PerKind counts;
  std::size_t i = 0;
  const auto count_to = [&](std::size_t end) {
    for (; i < end; ++i) (trials[i].target() ? counts.target : counts.nontarget) += 1;
    counts_.push_back(counts);
  };
  for (const std::size_t cut : cuts_) count_to(cut);
  count_to(trials.size());
}

}  // namespace twinear
