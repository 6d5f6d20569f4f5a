// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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

}  // namespace

LayerKind relu_kind() {
  return {"relu", "y = max(0, x), with slope 0 at 0", new_layer<Elementwise<Relu>>};
}

}  // namespace twinear::nn
