// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "base/random.h"

namespace twinear {

/// A room that never was: the direct path h[0] = 1, then noise that decays by 60 dB in `rt60`
/// seconds, where it ends:
///   h[k] = +-a 10^(-3 k / (rt60 rate)),  sum over k > 0 of h[k]^2 = 10^(-direct_db / 10),
/// each sign by chance. `direct_db` is the ratio of direct to reverberant energy.
std::vector<float> room_response(double rt60, double direct_db, int sample_rate, Random& random);

/// The clip as heard through an impulse response, as long and as powerful as it was and not moved
/// in time: the response's greatest peak is its direct path.
std::vector<float> reverberated(std::span<const float> samples, std::span<const float> response);

}  // namespace twinear
