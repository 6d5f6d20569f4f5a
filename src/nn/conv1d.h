// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "nn/layer.h"

namespace twinear::nn {

class PackedWeights;

/// The sizes of a convolution over time.
struct Conv1dOptions {
  std::int64_t in = 0, out = 0;  ///< channels
  std::int64_t kernel = 1;       ///< frames, odd
  std::int64_t stride = 1, dilation = 1;
  bool bias = true;
  bool reflect = false;  ///< outside the clip are its own frames mirrored, else zeros
};

/// y[t] = bias + sum over k of W[k] x[stride t + dilation (k - (kernel - 1) / 2)]. Weights "weight"
/// [out, in, kernel] and "bias" [out]. With one frame a clip and a kernel of one it is the linear
/// layer: then "weight" is [out, in].
class Conv1d final : public Layer {
 public:
  /// Weights are zeros.
  explicit Conv1d(const Conv1dOptions& options, bool linear = false);
  Conv1d(Conv1d&&) noexcept;
  ~Conv1d() override;

  std::string_view kind() const override { return linear_ ? "linear" : "conv1d"; }
  Shape output(std::span<const Shape> inputs) const override;
  std::int64_t output_length(std::int64_t length) const override;
  std::span<Parameter> parameters() override { return parameters_; }
  double multiply_adds(std::span<const Shape> inputs) const override;
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
  /// Takes a batch norm into its primitive.
  std::unique_ptr<Op> prepare_fused(Layer& next, std::span<const Input> in,
                                    Activation& out) override;

  const Conv1dOptions& options() const noexcept { return options_; }
  PackedWeights& packed() noexcept { return *packed_; }

 private:
  Conv1dOptions options_;
  bool linear_;
  std::vector<Parameter> parameters_;
  std::unique_ptr<PackedWeights> packed_;
};

}  // namespace twinear::nn
