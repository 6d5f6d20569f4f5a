// SPDX-License-Identifier: Apache-2.0
#include "evaluate/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/exponential.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// Calls f(i, miss, false_alarm) with the error rates of rising thresholds: at part i and, where i
/// is the number of parts, at +infinity.
template <class T, class F>
void walk(std::span<const T> parts, const F& f) {
  double targets = 0, nontargets = 0, targets_below = 0, nontargets_below = 0;
  for (const T& part : parts) {
    targets += part.target;
    nontargets += part.nontarget;
  }
  for (std::size_t i = 0; i <= parts.size(); ++i) {
    f(i, targets_below / targets, (nontargets - nontargets_below) / nontargets);
    if (i == parts.size()) return;
    targets_below += parts[i].target;
    nontargets_below += parts[i].nontarget;
  }
}

}  // namespace

std::vector<ScoreGroup> rank(const Scores& scores) {
  check_both("metrics", scores);
  std::vector<ScoreGroup> groups;
  groups.reserve(scores.target.size() + scores.nontarget.size());
  for (const double s : scores.target) groups.push_back({s, 1, 0});
  for (const double s : scores.nontarget) groups.push_back({s, 0, 1});
  if (std::ranges::any_of(groups, [](const ScoreGroup& g) { return std::isnan(g.score); }))
    throw Error(Fault::numeric, "a score is not a number");
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

Hull pool(std::span<const ScoreGroup> ranking) {
  Hull hull;
  for (const auto& group : ranking) hull.push(group.target, group.nontarget);
  return hull;
}

void Crossing::see(double threshold, double miss, double false_alarm) {
  const double apart = miss - false_alarm;
  if (std::abs(apart) < nearest_) {  // never +infinity: the first point is as near
    nearest_ = std::abs(apart);
    threshold_ = threshold;
  }
  if (apart_ < 0 && apart >= 0) rate_ = miss_ + (miss - miss_) * apart_ / (apart_ - apart);
  miss_ = miss;
  apart_ = apart;
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
  Crossing crossing;
  walk(ranking, [&](std::size_t i, double miss, double false_alarm) {
    crossing.see(i < ranking.size() ? ranking[i].score : 0, miss, false_alarm);
  });
  return {
      .rocch = rocch_eer(pool(ranking)), .roc = crossing.rate(), .threshold = crossing.threshold()};
}

double rocch_eer(const Hull& hull) {
  Crossing crossing;
  walk(hull.blocks(),
       [&](std::size_t, double miss, double false_alarm) { crossing.see(0, miss, false_alarm); });
  return crossing.rate();
}

double min_dcf(const Hull& hull, const Task& task) {
  double min = std::numeric_limits<double>::infinity();
  walk(hull.blocks(), [&](std::size_t, double miss, double false_alarm) {
    min = std::min(min, cost(task, miss, false_alarm));
  });
  return min;
}

double min_cllr(const Hull& hull) {
  double targets = 0, nontargets = 0, of_targets = 0, of_nontargets = 0;
  for (const auto& block : hull.blocks()) {
    targets += block.target;
    nontargets += block.nontarget;
  }
  for (const auto& block : hull.blocks()) {
    if (block.target == 0 || block.nontarget == 0)
      continue;  // an infinite LLR that is right costs nothing
    const double llr = std::log(block.target / targets) - std::log(block.nontarget / nontargets);
    of_targets += block.target * softplus(-llr);
    of_nontargets += block.nontarget * softplus(llr);
  }
  return bits * (of_targets / targets + of_nontargets / nontargets);
}

double bayes_threshold(const Task& task) {
  return std::log(task.c_false_alarm * (1 - task.p_target)) - std::log(task.c_miss * task.p_target);
}

void check_both_kinds(std::size_t targets, std::size_t nontargets) {
  if (targets == 0 || nontargets == 0)
    throw Error(Fault::format,
                fmt::format("{} target and {} nontarget trials; some of both are needed", targets,
                            nontargets));
}

void check_both(const char* where, const Scores& scores) {
  if (scores.target.empty() || scores.nontarget.empty())
    throw std::invalid_argument(std::string(where) + ": targets and nontargets are needed");
}

void check(const Task& task) {
  if (!(task.p_target > 0 && task.p_target < 1 && task.c_miss > 0 && task.c_false_alarm > 0))
    throw std::invalid_argument("task: a prior in (0, 1) and positive costs are needed");
}

}  // namespace twinear
