// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace twinear {

/// The policy that says from which score on two clips are accepted as having the same source, and
/// how sure an answer must be.
class Acceptance {
 public:
  enum class Kind { even_odds, score, false_alarm, search };

  /// Accepts if the calibration gives the same source a probability of at least 1/2.
  Acceptance() = default;
  static Acceptance even_odds() { return {}; }
  /// Accepts a score of at least `score`, whatever the lengths of the clips; needs no calibration.
  static Acceptance at_score(double score) { return {Kind::score, score}; }
  /// Accepts the share `rate`, in (0, 1), of the nontarget trials of the calibration.
  static Acceptance at_false_alarm(double rate) { return {Kind::false_alarm, rate}; }
  /// Accepts so that a search among identities names a stranger with the probability `rate`, in
  /// (0, 1): with n identities (among), one comparison has the false-alarm rate
  /// 1 - (1 - rate)^(1/n), as if the comparisons were independent.
  static Acceptance per_search(double rate) { return {Kind::search, rate}; }

  /// The same policy, which also leaves open what is less sure than `certainty`, in [0.5, 1): the
  /// probability of the answer at even prior odds.
  Acceptance at_least(double certainty) const;
  /// The same policy for a search among so many identities; only per_search depends on it.
  Acceptance among(std::size_t identities) const;

  Kind kind() const noexcept { return kind_; }
  double value() const noexcept { return value_; }  ///< the score or the rate
  double certainty() const noexcept { return certainty_; }
  std::size_t identities() const noexcept { return identities_; }
  /// The false-alarm rate of one comparison, for at_false_alarm and per_search.
  double comparison_rate() const noexcept;

 private:
  Acceptance(Kind kind, double value) : kind_(kind), value_(value) {}

  Kind kind_ = Kind::even_odds;
  double value_ = 0;
  double certainty_ = 0;
  std::size_t identities_ = 1;
};

/// Whether two clips have the same source, and why.
struct Verdict {
  double score;                       ///< the cosine of the two embeddings; NaN if one has none
  std::optional<double> llr;          ///< the natural-log likelihood ratio, if calibrated
  std::optional<double> probability;  ///< of the same source, at even prior odds, if calibrated
  double threshold;                   ///< the threshold on the score for clips such as these
  std::string threshold_from;         ///< where the threshold comes from, as a text for people
  bool same;  ///< whether the score is at least the threshold; false if it cannot be told
  /// Why it cannot be told, in one line: what is wrong with a clip, or that the evidence is weaker
  /// than was asked for. Empty if there is an answer.
  std::string doubt = {};

  bool answered() const noexcept { return doubt.empty(); }
};

/// The answer in words: "same", "different" or "cannot tell".
const char* answer(const Verdict& verdict) noexcept;

}  // namespace twinear
