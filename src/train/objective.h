// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "nn/optimizer.h"
#include "twinear/trainer.h"

namespace twinear {

/// Whether the loss has a margin, and with it a ramp.
bool has_margin(const Objective& objective);

/// The objective while its margin is another.
Objective with_margin(Objective objective, float margin);

/// Throws Error (config), with the reason, where the loss needs other batches than `sampler` draws.
void check_batches(const Objective& objective, const SamplerOptions& sampler);

/// What the loss is where all embeddings are one point, or 0 where that says nothing.
double collapsed_loss(const Objective& objective, const SamplerOptions& sampler);

/// An objective at work, with what its loss learns and its memory keeps from step to step.
class Criterion {
 public:
  /// `classes` labels are trained with, embeddings are `width` wide.
  Criterion(const Objective& objective, std::size_t classes, std::size_t width, std::uint64_t seed);

  void set_margin(float margin) { objective_ = with_margin(objective_, margin); }

  /// Mines batch number `step` and adds the loss's gradient to `gradient` and to learned().
  LossValue operator()(const Matrix& embeddings, std::span<const int> labels, std::uint32_t step,
                       Matrix& gradient);

  /// For the optimizer; it looks into this object.
  std::vector<nn::Learned> learned();

  /// For a checkpoint; restore() throws Error (format) for another objective's.
  std::map<std::string, Matrix> state() const;
  void restore(const std::map<std::string, Matrix>& state);

 private:
  LossValue mined(const Matrix& embeddings, std::span<const int> labels, std::uint32_t step,
                  Matrix& gradient) const;

  Objective objective_;
  std::size_t width_;
  std::uint64_t seed_;
  LossParameters parameters_;  // empty where the loss learns nothing
  EmbeddingMemory memory_;
};

}  // namespace twinear
