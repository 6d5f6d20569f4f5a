// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "train/objective.h"

namespace twinear {

/// How a batch lies in the embedding space.
struct BatchSpread {
  double positive = 0, negative = 0;  ///< mean distance between same and different clips
  double spread = 0;                  ///< root mean squared distance from the batch's mean
};
BatchSpread measure_spread(const Matrix& embeddings, std::span<const int> labels);

/// Looks at every step of a run and ends one that has nothing more to learn.
class Watch {
 public:
  Watch(Objective objective, const SamplerOptions& sampler, OptimizerOptions optimizer,
        bool stop_on_collapse);

  void set_margin(float margin) { objective_ = with_margin(objective_, margin); }

  /// Throws Error (numeric), with what to try, for a loss or gradient that is not finite, and where
  /// embeddings have been one point for a while: the spread near 0, or small while the loss is no
  /// better than that of a point.
  void see(std::uint64_t step, double loss, double gradient_norm, double spread);

 private:
  Objective objective_;
  SamplerOptions sampler_;
  OptimizerOptions optimizer_;
  bool stop_on_collapse_;
  int collapsed_steps_ = 0;
};

}  // namespace twinear
