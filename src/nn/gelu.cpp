// SPDX-License-Identifier: Apache-2.0
#include "base/exponential.h"
#include "nn/elementwise.h"
#include "nn/layers.h"

namespace twinear::nn {
namespace {

/// With u = sqrt(2 / pi) (x + 0.044715 x^3): y = x / 2 (1 + tanh u), and
/// dy/dx = (1 + tanh u) / 2 + x / 2 (1 - tanh^2 u) sqrt(2 / pi) (1 + 0.134145 x^2).
struct Gelu {
  static constexpr float root = 0.7978845608F, cubic = 0.044715F;

  static float bend(float x) { return fast_tanh(root * (x + cubic * x * x * x)); }
  static float value(float x) { return 0.5F * x * (1.0F + bend(x)); }
  static float gradient(float x, float, float dy) {
    const float t = bend(x);
    return dy *
           (0.5F * (1.0F + t) + 0.5F * x * (1.0F - t * t) * root * (1.0F + 3.0F * cubic * x * x));
  }

  static std::string to_onnx(OnnxBuilder& graph, const std::string& name, const std::string& x) {
    const auto number = [&](const char* what, float value) {
      return graph.constant(name + what, {1}, std::span<const float>(&value, 1));
    };
    const auto node = [&](const char* type, const OnnxBuilder::Names& in, const char* what) {
      return graph.node(type, in, name + what);
    };
    const auto cubed = node("Mul", {node("Mul", {x, x}, ".squared"), x}, ".cubed");
    const auto bent = node("Mul", {cubed, number(".cubic", cubic)}, ".bent");
    const auto sum = node("Add", {x, bent}, ".sum");
    const auto tanh = node("Tanh", {node("Mul", {sum, number(".root", root)}, ".scaled")}, ".tanh");
    const auto gate = node("Add", {tanh, number(".one", 1.0F)}, ".gate");
    const auto half = node("Mul", {x, number(".half", 0.5F)}, ".halved");
    return node("Mul", {half, gate}, "");
  }
};

}  // namespace

LayerKind gelu_kind() {
  return {"gelu", "y = x Phi(x) by its tanh approximation (Hendrycks and Gimpel 2016)",
          new_layer<Elementwise<Gelu>>};
}

}  // namespace twinear::nn
