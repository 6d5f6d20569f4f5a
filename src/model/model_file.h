// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/safetensors.h"
#include "twinear/model.h"

namespace twinear {

/// The metadata and the tensors that a model file and a checkpoint have in common.
std::map<std::string, std::string> model_metadata(const Model& model);
std::vector<NamedTensor> model_tensors(const Encoder& encoder);

/// What every build must give alike: the embedding of half a second of two tones in noise.
Matrix selftest_embedding(const Model& model);

/// Its largest absolute difference from a stored one. Throws Error (format), place first, where
/// `stored` is not an embedding of this encoder.
double selftest_difference(const Model& model, const nlohmann::ordered_json& stored,
                           const std::string& place);

/// Copies the stored weights into an encoder of the same layers. Throws Error (format), path first,
/// for a missing tensor or one of another shape, or with a value that is not finite.
void load_weights(const SafetensorsFile& file, Encoder& encoder);

/// Everything of a model but its id.
Model read_model(const SafetensorsFile& file);

}  // namespace twinear
