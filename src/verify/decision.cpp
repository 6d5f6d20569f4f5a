// SPDX-License-Identifier: Apache-2.0
#include "twinear/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twinear/error.h"

namespace twinear {

Acceptance Acceptance::at_least(double certainty) const {
  if (!(certainty >= 0.5 && certainty < 1))
    throw Error(Fault::config,
                fmt::format("a certainty of {}; expected one from 0.5 to below 1", certainty));
  Acceptance result = *this;
  result.certainty_ = certainty;
  return result;
}

Acceptance Acceptance::among(std::size_t identities) const {
  Acceptance result = *this;
  result.identities_ = std::max<std::size_t>(identities, 1);
  return result;
}

double Acceptance::comparison_rate() const noexcept {
  if (kind_ != Kind::search) return value_;
  return -std::expm1(std::log1p(-value_) / static_cast<double>(identities_));
}

const char* answer(const Verdict& verdict) noexcept {
  if (!verdict.answered()) return "cannot tell";
  return verdict.same ? "same" : "different";
}

}  // namespace twinear
