// SPDX-License-Identifier: Apache-2.0
#include "nn/gates.h"

#include "nn/matrices.h"
#include "nn/onnx_forms.h"

namespace twinear::nn {

std::vector<Parameter> gate_parameters(std::size_t channels, std::size_t hidden,
                                       std::size_t gated) {
  return {make_parameter("reduce.weight", {hidden, channels, 1}, channels),
          make_parameter("reduce.bias", {hidden}, channels),
          make_parameter("expand.weight", {gated, hidden, 1}, hidden),
          make_parameter("expand.bias", {gated}, hidden)};
}

Gates::Gates(std::span<Parameter> parameters, std::size_t rows, std::size_t micro_batches)
    : parameters_(parameters),
      channels_(parameters[reduce_weight].shape[1]),
      hidden_channels_(parameters[reduce_bias].value.size()),
      gated_(parameters[expand_bias].value.size()),
      context_(rows * channels_),
      hidden_(rows * hidden_channels_),
      gate_(rows * gated_) {
  for (std::size_t p = 0; p < slots_.size(); ++p)
    slots_[p].resize(micro_batches, parameters[p].value.size());
}

MatrixView Gates::reduce_weights() const {
  return matrix(parameters_[reduce_weight].value.data(), hidden_channels_, channels_);
}
MatrixView Gates::expand_weights() const {
  return matrix(parameters_[expand_weight].value.data(), gated_, hidden_channels_);
}

void Gates::backward(const MicroBatch& batch, std::size_t first, std::size_t count, float* dgate,
                     float* dcontext) {
  const float *g = gate(first), *h = hidden(first);
  for (std::size_t k = 0; k < count * gated_; ++k) dgate[k] *= g[k] * (1.0F - g[k]);
  const MatrixView dg = matrix(dgate, count, gated_);
  multiply(dg, matrix(h, count, hidden_channels_),
           result(slots_[expand_weight].of(batch), gated_, hidden_channels_), Transpose::first);
  sum_rows(dg.data, dg.rows, dg.columns, slots_[expand_bias].of(batch));
  Buffer dhidden(count * hidden_channels_);
  multiply(dg, expand_weights(), result(dhidden.data(), count, hidden_channels_));
  for (std::size_t k = 0; k < dhidden.size(); ++k)
    if (h[k] <= 0.0F) dhidden[k] = 0.0F;
  const MatrixView dh = matrix(dhidden.data(), count, hidden_channels_);
  multiply(dh, matrix(context(first), count, channels_),
           result(slots_[reduce_weight].of(batch), hidden_channels_, channels_), Transpose::first);
  sum_rows(dh.data, dh.rows, dh.columns, slots_[reduce_bias].of(batch));
  multiply(dh, reduce_weights(), result(dcontext, count, channels_));
}

void Gates::add_gradients() {
  for (std::size_t p = 0; p < slots_.size(); ++p) slots_[p].add_to(parameters_[p].gradient);
}

std::string gates_to_onnx(OnnxBuilder& graph, const std::string& layer,
                          std::span<const Parameter> parameters, const std::string& context) {
  const auto map = [&](const std::string& x, GateParameter weight, const std::string& what) {
    const auto w = onnx::weights(graph, layer, parameters[weight]);
    const auto b = onnx::weights(graph, layer, parameters[weight + 1]);
    return graph.node("Conv", {x, w, b}, what);
  };
  const auto hidden =
      graph.node("Relu", {map(context, reduce_weight, layer + ".reduced")}, layer + ".hidden");
  return graph.node("Sigmoid", {map(hidden, expand_weight, layer + ".expanded")}, layer + ".gate");
}

}  // namespace twinear::nn
