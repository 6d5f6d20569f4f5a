// SPDX-License-Identifier: Apache-2.0
#include "base/exponential.h"
#include "nn/elementwise.h"
#include "nn/layers.h"

namespace twinear::nn {
namespace {

struct Tanh {
  static float value(float x) { return fast_tanh(x); }
  static float gradient(float, float y, float dy) { return dy * (1.0F - y * y); }
  static std::string to_onnx(OnnxBuilder& graph, const std::string& name, const std::string& x) {
    return graph.node("Tanh", {x}, name);
  }
};

}  // namespace

LayerKind tanh_kind() {
  return {"tanh", "y = tanh(x), exact to 2e-7", new_layer<Elementwise<Tanh>>};
}

}  // namespace twinear::nn
