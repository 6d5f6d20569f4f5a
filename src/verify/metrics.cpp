// SPDX-License-Identifier: Apache-2.0
#include "twinear/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "metric/logistic.h"
#include "twinear/error.h"
#include "verify/ranking.h"

namespace twinear {
namespace {

/// Trials that no threshold tells apart: of one score, or pooled.
struct Block {
  std::uint64_t target = 0, nontarget = 0;

  Block& operator+=(const Block& other) {
    target += other.target;
    nontarget += other.nontarget;
    return *this;
  }
};

Block block_of(const ScoreGroup& group) { return {group.target, group.nontarget}; }
Block block_of(const Block& block) { return block; }

/// The error rates of each threshold from below: walk(ranking, f) calls f(i, miss, false_alarm)
/// for the threshold at the i-th element and, with i past the last, for +infinity.
template <class Elements, class F>
void walk(const Elements& elements, const F& visit) {
  Block all, below;
  for (const auto& e : elements) all += block_of(e);
  const auto targets = static_cast<double>(all.target);
  const auto nontargets = static_cast<double>(all.nontarget);
  for (std::size_t i = 0; i <= elements.size(); ++i) {
    visit(i, static_cast<double>(below.target) / targets,
          static_cast<double>(all.nontarget - below.nontarget) / nontargets);
    if (i < elements.size()) below += block_of(elements[i]);
  }
}

/// The convex hull of the ROC by pool-adjacent-violators (Ayer et al. 1955): the share of targets
/// rises from block to block. Tied scores are one block from the start.
std::vector<Block> pool(std::span<const ScoreGroup> ranking) {
  std::vector<Block> blocks;
  for (const auto& group : ranking) {
    Block last = block_of(group);
    if (last.target + last.nontarget == 0) continue;
    // t / (t + n) >= t' / (t' + n'), without rounding
    while (!blocks.empty() &&
           blocks.back().target * last.nontarget >= last.target * blocks.back().nontarget) {
      last += blocks.back();
      blocks.pop_back();
    }
    blocks.push_back(last);
  }
  return blocks;
}

/// The rate where Pmiss = Pfa on the straight line between the two points around it.
template <class Elements>
double crossing(const Elements& elements) {
  double rate = 0, miss_before = 0, apart_before = -1;
  walk(elements, [&](std::size_t, double miss, double false_alarm) {
    const double apart = miss - false_alarm;
    if (apart_before < 0 && apart >= 0)
      rate = miss_before + (miss - miss_before) * apart_before / (apart_before - apart);
    miss_before = miss;
    apart_before = apart;
  });
  return rate;
}

double cost(const Task& task, double miss, double false_alarm) {
  const double of_misses = task.c_miss * task.p_target;
  const double of_false_alarms = task.c_false_alarm * (1 - task.p_target);
  return (of_misses * miss + of_false_alarms * false_alarm) / std::min(of_misses, of_false_alarms);
}

double mean_softplus(std::span<const double> values, double sign) {
  double sum = 0;
  for (const double v : values) sum += softplus(sign * v);
  return sum / static_cast<double>(values.size());
}

constexpr double bits = 1 / (2 * std::numbers::ln2);

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

std::vector<OperatingPoint> det_curve(std::span<const ScoreGroup> ranking) {
  std::vector<OperatingPoint> points;
  points.reserve(ranking.size() + 1);
  walk(ranking, [&](std::size_t i, double miss, double false_alarm) {
    const bool last = i == ranking.size();
    points.push_back(
        {last ? std::numeric_limits<double>::infinity() : ranking[i].score, miss, false_alarm});
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
  return {.rocch = crossing(pool(ranking)), .roc = crossing(ranking), .threshold = threshold};
}

double min_dcf(std::span<const ScoreGroup> ranking, const Task& task) {
  double least = std::numeric_limits<double>::infinity();
  walk(ranking, [&](std::size_t, double miss, double false_alarm) {
    least = std::min(least, cost(task, miss, false_alarm));
  });
  return least;
}

double min_cllr(std::span<const ScoreGroup> ranking) {
  const auto blocks = pool(ranking);
  const Block all = std::accumulate(blocks.begin(), blocks.end(), Block{},
                                    [](Block sum, const Block& b) { return sum += b; });
  double sum = 0;
  for (const auto& block : blocks) {
    if (block.target == 0 || block.nontarget == 0) continue;  // llr is infinite and right
    const double target = static_cast<double>(block.target) / static_cast<double>(all.target);
    const double nontarget =
        static_cast<double>(block.nontarget) / static_cast<double>(all.nontarget);
    const double llr = std::log(target / nontarget);
    sum += target * softplus(-llr) + nontarget * softplus(llr);
  }
  return bits * sum;
}

Scores split_scores(std::span<const ScoredTrial> trials) {
  Scores scores;
  for (const auto& [trial, score] : trials)
    (trial.target ? scores.target : scores.nontarget).push_back(score);
  if (scores.target.empty() || scores.nontarget.empty())
    throw Error(Fault::format,
                fmt::format("{} target and {} nontarget trials; some of both are needed",
                            scores.target.size(), scores.nontarget.size()));
  return scores;
}

std::vector<OperatingPoint> det_curve(const Scores& scores) { return det_curve(rank(scores)); }

Eer eer(const Scores& scores) { return eer(rank(scores)); }

double min_dcf(const Scores& scores, const Task& task) { return min_dcf(rank(scores), task); }

double min_cllr(const Scores& scores) { return min_cllr(rank(scores)); }

double act_dcf(const Scores& llrs, const Task& task) {
  if (llrs.target.empty() || llrs.nontarget.empty())
    throw std::invalid_argument("act_dcf: targets and nontargets are needed");
  const double bayes =
      std::log(task.c_false_alarm * (1 - task.p_target)) - std::log(task.c_miss * task.p_target);
  const auto share_below = [&](const std::vector<double>& values) {
    return static_cast<double>(std::ranges::count_if(values, [&](double v) { return v < bayes; })) /
           static_cast<double>(values.size());
  };
  return cost(task, share_below(llrs.target), 1 - share_below(llrs.nontarget));
}

double cllr(const Scores& llrs) {
  if (llrs.target.empty() || llrs.nontarget.empty())
    throw std::invalid_argument("cllr: targets and nontargets are needed");
  return bits * (mean_softplus(llrs.target, -1) + mean_softplus(llrs.nontarget, 1));
}

}  // namespace twinear
