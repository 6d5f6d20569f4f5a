// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/exponential.h"
#include "base/threads.h"
#include "evaluate/bootstrap.h"
#include "evaluate/comparisons.h"
#include "evaluate/ranking.h"
#include "twinear/metrics.h"

namespace twinear {
namespace {

constexpr double never = -std::numeric_limits<double>::infinity();

/// The best score of each kind that a test clip has.
struct BestScores {
  double target = never, nontarget = never;
  bool has_both() const { return target > never && nontarget > never; }
  bool correct() const { return target > nontarget; }
};

/// For each name of the table, the best scores that it has as a test clip.
std::vector<BestScores> best_scores(const ScoreTable& trials) {
  std::vector<BestScores> best(trials.names.size());
  for (const auto& row : trials.rows) {
    double& score = row.target == 1 ? best[row.test].target : best[row.test].nontarget;
    score = std::max(score, row.score);
  }
  return best;
}

std::vector<TopOneCounts> top_one_counts(const ScoreTable& trials, const Speakers& speakers) {
  std::vector<TopOneCounts> counts(speakers.count + 1);
  const auto best = best_scores(trials);
  for (std::size_t name = 0; name < best.size(); ++name) {
    if (!best[name].has_both()) continue;
    TopOneCounts& of_speaker = counts[speakers.of_name[name]];
    of_speaker.clips += 1;
    of_speaker.correct += best[name].correct() ? 1 : 0;
  }
  return counts;
}

/// The EER and the convex hull of sorted trials.
std::pair<Eer, Hull> eer_and_hull(std::span<const Comparison> trials, double targets,
                                  double nontargets) {
  Hull hull;
  Crossing crossing;
  double targets_below = 0, nontargets_below = 0;
  for (std::size_t i = 0; i < trials.size();) {
    const double score = trials[i].score;
    crossing.see(score, targets_below / targets, (nontargets - nontargets_below) / nontargets);
    double target = 0, nontarget = 0;
    for (; i < trials.size() && trials[i].score == score; ++i)
      (trials[i].target() ? target : nontarget) += 1;
    hull.push(target, nontarget);
    targets_below += target;
    nontargets_below += nontarget;
  }
  crossing.see(0, 1, 0);
  return {{rocch_eer(hull), crossing.rate(), crossing.threshold()}, hull};
}

/// Replaces each score by its cost as an LLR, which is the same in every resample.
void make_costs(std::span<Comparison> trials) {
  constexpr std::size_t at_once = 1 << 16;
  parallel_for((trials.size() + at_once - 1) / at_once, [&](std::size_t block) {
    const auto first = block * at_once;
    for (auto& trial : trials.subspan(first, std::min(at_once, trials.size() - first)))
      trial.score = softplus(trial.target() ? -trial.score : trial.score);
  });
}

/// Evaluates a task at its Bayes threshold and at the best one. Adds to `cuts` the first of the
/// sorted trials that the task accepts.
TaskCost evaluate_task(const Task& task, std::span<const Comparison> trials, const Hull& hull,
                       double targets, double nontargets, std::vector<std::size_t>& cuts) {
  const auto accepted =
      std::ranges::lower_bound(trials, bayes_threshold(task), {}, &Comparison::score);
  const auto misses =
      std::count_if(trials.begin(), accepted, [](const Comparison& c) { return c.target(); });
  const auto rejected = accepted - trials.begin() - misses;
  cuts.push_back(static_cast<std::size_t>(accepted - trials.begin()));
  return {.task = task,
          .min_dcf = min_dcf(hull, task),
          .act_dcf = cost(task, static_cast<double>(misses) / targets,
                          1 - static_cast<double>(rejected) / nontargets),
          .min_dcf_interval = {},
          .act_dcf_interval = {}};
}

/// Fills in the interval of each figure.
void find_intervals(const Sample& sample, const EvaluationOptions& options, Evaluation& e) {
  const auto columns =
      bootstrap(sample, options.seed, static_cast<std::size_t>(std::max(options.resamples, 0)));
  e.eer_interval = central_interval(columns[eer_column]);
  // No resample has an error where the sample has none; so many trials without one still allow this
  // rate (Clopper and Pearson 1934).
  if (e.eer.rocch == 0 && options.resamples > 0)
    e.eer_interval.high =
        1 - std::pow(0.025, 1 / static_cast<double>(std::min(e.targets, e.nontargets)));
  e.cllr_interval = central_interval(columns[cllr_column]);
  e.min_cllr_interval = central_interval(columns[min_cllr_column]);
  e.top_1_interval = central_interval(columns[top_1_column]);
  for (std::size_t i = 0; i < e.tasks.size(); ++i) {
    e.tasks[i].min_dcf_interval = central_interval(columns[task_columns + 2 * i]);
    e.tasks[i].act_dcf_interval = central_interval(columns[task_columns + 2 * i + 1]);
  }
}

}  // namespace

std::optional<double> top_1(const ScoreTable& trials) {
  std::size_t clips = 0, correct = 0;
  for (const auto& best : best_scores(trials)) {
    clips += best.has_both() ? 1 : 0;
    correct += best.has_both() && best.correct() ? 1 : 0;
  }
  if (clips == 0) return {};
  return static_cast<double>(correct) / static_cast<double>(clips);
}

Evaluation evaluate(const ScoreTable& trials, const EvaluationOptions& options) {
  for (const Task& task : options.tasks) check(task);
  const Speakers speakers = find_speakers(trials);
  Sample sample{.tasks = options.tasks,
                .trials = sorted_comparisons(trials, speakers),
                .segments = {},
                .segments_below = {},
                .top_one = top_one_counts(trials, speakers)};
  const auto& comparisons = sample.trials;
  Evaluation e{};
  e.targets = static_cast<std::size_t>(
      std::ranges::count_if(comparisons, [](const Comparison& c) { return c.target(); }));
  e.nontargets = comparisons.size() - e.targets;
  check_both_kinds(e.targets, e.nontargets);
  e.speakers = speakers.count;
  const auto targets = static_cast<double>(e.targets),
             nontargets = static_cast<double>(e.nontargets);
  const auto [eer, hull] = eer_and_hull(comparisons, targets, nontargets);
  e.eer = eer;
  e.min_cllr = min_cllr(hull);
  e.top_1 = top_1(trials);

  std::vector<std::size_t> cuts;
  for (const Task& task : options.tasks)
    e.tasks.push_back(evaluate_task(task, comparisons, hull, targets, nontargets, cuts));
  sample.segments = make_segments(comparisons, cuts);
  for (const std::size_t cut : cuts)
    sample.segments_below.push_back(
        static_cast<std::size_t>(std::ranges::upper_bound(sample.segments, cut, {}, &Segment::end) -
                                 sample.segments.begin()));

  make_costs(sample.trials);
  double of_targets = 0, of_nontargets = 0;
  for (const auto& trial : comparisons)
    (trial.target() ? of_targets : of_nontargets) += trial.score;
  e.cllr = bits * (of_targets / targets + of_nontargets / nontargets);

  find_intervals(sample, options, e);
  return e;
}

Evaluation evaluate(std::span<const ScoredTrial> trials, const EvaluationOptions& options) {
  return evaluate(make_score_table(trials), options);
}

}  // namespace twinear
