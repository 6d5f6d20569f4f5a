// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nn/network.h"
#include "twinear/model.h"

namespace twinear {

/// Copies weights and statistics of the model in `path` into `to`, but for the layers that `reinit`
/// names (as freeze() does), and returns the file's id. Throws Error, path first: (mismatch) for
/// another front end, and for a tensor that only one of them has, or of another shape; (config) for
/// a name in `reinit` that no layer of either has.
std::string warm_start(Model& to, const std::string& path, const std::vector<std::string>& reinit);

/// Sets whether the layers that `names` names stay as they are; * stands for any text. Throws Error
/// (config) for a name that no layer has.
void freeze(nn::Network& network, const std::vector<std::string>& names, bool frozen);

}  // namespace twinear
