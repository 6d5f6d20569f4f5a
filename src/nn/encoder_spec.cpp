// SPDX-License-Identifier: Apache-2.0
#include "nn/encoder_spec.h"

#include <fmt/format.h>

#include "base/within.h"
#include "nn/layers.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr std::size_t max_layers = 1000;

/// A layer or an architecture of a registry, with options that are given.
template <class Kind>
auto configured(const Registry<Kind>& kinds, const std::string& kind, const Values& options) {
  auto made = kinds.find(kind).make();
  configure(*made, options);
  return made;
}

}  // namespace

void fields(Fields& f, LayerSpec& spec) {
  f.text({"kind", "", "the kind of the layer"}, spec.kind);
  f.text({"name", "", "the first part of its tensors' names; unique"}, spec.name);
  f.texts({"inputs", "", "names of layers before it; none: the one before"}, spec.inputs);
  const auto layer = configured(nn::layers(), spec.kind, spec.keys);
  layer->keys(f);
  spec.keys = options_of(*layer);
}

void fields(Fields& f, EncoderSpec& spec) {
  f.text({"kind", "", "the architecture"}, spec.kind);
  f.whole({"bins", "", "columns of the features"}, spec.bins, 1, 65536);
  f.objects({"layers", "", "each reads layers before it"}, spec.layers);
}

void fields(Fields& f, EncoderOptions& o) {
  f.one_of({"kind", "", "the architecture"}, o.kind, architectures().names());
  const auto chosen = configured(architectures(), o.kind, o.keys);
  chosen->keys(f);
  o.keys = options_of(*chosen);
  for (const ArchitectureKind& other : architectures())
    for (const auto& [key, value] : options_of(*other.make())) f.ignored(key.c_str());
}

LayerSpec complete(LayerSpec spec) {
  const auto layer = configured(nn::layers(), spec.kind, spec.keys);
  spec.keys = options_of(*layer);
  return spec;
}

std::string encoder_spec_json(const EncoderSpec& spec) { return to_json(spec); }

EncoderSpec parse_encoder_spec(const std::string& json, const std::string& place) {
  EncoderSpec spec{.kind = "", .bins = 0, .layers = {}};
  Settings settings = Settings::from_json(json, place);
  within(place, [&] { settings.read("", spec); });
  if (spec.kind.empty() || spec.bins < 1 || spec.layers.empty() || spec.layers.size() > max_layers)
    throw Error(
        Fault::format,
        fmt::format("{}: expected kind, bins and 1 to {} layers, found {} bins and {} layers",
                    place, max_layers, spec.bins, spec.layers.size()));
  return spec;
}

EncoderSpec encoder_spec(const EncoderOptions& options, int bins) {
  return within("encoder", [&] {
    return configured(architectures(), options.kind, options.keys)->spec(bins);
  });
}

}  // namespace twinear
