// SPDX-License-Identifier: Apache-2.0
#include "twinear/calibration.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
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

/// Describes a trial by its score, the logs of the shorter and the longer duration, and 1.
constexpr Eigen::Index terms = 4;
using Row = Eigen::Matrix<double, terms, 1>;

struct Trials {
  std::vector<Row> target, nontarget;
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
  const auto add = [&](const std::vector<Row>& side, double sign, double share) {
    const double weight = share / static_cast<double>(side.size());
    for (const Row& x : side) {
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
  const auto n = static_cast<double>(trials.target.size() + trials.nontarget.size());
  const auto each = [&](const auto& f) {
    for (auto* side : {&trials.target, &trials.nontarget})
      for (Row& x : *side) f(x[i]);
  };
  each([&](double v) { column.mean += v / n; });
  each([&](double v) { column.deviation += (v - column.mean) * (v - column.mean) / n; });
  column.deviation = std::sqrt(column.deviation);
  each([&](double& v) { v = column.deviation > 0 ? (v - column.mean) / column.deviation : 0; });
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

/// The trials of a table that are wanted, with the logs of their durations.
Trials trials_of(const ScoreTable& table, std::span<const double> seconds, double prior,
                 const std::function<bool(const ScoreTable::Row&)>& wanted) {
  Trials trials{{}, {}, prior};
  for (const auto& row : table.rows) {
    if (!wanted(row)) continue;
    const double a = std::log(seconds[row.enroll]), b = std::log(seconds[row.test]);
    (row.target == 1 ? trials.target : trials.nontarget)
        .emplace_back(row.score, std::min(a, b), std::max(a, b), 1);
  }
  return trials;
}

Trials without_lengths(Trials trials) {
  for (auto* side : {&trials.target, &trials.nontarget})
    for (Row& x : *side) x[1] = x[2] = 0;
  return trials;
}

/// Appends (dot(row, line) - offset) / scale of each trial to `scores`.
void append(Scores& scores, const Trials& trials, const Row& line, double offset, double scale) {
  for (const Row& x : trials.target) scores.target.push_back((x.dot(line) - offset) / scale);
  for (const Row& x : trials.nontarget) scores.nontarget.push_back((x.dot(line) - offset) / scale);
}

/// The Cllr of the trials of both halves, each mapped by the line of the other half.
double crossed_cllr(const std::array<Trials, 2>& halves, const std::string& source) {
  Scores llrs;
  append(llrs, halves[0], fit_line(halves[1], source), 0, 1);
  append(llrs, halves[1], fit_line(halves[0], source), 0, 1);
  return cllr(llrs);
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
                fmt::format("false-alarm rate {}: expected a rate between 0 and 1", false_alarm));
  const auto at = std::ranges::find_if(
      thresholds, [&](const Threshold& t) { return t.false_alarm <= false_alarm; });
  const double min_rate = min_false_alarms / static_cast<double>(nontargets);
  if (at == thresholds.end() || false_alarm < min_rate)
    throw Error(Fault::config,
                fmt::format("false-alarm rate {}: the calibration has {} nontarget trials, which "
                            "resolve rates from {:.4g}",
                            false_alarm, nontargets, min_rate));
  return at->threshold;
}

double Calibration::shift(const Lengths& seconds) const noexcept {
  if (!lengths || !(seconds.a > 0 && seconds.b > 0)) return 0;
  const double shorter = std::log(std::min(seconds.a, seconds.b)),
               longer = std::log(std::max(seconds.a, seconds.b));
  return (lengths->shorter * (shorter - lengths->mean_log_shorter) +
          lengths->longer * (longer - lengths->mean_log_longer)) /
         scale;
}

Calibration fit_calibration(const Scores& scores, std::string source, double prior) {
  check_both_kinds(scores.target.size(), scores.nontarget.size());
  Trials trials{{}, {}, prior};
  for (const double s : scores.target) trials.target.emplace_back(s, 0, 0, 1);
  for (const double s : scores.nontarget) trials.nontarget.emplace_back(s, 0, 0, 1);
  const Row line = fit_line(std::move(trials), source);
  return {.scale = line[0],
          .offset = line[terms - 1],
          .source = std::move(source),
          .targets = scores.target.size(),
          .nontargets = scores.nontarget.size(),
          .eer = eer(scores).rocch,
          .thresholds = thresholds_of(scores)};
}

LengthCalibration fit_calibration(const ScoreTable& trials, std::span<const double> seconds,
                                  const std::string& source, double prior) {
  if (seconds.size() != trials.names.size() ||
      !std::ranges::all_of(seconds, [](double s) { return s > 0 && std::isfinite(s); }))
    throw std::invalid_argument("fit_calibration: expected a duration above 0 for each name");
  const auto plain = fit_calibration(split_scores(trials), source, prior);
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  LengthCalibration result{plain, unknown, unknown};

  // Trials between the halves are left out, since each fit is judged on speakers that it has not
  // seen.
  const auto speakers = find_speakers(trials);
  std::array<Trials, 2> halves, plain_halves;
  for (std::size_t half = 0; half < 2; ++half) {
    halves[half] = trials_of(trials, seconds, prior, [&](const ScoreTable::Row& row) {
      return speakers.of_name[row.enroll] % 2 == half && speakers.of_name[row.test] % 2 == half;
    });
    if (halves[half].target.empty() || halves[half].nontarget.empty()) return result;
    plain_halves[half] = without_lengths(halves[half]);
  }
  try {
    result.cllr_without = crossed_cllr(plain_halves, source);
    result.cllr_with = crossed_cllr(halves, source);
  } catch (const Error&) {  // half of the speakers are too few for a fit
    return {plain, unknown, unknown};
  }
  if (!(result.cllr_with < 0.99 * result.cllr_without)) return result;

  const Trials all = trials_of(trials, seconds, prior, [](const ScoreTable::Row&) { return true; });
  const Row line = fit_line(all, source);
  Calibration& c = result.calibration;
  LengthTerms means;
  const auto n = static_cast<double>(trials.rows.size());
  for (const auto* side : {&all.target, &all.nontarget})
    for (const Row& x : *side) {
      means.mean_log_shorter += x[1] / n;
      means.mean_log_longer += x[2] / n;
    }
  c.lengths = {line[1], line[2], means.mean_log_shorter, means.mean_log_longer};
  c.scale = line[0];
  c.offset = line[3] + line[1] * means.mean_log_shorter + line[2] * means.mean_log_longer;
  Scores shifted;
  append(shifted, all, line, c.offset, c.scale);
  c.eer = eer(shifted).rocch;
  c.thresholds = thresholds_of(shifted);
  return result;
}

}  // namespace twinear
