// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace twinear {

double learning_rate(const OptimizerOptions& options, std::uint64_t step, std::uint64_t steps) {
  const auto warmup = static_cast<double>(options.warmup_steps), at = static_cast<double>(step);
  if (at < warmup) return options.learning_rate * (at + 1) / warmup;
  if (options.schedule == "constant") return options.learning_rate;
  const double rest = std::max(1.0, static_cast<double>(steps) - warmup);
  return options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * (at - warmup) / rest));
}

}  // namespace twinear
