// SPDX-License-Identifier: Apache-2.0
// What squeeze-excitation and context masking share.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/lanes.h"
#include "linalg/gemm.h"
#include "twinear/onnx.h"
#include "twinear/tensor.h"

namespace twinear::nn {

enum GateParameter { reduce_weight, reduce_bias, expand_weight, expand_bias, gate_parameter_count };

/// "reduce.weight" [hidden, channels, 1], "reduce.bias", "expand.weight" [gated, hidden, 1],
/// "expand.bias".
std::vector<Parameter> gate_parameters(std::size_t channels, std::size_t hidden, std::size_t gated);

/// Gates g = sigmoid(W2 h + b2), where h = max(0, W1 c + b1), of contexts c, a row each.
class Gates {
 public:
  /// Room for so many rows. Only training has micro-batches.
  Gates(std::span<Parameter> parameters, std::size_t rows, std::size_t micro_batches);

  std::size_t channels() const noexcept { return channels_; }  ///< of c
  std::size_t hidden_channels() const noexcept { return hidden_channels_; }
  std::size_t gated() const noexcept { return gated_; }  ///< channels of g

  float* context(std::size_t row) { return context_.data() + row * channels_; }
  float* hidden(std::size_t row) { return hidden_.data() + row * hidden_channels_; }
  float* gate(std::size_t row) { return gate_.data() + row * gated_; }

  const Buffer& bias(GateParameter which) const { return parameters_[which].value; }
  MatrixView reduce_weights() const;
  MatrixView expand_weights() const;

  /// Back from the slopes along the gates of rows [first, first + count), which become those before
  /// the sigmoid, to the slopes along the contexts. Keeps the gradients of the parameters.
  void backward(const MicroBatch& batch, std::size_t first, std::size_t count, float* dgate,
                float* dcontext);
  void add_gradients();  ///< of all micro-batches to those of the parameters

 private:
  std::span<Parameter> parameters_;
  std::size_t channels_, hidden_channels_, gated_;
  Buffer context_, hidden_, gate_;
  std::array<GradientSlots, gate_parameter_count> slots_;
};

/// y = x gate for each of the rows, plus `other` unless that is nullptr.
template <class T>
TWINEAR_SIMD void gate_rows(const T* __restrict x, T* __restrict y, std::size_t rows,
                            std::size_t channels, const float* __restrict gate,
                            const T* __restrict other = nullptr) {
  if (other == nullptr) {
    for (std::size_t r = 0; r < rows * channels; r += channels)
      for (std::size_t c = 0; c < channels; ++c) store(load(x[r + c]) * gate[c], y[r + c]);
    return;
  }
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c)
      store(load(x[r + c]) * gate[c] + load(other[r + c]), y[r + c]);
}

/// sum[c] is the sum of x dy over the rows.
template <class T>
TWINEAR_SIMD void dot_rows(const T* __restrict x, const T* __restrict dy, std::size_t rows,
                           std::size_t channels, float* __restrict sum) {
  std::fill(sum, sum + channels, 0.0F);
  for (std::size_t r = 0; r < rows * channels; r += channels)
    for (std::size_t c = 0; c < channels; ++c) sum[c] += load(x[r + c]) * load(dy[r + c]);
}

/// The gates of contexts [clips, channels, rows] in ONNX; returns their name, "layer.gate".
std::string gates_to_onnx(OnnxBuilder& graph, const std::string& layer,
                          std::span<const Parameter> parameters, const std::string& context);

}  // namespace twinear::nn
