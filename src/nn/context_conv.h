// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "nn/layer.h"
#include "nn/moments.h"

namespace twinear::nn {

class PackedWeights;

/// A linear map of each frame beside the mean and deviation of its clip, y[t] = W [x[t]; m; s] + b:
/// the attention of ECAPA-TDNN sees the whole utterance (Desplanques et al. 2020). m and s do not
/// change with t, so their share of the map is one bias a clip.
/// Parameters "weight" [out, 3 channels, 1], "bias" [out].
class ContextConv final : public Layer {
 public:
  ContextConv(std::int64_t channels, std::int64_t out,
              const Deviation& deviation = {.min_variance = 1e-12F});
  ~ContextConv() override;
  const Deviation& deviation() const noexcept { return deviation_; }
  std::string_view kind() const override { return "context_conv"; }
  Shape output(std::span<const Shape> in) const override;
  std::span<Parameter> parameters() override { return parameters_; }
  double multiply_adds(std::span<const Shape> in) const override;
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;

 private:
  Deviation deviation_;
  std::vector<Parameter> parameters_;
  std::unique_ptr<PackedWeights> packed_;  // the frames' share
};

}  // namespace twinear::nn
