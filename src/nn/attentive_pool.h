// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/layer.h"

namespace twinear::nn {

/// Weighted mean and deviation over a clip's valid frames (Okabe et al. 2018): inputs x and logits,
/// both [clips, frames, C]; the weights are each channel's softmax of its logits over time. C
/// channels become 2 C, frames one. Deviation = sqrt(max(variance, min_variance)).
class AttentivePool final : public Layer {
 public:
  explicit AttentivePool(float min_variance = 1e-12F) : min_variance_(min_variance) {}
  std::string_view kind() const override { return "attentive_pool"; }
  Shape output(std::span<const Shape> in) const override {
    return {in[0].clips, 1, 2 * in[0].channels};
  }
  std::int64_t output_length(std::int64_t) const override { return 1; }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;

 private:
  float min_variance_;
};

}  // namespace twinear::nn
