// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "nn/optimizer.h"
#include "twinear/matrix.h"
#include "twinear/model.h"

namespace twinear {

/// What the trainer keeps from step to step beside the weights and the optimizer's state.
struct RunState {
  std::map<std::string, Matrix> tensors;
  std::string progress;  ///< a JSON text
};

/// Writes a model together with the optimizer's state and the run's: a model file like any other,
/// from which training can go on to the same bytes.
void save_checkpoint(const std::string& path, const Model& model, const nn::Adam& adam,
                     const RunState& run);

/// Puts the weights and the optimizer's state back and returns the run's. Throws Error, path
/// first, where the file is not a checkpoint of these layers.
RunState load_checkpoint(const std::string& path, Model& model, nn::Adam& adam);

}  // namespace twinear
