// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "nn/layer.h"

namespace twinear::nn {

/// y = weight (x - mean) / sqrt(variance + 1e-5) + bias per channel (Ioffe and Szegedy 2015);
/// before that x becomes max(0, x) where `relu_first`, after it y becomes max(0, y) where `relu`.
/// In training the statistics are those of all valid frames of the whole batch, and the running
/// ones move a tenth of the way (with the unbiased variance, as in PyTorch); in inference the
/// running ones are used, and in training too where the layer is frozen. Padding neither counts nor
/// changes. Parameters "weight", "bias" where `affine`; "running_mean", "running_var".
class BatchNorm final : public Layer {
 public:
  struct Options {
    std::int64_t channels = 0;
    bool affine = true, relu = false, relu_first = false;
  };
  explicit BatchNorm(const Options& options);

  std::string_view kind() const override { return "batch_norm"; }
  std::span<Parameter> parameters() override { return parameters_; }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;

  const Options& options() const noexcept { return options_; }

  /// Inference in one line a channel: y = scale x + shift.
  void fold(std::size_t channel, double mean, double variance, float& scale, float& shift) const;
  void fold(Buffer& scale, Buffer& shift) const;  ///< by the running statistics
  Parameter& mean() { return parameters_[0]; }
  Parameter& variance() { return parameters_[1]; }
  Parameter& scale() { return parameters_[2]; }  ///< only where affine
  Parameter& shift() { return parameters_[3]; }

 private:
  Options options_;
  std::vector<Parameter> parameters_;
};

}  // namespace twinear::nn
