// SPDX-License-Identifier: Apache-2.0
#include "verify/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "metric/logistic.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// The error rates of each threshold from below: f(i, miss, false_alarm) for the one at the i-th
/// part and, with i past the last, for +infinity.
template <class T, class F>
void walk(std::span<const T> parts, const F& f) {
  std::uint64_t targets = 0, nontargets = 0, targets_below = 0, nontargets_below = 0;
  for (const T& part : parts) {
    targets += part.target;
    nontargets += part.nontarget;
  }
  for (std::size_t i = 0; i <= parts.size(); ++i) {
    f(i, static_cast<double>(targets_below) / static_cast<double>(targets),
      static_cast<double>(nontargets - nontargets_below) / static_cast<double>(nontargets));
    if (i == parts.size()) return;
    targets_below += parts[i].target;
    nontargets_below += parts[i].nontarget;
  }
}

/// The rate where Pmiss = Pfa on the straight line between the two points around it.
template <class T>
double crossing(std::span<const T> parts) {
  double rate = 0, miss_before = 0, apart_before = -1;
  walk(parts, [&](std::size_t, double miss, double false_alarm) {
    const double apart = miss - false_alarm;
    if (apart_before < 0 && apart >= 0)
      rate = miss_before + (miss - miss_before) * apart_before / (apart_before - apart);
    miss_before = miss;
    apart_before = apart;
  });
  return rate;
}

}  // namespace

std::vector<ScoreGroup> rank(const Scores& scores) {
  if (scores.target.empty() || scores.nontarget.empty())
    throw std::invalid_argument("metrics: targets and nontargets are needed");
  std::vector<ScoreGroup> groups;
  groups.reserve(scores.target.size() + scores.nontarget.size());
  for (const double s : scores.target) groups.push_back({s, 1, 0});
  for (const double s : scores.nontarget) groups.push_back({s, 0, 1});
  if (std::ranges::any_of(groups, [](const ScoreGroup& g) { return std::isnan(g.score); }))
    throw Error(Fault::numeric, "a score that is not a number");
  std::ranges::sort(groups, {}, &ScoreGroup::score);

  std::size_t kept = 0;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    if (groups[i].score != groups[kept].score) {
      groups[++kept] = groups[i];
    } else {
      groups[kept].target += groups[i].target;
      groups[kept].nontarget += groups[i].nontarget;
    }
  }
  groups.resize(kept + 1);
  return groups;
}

std::vector<Block> pool(std::span<const ScoreGroup> ranking) {
  std::vector<Block> blocks;
  for (const auto& group : ranking) {
    if (group.target == 0 && group.nontarget == 0) continue;
    Block last{group.target, group.nontarget};
    // t / (t + n) >= t' / (t' + n'), without rounding
    while (!blocks.empty() &&
           blocks.back().target * last.nontarget >= last.target * blocks.back().nontarget) {
      last.target += blocks.back().target;
      last.nontarget += blocks.back().nontarget;
      blocks.pop_back();
    }
    blocks.push_back(last);
  }
  return blocks;
}

double cost(const Task& task, double miss, double false_alarm) {
  const double of_misses = task.c_miss * task.p_target;
  const double of_false_alarms = task.c_false_alarm * (1 - task.p_target);
  return (of_misses * miss + of_false_alarms * false_alarm) / std::min(of_misses, of_false_alarms);
}

std::vector<OperatingPoint> det_curve(std::span<const ScoreGroup> ranking) {
  std::vector<OperatingPoint> points;
  points.reserve(ranking.size() + 1);
  walk(ranking, [&](std::size_t i, double miss, double false_alarm) {
    const double threshold =
        i < ranking.size() ? ranking[i].score : std::numeric_limits<double>::infinity();
    points.push_back({threshold, miss, false_alarm});
  });
  return points;
}

Eer eer(std::span<const ScoreGroup> ranking) {
  double threshold = 0, nearest = std::numeric_limits<double>::infinity();
  walk(ranking, [&](std::size_t i, double miss, double false_alarm) {
    if (std::abs(miss - false_alarm) >= nearest) return;
    nearest = std::abs(miss - false_alarm);
    threshold = ranking[i].score;  // never +infinity: the first point is as near
  });
  return {.rocch = rocch_eer(pool(ranking)), .roc = crossing(ranking), .threshold = threshold};
}

double rocch_eer(std::span<const Block> hull) { return crossing(hull); }

double min_dcf(std::span<const Block> hull, const Task& task) {
  double least = std::numeric_limits<double>::infinity();
  walk(hull, [&](std::size_t, double miss, double false_alarm) {
    least = std::min(least, cost(task, miss, false_alarm));
  });
  return least;
}

double min_cllr(std::span<const Block> hull) {
  double targets = 0, nontargets = 0, of_targets = 0, of_nontargets = 0;
  for (const auto& block : hull) {
    targets += static_cast<double>(block.target);
    nontargets += static_cast<double>(block.nontarget);
  }
  for (const auto& block : hull) {
    if (block.target == 0 || block.nontarget == 0) continue;  // the llr is infinite and right
    const auto target = static_cast<double>(block.target);
    const auto nontarget = static_cast<double>(block.nontarget);
    const double llr = std::log(target / targets) - std::log(nontarget / nontargets);
    of_targets += target * softplus(-llr);
    of_nontargets += nontarget * softplus(llr);
  }
  return bits * (of_targets / targets + of_nontargets / nontargets);
}

}  // namespace twinear
