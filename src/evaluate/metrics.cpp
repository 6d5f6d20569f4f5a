// SPDX-License-Identifier: Apache-2.0
#include "twinear/metrics.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/exponential.h"
#include "base/vectors.h"
#include "evaluate/ranking.h"

namespace twinear {
namespace {

double mean_softplus(std::span<const double> values, double sign) {
  double sum = 0;
  for (const double v : values) sum += softplus(sign * v);
  return sum / static_cast<double>(values.size());
}

double share_below(std::span<const double> values, double threshold) {
  const auto below = std::ranges::count_if(values, [&](double v) { return v < threshold; });
  return static_cast<double>(below) / static_cast<double>(values.size());
}

template <class T, class IsTarget>
Scores split(std::span<const T> trials, const IsTarget& is_target) {
  const auto targets = static_cast<std::size_t>(std::ranges::count_if(trials, is_target));
  check_both_kinds(targets, trials.size() - targets);
  Scores scores;
  scores.target.reserve(targets);
  scores.nontarget.reserve(trials.size() - targets);
  for (const T& trial : trials)
    (is_target(trial) ? scores.target : scores.nontarget).push_back(trial.score);
  return scores;
}

}  // namespace

double cosine(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) throw std::invalid_argument("cosine: vectors of different sizes");
  const double ab = dot(a, b), aa = dot(a, a), bb = dot(b, b);
  return aa == 0 || bb == 0 ? 0.0 : ab / std::sqrt(aa * bb);
}

Scores split_scores(std::span<const ScoredTrial> trials) {
  return split(trials, [](const ScoredTrial& t) { return t.trial.target; });
}

Scores split_scores(const ScoreTable& trials) {
  return split(std::span(trials.rows), [](const ScoreTable::Row& row) { return row.target == 1; });
}

std::vector<OperatingPoint> det_curve(const Scores& scores) { return det_curve(rank(scores)); }

Eer eer(const Scores& scores) { return eer(rank(scores)); }

double min_dcf(const Scores& scores, const Task& task) {
  check(task);
  return min_dcf(pool(rank(scores)), task);
}

double min_cllr(const Scores& scores) { return min_cllr(pool(rank(scores))); }

double act_dcf(const Scores& llrs, const Task& task) {
  check_both("act_dcf", llrs);
  check(task);
  const double bayes = bayes_threshold(task);
  return cost(task, share_below(llrs.target, bayes), 1 - share_below(llrs.nontarget, bayes));
}

double cllr(const Scores& llrs) {
  check_both("cllr", llrs);
  return bits * (mean_softplus(llrs.target, -1) + mean_softplus(llrs.nontarget, 1));
}

}  // namespace twinear
