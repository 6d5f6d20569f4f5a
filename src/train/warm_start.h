// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nn/network.h"
#include "twinear/model.h"
#include "twinear/trainer.h"

namespace twinear {

/// Copies weights and statistics of a model into `to`, as TrainOptions::init says, but for the
/// layers that `reinit` names (as freeze() does), and returns the file's id. Throws Error, the file
/// first: (mismatch) for another front end, and for a tensor that only one of them has, or of
/// another shape; where it narrows, as narrow() does and for features of another width; (config)
/// for a name in `reinit` that no layer of either has.
std::string warm_start(Model& to, const TrainOptions& options);

/// Sets whether the layers that `names` names stay as they are; * stands for any text. Throws Error
/// (config) for a name that no layer has.
void freeze(nn::Network& network, const std::vector<std::string>& names, bool frozen);

}  // namespace twinear
