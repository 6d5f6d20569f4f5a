// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "nn/execution.h"
#include "twinear/encoder.h"
#include "twinear/features.h"
#include "twinear/manifest.h"
#include "twinear/matrix.h"
#include "twinear/trainer.h"

namespace twinear::claims {

/// The features of every clip.
std::vector<Matrix> features_of(std::span<const Clip> clips, const LogMel& log_mel);

/// Crops of clips on their way through an encoder, and the gradient on its way back. Two ears may
/// share an encoder, in which their gradients add up. Belongs to one thread; the encoder must
/// outlive it.
class Ear {
 public:
  /// So many clips at once, `frames` of each.
  Ear(Encoder& encoder, std::size_t clips, std::size_t frames);

  /// The embeddings, row after row, of a crop of each clip at a place drawn by `random`; a clip
  /// that is shorter than a crop is masked behind its end. They live until the next call.
  std::span<const float> hear(std::span<const Matrix* const> clips, Random random);
  /// Takes d(loss)/d(embeddings) of what was heard last.
  void learn(std::span<const float> gradient);

 private:
  nn::Execution pass_;
};

/// The learning rate of step `step` of `steps`, from 0: a straight line up over the warm-up, then
/// half a cosine down to 0.
double warm_cosine(const OptimizerOptions& options, std::uint64_t step, std::uint64_t steps);

}  // namespace twinear::claims
