// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nn/optimizer.h"
#include "twinear/model.h"

namespace twinear {

/// Writes a model together with the optimiser's state and `progress` (a JSON text of the trainer):
/// a model file like any other, from which training can go on to the same bytes.
void save_checkpoint(const std::string& path, const Model& model, const nn::Adam& adam,
                     const std::string& progress);

/// Puts the weights and the optimiser's state back and returns `progress`. Throws Error, path
/// first, where the file is not a checkpoint of these layers.
std::string load_checkpoint(const std::string& path, Model& model, nn::Adam& adam);

}  // namespace twinear
