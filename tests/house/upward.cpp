// SPDX-License-Identifier: Apache-2.0
// A planted mistake: linked as a part of evaluate it calls model, which is above it.
#include <string>

#include "twinear/model.h"

namespace twinear {

bool has_calibration(const std::string& path) { return load_model(path).calibration.has_value(); }

}  // namespace twinear
