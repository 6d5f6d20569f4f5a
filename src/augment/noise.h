// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/random.h"

namespace twinear {

/// The mean of the squares; 0 for no samples.
double mean_power(std::span<const float> samples);

/// Noise whose power density changes by `slope_db` per octave (0 white, -3 pink, -6 brown, 3 blue)
/// and fades out below 20 Hz. Its level means nothing.
std::vector<float> colored_noise(std::size_t count, double slope_db, int sample_rate,
                                 Random& random);

/// As many samples as asked for, from a random place; a recording that is too short is repeated.
std::vector<float> excerpt(std::span<const float> recording, std::size_t count, Random& random);

/// Adds noise of the same length so that the clip's mean power lies `snr_db` above it. Silence,
/// and a noise that is silent, leave the clip as it is.
void add_noise(std::span<float> samples, std::span<const float> noise, double snr_db);

}  // namespace twinear
