// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/random.h"

namespace twinear {

/// The mean of the squared samples; 0 without samples.
double mean_power(std::span<const float> samples);

/// Generates `count` samples of Gaussian noise whose power density changes by `slope_db` per octave
/// (0 white, -3 pink, -6 brown, 3 blue) and fades out below 20 Hz. Its level is arbitrary.
std::vector<float> colored_noise(std::size_t count, double slope_db, int sample_rate,
                                 Random& random);

/// Cuts `count` samples from a random place of `recording`, which is repeated if it is too short
/// and must not be empty.
std::vector<float> excerpt(std::span<const float> recording, std::size_t count, Random& random);

/// Adds noise of the same length, scaled so that the mean power of the clip is `snr_db` above that
/// of the noise. If the clip or the noise is silent, the clip stays as it is.
void add_noise(std::span<float> samples, std::span<const float> noise, double snr_db);

}  // namespace twinear
