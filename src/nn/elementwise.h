// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/layer.h"

namespace twinear::nn {

/// y = f(x) number by number: "relu", max(0, x) with slope 0 at 0; "leaky_relu", max(x / 100, x);
/// "tanh" (exact to 2e-7). All leave zeros zeros, so padding stays padding.
class Elementwise final : public Layer {
 public:
  enum class Kind { relu, leaky_relu, tanh };
  explicit Elementwise(Kind kind) : kind_(kind) {}
  std::string_view kind() const override {
    return kind_ == Kind::relu ? "relu" : kind_ == Kind::tanh ? "tanh" : "leaky_relu";
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;

 private:
  Kind kind_;
};

}  // namespace twinear::nn
