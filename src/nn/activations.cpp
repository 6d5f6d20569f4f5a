// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/exponential.h"
#include "nn/elementwise.h"
#include "nn/layers.h"

namespace twinear::nn {
namespace {

struct Relu {
  static float value(float x) { return std::max(x, 0.0F); }
  static float gradient(float, float y, float dy) { return y > 0.0F ? dy : 0.0F; }
  static std::string to_onnx(OnnxBuilder& graph, const std::string& name, const std::string& x) {
    return graph.node("Relu", {x}, name);
  }
};

struct LeakyRelu {
  static constexpr float leak = 0.01F;
  static float value(float x) { return std::max(x, leak * x); }
  static float gradient(float, float y, float dy) { return (y > 0.0F ? 1.0F : leak) * dy; }
  static std::string to_onnx(OnnxBuilder& graph, const std::string& name, const std::string& x) {
    return graph.node("LeakyRelu", {x}, name, {{"alpha", leak}});
  }
};

struct Tanh {
  static float value(float x) { return fast_tanh(x); }
  static float gradient(float, float y, float dy) { return dy * (1.0F - y * y); }
  static std::string to_onnx(OnnxBuilder& graph, const std::string& name, const std::string& x) {
    return graph.node("Tanh", {x}, name);
  }
};

}  // namespace

LayerKind relu_kind() {
  return {"relu", "y = max(0, x), with slope 0 at 0", new_layer<Elementwise<Relu>>};
}
LayerKind leaky_relu_kind() {
  return {"leaky_relu", "y = max(x / 100, x)", new_layer<Elementwise<LeakyRelu>>};
}
LayerKind tanh_kind() {
  return {"tanh", "y = tanh(x), exact to 2e-7", new_layer<Elementwise<Tanh>>};
}

}  // namespace twinear::nn
