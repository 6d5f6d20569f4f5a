// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "nn/optimizer.h"
#include "twinear/learner.h"
#include "twinear/model.h"

namespace twinear {

/// Writes a model together with the state of the optimizer and of the loop: a model file like any
/// other, from which training can go on to the same bytes.
void save_checkpoint(const std::string& path, const Model& model, const nn::Adam& adam,
                     const LoopState& loop);

/// Puts the weights and the optimizer's state back and returns the loop's. Throws Error, path
/// first, where the file is not a checkpoint of these layers.
LoopState load_checkpoint(const std::string& path, Encoder& encoder, nn::Adam& adam);

}  // namespace twinear
