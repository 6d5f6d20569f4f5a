// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"

#include <fmt/format.h>

#include "nn/encoder_spec.h"
#include "twinear/error.h"

namespace twinear::nn {
namespace {

constexpr std::size_t max_weights = 1 << 26;  // of a layer

[[noreturn]] void refuse(const std::string& why) { throw Error(Fault::config, why); }

}  // namespace

Registry<LayerKind>& layers() {
#define TWINEAR_CALL(name) name##_kind(),
  static Registry<LayerKind> all("layer", {TWINEAR_LAYER_KINDS(TWINEAR_CALL)});
#undef TWINEAR_CALL
  return all;
}

std::unique_ptr<Layer> make_layer(const std::string& kind, const Values& options,
                                  std::span<const Shape> in) {
  auto layer = layers().find(kind).make();
  configure(*layer, options);
  layer->build(in);
  return layer;
}

std::string Layer::to_onnx(OnnxBuilder&, const std::string&, const OnnxBuilder::Names&) const {
  refuse("this kind of layer has no ONNX form");
}

void Layer::expect_inputs(std::span<const Shape> in, std::size_t min, std::size_t max, Maps maps) {
  if (in.size() < min || in.size() > max)
    refuse(fmt::format("expected {} to {} inputs, found {}", min, max, in.size()));
  for (const Shape& input : in) {
    if (maps == Maps::refused && input.bands > 0)
      refuse(
          fmt::format("expected plain channels, found maps of {} bands; the layer \"flatten\" "
                      "makes channels of them",
                      input.bands));
    if (input.bands != in[0].bands)
      refuse(fmt::format("expected an input with maps of {} bands, found {}", in[0].bands,
                         input.bands));
  }
}

void Layer::expect_channels(std::span<const Shape> inputs, std::size_t channels) {
  for (const Shape& input : inputs)
    if (input.channels != channels)
      refuse(fmt::format("expected an input of {} channels, found {}", channels, input.channels));
}

void Layer::expect_range(const char* option, std::size_t value, std::size_t max) {
  if (value < 1 || value > max)
    refuse(fmt::format("{}: expected 1 to {}, found {}", option, max, value));
}

void Layer::expect_weights(std::size_t count) {
  if (count > max_weights)
    refuse(fmt::format("expected at most {} weights, found {}", max_weights, count));
}

}  // namespace twinear::nn
