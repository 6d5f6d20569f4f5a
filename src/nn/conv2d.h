// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nn/onednn_conv2d.h"

namespace twinear::nn {

/// A convolution over frames and bands: its input is maps, or plain channels, which are then the
/// bands of one map. Beyond the ends of a clip and of the bands there are zeros. Parameters:
/// "weight" [out, maps, kernel over bands, kernel over frames] and, where there is one, "bias"
/// [out].
class Conv2d final : public Layer {
 public:
  void keys(Fields& f) override;
  void build(std::span<const Shape> in) override;
  Shape output(std::span<const Shape> in) const override;
  Number stored_as(Number, Number convolved) const override { return convolved; }
  std::span<Parameter> parameters() override { return parameters_; }
  double multiply_adds(std::span<const Shape> in) const override;
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
  /// Takes a batch norm into its weights, unless that clamps its input.
  std::unique_ptr<Op> prepare_fused(Layer& next, std::span<const Input> in,
                                    Activation& out) override;
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override;

  const Conv2dOptions& options() const noexcept { return options_; }
  Parameter& weight() noexcept { return parameters_[0]; }
  Parameter& bias() noexcept { return parameters_[1]; }  ///< only where there is one
  PackedWeights& packed() noexcept { return packed_; }
  PackedWeights& folded() noexcept { return folded_; }  ///< with the batch norm that follows

 private:
  Conv2dOptions options_;
  bool makes_maps_ = false;  // of plain channels
  std::vector<Parameter> parameters_;
  PackedWeights packed_, folded_;
};

/// An op of the layer, followed by `norm` unless that is nullptr.
std::unique_ptr<Op> make_conv2d_op(Conv2d& layer, const BatchNorm* norm, const Input& in,
                                   Activation& out, Mode mode);

}  // namespace twinear::nn
