// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "nn/architectures.h"

namespace twinear {
namespace {

/// Any layers, listed one by one: [[encoder.layers]] in a recipe. A layer without a name is called
/// by its kind and its number, counted from 1.
class Listed final : public Architecture {
 public:
  void keys(Fields& f) override {
    f.objects(
        {"layers", "", "each with its kind, and if need be its name, its inputs and its options"},
        layers_);
  }
  EncoderSpec spec(int bins) const override {
    EncoderSpec spec{.kind = "layers", .bins = bins, .layers = layers_};
    for (std::size_t i = 0; i < layers_.size(); ++i)
      if (layers_[i].name.empty())
        spec.layers[i].name = fmt::format("{}{}", layers_[i].kind, i + 1);
    return spec;
  }

 private:
  std::vector<LayerSpec> layers_;
};

}  // namespace

ArchitectureKind layers_architecture() {
  return {"layers", "any layers, listed one by one", [] { return std::make_unique<Listed>(); }};
}

}  // namespace twinear
