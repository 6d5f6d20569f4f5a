// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nn/onednn_conv1d.h"

namespace twinear::nn {

/// y[t] = bias + sum over k of W[k] x[stride t + dilation (k - (kernel - 1) / 2)]. Parameters:
/// "weight" [out, in, kernel] and, where there is one, "bias" [out]. The linear layer is the same
/// with a kernel of one behind the pooling; its "weight" is [out, in].
class Conv1d final : public Layer {
 public:
  explicit Conv1d(bool linear = false) : linear_(linear) {}

  void keys(Fields& f) override;
  void build(std::span<const Shape> in) override;
  Shape output(std::span<const Shape> in) const override;
  std::size_t output_length(std::size_t length) const override {
    return (length - 1) / options_.stride + 1;
  }
  std::size_t stride() const override { return options_.stride; }
  Place place() const override { return linear_ ? Place::behind_pooling : Place::anywhere; }
  Number stored_as(Number, Number convolved) const override { return convolved; }
  std::span<Parameter> parameters() override { return parameters_; }
  double multiply_adds(std::span<const Shape> in) const override;
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
  /// Fuses with a batch norm.
  std::unique_ptr<Op> prepare_fused(Layer& next, std::span<const Input> in,
                                    Activation& out) override;
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override;

  const Conv1dOptions& options() const noexcept { return options_; }
  Parameter& weight() noexcept { return parameters_[0]; }
  Parameter& bias() noexcept { return parameters_[1]; }  ///< only where there is one
  PackedWeights& packed() noexcept { return packed_; }

 private:
  bool linear_;
  Conv1dOptions options_;
  std::vector<Parameter> parameters_;
  PackedWeights packed_;
};

/// An op of the layer, followed by `norm` unless that is nullptr.
std::unique_ptr<Op> make_conv1d_op(Conv1d& layer, const BatchNorm* norm, const Input& in,
                                   Activation& out, Mode mode);

}  // namespace twinear::nn
