// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "twinear/layer.h"

namespace twinear::nn {

/// y = weight (x - mean) / sqrt(variance + 1e-5) + bias per channel (Ioffe and Szegedy 2015). With
/// `relu_first` x is first clamped at 0 from below, with `relu` y is.
///
/// In training the statistics are those of all valid frames of the whole batch, and the running
/// ones move a tenth of the way (with the unbiased variance, as in PyTorch); inference uses the
/// running ones, and so does training where the layer is frozen. Padding neither counts nor
/// changes. Of maps, each map is a channel, and its bands count as frames do. Parameters:
/// "running_mean", "running_var"; where `affine` "weight" and "bias" too.
class BatchNorm final : public Layer {
 public:
  void keys(Fields& f) override;
  void build(std::span<const Shape> in) override;
  std::span<Parameter> parameters() override { return parameters_; }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override;

  std::size_t channels() const noexcept { return mean().value.size(); }
  bool affine() const noexcept { return affine_; }
  bool relu() const noexcept { return relu_; }
  bool relu_first() const noexcept { return relu_first_; }
  Parameter& mean() noexcept { return parameters_[0]; }
  Parameter& variance() noexcept { return parameters_[1]; }
  Parameter& scale() noexcept { return parameters_[2]; }  ///< only where affine
  Parameter& shift() noexcept { return parameters_[3]; }
  const Parameter& mean() const noexcept { return parameters_[0]; }
  const Parameter& variance() const noexcept { return parameters_[1]; }

  /// The layer as one line of a channel, y = scale x + shift, for these statistics.
  void fold(std::size_t channel, double mean, double variance, float& scale, float& shift) const;
  /// The lines of all channels for the running statistics.
  void fold(Buffer& scale, Buffer& shift) const;

 private:
  bool affine_ = true, relu_ = false, relu_first_ = false;
  std::vector<Parameter> parameters_;
};

}  // namespace twinear::nn
