// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "twinear/calibration.h"
#include "twinear/manifest.h"
#include "twinear/verifier.h"

namespace twinear {

/// How trials under many conditions are made of the clips of a manifest.
struct ConditionOptions {
  std::vector<double> seconds = {1, 2, 3, 6, 10, 20};  ///< the lengths of the clips
  std::string noises = {};     ///< manifest of noise recordings; empty: noise is generated
  std::string responses = {};  ///< manifest of room impulse responses; empty: rooms are simulated
  std::string group = {};      ///< column of the manifest; only labels of one group are compared
  std::string domain = {};     ///< column of the manifest; the conditions of each domain are apart
  int deals = 2;               ///< how often the clips of a label are dealt into two halves
  int others = 6;              ///< the other labels with which each half is compared
  /// How many directions, in which the conditions move embeddings, are removed from embeddings if
  /// that helps (nuisance_directions); none of a model that is adapted to a domain.
  int directions = 8;
  double prior = 0.5;  ///< where the fit is best (fit_calibration)
  std::uint64_t seed = 0;
};

/// What one condition rests on, and how the calibration does on its trials.
struct ConditionSummary {
  std::string name;
  std::size_t speakers, targets, nontargets;
  double eer;    ///< of the condition's log-likelihood ratios alone (ROCCH)
  double error;  ///< (misses + false alarms) / 2 at even odds
};

/// A calibration that holds over conditions.
struct ConditionCalibration {
  LengthCalibration fit;
  Matrix removed;  ///< Adaptation::removed, for which the calibration is; empty: none
  /// Cllr in bits on speakers that the fit had not seen, without and with the directions removed;
  /// NaN for too few speakers. They are removed if it is lower by more than a hundredth.
  double cllr_kept, cllr_removed;
  std::vector<ConditionSummary> conditions;
};

/// Fits a calibration to trials of clips as they are, from a telephone, in noise of 5 to 20 dB and
/// in rooms, of all lengths, with one clip or three clips enrolled.
///
/// The clips of a label are dealt into two halves, and each half is joined to one recording: the
/// first deal in the order of the manifest, so that sessions that follow one another are apart, the
/// others in an order that is drawn. The first seconds of such recordings are the clips that are
/// compared, each changed by every condition. A half is compared with the other half of its label
/// and with halves of other labels: both sides under the same condition and at the same length, and
/// in trials of their own under conditions and at lengths that are drawn. Silent clips take no
/// part. The directions come from the same recordings under a condition and
/// without it, and of one second and longer.
///
/// The result is a pure function of the arguments. Throws Error (config) where no label has two
/// clips or a column is missing, and as read_manifest, Verifier::embed_each and fit_calibration.
ConditionCalibration calibrate_over_conditions(const Verifier& verifier, const Manifest& manifest,
                                               const std::string& source,
                                               const ConditionOptions& options = {});

/// Gives a model this calibration, and the adaptation that belongs to it.
void add_calibration(Model& model, const ConditionCalibration& calibration);

}  // namespace twinear
