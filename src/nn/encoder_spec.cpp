// SPDX-License-Identifier: Apache-2.0
#include "nn/encoder_spec.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/settings.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr std::size_t max_layers = 1000;

}  // namespace

/// Only what this kind of layer has.
void fields(Fields& f, LayerSpec& s) {
  f.text("kind", s.kind);
  f.text("name", s.name);
  f.texts("inputs", s.inputs);
  const bool conv = s.kind == "conv1d", linear = s.kind == "linear", norm = s.kind == "batch_norm";
  const bool wide = s.kind == "slice" || s.kind == "context_conv" || s.kind == "squeeze_excite";
  if (conv || linear || wide) f.whole("out", s.out, 1, 65536);
  if (s.kind == "slice") f.whole("from", s.from, 0, 65536);
  if (conv) {
    f.whole("kernel", s.kernel, 1, 1023);
    f.whole("stride", s.stride, 1, 1023);
    f.whole("dilation", s.dilation, 1, 1023);
    f.flag("reflect", s.reflect);
  }
  if (conv || linear) f.flag("bias", s.bias);
  const bool pool = s.kind == "stats_pool" || s.kind == "attentive_pool";
  if (pool || s.kind == "context_conv") f.number("min_variance", s.min_variance, 0, 1);
  if (s.kind == "stats_pool" || s.kind == "context_conv") f.flag("unbiased", s.unbiased);
  if (norm) {
    f.flag("relu", s.relu);
    f.flag("relu_first", s.relu_first);
    f.flag("affine", s.affine);
  }
}

std::string encoder_spec_json(const EncoderSpec& spec) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const auto& layer : spec.layers)
    layers.push_back(nlohmann::ordered_json::parse(to_json(layer)));
  return nlohmann::ordered_json{{"kind", spec.kind}, {"bins", spec.bins}, {"layers", layers}}
      .dump();
}

EncoderSpec parse_encoder_spec(const std::string& json, const std::string& place) try {
  const auto object = nlohmann::json::parse(json);
  EncoderSpec spec{object.at("kind").get<std::string>(), object.at("bins").get<int>(), {}};
  const auto& layers = object.at("layers");
  if (!layers.is_array() || layers.size() > max_layers || object.size() != 3)
    throw Error(Fault::format, place + ": expected kind, bins and at most 1000 layers");
  for (const auto& layer : layers) {
    LayerSpec one;
    one.kind = layer.at("kind").get<std::string>();
    auto settings = Settings::from_json(layer.dump(), place);
    settings.read("", one);
    spec.layers.push_back(std::move(one));
  }
  return spec;
} catch (const nlohmann::json::exception& e) {
  throw Error(Fault::format, fmt::format("{}: not an encoder's description", place));
}

}  // namespace twinear
