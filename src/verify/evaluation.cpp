// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/threads.h"
#include "metric/logistic.h"
#include "twinear/metrics.h"
#include "verify/ranking.h"

namespace twinear {
namespace {

constexpr Task rare{.p_target = 0.01}, scarce{.p_target = 0.05};

/// Sets that merge (Tarjan 1975, with path halving).
class DisjointSets {
 public:
  std::uint32_t add() {
    parent_.push_back(static_cast<std::uint32_t>(parent_.size()));
    return parent_.back();
  }
  std::uint32_t find(std::uint32_t x) {
    while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
    return x;
  }
  void merge(std::uint32_t a, std::uint32_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::uint32_t> parent_;
};

/// A trial as the bootstrap sees it, with numbers for speakers: a target's are the same.
struct Comparison {
  double score;
  std::uint32_t enrol, test;
  bool target;
};

struct Comparisons {
  std::vector<Comparison> trials;  ///< by rising score
  std::size_t speakers = 0;
};

/// Speakers are the groups of clips that target trials join, numbered by the order of names, so
/// that the order of trials changes nothing.
Comparisons compare(std::span<const ScoredTrial> trials) {
  DisjointSets sets;
  std::unordered_map<std::string_view, std::uint32_t> clips;
  const auto clip = [&](const std::string& name) {
    const auto [found, is_new] = clips.try_emplace(name, 0);
    if (is_new) found->second = sets.add();
    return found->second;
  };
  Comparisons result;
  result.trials.reserve(trials.size());
  for (const auto& [trial, score] : trials) {
    const Comparison c{score, clip(trial.enrol), clip(trial.test), trial.target};
    if (c.target) sets.merge(c.enrol, c.test);
    result.trials.push_back(c);
  }

  std::vector<std::pair<std::string_view, std::uint32_t>> by_name(clips.begin(), clips.end());
  std::ranges::sort(by_name);
  constexpr std::uint32_t nobody = ~0U;
  std::vector<std::uint32_t> speaker_of_set(clips.size(), nobody), speaker_of(clips.size());
  for (const auto& [name, c] : by_name) {
    std::uint32_t& speaker = speaker_of_set[sets.find(c)];
    if (speaker == nobody) speaker = static_cast<std::uint32_t>(result.speakers++);
    speaker_of[c] = speaker;
  }
  for (auto& trial : result.trials) {
    trial.enrol = speaker_of[trial.enrol];
    trial.test = speaker_of[trial.test];
  }
  std::ranges::sort(result.trials, {}, &Comparison::score);
  return result;
}

/// The ranking of the same trials with speaker s taken `times[s]` times: a target trial counts as
/// often as its speaker, a nontarget one as often as the pair of its speakers.
void reweigh(std::span<ScoreGroup> ranking, std::span<const Comparison> trials,
             std::span<const std::uint32_t> times) {
  for (auto& group : ranking) group.target = group.nontarget = 0;
  auto group = ranking.begin();
  for (const auto& t : trials) {
    while (group->score != t.score) ++group;
    if (t.target)
      group->target += times[t.enrol];
    else
      group->nontarget += times[t.enrol] * times[t.test];
  }
}

bool has_both(std::span<const ScoreGroup> ranking) {
  return std::ranges::any_of(ranking, [](const ScoreGroup& g) { return g.target > 0; }) &&
         std::ranges::any_of(ranking, [](const ScoreGroup& g) { return g.nontarget > 0; });
}

/// The cost of each score of a ranking taken as an LLR, which no resample changes.
struct LlrCost {
  double target, nontarget;
};

std::vector<LlrCost> llr_costs(std::span<const ScoreGroup> ranking) {
  std::vector<LlrCost> costs;
  costs.reserve(ranking.size());
  for (const auto& group : ranking)
    costs.push_back({softplus(-group.score), softplus(group.score)});
  return costs;
}

double cllr(std::span<const ScoreGroup> ranking, std::span<const LlrCost> costs) {
  double targets = 0, nontargets = 0, of_targets = 0, of_nontargets = 0;
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    targets += ranking[i].target;
    nontargets += ranking[i].nontarget;
    of_targets += ranking[i].target * costs[i].target;
    of_nontargets += ranking[i].nontarget * costs[i].nontarget;
  }
  return bits * (of_targets / targets + of_nontargets / nontargets);
}

/// The figures that get an interval.
struct Figures {
  double eer, min_dcf_001, min_dcf_005, cllr, min_cllr;
};

std::vector<Figures> bootstrap(const Comparisons& comparisons, std::span<const ScoreGroup> ranking,
                               std::uint64_t seed, int resamples) {
  if (resamples <= 0) return {};
  const auto costs = llr_costs(ranking);
  std::vector<Figures> figures(static_cast<std::size_t>(resamples));
  parallel_for(figures.size(), [&](std::size_t i) {
    Random random(seed, Purpose::bootstrap, static_cast<std::uint32_t>(i));
    std::vector<ScoreGroup> resample(ranking.begin(), ranking.end());
    do {  // a draw that left one kind of trial out says nothing: draw again
      std::vector<std::uint32_t> times(comparisons.speakers);
      for (std::size_t draw = 0; draw < times.size(); ++draw) ++times[random.below(times.size())];
      reweigh(resample, comparisons.trials, times);
    } while (!has_both(resample));
    const auto hull = pool(resample);
    figures[i] = {rocch_eer(hull), min_dcf(hull, rare), min_dcf(hull, scarce),
                  cllr(resample, costs), min_cllr(hull)};
  });
  return figures;
}

/// The middle 95 % of one figure, interpolated between the resamples around each end.
Interval interval(std::span<const Figures> resamples, double Figures::*figure) {
  if (resamples.empty()) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    return {unknown, unknown};
  }
  std::vector<double> values;
  for (const auto& figures : resamples) values.push_back(figures.*figure);
  std::ranges::sort(values);
  const auto quantile = [&](double q) {
    const double at = q * static_cast<double>(values.size() - 1);
    const auto i = static_cast<std::size_t>(at);
    return std::lerp(values[i], values[std::min(i + 1, values.size() - 1)],
                     at - static_cast<double>(i));
  };
  return {quantile(0.025), quantile(0.975)};
}

}  // namespace

Evaluation evaluate(std::span<const ScoredTrial> trials, std::uint64_t seed, int resamples) {
  const Scores scores = split_scores(trials);
  const auto ranking = rank(scores);
  const auto hull = pool(ranking);
  const auto comparisons = compare(trials);
  const auto figures = bootstrap(comparisons, ranking, seed, resamples);
  return {.targets = scores.target.size(),
          .nontargets = scores.nontarget.size(),
          .speakers = comparisons.speakers,
          .eer = eer(ranking),
          .min_dcf_001 = min_dcf(hull, rare),
          .min_dcf_005 = min_dcf(hull, scarce),
          .act_dcf_001 = act_dcf(scores, rare),
          .act_dcf_005 = act_dcf(scores, scarce),
          .cllr = cllr(scores),
          .min_cllr = min_cllr(hull),
          .eer_interval = interval(figures, &Figures::eer),
          .min_dcf_001_interval = interval(figures, &Figures::min_dcf_001),
          .min_dcf_005_interval = interval(figures, &Figures::min_dcf_005),
          .cllr_interval = interval(figures, &Figures::cllr),
          .min_cllr_interval = interval(figures, &Figures::min_cllr)};
}

}  // namespace twinear
