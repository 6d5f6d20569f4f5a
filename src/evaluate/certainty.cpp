// SPDX-License-Identifier: Apache-2.0
#include "evaluate/certainty.h"

#include <algorithm>
#include <cmath>

#include "base/exponential.h"
#include "evaluate/no_errors.h"

namespace twinear {
namespace {

constexpr std::size_t max_bins = 10;
constexpr double min_trials_of_bin = 20;
const double sure_llr = std::log(9.0);  // of a certainty of 0.9

/// The numbers of right and wrong answers.
struct Outcomes {
  PerKind right, wrong;
};

Outcomes outcomes_of(const Answers& answers, const Below& below) {
  const auto different = below(answers.different), different_end = below(answers.different_end),
             same = below(answers.same), same_end = below(answers.same_end);
  return {.right = {same_end.target - same.target, different_end.nontarget - different.nontarget},
          .wrong = {different_end.target - different.target, same_end.nontarget - same.nontarget}};
}

/// Counts both kinds as if there were one of each.
double weight(const PerKind& counts, const PerKind& all) {
  return counts.target / all.target + counts.nontarget / all.nontarget;
}

/// The weighted share of right answers, or of wrong ones; NaN where there are no answers.
double share(const Outcomes& outcomes, const PerKind& all, bool of_right) {
  const double right = weight(outcomes.right, all), wrong = weight(outcomes.wrong, all);
  return (of_right ? right : wrong) / (right + wrong);
}

Measured measured_share(const Answers& answers, bool of_right, const CutSample& sample,
                        std::span<const Resample> resamples) {
  Measured result = sample.measure(resamples, [&](const Below& below) {
    return share(outcomes_of(answers, below), below.all(), of_right);
  });
  const Below below = sample.below();
  const auto [right, wrong] = outcomes_of(answers, below);
  const PerKind all = below.all();
  const PerKind both{right.target + wrong.target, right.nontarget + wrong.nontarget};
  const double squares =
      both.target / (all.target * all.target) + both.nontarget / (all.nontarget * all.nontarget);
  reach_allowed(result, weight(both, all) * weight(both, all) / squares);
  return result;
}

/// Takes the answers of sorted LLRs by rising certainty.
class Walk {
 public:
  Walk(std::span<const Comparison> llrs, std::size_t accepted)
      : llrs_(llrs), different_(accepted), same_(accepted) {}

  bool done() const { return different_ == 0 && same_ == llrs_.size(); }

  /// Takes all answers of the next certainty, which it returns.
  double take(PerKind& counts) {
    double next = same_ < llrs_.size() ? llrs_[same_].score : HUGE_VAL;
    if (different_ > 0) next = std::min(next, -llrs_[different_ - 1].score);
    const auto count = [&](std::size_t i) {
      (llrs_[i].target() ? counts.target : counts.nontarget) += 1;
    };
    while (different_ > 0 && -llrs_[different_ - 1].score == next) count(--different_);
    while (same_ < llrs_.size() && llrs_[same_].score == next) count(same_++);
    return sigmoid(next);
  }

  std::size_t different() const { return different_; }  ///< rejected trials that are left
  std::size_t same() const { return same_; }            ///< the first accepted one that is left

 private:
  std::span<const Comparison> llrs_;
  std::size_t different_, same_;
};

void find_bins(std::span<const Comparison> llrs, const PerKind& all, AnswerPlaces& places) {
  const auto bins = std::clamp(static_cast<double>(llrs.size()) / min_trials_of_bin, 1.0,
                               static_cast<double>(max_bins));
  const double part = 2 / std::floor(bins);  // of the weight of all answers, which is 2
  constexpr double rounding = 1e-9;
  PerKind taken;
  for (Walk walk(llrs, places.accepted); !walk.done();) {
    Answers answers{0, walk.different(), walk.same(), 0};
    CertaintyBin bin{};
    PerKind of_bin;
    const double end = part * (std::floor(weight(taken, all) / part + rounding) + 1);
    double sum = 0;
    do {
      PerKind some;
      bin.to = walk.take(some);
      if (of_bin.target + of_bin.nontarget == 0) bin.from = bin.to;
      sum += bin.to * weight(some, all);
      for (PerKind* counts : {&of_bin, &taken}) {
        counts->target += some.target;
        counts->nontarget += some.nontarget;
      }
    } while (!walk.done() && weight(taken, all) < end - rounding);
    answers.different = walk.different();
    answers.same_end = walk.same();
    bin.mean = sum / weight(of_bin, all);
    bin.targets = static_cast<std::size_t>(of_bin.target);
    bin.nontargets = static_cast<std::size_t>(of_bin.nontarget);
    places.bins.push_back(answers);
    places.figures.push_back(bin);
  }
}

}  // namespace

std::vector<std::size_t> AnswerPlaces::cuts() const {
  std::vector<std::size_t> cuts{accepted};
  const auto add = [&](const Answers& a) {
    cuts.insert(cuts.end(), {a.different, a.different_end, a.same, a.same_end});
  };
  add(sure);
  std::ranges::for_each(bins, add);
  return cuts;
}

AnswerPlaces find_answers(std::span<const Comparison> llrs, double targets, double nontargets) {
  AnswerPlaces places{
      .accepted = count_below(llrs, 0),
      .sure = {0, count_up_to(llrs, -sure_llr), count_below(llrs, sure_llr), llrs.size()},
      .bins = {},
      .figures = {}};
  find_bins(llrs, {targets, nontargets}, places);
  return places;
}

Decisions decisions(const AnswerPlaces& places, const CutSample& sample,
                    std::span<const Resample> resamples) {
  const auto all = sample.below().all();
  Decisions result{
      .miss = sample.measure(
          resamples, [&](const Below& below) { return below.share_of_targets(places.accepted); }),
      .false_alarm = sample.measure(
          resamples,
          [&](const Below& below) { return 1 - below.share_of_nontargets(places.accepted); }),
      .wrong_of_sure = measured_share(places.sure, false, sample, resamples)};
  reach_allowed(result.miss, all.target);
  reach_allowed(result.false_alarm, all.nontarget);
  if (std::isnan(result.wrong_of_sure->value)) result.wrong_of_sure.reset();
  return result;
}

std::vector<CertaintyBin> reliability(AnswerPlaces places, const CutSample& sample,
                                      std::span<const Resample> resamples) {
  for (std::size_t i = 0; i < places.bins.size(); ++i)
    places.figures[i].right = measured_share(places.bins[i], true, sample, resamples);
  return std::move(places.figures);
}

}  // namespace twinear
