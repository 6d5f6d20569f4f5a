// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace twinear {

/// The policy that says from which score on two clips are accepted as having the same source.
class Acceptance {
 public:
  enum class Kind { even_odds, score, false_alarm };

  /// Accepts if the calibration gives the same source a probability of at least 1/2.
  Acceptance() = default;
  static Acceptance even_odds() { return {}; }
  /// Accepts a score of at least `score`, whatever the lengths of the clips; needs no calibration.
  static Acceptance at_score(double score) { return {Kind::score, score}; }
  /// Accepts the share `rate`, in (0, 1), of the nontarget trials of the calibration.
  static Acceptance at_false_alarm(double rate) { return {Kind::false_alarm, rate}; }

  Kind kind() const noexcept { return kind_; }
  double value() const noexcept { return value_; }  ///< the score or the rate

 private:
  Acceptance(Kind kind, double value) : kind_(kind), value_(value) {}

  Kind kind_ = Kind::even_odds;
  double value_ = 0;
};

/// Whether two clips have the same source, and why.
struct Verdict {
  double score;                       ///< the cosine of the two embeddings
  std::optional<double> llr;          ///< the natural-log likelihood ratio, if calibrated
  std::optional<double> probability;  ///< of the same source, at even prior odds, if calibrated
  double threshold;                   ///< the threshold on the score for clips of these lengths
  std::string threshold_from;         ///< where the threshold comes from, as a text for people
  bool same;                          ///< whether the score is at least the threshold
};

}  // namespace twinear
