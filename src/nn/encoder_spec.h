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

/// Gives Settings the options of a layer or an architecture, which visits them by a method.
template <class T>
struct Configurable {
  T* of;
};
template <class T>
void fields(Fields& f, Configurable<T>& configurable) {
  configurable.of->keys(f);
}

/// Sets the options that are given. Throws Error (config) for those that `what` does not have.
template <class T>
void configure(T& what, const Values& options) {
  Configurable<T> configurable{&what};
  Settings::from_values(options, "options").read("", configurable);
}

/// All options of `what`.
template <class T>
Values options_of(T& what) {
  return values_of(Configurable<T>{&what});
}

/// The layer with the values of all of its options.
LayerSpec complete(LayerSpec spec);

/// The description as the model file stores it: {"kind", "bins", "layers": [{"kind", ...}]}.
std::string encoder_spec_json(const EncoderSpec& spec);

/// Reads encoder_spec_json() back. `place` begins its error messages.
EncoderSpec parse_encoder_spec(const std::string& json, const std::string& place);

}  // namespace twinear
