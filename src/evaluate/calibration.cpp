// SPDX-License-Identifier: Apache-2.0
#include "twinear/calibration.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "base/exponential.h"
#include "evaluate/comparisons.h"
#include "evaluate/ranking.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// The number of false alarms by which their rate is known to 30 % (Doddington et al. 2000).
constexpr double min_false_alarms = 30;

double logit(double p) { return std::log(p) - std::log1p(-p); }

/// Describes a trial by its score, its measures less their means, the products of both, and 1.
constexpr Eigen::Index measures = 2;  // logs of the shorter and of the longer duration
constexpr Eigen::Index terms = 2 + 2 * measures;
using Row = Eigen::Matrix<double, terms, 1>;

struct WeightedRow {
  Row x;
  double weight;
};

/// Trials whose weights add up to 1 among targets, and among nontargets.
struct Trials {
  std::vector<WeightedRow> target, nontarget;
  double prior = 0.5;  // that the regression is for
};

/// The objective of the regression with its first and second derivatives.
struct Fit {
  double value = 0;
  Row slope = Row::Zero();
  Eigen::Matrix<double, terms, terms> curvature = decltype(curvature)::Zero();
};

/// The mean loss of targets and that of nontargets, weighted by the prior whatever their number.
Fit fit_at(const Trials& trials, const Row& line) {
  constexpr double ridge = 1e-7;  // bounds the slope where the scores are separable
  const double log_odds = logit(trials.prior);
  Fit fit;
  const auto add = [&](const std::vector<WeightedRow>& side, double sign, double share) {
    for (const auto& [x, of_trial] : side) {
      const double weight = share * of_trial;
      const double right = sign * (x.dot(line) + log_odds), wrong = sigmoid(-right);
      fit.value += weight * softplus(-right);
      fit.slope -= weight * sign * wrong * x;
      fit.curvature += weight * wrong * (1 - wrong) * x * x.transpose();
    }
  };
  add(trials.target, 1, trials.prior);
  add(trials.nontarget, -1, 1 - trials.prior);
  fit.value += 0.5 * ridge * line.dot(line);
  fit.slope += ridge * line;
  fit.curvature.diagonal().array() += ridge;
  return fit;
}

/// Newton's method. A step that would not lead down is halved. The objective is convex.
Row regress(const Trials& trials) {
  Row line = Row::Zero();
  Fit fit = fit_at(trials, line);
  for (int iteration = 0; iteration < 100; ++iteration) {
    const Row step = fit.curvature.llt().solve(fit.slope);
    if (step.dot(fit.slope) < 1e-15) break;
    double share = 1;
    Row next;
    Fit there;
    do {
      next = line - share * step;
      there = fit_at(trials, next);
      share /= 2;
    } while (there.value > fit.value && share > 1e-9);
    if (there.value >= fit.value) break;  // doubles cannot tell a lower value
    line = next;
    fit = there;
  }
  return line;
}

/// The mean and the deviation of a term over all trials.
struct Column {
  double mean = 0, deviation = 0;
};

/// Scales term i to mean 0 and deviation 1, or to 0 if it does not vary.
Column standardize(Trials& trials, Eigen::Index i) {
  Column column;
  const auto each = [&](const auto& f) {
    for (auto* side : {&trials.target, &trials.nontarget})
      for (auto& [x, weight] : *side) f(x[i], weight / 2);
  };
  each([&](double v, double weight) { column.mean += weight * v; });
  each([&](double v, double weight) {
    column.deviation += weight * (v - column.mean) * (v - column.mean);
  });
  column.deviation = column.deviation > 1e-24 ? std::sqrt(column.deviation) : 0;
  each([&](double& v, double) {
    v = column.deviation > 0 ? (v - column.mean) / column.deviation : 0;
  });
  return column;
}

/// Fits the line with llr = dot(row, line).
Row fit_line(Trials trials, const std::string& source) {
  std::vector<Column> columns;
  for (Eigen::Index i = 0; i < terms - 1; ++i) columns.push_back(standardize(trials, i));
  if (!std::isfinite(columns[0].deviation))
    throw Error(Fault::numeric, source + ": a score is not finite");
  Row line = regress(trials);
  if (!(line[0] > 0))
    throw Error(Fault::numeric, source +
                                    ": targets do not score higher than nontargets; a rising map "
                                    "to likelihood ratios is needed");
  for (Eigen::Index i = 0; i < terms - 1; ++i) {
    const auto [mean, deviation] = columns[static_cast<std::size_t>(i)];
    line[i] = deviation > 0 ? line[i] / deviation : 0;
    line[terms - 1] -= line[i] * mean;
  }
  return line;
}

/// All rates of one digit (0.5, 0.4, ... 0.1, 0.09, ...) that so many nontargets resolve, and the
/// lowest rate that they resolve.
std::vector<double> resolved_rates(std::size_t nontargets) {
  const double min_rate = min_false_alarms / static_cast<double>(nontargets);
  std::vector<double> rates;
  for (double tenth = 10; 9 / tenth > min_rate; tenth *= 10)
    for (int digit = tenth > 10 ? 9 : 5; digit > 0; --digit)
      if (digit / tenth > min_rate) rates.push_back(digit / tenth);
  if (min_rate <= 0.5) rates.push_back(min_rate);
  return rates;
}

std::vector<Threshold> thresholds_of(const Scores& scores) {
  auto target = scores.target, nontarget = scores.nontarget;
  std::ranges::sort(target);
  std::ranges::sort(nontarget, std::greater());
  const auto n = static_cast<double>(nontarget.size());
  std::vector<Threshold> thresholds;
  for (const double rate : resolved_rates(nontarget.size())) {
    // the lowest threshold above the highest nontarget that must be rejected
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

/// The natural logs of the shorter and of the longer duration; NaN if one is unknown.
std::array<double, measures> logs(const Lengths& seconds) noexcept {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  if (!(seconds.a > 0 && seconds.b > 0)) return {unknown, unknown};
  return {std::log(std::min(seconds.a, seconds.b)), std::log(std::max(seconds.a, seconds.b))};
}

/// The means and ranges of the measures of trials.
LengthTerms describe(std::span<const CalibrationTrial> trials) {
  LengthTerms found;
  const std::array<QualityTerm*, measures> terms_of{&found.shorter, &found.longer};
  for (std::size_t m = 0; m < measures; ++m) {
    double known = 0;
    QualityTerm term{.low = std::numeric_limits<double>::infinity(),
                     .high = -std::numeric_limits<double>::infinity()};
    for (const CalibrationTrial& trial : trials) {
      const double value = logs(trial.seconds)[m];
      if (std::isnan(value)) continue;
      known += 1;
      term.mean += (value - term.mean) / known;
      term.low = std::min(term.low, value);
      term.high = std::max(term.high, value);
    }
    if (known > 0) *terms_of[m] = term;
  }
  return found;
}

/// The difference of a measure from its mean, as the term counts it.
double deviation(const QualityTerm& term, double measure) noexcept {
  return std::isnan(measure) ? 0.0 : std::clamp(measure, term.low, term.high) - term.mean;
}

/// A trial in terms of its score and, if `known`, of its measures.
Row row_of(const CalibrationTrial& trial, const LengthTerms* known) {
  Row x = Row::Zero();
  x[0] = trial.score;
  x[terms - 1] = 1;
  if (known == nullptr) return x;
  const auto [shorter, longer] = logs(trial.seconds);
  x[1] = deviation(known->shorter, shorter);
  x[2] = deviation(known->longer, longer);
  x[1 + measures] = trial.score * x[1];
  x[2 + measures] = trial.score * x[2];
  return x;
}

/// Gives each condition the same weight, by the rule of fit_calibration.
Trials weighted(const std::vector<const CalibrationTrial*>& chosen, const LengthTerms* known,
                double prior) {
  struct Count {
    double targets = 0, nontargets = 0;
    bool whole() const { return targets > 0 && nontargets > 0; }
  };
  std::map<std::uint32_t, Count> counts;
  for (const CalibrationTrial* trial : chosen)
    (trial->target ? counts[trial->condition].targets : counts[trial->condition].nontargets) += 1;
  const auto conditions = static_cast<double>(
      std::ranges::count_if(counts, [](const auto& entry) { return entry.second.whole(); }));
  Trials trials{{}, {}, prior};
  for (const CalibrationTrial* trial : chosen) {
    const Count& count = counts[trial->condition];
    if (!count.whole()) continue;
    if (trial->target)
      trials.target.push_back({row_of(*trial, known), 1 / (conditions * count.targets)});
    else
      trials.nontarget.push_back({row_of(*trial, known), 1 / (conditions * count.nontargets)});
  }
  return trials;
}

/// The weighted Cllr in bits of trials by a line.
double cllr_of(const Trials& trials, const Row& line) {
  double sum = 0;
  for (const auto& [x, weight] : trials.target) sum += weight * softplus(-x.dot(line));
  for (const auto& [x, weight] : trials.nontarget) sum += weight * softplus(x.dot(line));
  return sum / (2 * std::numbers::ln2);
}

/// The mean Cllr of both halves of the speakers, each mapped by the line of the other half; NaN
/// where half of the speakers are too few for a fit.
double crossed_cllr(std::span<const CalibrationTrial> all, const LengthTerms* known, double prior,
                    const std::string& source) {
  std::array<std::vector<const CalibrationTrial*>, 2> halves;
  for (const CalibrationTrial& trial : all)
    if (trial.speaker_a % 2 == trial.speaker_b % 2) halves[trial.speaker_a % 2].push_back(&trial);
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::array<Trials, 2> trials;
  for (std::size_t half = 0; half < 2; ++half) {
    trials[half] = weighted(halves[half], known, prior);
    if (trials[half].target.empty() || trials[half].nontarget.empty()) return unknown;
  }
  try {
    return 0.5 * (cllr_of(trials[0], fit_line(trials[1], source)) +
                  cllr_of(trials[1], fit_line(trials[0], source)));
  } catch (const Error&) {
    return unknown;
  }
}

/// The exponential tail of the highest hundredth of the scores, or of the highest 30.
std::optional<Tail> tail_of(std::vector<double> nontarget) {
  const auto n = static_cast<double>(nontarget.size());
  const auto count = static_cast<std::size_t>(std::max(min_false_alarms, n / 100));
  if (count >= nontarget.size()) return std::nullopt;
  std::ranges::sort(nontarget, std::greater());
  Tail tail{static_cast<double>(count) / n, nontarget[count], 0};
  for (std::size_t i = 0; i < count; ++i)
    tail.excess += (nontarget[i] - tail.from) / static_cast<double>(count);
  return tail.excess > 0 ? std::optional(tail) : std::nullopt;
}

/// Fits a line to all trials, if `known` with their measures.
Calibration calibrated(std::span<const CalibrationTrial> all, const LengthTerms* known,
                       double prior, std::string source) {
  std::vector<const CalibrationTrial*> chosen;
  for (const CalibrationTrial& trial : all) chosen.push_back(&trial);
  const Row line = fit_line(weighted(chosen, known, prior), source);
  Calibration c;
  c.scale = line[0];
  c.offset = line[terms - 1];
  c.source = std::move(source);
  if (known != nullptr) {
    c.lengths = *known;
    c.lengths->shorter.offset = line[1];
    c.lengths->longer.offset = line[2];
    c.lengths->shorter.slope = line[1 + measures];
    c.lengths->longer.slope = line[2 + measures];
  }
  Scores scores;
  for (const CalibrationTrial& trial : all)
    (trial.target ? scores.target : scores.nontarget)
        .push_back(c.normalized(trial.score, trial.seconds));
  c.targets = scores.target.size();
  c.nontargets = scores.nontarget.size();
  c.eer = eer(scores).rocch;
  c.thresholds = thresholds_of(scores);
  c.tail = tail_of(scores.nontarget);
  return c;
}

/// llr = slope * score + offset for clips of these lengths.
struct Line {
  double slope, offset;
};

Line line_of(const Calibration& c, const Lengths& seconds) noexcept {
  Line line{c.scale, c.offset};
  if (!c.lengths) return line;
  const auto [shorter, longer] = logs(seconds);
  const auto add = [&](const QualityTerm& term, double measure) {
    const double by = deviation(term, measure);
    line.slope += term.slope * by;
    line.offset += term.offset * by;
  };
  add(c.lengths->shorter, shorter);
  add(c.lengths->longer, longer);
  // Lengths that no development trial had together must not turn the scores around.
  line.slope = std::max(line.slope, 0.1 * c.scale);
  return line;
}

}  // namespace

double Calibration::llr(double score, const Lengths& seconds) const noexcept {
  const Line line = line_of(*this, seconds);
  return line.slope * score + line.offset;
}

double Calibration::probability(double score, const Lengths& seconds, double prior) const noexcept {
  return sigmoid(llr(score, seconds) + logit(prior));
}

double Calibration::normalized(double score, const Lengths& seconds) const noexcept {
  return lengths ? (llr(score, seconds) - offset) / scale : score;
}

double Calibration::score_of(double normalized, const Lengths& seconds) const noexcept {
  if (!lengths) return normalized;
  const Line line = line_of(*this, seconds);
  return (scale * normalized + offset - line.offset) / line.slope;
}

double Calibration::threshold(double prior) const noexcept {
  return (-logit(prior) - offset) / scale;
}

bool Calibration::resolves(double false_alarm) const noexcept {
  return !thresholds.empty() && false_alarm >= thresholds.back().false_alarm &&
         false_alarm * static_cast<double>(nontargets) >= min_false_alarms;
}

double Calibration::threshold_at(double false_alarm) const {
  if (!(false_alarm > 0 && false_alarm < 1))
    throw Error(Fault::config,
                fmt::format("false-alarm rate {}: expected a rate between 0 and 1", false_alarm));
  if (resolves(false_alarm))
    return std::ranges::find_if(thresholds,
                                [&](const Threshold& t) { return t.false_alarm <= false_alarm; })
        ->threshold;
  // Nontargets have likelihood ratios of at least x with a probability of at most 1 / x.
  const double bound = (-std::log(false_alarm) - offset) / scale;
  const double resolved =
      thresholds.empty() ? -std::numeric_limits<double>::infinity() : thresholds.back().threshold;
  if (!tail) return std::max(bound, resolved);
  const double modeled = tail->from + tail->excess * std::log(tail->rate / false_alarm);
  return std::max(modeled, resolved);
}

Calibration fit_calibration(const Scores& scores, std::string source, double prior) {
  check_both_kinds(scores.target.size(), scores.nontarget.size());
  std::vector<CalibrationTrial> trials;
  for (const double s : scores.target) trials.push_back({s, {}, true, 0, 0});
  for (const double s : scores.nontarget) trials.push_back({s, {}, false, 0, 0});
  return calibrated(trials, nullptr, prior, std::move(source));
}

LengthCalibration fit_calibration(std::span<const CalibrationTrial> trials, std::string source,
                                  double prior) {
  const auto targets =
      static_cast<std::size_t>(std::ranges::count(trials, true, &CalibrationTrial::target));
  check_both_kinds(targets, trials.size() - targets);
  const LengthTerms known = describe(trials);
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  LengthCalibration result{{}, unknown, unknown};
  if (known.shorter.high > known.shorter.low || known.longer.high > known.longer.low) {
    result.cllr_without = crossed_cllr(trials, nullptr, prior, source);
    result.cllr_with = crossed_cllr(trials, &known, prior, source);
  }
  const bool helps = result.cllr_with < 0.99 * result.cllr_without;
  result.calibration = calibrated(trials, helps ? &known : nullptr, prior, std::move(source));
  return result;
}

std::vector<CalibrationTrial> calibration_trials(const ScoreTable& table,
                                                 std::span<const double> seconds) {
  if (seconds.size() != table.names.size() ||
      !std::ranges::all_of(seconds, [](double s) { return s > 0 && std::isfinite(s); }))
    throw std::invalid_argument("calibration_trials: expected a duration above 0 for each name");
  const auto speakers = find_speakers(table);
  std::vector<CalibrationTrial> trials;
  for (const auto& row : table.rows)
    trials.push_back({row.score,
                      {seconds[row.enroll], seconds[row.test]},
                      row.target == 1,
                      speakers.of_name[row.enroll],
                      speakers.of_name[row.test]});
  return trials;
}

}  // namespace twinear
