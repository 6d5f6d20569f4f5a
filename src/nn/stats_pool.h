// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/layer.h"
#include "nn/moments.h"

namespace twinear::nn {

/// Mean and deviation of each channel over a clip's valid frames: C channels become 2 C, frames
/// become one (Snyder et al. 2017). Where the bound on the variance holds, the deviation's
/// gradient is 0.
class StatsPool final : public Layer {
 public:
  explicit StatsPool(const Deviation& deviation = {.min_variance = 1e-5F})
      : deviation_(deviation) {}
  std::string_view kind() const override { return "stats_pool"; }
  Shape output(std::span<const Shape> in) const override {
    return {in[0].clips, 1, 2 * in[0].channels};
  }
  std::int64_t output_length(std::int64_t) const override { return 1; }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;

 private:
  Deviation deviation_;
};

}  // namespace twinear::nn
