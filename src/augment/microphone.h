// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/random.h"

namespace twinear {

/// The impulse response of a simulated microphone: a linear-phase filter. Its gain in dB at 125 Hz
/// and at each octave above is drawn from a normal distribution with mean 0 and deviation
/// `deviation_db`, and is linear over log-frequency in between. The middle sample is the largest.
std::vector<float> microphone_response(double deviation_db, int sample_rate, Random& random);

}  // namespace twinear
