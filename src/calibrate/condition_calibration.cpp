// SPDX-License-Identifier: Apache-2.0
#include "twinear/condition_calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "calibrate/condition_trials.h"

namespace twinear {
namespace {

/// How the calibration does on the trials of each condition.
std::vector<ConditionSummary> summaries(const ConditionTrials& trials, const Calibration& by) {
  std::vector<Scores> llrs(trials.conditions.size());
  for (const CalibrationTrial& trial : trials.trials) {
    Scores& of = llrs[trial.condition];
    (trial.target ? of.target : of.nontarget).push_back(by.llr(trial.score, trial.seconds));
  }
  std::vector<ConditionSummary> result;
  for (std::size_t i = 0; i < llrs.size(); ++i) {
    const auto& [target, nontarget] = llrs[i];
    ConditionSummary summary{trials.conditions[i].name,
                             trials.conditions[i].speakers.size(),
                             target.size(),
                             nontarget.size(),
                             0,
                             0};
    if (target.empty() || nontarget.empty()) {
      summary.eer = summary.error = std::numeric_limits<double>::quiet_NaN();
    } else {
      const auto share = [](const std::vector<double>& some, const auto& wrong) {
        return static_cast<double>(std::ranges::count_if(some, wrong)) /
               static_cast<double>(some.size());
      };
      summary.eer = eer(llrs[i]).rocch;
      summary.error = 0.5 * (share(target, [](double llr) { return llr < 0; }) +
                             share(nontarget, [](double llr) { return llr >= 0; }));
    }
    result.push_back(std::move(summary));
  }
  return result;
}

/// The Cllr on speakers that the fit had not seen, of the fit that is taken.
double held_out(const LengthCalibration& fit) {
  return fit.calibration.lengths ? fit.cllr_with : fit.cllr_without;
}

}  // namespace

ConditionCalibration calibrate_over_conditions(const Verifier& verifier, const Manifest& manifest,
                                               const std::string& source,
                                               const ConditionOptions& options) {
  const auto halves = deal(manifest, options);
  Takes takes(verifier, manifest, halves, options);
  const auto fit = [&](const ConditionTrials& trials) {
    return fit_calibration(trials.trials, source, options.prior);
  };
  const ConditionTrials plain = condition_trials(takes, halves, manifest, options);
  ConditionCalibration result{fit(plain), {}, 0, std::numeric_limits<double>::quiet_NaN(), {}};
  result.cllr_kept = held_out(result.fit);
  const ConditionTrials* taken = &plain;

  // Directions are removed before a domain's mean is subtracted, which is fitted already.
  const auto& adaptation = verifier.model().adaptation;
  const bool adapted = adaptation && !adaptation->mean.empty();
  const auto count = adapted ? 0 : static_cast<std::size_t>(std::max(options.directions, 0));
  const Matrix differences = nuisances(takes, options);
  ConditionTrials projected;
  if (count > 0 && count < differences.cols() && differences.rows() > count) {
    Matrix directions = nuisance_directions(differences, count);
    takes.remove(directions);
    projected = condition_trials(takes, halves, manifest, options);
    LengthCalibration with = fit(projected);
    result.cllr_removed = held_out(with);
    if (result.cllr_removed < 0.99 * result.cllr_kept) {
      result.fit = std::move(with);
      result.removed = std::move(directions);
      taken = &projected;
    }
  }
  result.conditions = summaries(*taken, result.fit.calibration);
  return result;
}

void add_calibration(Model& model, const ConditionCalibration& calibration) {
  model.calibration = calibration.fit.calibration;
  if (calibration.removed.rows() == 0) return;
  if (!model.adaptation) model.adaptation.emplace();
  const Matrix& before = model.adaptation->removed;
  Matrix all(before.rows() + calibration.removed.rows(), calibration.removed.cols());
  std::ranges::copy(before.values(), all.values().begin());
  std::ranges::copy(calibration.removed.values(),
                    all.values().begin() + static_cast<std::ptrdiff_t>(before.values().size()));
  model.adaptation->removed = std::move(all);
}

}  // namespace twinear
