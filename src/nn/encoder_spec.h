// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/settings.h"
#include "twinear/encoder.h"

namespace twinear {

/// The keys of a layer in a description: kind, name, inputs, and the options of the kind.
void fields(Fields& f, LayerSpec& spec);
/// The keys of a description: kind, bins, layers.
void fields(Fields& f, EncoderSpec& spec);
/// The keys of [encoder]: kind, and the options of the architecture. Options of other architectures
/// are allowed and ignored, so that --set encoder.kind=x does for any recipe.
void fields(Fields& f, EncoderOptions& options);

/// Sets the options of a layer or an architecture. Throws Error (config) for those that it lacks.
template <class T>
void configure(T& what, const Values& options) {
  Settings::from_values(options, "options").visit("", [&](Fields& f) { what.keys(f); });
}

/// All options of a layer or an architecture.
template <class T>
Values options_of(T& what) {
  return visited_values([&](Fields& f) { what.keys(f); });
}

/// The layer with the values of all of its options.
LayerSpec complete(LayerSpec spec);

/// The description as the model file stores it: {"kind", "bins", "layers": [{"kind", ...}]}.
std::string encoder_spec_json(const EncoderSpec& spec);

/// Reads encoder_spec_json() back. `place` begins its error messages.
EncoderSpec parse_encoder_spec(const std::string& json, const std::string& place);

}  // namespace twinear
