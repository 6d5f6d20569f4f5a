// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "twinear/loss.h"
#include "twinear/optimizer.h"
#include "twinear/sampler.h"

namespace twinear {

/// How a batch lies in the embedding space.
struct BatchSpread {
  double positive = 0, negative = 0;  ///< mean distance between same and different clips
  double spread = 0;                  ///< root mean squared distance from the batch's mean
};
/// Measures a batch that has labels and whose rows all learn.
BatchSpread measure_spread(const LossBatch& batch);

/// Looks at every step of a run and ends one that has nothing more to learn.
class CollapseDetector {
 public:
  /// The loss must outlive this object.
  CollapseDetector(const Loss& loss, const SamplerOptions& sampler, OptimizerOptions optimizer,
                   bool stop_on_collapse);

  /// Throws Error (numeric), with what to try, for a loss or gradient that is not finite, and where
  /// embeddings have been one point for a while: the spread near 0, or small while the loss is no
  /// better than that of a point.
  void see(std::uint64_t step, double loss, double gradient_norm, double spread);

 private:
  const Loss& loss_;
  SamplerOptions sampler_;
  OptimizerOptions optimizer_;
  bool stop_on_collapse_;
  int collapsed_steps_ = 0;
};

}  // namespace twinear
