// SPDX-License-Identifier: Apache-2.0
#include "nn/architectures.h"

#include <fmt/format.h>

namespace twinear {
namespace {

class Statistics final : public Architecture {
 public:
  EncoderSpec spec(int bins) const override { return EncoderSpec::statistics(bins); }
};

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

EncoderSpec EncoderSpec::statistics(int bins) {
  return {.kind = "statistics",
          .bins = bins,
          .layers = {complete({.kind = "stats_pool", .name = "pool"}),
                     complete({.kind = "l2_normalize", .name = "sphere"})}};
}

ArchitectureKind statistics_architecture() {
  return {"statistics", "the untrained baseline: mean and deviation of each mel bin",
          [] { return std::make_unique<Statistics>(); }};
}
ArchitectureKind layers_architecture() {
  return {"layers", "any layers, listed one by one", [] { return std::make_unique<Listed>(); }};
}

Registry<ArchitectureKind>& architectures() {
#define TWINEAR_CALL(name) name##_architecture(),
  static Registry<ArchitectureKind> all("encoder", {TWINEAR_ARCHITECTURES(TWINEAR_CALL)});
#undef TWINEAR_CALL
  return all;
}

void embedding_field(Fields& f, int& embedding) {
  f.whole({"embedding", "", "numbers of an embedding"}, embedding, 1, 65536);
}

void input_norm_field(Fields& f, bool& input_norm) {
  f.flag({"input_norm", "", "batch norm without scale and shift on the features"}, input_norm);
}

void channels_field(Fields& f, const char* name, int& channels, const char* doc) {
  f.whole({name, "channels", doc}, channels, 1, 65536);
}

SpecBuilder::SpecBuilder(std::string kind, int bins, bool input_norm)
    : spec_{.kind = std::move(kind), .bins = bins, .layers = {}} {
  if (input_norm) add("batch_norm", "input_norm", {}, {{"affine", false}});
}

std::string SpecBuilder::add(const char* kind, const std::string& name,
                             std::vector<std::string> inputs, Values options) {
  spec_.layers.push_back(complete(
      {.kind = kind, .name = name, .inputs = std::move(inputs), .keys = std::move(options)}));
  return name;
}

std::string SpecBuilder::conv1d(const std::string& name, const std::string& input, Values options) {
  return add("conv1d", name,
             input.empty() ? std::vector<std::string>{} : std::vector<std::string>{input},
             std::move(options));
}

std::string SpecBuilder::normed(const std::string& name, const std::string& input, Values conv,
                                bool relu) {
  conv.emplace_back("bias", false);  // the norm has one
  conv1d(name + ".conv", input, std::move(conv));
  return add("batch_norm", name + ".norm", {}, {{"relu", relu}});
}

EncoderSpec SpecBuilder::end(int embedding, bool unit) {
  add("linear", "projection", {}, {{"out", embedding}});
  if (unit) add("l2_normalize", "sphere");
  return std::move(spec_);
}

EncoderSpec SpecBuilder::normed_end(bool unit) {
  add("batch_norm", "embedding_norm", {}, {{"affine", false}});
  if (unit) add("l2_normalize", "sphere");
  return std::move(spec_);
}

}  // namespace twinear
