// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/random.h"

namespace twinear {

/// A microphone that never was: the impulse response of a linear-phase filter whose gain in dB is
/// normal with `deviation_db`, drawn anew for each octave up from 125 Hz, and straight over
/// log-frequency in between. Its greatest sample is the middle one.
std::vector<float> microphone_response(double deviation_db, int sample_rate, Random& random);

}  // namespace twinear
