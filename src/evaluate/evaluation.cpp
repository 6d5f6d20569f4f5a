// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/logistic.h"
#include "base/random.h"
#include "base/simd.h"
#include "base/threads.h"
#include "evaluate/comparisons.h"
#include "evaluate/ranking.h"
#include "twinear/metrics.h"

namespace twinear {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double never = -std::numeric_limits<double>::infinity();

/// For each test clip, of names in the order of the table, the best score of either kind.
struct Best {
  double target = never, nontarget = never;
  bool asked() const { return target > never && nontarget > never; }
  bool right() const { return target > nontarget; }
};

std::vector<Best> best_scores(const ScoreTable& trials) {
  std::vector<Best> best(trials.names.size());
  for (const auto& row : trials.rows) {
    double& of = row.target == 1 ? best[row.test].target : best[row.test].nontarget;
    of = std::max(of, row.score);
  }
  return best;
}

/// Tests asked of, and answered right for, a speaker.
struct Answers {
  double asked = 0, right = 0;
};

std::vector<Answers> answers_of(const ScoreTable& trials, const Speakers& speakers) {
  std::vector<Answers> answers(speakers.count + 1);
  const auto best = best_scores(trials);
  for (std::size_t name = 0; name < best.size(); ++name) {
    if (!best[name].asked()) continue;
    auto& of = answers[speakers.of_name[name]];
    of.asked += 1;
    of.right += best[name].right() ? 1 : 0;
  }
  return answers;
}

/// Trials between two thresholds that may matter: targets up to `middle`, then nontargets. Wherever
/// scores rise from a target to a nontarget, or stay, no threshold between them is ever best (each
/// step of pool-adjacent-violators says so), whatever the weights.
struct Part {
  std::size_t middle, end;
};

/// Cuts sorted trials into parts; also at `cuts`, which are indices of trials.
std::vector<Part> parts_of(std::span<const Comparison> trials, std::vector<std::size_t> cuts) {
  std::ranges::sort(cuts);
  auto cut = cuts.begin();
  std::vector<Part> parts;
  for (std::size_t i = 0; i < trials.size();) {
    while (cut != cuts.end() && *cut <= i) ++cut;
    const std::size_t stop = cut == cuts.end() ? trials.size() : *cut;
    Part part{i, i};
    while (part.middle < stop && trials[part.middle].target()) ++part.middle;
    part.end = part.middle;
    while (part.end < stop && !trials[part.end].target()) ++part.end;
    i = part.end;
    parts.push_back(part);
  }
  return parts;
}

/// Sixteen resamples side by side.
struct alignas(64) Lanes {
  static constexpr std::size_t count = 16;
  using Eight = double __attribute__((vector_size(64)));
  Eight low{}, high{};
  double operator[](std::size_t i) const { return i < 8 ? low[i] : high[i - 8]; }
  void set(std::size_t i, double value) {
    if (i < 8)
      low[i] = value;
    else
      high[i - 8] = value;
  }
  void operator+=(const Lanes& other) {
    low += other.low;
    high += other.high;
  }
};

struct alignas(64) Counts {
  Lanes target, nontarget;
};

/// How often the trials of each part were drawn, and what they cost (in `score`) altogether.
TWINEAR_SIMD
void sum_parts(std::span<const Part> parts, std::size_t begin, std::span<const Comparison> trials,
               const Lanes* times, Counts* counts, Counts& costs) {
  for (const Part& part : parts) {
    Lanes::Eight low{}, high{};
    Lanes::Eight cost_low = costs.target.low, cost_high = costs.target.high;
    for (; begin < part.middle; ++begin) {
      const Lanes& b = times[trials[begin].b];
      low += b.low;
      high += b.high;
      cost_low += b.low * trials[begin].score;
      cost_high += b.high * trials[begin].score;
    }
    counts->target.low = low;
    counts->target.high = high;
    costs.target.low = cost_low;
    costs.target.high = cost_high;
    low = high = Lanes::Eight{};
    cost_low = costs.nontarget.low;
    cost_high = costs.nontarget.high;
    for (; begin < part.end; ++begin) {
      const Lanes &a = times[trials[begin].a], &b = times[trials[begin].b];
      const Lanes::Eight both_low = a.low * b.low, both_high = a.high * b.high;
      low += both_low;
      high += both_high;
      cost_low += both_low * trials[begin].score;
      cost_high += both_high * trials[begin].score;
    }
    counts->nontarget.low = low;
    counts->nontarget.high = high;
    costs.nontarget.low = cost_low;
    costs.nontarget.high = cost_high;
    ++counts;
  }
}

/// The figures that get an interval, a column each: these, then minDCF and actDCF of each task.
enum Column : std::size_t { eer_column, cllr_column, min_cllr_column, top_1_column, task_columns };

/// What every resample looks at.
struct Sample {
  std::span<const Task> tasks;
  std::vector<Comparison> trials;  ///< sorted; `score` holds the cost of the score as an LLR
  std::vector<Part> parts;
  std::vector<std::size_t> parts_below;  ///< the threshold of each task
  std::vector<Answers> answers;          ///< of each speaker; 0 is none

  std::size_t speakers() const { return answers.size() - 1; }
};

/// Sixteen resamples of the speakers.
class Resamples {
 public:
  Resamples(const Sample& sample, std::uint64_t seed, std::size_t first)
      : sample_(sample), times_(sample.speakers() + 1), below_(sample.tasks.size()) {
    for (std::size_t lane = 0; lane < Lanes::count; ++lane) {
      times_[0].set(lane, 1);
      random_.emplace_back(seed, Purpose::bootstrap, static_cast<std::uint32_t>(first + lane));
      draw(lane);
    }
    bool complete = false;
    while (!complete) {  // a draw that left one kind of trial out says nothing: draw again
      count();
      complete = true;
      for (std::size_t lane = 0; lane < Lanes::count; ++lane)
        if (total_.target[lane] == 0 || total_.nontarget[lane] == 0) {
          draw(lane);
          complete = false;
        }
    }
  }

  void figures(std::size_t lane, const std::function<void(std::size_t, double)>& put) const {
    const Hull& hull = hulls_[lane];
    const double targets = total_.target[lane], nontargets = total_.nontarget[lane];
    put(eer_column, rocch_eer(hull));
    put(cllr_column, bits * (costs_.target[lane] / targets + costs_.nontarget[lane] / nontargets));
    put(min_cllr_column, min_cllr(hull));
    put(top_1_column, top_1(lane));
    for (std::size_t i = 0; i < sample_.tasks.size(); ++i) {
      const Task& task = sample_.tasks[i];
      put(task_columns + 2 * i, min_dcf(hull, task));
      put(task_columns + 2 * i + 1,
          cost(task, below_[i].target[lane] / targets, 1 - below_[i].nontarget[lane] / nontargets));
    }
  }

 private:
  void draw(std::size_t lane) {
    std::vector<std::uint32_t> times(sample_.speakers());
    for (std::size_t i = 0; i < times.size(); ++i) ++times[random_[lane].below(times.size())];
    for (std::size_t i = 0; i < times.size(); ++i) times_[i + 1].set(lane, times[i]);
  }

  void count() {
    constexpr std::size_t at_once = 64;
    std::array<Counts, at_once> counts;
    for (auto& hull : hulls_) hull.clear();
    total_ = costs_ = {};
    const std::span parts(sample_.parts);
    for (std::size_t first = 0; first < parts.size(); first += at_once) {
      const auto some = parts.subspan(first, std::min(at_once, parts.size() - first));
      sum_parts(some, first == 0 ? 0 : parts[first - 1].end, sample_.trials, times_.data(),
                counts.data(), costs_);
      for (std::size_t i = 0; i < some.size(); ++i) {
        note_below(first + i);
        total_.target += counts[i].target;
        total_.nontarget += counts[i].nontarget;
        for (std::size_t lane = 0; lane < Lanes::count; ++lane)
          hulls_[lane].push(counts[i].target[lane], counts[i].nontarget[lane]);
      }
    }
    note_below(parts.size());
  }

  void note_below(std::size_t parts) {
    for (std::size_t i = 0; i < below_.size(); ++i)
      if (sample_.parts_below[i] == parts) below_[i] = total_;
  }

  double top_1(std::size_t lane) const {
    double asked = 0, right = 0;
    for (std::size_t s = 1; s < times_.size(); ++s) {
      asked += times_[s][lane] * sample_.answers[s].asked;
      right += times_[s][lane] * sample_.answers[s].right;
    }
    return asked > 0 ? right / asked : unknown;
  }

  const Sample& sample_;
  std::vector<Lanes> times_;  ///< of each speaker; 0 counts once
  std::vector<Random> random_;
  std::array<Hull, Lanes::count> hulls_;
  Counts total_, costs_;
  std::vector<Counts> below_;  ///< the threshold of each task
};

/// A column of each figure, a row of each resample.
std::vector<std::vector<double>> bootstrap(const Sample& sample, std::uint64_t seed,
                                           std::size_t resamples) {
  std::vector<std::vector<double>> columns(task_columns + 2 * sample.tasks.size(),
                                           std::vector<double>(resamples));
  parallel_for((resamples + Lanes::count - 1) / Lanes::count, [&](std::size_t block) {
    const std::size_t first = block * Lanes::count;
    const Resamples some(sample, seed, first);
    for (std::size_t lane = 0; lane < std::min(Lanes::count, resamples - first); ++lane)
      some.figures(
          lane, [&](std::size_t column, double figure) { columns[column][first + lane] = figure; });
  });
  return columns;
}

/// The middle 95 %, interpolated between the resamples around each end.
Interval interval(std::vector<double> values) {
  std::erase_if(values, [](double v) { return std::isnan(v); });
  if (values.empty()) return {unknown, unknown};
  std::ranges::sort(values);
  const auto quantile = [&](double q) {
    const double at = q * static_cast<double>(values.size() - 1);
    const auto i = static_cast<std::size_t>(at);
    return std::lerp(values[i], values[std::min(i + 1, values.size() - 1)],
                     at - static_cast<double>(i));
  };
  return {quantile(0.025), quantile(0.975)};
}

/// The figures of a whole ranking: a walk over its ties.
struct Figures {
  Eer eer;
  Hull hull;
};

Figures figures_of(std::span<const Comparison> trials, double targets, double nontargets) {
  Figures figures;
  Crossing crossing;
  double targets_below = 0, nontargets_below = 0;
  for (std::size_t i = 0; i < trials.size();) {
    const double score = trials[i].score;
    crossing.see(score, targets_below / targets, (nontargets - nontargets_below) / nontargets);
    double target = 0, nontarget = 0;
    for (; i < trials.size() && trials[i].score == score; ++i)
      (trials[i].target() ? target : nontarget) += 1;
    figures.hull.push(target, nontarget);
    targets_below += target;
    nontargets_below += nontarget;
  }
  crossing.see(0, 1, 0);
  figures.eer = {rocch_eer(figures.hull), crossing.rate(), crossing.threshold()};
  return figures;
}

/// In place of each score what it costs as an LLR, which no resample changes.
void make_costs(std::span<Comparison> trials) {
  constexpr std::size_t at_once = 1 << 16;
  parallel_for((trials.size() + at_once - 1) / at_once, [&](std::size_t block) {
    const auto first = block * at_once;
    for (auto& trial : trials.subspan(first, std::min(at_once, trials.size() - first)))
      trial.score = softplus(trial.target() ? -trial.score : trial.score);
  });
}

double top_1_of(std::span<const Answers> answers) {
  double asked = 0, right = 0;
  for (const auto& of_speaker : answers) {
    asked += of_speaker.asked;
    right += of_speaker.right;
  }
  return asked > 0 ? right / asked : unknown;
}

}  // namespace

std::optional<double> top_1(const ScoreTable& trials) {
  std::size_t asked = 0, right = 0;
  for (const auto& best : best_scores(trials)) {
    asked += best.asked() ? 1 : 0;
    right += best.asked() && best.right() ? 1 : 0;
  }
  if (asked == 0) return {};
  return static_cast<double>(right) / static_cast<double>(asked);
}

Evaluation evaluate(const ScoreTable& trials, const EvaluationOptions& options) {
  for (const Task& task : options.tasks) check(task);
  const Speakers speakers = find_speakers(trials);
  Sample sample{.tasks = options.tasks,
                .trials = sorted_comparisons(trials, speakers),
                .parts = {},
                .parts_below = {},
                .answers = answers_of(trials, speakers)};
  const auto& comparisons = sample.trials;
  Evaluation e{};
  e.targets = static_cast<std::size_t>(
      std::ranges::count_if(comparisons, [](const Comparison& c) { return c.target(); }));
  e.nontargets = comparisons.size() - e.targets;
  check_both_kinds(e.targets, e.nontargets);
  e.speakers = speakers.count;
  const auto targets = static_cast<double>(e.targets),
             nontargets = static_cast<double>(e.nontargets);
  const auto [eer, hull] = figures_of(comparisons, targets, nontargets);
  e.eer = eer;
  e.min_cllr = min_cllr(hull);
  if (const double share = top_1_of(sample.answers); !std::isnan(share)) e.top_1 = share;

  std::vector<std::size_t> cuts;
  for (const Task& task : options.tasks) {
    const auto accepted =
        std::ranges::lower_bound(comparisons, bayes_threshold(task), {}, &Comparison::score);
    const auto misses = std::count_if(comparisons.begin(), accepted,
                                      [](const Comparison& c) { return c.target(); });
    const auto rejected = accepted - comparisons.begin() - misses;
    e.tasks.push_back({.task = task,
                       .min_dcf = min_dcf(hull, task),
                       .act_dcf = cost(task, static_cast<double>(misses) / targets,
                                       1 - static_cast<double>(rejected) / nontargets),
                       .min_dcf_interval = {},
                       .act_dcf_interval = {}});
    cuts.push_back(static_cast<std::size_t>(accepted - comparisons.begin()));
  }
  sample.parts = parts_of(comparisons, cuts);
  for (const std::size_t cut : cuts)  // the parts that end at or below it
    sample.parts_below.push_back(static_cast<std::size_t>(
        std::ranges::upper_bound(sample.parts, cut, {}, &Part::end) - sample.parts.begin()));

  make_costs(sample.trials);
  double of_targets = 0, of_nontargets = 0;
  for (const auto& trial : comparisons)
    (trial.target() ? of_targets : of_nontargets) += trial.score;
  e.cllr = bits * (of_targets / targets + of_nontargets / nontargets);

  const auto columns =
      bootstrap(sample, options.seed, static_cast<std::size_t>(std::max(options.resamples, 0)));
  e.eer_interval = interval(columns[eer_column]);
  e.cllr_interval = interval(columns[cllr_column]);
  e.min_cllr_interval = interval(columns[min_cllr_column]);
  e.top_1_interval = interval(columns[top_1_column]);
  for (std::size_t i = 0; i < e.tasks.size(); ++i) {
    e.tasks[i].min_dcf_interval = interval(columns[task_columns + 2 * i]);
    e.tasks[i].act_dcf_interval = interval(columns[task_columns + 2 * i + 1]);
  }
  return e;
}

Evaluation evaluate(std::span<const ScoredTrial> trials, const EvaluationOptions& options) {
  return evaluate(make_score_table(trials), options);
}

}  // namespace twinear
