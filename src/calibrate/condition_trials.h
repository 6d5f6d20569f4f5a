// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "calibrate/takes.h"

namespace twinear {

/// A condition of trials, and whose target trials it has.
struct Condition {
  std::string name;
  std::set<int> speakers = {};
};

/// Trials of many conditions; CalibrationTrial::condition counts in `conditions`.
struct ConditionTrials {
  std::vector<CalibrationTrial> trials;
  std::vector<Condition> conditions;
};

/// Compares halves as calibrate_over_conditions says. Throws Error (config) for a column that is
/// missing.
ConditionTrials condition_trials(const Takes& takes, std::span<const Half> halves,
                                 const Manifest& manifest, const ConditionOptions& options);

}  // namespace twinear
