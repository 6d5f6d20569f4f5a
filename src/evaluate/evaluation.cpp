// SPDX-License-Identifier: Apache-2.0
#include "evaluate/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/exponential.h"
#include "base/threads.h"
#include "evaluate/bootstrap.h"
#include "evaluate/certainty.h"
#include "evaluate/cuts.h"
#include "evaluate/no_errors.h"
#include "evaluate/ranking.h"

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

/// The mean score of the trials of each kind.
PerKind mean_scores(std::span<const Comparison> trials, const PerKind& all) {
  PerKind means;
  for (const auto& trial : trials) (trial.target() ? means.target : means.nontarget) += trial.score;
  return {means.target / all.target, means.nontarget / all.nontarget};
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

Interval interval_of(std::span<const Resample> resamples, double Resample::*figure) {
  std::vector<double> values;
  values.reserve(resamples.size());
  for (const auto& resample : resamples) values.push_back(resample.*figure);
  return central_interval(std::move(values));
}

/// The costs of a task whose Bayes threshold lies at a cut.
TaskCost evaluate_task(const Task& task, std::size_t cut, const Hull& hull, const CutSample& sample,
                       std::span<const Resample> resamples, std::size_t number) {
  const auto acted = sample.measure(resamples, [&](const Below& below) {
    return cost(task, below.share_of_targets(cut), 1 - below.share_of_nontargets(cut));
  });
  std::vector<double> mins;
  for (const auto& resample : resamples) mins.push_back(resample.min_dcf[number]);
  TaskCost result{.task = task,
                  .min_dcf = min_dcf(hull, task),
                  .act_dcf = acted.value,
                  .min_dcf_interval = central_interval(std::move(mins)),
                  .act_dcf_interval = acted.interval};
  const double miss = sample.below().share_of_targets(cut),
               false_alarm = 1 - sample.below().share_of_nontargets(cut);
  if (resamples.empty() || (miss > 0 && miss < 1) || (false_alarm > 0 && false_alarm < 1))
    return result;
  const auto all = sample.below().all();
  for_allowed_rates(all.target, all.nontarget, [&](double a, double b) {
    const double allowed = cost(task, std::abs(miss - a), std::abs(false_alarm - b));
    result.act_dcf_interval.low = std::min(result.act_dcf_interval.low, allowed);
    result.act_dcf_interval.high = std::max(result.act_dcf_interval.high, allowed);
  });
  return result;
}

/// Lets the intervals of a sample that a threshold separates reach to what so many trials allow.
void reach_allowed_costs(Evaluation& e, const PerKind& all, const PerKind& means,
                         const PerKind& costs) {
  e.eer_interval.high = allowed_rate(std::min(all.target, all.nontarget));
  const auto raise = [](Interval& interval, double value) {
    interval.high = std::max(interval.high, value);
  };
  for_allowed_rates(all.target, all.nontarget, [&](double a, double b) {
    Hull hull;
    hull.push(all.target * a, all.nontarget * (1 - b));
    hull.push(all.target * (1 - a), all.nontarget * b);
    raise(e.min_cllr_interval, min_cllr(hull));
    for (auto& cost : e.tasks) raise(cost.min_dcf_interval, min_dcf(hull, cost.task));
    // softplus(x) - softplus(-x) is x: the cost of a trial that scores as the other kind
    const double target_as_nontarget = costs.nontarget - means.nontarget,
                 nontarget_as_target = costs.target + means.target;
    raise(e.cllr_interval, bits * ((1 - a) * costs.target + a * target_as_nontarget +
                                   (1 - b) * costs.nontarget + b * nontarget_as_target));
  });
}

/// The sample of the trials with its segments at the cuts; the scores become costs.
Sample make_sample(const EvaluationOptions& options, std::vector<Comparison> trials,
                   const CutSample& cuts, std::vector<TopOneCounts> top_one) {
  Sample sample{.tasks = options.tasks,
                .trials = std::move(trials),
                .segments = {},
                .segments_below = {},
                .top_one = std::move(top_one)};
  sample.segments = make_segments(sample.trials, cuts.cuts());
  for (const std::size_t cut : cuts.cuts())
    sample.segments_below.push_back(
        static_cast<std::size_t>(std::ranges::upper_bound(sample.segments, cut, {}, &Segment::end) -
                                 sample.segments.begin()));
  make_costs(sample.trials);
  return sample;
}

Interval top_1_interval(double top_1, std::span<const TopOneCounts> counts,
                        std::span<const Resample> resamples) {
  Measured result{top_1, interval_of(resamples, &Resample::top_1)};
  double clips = 0;
  for (const auto& of_speaker : counts) clips += of_speaker.clips;
  reach_allowed(result, clips);
  return result.interval;
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

bool may_be_llrs(const ScoreTable& trials) {
  return std::ranges::any_of(
      trials.rows, [](const ScoreTable::Row& row) { return row.score < -2 || row.score > 1; });
}

Evaluation evaluate(const ScoreTable& trials, const Speakers& speakers,
                    const EvaluationOptions& options) {
  for (const Task& task : options.tasks) check(task);
  auto comparisons = sorted_comparisons(trials, speakers);
  Evaluation e{};
  e.targets = static_cast<std::size_t>(
      std::ranges::count_if(comparisons, [](const Comparison& c) { return c.target(); }));
  e.nontargets = comparisons.size() - e.targets;
  check_both_kinds(e.targets, e.nontargets);
  e.speakers = speakers.count;
  const PerKind all{static_cast<double>(e.targets), static_cast<double>(e.nontargets)};
  const auto [eer, hull] = eer_and_hull(comparisons, all.target, all.nontarget);
  e.eer = eer;
  e.min_cllr = min_cllr(hull);
  e.top_1 = top_1(trials);

  std::vector<std::size_t> cuts, task_cuts;
  for (const Task& task : options.tasks)
    task_cuts.push_back(count_below(comparisons, bayes_threshold(task)));
  std::optional<AnswerPlaces> answers;
  if (options.llrs.value_or(may_be_llrs(trials))) {
    answers = find_answers(comparisons, all.target, all.nontarget);
    cuts = answers->cuts();
  }
  cuts.insert(cuts.end(), task_cuts.begin(), task_cuts.end());
  const CutSample cut_sample(comparisons, std::move(cuts));
  const PerKind means = mean_scores(comparisons, all);
  const Sample sample =
      make_sample(options, std::move(comparisons), cut_sample, top_one_counts(trials, speakers));
  const PerKind costs = mean_scores(sample.trials, all);
  e.cllr = bits * (costs.target + costs.nontarget);

  const auto resamples =
      bootstrap(sample, options.seed, static_cast<std::size_t>(std::max(options.resamples, 0)));
  e.eer_interval = interval_of(resamples, &Resample::eer);
  e.cllr_interval = interval_of(resamples, &Resample::cllr);
  e.min_cllr_interval = interval_of(resamples, &Resample::min_cllr);
  e.top_1_interval = top_1_interval(e.top_1.value_or(NAN), sample.top_one, resamples);
  for (std::size_t i = 0; i < task_cuts.size(); ++i)
    e.tasks.push_back(
        evaluate_task(options.tasks[i], task_cuts[i], hull, cut_sample, resamples, i));
  if (e.eer.rocch == 0 && !resamples.empty()) reach_allowed_costs(e, all, means, costs);
  if (answers) {
    e.decisions = decisions(*answers, cut_sample, resamples);
    e.reliability = reliability(std::move(*answers), cut_sample, resamples);
  }
  return e;
}

Evaluation evaluate(const ScoreTable& trials, const EvaluationOptions& options) {
  return evaluate(trials, find_speakers(trials, options.clips), options);
}

Evaluation evaluate(std::span<const ScoredTrial> trials, const EvaluationOptions& options) {
  return evaluate(make_score_table(trials), options);
}

}  // namespace twinear
