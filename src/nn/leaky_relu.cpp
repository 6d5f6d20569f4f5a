// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "nn/elementwise.h"
#include "nn/layers.h"

namespace twinear::nn {
namespace {

struct LeakyRelu {
  static constexpr float leak = 0.01F;
  static float value(float x) { return std::max(x, leak * x); }
  static float gradient(float, float y, float dy) { return (y > 0.0F ? 1.0F : leak) * dy; }
  static std::string to_onnx(OnnxBuilder& graph, const std::string& name, const std::string& x) {
    return graph.node("LeakyRelu", {x}, name, {{"alpha", leak}});
  }
};

}  // namespace

LayerKind leaky_relu_kind() {
  return {"leaky_relu", "y = max(x / 100, x)", new_layer<Elementwise<LeakyRelu>>};
}

}  // namespace twinear::nn
