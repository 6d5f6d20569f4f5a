// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "twinear/trainer.h"

namespace twinear {

/// The learning rate of step `step` of `steps`, counted from 0: a straight line up to
/// OptimizerOptions::learning_rate over the warm-up, then half a cosine down to 0, or level.
double learning_rate(const OptimizerOptions& options, std::uint64_t step, std::uint64_t steps);

}  // namespace twinear
