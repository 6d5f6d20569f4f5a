// SPDX-License-Identifier: Apache-2.0
#include "report/curves.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "evaluate/ranking.h"

namespace twinear {
namespace {

constexpr double min_rate = 1e-7;

double logit(double p) {
  p = std::clamp(p, min_rate, 1 - min_rate);
  return std::log(p / (1 - p));
}

std::vector<double> shares(std::span<const double> scores, const Histogram& of, std::size_t bins) {
  std::vector<double> share(bins);
  for (const double score : scores) {
    const auto bin = static_cast<std::size_t>((score - of.low) / of.width);
    share[std::min(bin, bins - 1)] += 1.0 / static_cast<double>(scores.size());
  }
  return share;
}

}  // namespace

double probit(double p) {
  p = std::clamp(p, min_rate, 1 - min_rate);
  // Newton's method on the distribution's tail; convex there, so it cannot overshoot from 0.
  const double tail = std::min(p, 1 - p);
  double z = 0;
  for (int i = 0; i < 50; ++i) {
    const double area = 0.5 * std::erfc(z / std::numbers::sqrt2);
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
    const double step = (area - tail) / density;
    z += step;
    if (std::abs(step) < 1e-12) break;
  }
  return p < 0.5 ? -z : z;
}

std::vector<OperatingPoint> thin(std::span<const OperatingPoint> curve, std::size_t limit) {
  if (curve.size() <= limit) return {curve.begin(), curve.end()};
  // Misses only rise and false alarms only fall along a curve, so lengths measured this way add up.
  // The logit stands in for the probit, which would take long for millions of points.
  const auto length = [](const OperatingPoint& a, const OperatingPoint& b) {
    return logit(b.miss) - logit(a.miss) + logit(a.false_alarm) - logit(b.false_alarm);
  };
  const double step = length(curve.front(), curve.back()) / static_cast<double>(limit - 2);
  std::vector<OperatingPoint> kept{curve.front()};
  for (const auto& point : curve.subspan(1, curve.size() - 2))
    if (length(kept.back(), point) >= step) kept.push_back(point);
  kept.push_back(curve.back());
  return kept;
}

Histogram histogram(const Scores& scores, std::size_t bins) {
  const auto [target_low, target_high] = std::ranges::minmax(scores.target);
  const auto [nontarget_low, nontarget_high] = std::ranges::minmax(scores.nontarget);
  const double low = std::min(target_low, nontarget_low);
  const double range = std::max(target_high, nontarget_high) - low;
  Histogram result;
  result.low = low;
  result.width = (range > 0 ? range : 1) / static_cast<double>(bins);
  result.target = shares(scores.target, result, bins);
  result.nontarget = shares(scores.nontarget, result, bins);
  return result;
}

std::vector<MeantLlr> meant_llrs(const Scores& scores) {
  const auto ranking = rank(scores);
  const auto targets = static_cast<double>(scores.target.size());
  const auto nontargets = static_cast<double>(scores.nontarget.size());
  std::vector<MeantLlr> result;
  const Hull hull = pool(ranking);
  auto group = ranking.begin();
  for (const auto& block : hull.blocks()) {
    const double from = group->score;
    double to = from;
    for (double left = block.target + block.nontarget; left > 0; ++group) {
      left -= static_cast<double>(group->target) + group->nontarget;
      to = group->score;
    }
    if (block.target > 0 && block.nontarget > 0)
      result.push_back(
          {from, to, std::log(block.target / targets) - std::log(block.nontarget / nontargets)});
  }
  return result;
}

}  // namespace twinear
