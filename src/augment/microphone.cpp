// SPDX-License-Identifier: Apache-2.0
#include "augment/microphone.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>

#include "features/rfft.h"

namespace twinear {

std::vector<float> microphone_response(double deviation_db, int sample_rate, Random& random) {
  constexpr double lowest = 125.0;
  std::vector<double> octaves_db{deviation_db * random.normal()};
  for (double hz = lowest; 2 * hz < sample_rate; hz *= 2)
    octaves_db.push_back(deviation_db * random.normal());

  constexpr std::size_t size = 512, half = size / 2;
  std::vector<std::complex<float>> gains(half + 1);
  for (std::size_t k = 0; k <= half; ++k) {
    const double hz = static_cast<double>(k * static_cast<std::size_t>(sample_rate)) / size;
    const double octave = std::max(0.0, std::log2(std::max(hz, lowest) / lowest));
    const auto below = std::min(static_cast<std::size_t>(octave), octaves_db.size() - 2);
    const double gain_db =
        std::lerp(octaves_db[below], octaves_db[below + 1], octave - static_cast<double>(below));
    gains[k] = static_cast<float>(std::pow(10.0, gain_db / 20.0) / size);
  }
  std::vector<float> around_zero(size), response(size - 1);
  Rfft(size).inverse(gains, around_zero);
  for (std::size_t i = 0; i < response.size();
       ++i) {  // a Hann window lets the ends fade and smooths the gain
    const double angle = 2 * std::numbers::pi * static_cast<double>(i + 1) / size;
    response[i] =
        around_zero[(i + 1 + half) % size] * static_cast<float>(0.5 - 0.5 * std::cos(angle));
  }
  return response;
}

}  // namespace twinear
