// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace twinear {

/// From which score on two clips are accepted as of the same source: one policy for the library,
/// the program and the enrollment database.
class Acceptance {
 public:
  /// What the number of an Acceptance is.
  enum class Kind { even_odds, score, false_alarm };

  /// Accepts where the calibration finds the same source likelier than not.
  Acceptance() = default;
  static Acceptance even_odds() { return {}; }
  /// Accepts a score of at least `score`, whatever the lengths of the clips; needs no calibration.
  static Acceptance at_score(double score) { return {Kind::score, score}; }
  /// Accepts this share of different sources, in (0, 1), on the calibration's own trials.
  static Acceptance at_false_alarm(double rate) { return {Kind::false_alarm, rate}; }

  Kind kind() const noexcept { return kind_; }
  double value() const noexcept { return value_; }  ///< the score or the rate

 private:
  Acceptance(Kind kind, double value) : kind_(kind), value_(value) {}

  Kind kind_ = Kind::even_odds;
  double value_ = 0;
};

/// The answer to "the same source?", with what it rests on.
struct Verdict {
  double score;                       ///< cosine of the two embeddings
  std::optional<double> llr;          ///< natural log, where the model is calibrated
  std::optional<double> probability;  ///< of the same source, at even odds before listening
  double threshold;                   ///< on the score, for clips of these lengths
  std::string threshold_from;         ///< what the threshold comes from, for people
  bool same;                          ///< score >= threshold
};

}  // namespace twinear
