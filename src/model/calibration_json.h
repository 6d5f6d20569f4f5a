// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "twinear/calibration.h"

namespace twinear {

/// A calibration as the model file stores it: one JSON object.
std::string calibration_json(const Calibration& calibration);

/// Reads calibration_json() back. `place` begins its error messages.
Calibration parse_calibration(const std::string& json, const std::string& place);

}  // namespace twinear
