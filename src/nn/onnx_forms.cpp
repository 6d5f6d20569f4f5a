// SPDX-License-Identifier: Apache-2.0
#include "nn/onnx_forms.h"

namespace twinear::nn::onnx {
namespace {

using Sizes = OnnxBuilder::Sizes;

std::string number(OnnxBuilder& graph, const std::string& name, float value) {
  return graph.constant(name, {1}, std::span<const float>(&value, 1));
}

}  // namespace

std::string weights(OnnxBuilder& graph, const std::string& layer, const Parameter& p) {
  return weights(graph, layer, p, Sizes(p.shape.begin(), p.shape.end()));
}

std::string weights(OnnxBuilder& graph, const std::string& layer, const Parameter& p,
                    const Sizes& shape) {
  return graph.constant(layer + "." + p.name, shape, p.value);
}

std::string at_least(OnnxBuilder& graph, const std::string& x, double min,
                     const std::string& name) {
  return graph.node("Max", {x, number(graph, name + ".bound", static_cast<float>(min))}, name);
}

std::string mean(OnnxBuilder& graph, const std::string& x, const std::string& name) {
  return graph.node("ReduceMean", {x}, name, {{"axes", Sizes{2}}});
}

std::string deviation(OnnxBuilder& graph, const std::string& variance, double min_variance,
                      const std::string& layer) {
  return graph.node("Sqrt", {at_least(graph, variance, min_variance, layer + ".variance.least")},
                    layer + ".deviation");
}

OnnxBuilder::Names moments(OnnxBuilder& graph, const std::string& x, const Deviation& how,
                           const std::string& layer) {
  const auto m = mean(graph, x, layer + ".mean");
  const auto d = graph.node("Sub", {x, m}, layer + ".apart");
  const auto squares = graph.node("ReduceSumSquare", {d}, layer + ".squares", {{"axes", Sizes{2}}});
  const auto frames = graph.node("Cast",
                                 {graph.node("Gather",
                                             {graph.node("Shape", {x}, layer + ".shape"),
                                              graph.integers(layer + ".time", {2})},
                                             layer + ".length")},
                                 layer + ".frames", {{"to", std::int64_t{1}}});  // to float
  auto divisor = frames;
  if (how.unbiased) {
    const auto less =
        graph.node("Sub", {frames, number(graph, layer + ".one", 1.0F)}, layer + ".frames.less");
    divisor = at_least(graph, less, 1, layer + ".frames.least");
  }
  auto variance = graph.node("Div", {squares, divisor}, layer + ".variance");
  if (how.eps > 0)
    variance = graph.node("Add", {variance, number(graph, layer + ".eps", how.eps)},
                          layer + ".variance.more");
  return {m, deviation(graph, variance, static_cast<double>(how.min_variance), layer)};
}

std::string concat(OnnxBuilder& graph, const OnnxBuilder::Names& in, const std::string& name) {
  return graph.node("Concat", in, name, {{"axis", std::int64_t{1}}});
}

std::string unit(OnnxBuilder& graph, const std::string& x, const std::string& name) {
  constexpr float min_norm = 1e-6F;
  const auto length = graph.node("ReduceL2", {x}, name + ".length", {{"axes", Sizes{1}}});
  return graph.node(
      "Div", {x, at_least(graph, length, static_cast<double>(min_norm), name + ".length.least")},
      name);
}

}  // namespace twinear::nn::onnx
