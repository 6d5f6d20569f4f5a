// SPDX-License-Identifier: Apache-2.0
#include "twinear/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/logistic.h"
#include "base/vectors.h"
#include "evaluate/comparisons.h"
#include "evaluate/ranking.h"
#include "twinear/error.h"
#include "twinear/metrics.h"

namespace twinear {
namespace {

/// So many false alarms are needed to know their rate to 30 % (Doddington et al. 2000).
constexpr double min_false_alarms = 30;

double logit(double p) { return std::log(p) - std::log1p(-p); }

/// What a trial is described by: its score, the logs of the shorter and the longer clip, and 1.
constexpr std::size_t terms = 4;
using Row = std::array<double, terms>;

struct Trials {
  std::vector<Row> target, nontarget;
  double prior = 0.5;  // that the regression is for
};

/// The objective of the regression with its first and second derivatives.
struct Fit {
  double value = 0;
  Row slope{};
  std::array<Row, terms> curvature{};

  /// `log_odds` are those of a target before its score.
  void add(const Row& x, double sign, double weight, double log_odds, const Row& line) {
    const double right = sign * (dot(x, line) + log_odds);
    const double wrong = sigmoid(-right), bend = weight * wrong * (1 - wrong);
    value += weight * softplus(-right);
    for (std::size_t i = 0; i < terms; ++i) {
      slope[i] -= weight * sign * wrong * x[i];
      for (std::size_t j = 0; j <= i; ++j) curvature[i][j] += bend * x[i] * x[j];
    }
  }
};

/// The mean loss of targets and that of nontargets, weighted by the prior whatever their number.
Fit fit_at(const Trials& trials, const Row& line) {
  constexpr double ridge = 1e-7;  // holds the slope where the two sides are apart
  const double log_odds = logit(trials.prior);
  Fit fit;
  const auto add = [&](const std::vector<Row>& side, double sign, double share) {
    const double weight = share / static_cast<double>(side.size());
    for (const Row& x : side) fit.add(x, sign, weight, log_odds, line);
  };
  add(trials.target, 1, trials.prior);
  add(trials.nontarget, -1, 1 - trials.prior);
  fit.value += 0.5 * ridge * dot(line, line);
  for (std::size_t i = 0; i < terms; ++i) {
    fit.slope[i] += ridge * line[i];
    fit.curvature[i][i] += ridge;
  }
  return fit;
}

/// curvature^-1 slope, by Cholesky's factors.
Row newton_step(const Fit& fit) {
  auto l = fit.curvature;
  Row step = fit.slope;
  for (std::size_t i = 0; i < terms; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t k = 0; k < j; ++k) l[i][j] -= l[i][k] * l[j][k];
      l[i][j] = i == j ? std::sqrt(l[i][i]) : l[i][j] / l[j][j];
    }
    for (std::size_t k = 0; k < i; ++k) step[i] -= l[i][k] * step[k];
    step[i] /= l[i][i];
  }
  for (std::size_t i = terms; i-- > 0;) {
    for (std::size_t k = i + 1; k < terms; ++k) step[i] -= l[k][i] * step[k];
    step[i] /= l[i][i];
  }
  return step;
}

/// Newton's method; a step that would not lead down is halved. The objective is convex.
Row regress(const Trials& trials) {
  Row line{};
  Fit fit = fit_at(trials, line);
  for (int iteration = 0; iteration < 100; ++iteration) {
    const Row step = newton_step(fit);
    if (dot(step, fit.slope) < 1e-15) break;
    double share = 1;
    Row next;
    Fit there;
    do {
      for (std::size_t i = 0; i < terms; ++i) next[i] = line[i] - share * step[i];
      there = fit_at(trials, next);
      share /= 2;
    } while (there.value > fit.value && share > 1e-9);
    if (there.value >= fit.value) break;  // as low as doubles tell
    line = next;
    fit = there;
  }
  return line;
}

/// The column made to have mean 0 and deviation 1; or all 0, where it does not vary.
struct Column {
  double mean = 0, deviation = 0;
};

Column standardize(Trials& trials, std::size_t i) {
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

/// llr = dot(row, line) for rows as they were given.
Row fit_line(Trials trials, const std::string& source) {
  std::array<Column, terms - 1> columns;
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = standardize(trials, i);
  if (!std::isfinite(columns[0].deviation))
    throw Error(Fault::numeric, source + ": a score that is not finite");
  Row line = regress(trials);
  if (!(line[0] > 0))
    throw Error(Fault::numeric, source +
                                    ": targets do not score higher than nontargets; a rising map "
                                    "to likelihood ratios is needed");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    line[i] = columns[i].deviation > 0 ? line[i] / columns[i].deviation : 0;
    line.back() -= line[i] * columns[i].mean;
  }
  return line;
}

/// Every rate of one digit from 0.5 down to the lowest that so many nontargets resolve, and that
/// one.
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
    // The lowest threshold above the first nontarget that has to stay out.
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
                fmt::format("false-alarm rate {}: a rate between 0 and 1 is needed", false_alarm));
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
  for (const double s : scores.target) trials.target.push_back({s, 0, 0, 1});
  for (const double s : scores.nontarget) trials.nontarget.push_back({s, 0, 0, 1});
  const Row line = fit_line(std::move(trials), source);
  return {.scale = line[0],
          .offset = line.back(),
          .source = std::move(source),
          .targets = scores.target.size(),
          .nontargets = scores.nontarget.size(),
          .eer = eer(scores).rocch,
          .thresholds = thresholds_of(scores)};
}

namespace {

/// The trials of a table with the logs of their lengths, of all or of one half of the speakers.
Trials trials_of(const ScoreTable& table, std::span<const double> seconds, double prior,
                 const std::function<bool(const ScoreTable::Row&)>& wanted) {
  Trials trials{{}, {}, prior};
  for (const auto& row : table.rows) {
    if (!wanted(row)) continue;
    const double a = std::log(seconds[row.enroll]), b = std::log(seconds[row.test]);
    (row.target == 1 ? trials.target : trials.nontarget)
        .push_back({row.score, std::min(a, b), std::max(a, b), 1});
  }
  return trials;
}

Trials without_lengths(Trials trials) {
  for (auto* side : {&trials.target, &trials.nontarget})
    for (Row& x : *side) x[1] = x[2] = 0;
  return trials;
}

/// Cllr of both halves together, each by the line of the other.
double crossed_cllr(const std::array<Trials, 2>& halves, const std::string& source) {
  Scores llrs;
  for (std::size_t half = 0; half < 2; ++half) {
    const Row line = fit_line(halves[1 - half], source);
    for (const Row& x : halves[half].target) llrs.target.push_back(dot(x, line));
    for (const Row& x : halves[half].nontarget) llrs.nontarget.push_back(dot(x, line));
  }
  return cllr(llrs);
}

}  // namespace

LengthCalibration fit_calibration(const ScoreTable& trials, std::span<const double> seconds,
                                  const std::string& source, double prior) {
  if (seconds.size() != trials.names.size() ||
      !std::ranges::all_of(seconds, [](double s) { return s > 0 && std::isfinite(s); }))
    throw std::invalid_argument("fit_calibration: a length above 0 for each name is needed");
  const auto plain = fit_calibration(split_scores(trials), source, prior);
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  LengthCalibration result{plain, unknown, unknown};

  // Trials between the halves are left out: they would show the fit its judges.
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
  } catch (const Error&) {  // half the speakers do not carry a calibration
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
  for (const Row& x : all.target) shifted.target.push_back((dot(x, line) - c.offset) / c.scale);
  for (const Row& x : all.nontarget)
    shifted.nontarget.push_back((dot(x, line) - c.offset) / c.scale);
  c.eer = eer(shifted).rocch;
  c.thresholds = thresholds_of(shifted);
  return result;
}

}  // namespace twinear
