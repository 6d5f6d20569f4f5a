// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "features/fbank_computer.h"
#include "twinear/features.h"

namespace twinear {

/// find_speech with the tables of a front end that is at hand.
Speech find_speech(std::span<const float> samples, const FbankComputer& computer);

}  // namespace twinear
