// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "twinear/encoder.h"

namespace twinear {

/// The spec as the model file stores it: {"kind", "bins", "layers": [{"kind", "name", ...}]}.
std::string encoder_spec_json(const EncoderSpec& spec);

/// Reads it back, strictly. `place` begins its error messages.
EncoderSpec parse_encoder_spec(const std::string& json, const std::string& place);

}  // namespace twinear
