// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "base/random.h"

namespace twinear {

/// The impulse response of a simulated room: the direct path h[0] = 1, then noise that decays by
/// 60 dB within `rt60` seconds, where the response ends:
///   h[k] = +-a 10^(-3 k / (rt60 rate)),  sum over k > 0 of h[k]^2 = 10^(-direct_db / 10),
/// with a random sign for each k. `direct_db` is the direct-to-reverberant energy ratio in dB.
std::vector<float> room_response(double rt60, double direct_db, int sample_rate, Random& random);

/// The impulse response of a simulated microphone: a linear-phase filter. Its gain in dB at 125 Hz
/// and at each octave above is drawn from a normal distribution with mean 0 and deviation
/// `deviation_db`, and is linear over log-frequency in between. The middle sample is the largest.
std::vector<float> microphone_response(double deviation_db, int sample_rate, Random& random);

/// Filters a clip with an impulse response and keeps its length and mean power. The largest peak of
/// the response counts as the direct path, and its delay is compensated. `response` must not be
/// empty.
std::vector<float> reverberated(std::span<const float> samples, std::span<const float> response);

}  // namespace twinear
