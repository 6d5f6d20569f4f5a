// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "metric/logistic.h"
#include "twinear/error.h"
#include "twinear/metrics.h"
#include "verify/ranking.h"

namespace twinear {
namespace {

/// Fewer false alarms than this do not tell their rate to 30 % (Doddington et al. 2000).
constexpr double resolving = 30;

double logit(double p) { return std::log(p) - std::log1p(-p); }

/// llr = slope * z + shift, of scores with mean 0 and deviation 1.
struct Line {
  double slope = 0, shift = 0;
};

/// The objective of the regression with its first and second derivatives.
struct Fit {
  double value = 0;
  double by_slope = 0, by_shift = 0;
  double slope_slope = 0, slope_shift = 0, shift_shift = 0;

  void add(double z, double sign, double weight, const Line& line) {
    const double x = sign * (line.slope * z + line.shift);
    const double wrong = sigmoid(-x), curvature = weight * wrong * (1 - wrong);
    value += weight * softplus(-x);
    by_slope -= weight * sign * wrong * z;
    by_shift -= weight * sign * wrong;
    slope_slope += curvature * z * z;
    slope_shift += curvature * z;
    shift_shift += curvature;
  }
};

/// Half the mean loss of targets and half that of nontargets: a prior of 0.5 whatever their number.
Fit fit_at(const Scores& z, const Line& line) {
  constexpr double ridge = 1e-7;  // holds the slope where the two sides are apart
  Fit fit;
  for (const double v : z.target) fit.add(v, 1, 0.5 / static_cast<double>(z.target.size()), line);
  for (const double v : z.nontarget)
    fit.add(v, -1, 0.5 / static_cast<double>(z.nontarget.size()), line);
  fit.value += 0.5 * ridge * (line.slope * line.slope + line.shift * line.shift);
  fit.by_slope += ridge * line.slope;
  fit.by_shift += ridge * line.shift;
  fit.slope_slope += ridge;
  fit.shift_shift += ridge;
  return fit;
}

/// Newton's method; a step that would not lead down is halved. The objective is convex.
Line regress(const Scores& z) {
  Line line;
  Fit fit = fit_at(z, line);
  for (int iteration = 0; iteration < 100; ++iteration) {
    const double determinant =
        fit.slope_slope * fit.shift_shift - fit.slope_shift * fit.slope_shift;
    const Line step{
        (fit.shift_shift * fit.by_slope - fit.slope_shift * fit.by_shift) / determinant,
        (fit.slope_slope * fit.by_shift - fit.slope_shift * fit.by_slope) / determinant};
    if (step.slope * fit.by_slope + step.shift * fit.by_shift < 1e-15) break;
    double share = 1;
    Line next;
    Fit there;
    do {
      next = {line.slope - share * step.slope, line.shift - share * step.shift};
      there = fit_at(z, next);
      share /= 2;
    } while (there.value > fit.value && share > 1e-9);
    if (there.value >= fit.value) break;  // as low as doubles tell
    line = next;
    fit = there;
  }
  return line;
}

/// Every rate of one digit from 0.5 down to the least that so many nontargets resolve, and that
/// one.
std::vector<double> resolved_rates(std::size_t nontargets) {
  const double least = resolving / static_cast<double>(nontargets);
  std::vector<double> rates;
  for (double tenth = 10; 9 / tenth > least; tenth *= 10)
    for (int digit = tenth > 10 ? 9 : 5; digit > 0; --digit)
      if (digit / tenth > least) rates.push_back(digit / tenth);
  if (least <= 0.5) rates.push_back(least);
  return rates;
}

std::vector<Threshold> thresholds_of(const Scores& scores) {
  auto target = scores.target, nontarget = scores.nontarget;
  std::ranges::sort(target);
  std::ranges::sort(nontarget, std::greater());
  const auto n = static_cast<double>(nontarget.size());
  std::vector<Threshold> thresholds;
  for (const double rate : resolved_rates(nontarget.size())) {
    // The least threshold above the first nontarget that has to stay out.
    const auto first_out = nontarget[static_cast<std::size_t>(rate * n)];
    const double threshold = std::nextafter(first_out, std::numeric_limits<double>::infinity());
    const auto accepted = std::ranges::lower_bound(nontarget, first_out, std::greater());
    const auto missed = std::ranges::lower_bound(target, threshold);
    thresholds.push_back(
        {static_cast<double>(accepted - nontarget.begin()) / n, threshold,
         static_cast<double>(missed - target.begin()) / static_cast<double>(target.size())});
  }
  return thresholds;
}

}  // namespace

double Calibration::probability(double score, double prior) const noexcept {
  return sigmoid(llr(score) + logit(prior));
}

double Calibration::threshold(double prior) const noexcept {
  return (-logit(prior) - offset) / scale;
}

double Calibration::threshold_at(double false_alarm) const {
  if (!(false_alarm > 0 && false_alarm < 1))
    throw Error(Fault::config,
                fmt::format("false-alarm rate {}: a rate between 0 and 1 is needed", false_alarm));
  const auto at = std::ranges::find_if(
      thresholds, [&](const Threshold& t) { return t.false_alarm <= false_alarm; });
  const double least = resolving / static_cast<double>(nontargets);
  if (at == thresholds.end() || false_alarm < least)
    throw Error(Fault::config,
                fmt::format("false-alarm rate {}: the calibration has {} nontarget trials, which "
                            "resolve rates from {:.4g}",
                            false_alarm, nontargets, least));
  return at->threshold;
}

Calibration fit_calibration(const Scores& scores, std::string source) {
  const auto ranking = rank(scores);
  const auto n = static_cast<double>(scores.target.size() + scores.nontarget.size());
  double mean = 0, square = 0;
  for (const auto& group : ranking) mean += group.score * (group.target + group.nontarget) / n;
  for (const auto& group : ranking)
    square += std::pow(group.score - mean, 2) * (group.target + group.nontarget) / n;
  const double deviation = std::sqrt(square);
  if (!std::isfinite(deviation))
    throw Error(Fault::numeric, source + ": a score that is not finite");

  Scores z = scores;
  for (auto* side : {&z.target, &z.nontarget})
    for (double& v : *side) v = deviation > 0 ? (v - mean) / deviation : 0;
  const Line line = regress(z);
  if (!(line.slope > 0))
    throw Error(Fault::numeric, source +
                                    ": targets do not score higher than nontargets; a rising map "
                                    "to likelihood ratios is needed");
  return {.scale = line.slope / deviation,
          .offset = line.shift - line.slope * mean / deviation,
          .source = std::move(source),
          .targets = scores.target.size(),
          .nontargets = scores.nontarget.size(),
          .eer = eer(ranking).rocch,
          .thresholds = thresholds_of(scores)};
}

}  // namespace twinear
