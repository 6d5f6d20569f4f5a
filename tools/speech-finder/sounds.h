// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/random.h"

namespace twinear::speech_finder {

inline constexpr int rate = 16000;  // Hz, of every sound here

/// The names of the sounds that made_sound() makes to train with.
const std::vector<std::string>& training_sounds();
/// Those to judge with: other instruments and other generators.
const std::vector<std::string>& judging_sounds();

/// Makes `count` samples of a sound of this name without a recording. The level is arbitrary.
std::vector<float> made_sound(const std::string& name, std::size_t count, Random& random);

}  // namespace twinear::speech_finder
