// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "twinear/trainer.h"

namespace twinear {

/// Where a run stands.
struct Moment {
  std::uint64_t step = 0, steps = 1;  ///< step `step` of `steps`, counted from 0
  std::uint64_t steps_per_epoch = 1;

  double epoch() const { return static_cast<double>(step) / static_cast<double>(steps_per_epoch); }
};

/// The learning rate of a step by OptimizerOptions::schedule; a plateau is not seen here.
double learning_rate(const OptimizerOptions& options, const Moment& at);

/// The margin of a step by Objective::ramp, for a loss that has one.
float margin(const Objective& objective, const Moment& at);

}  // namespace twinear
