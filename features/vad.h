// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "features/fbank_computer.h"
#include "twinear/features.h"

namespace twinear {

/// Finds the speech of mono `samples` in [-1, 1] with the tables of a front end.
Speech find_speech(std::span<const float> samples, const FbankComputer& computer);

}  // namespace twinear
