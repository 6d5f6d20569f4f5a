// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "nn/layer.h"

namespace twinear::nn {

/// Squeeze and excitation (Hu et al. 2018): y = x g, where each clip's g = sigmoid(W2 max(0, W1 m +
/// b1) + b2) and m is the mean over its valid frames; a second input is added (the residual).
/// Parameters "reduce.weight" [bottleneck, channels, 1], "reduce.bias", "expand.weight" [channels,
/// bottleneck, 1], "expand.bias".
class SqueezeExcite final : public Layer {
 public:
  SqueezeExcite(std::int64_t channels, std::int64_t bottleneck);
  std::string_view kind() const override { return "squeeze_excite"; }
  std::span<Parameter> parameters() override { return parameters_; }
  double multiply_adds(std::span<const Shape> in) const override;
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace twinear::nn
