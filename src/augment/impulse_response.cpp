// SPDX-License-Identifier: Apache-2.0
#include "augment/impulse_response.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include "augment/fir_filter.h"
#include "augment/noise.h"
#include "features/rfft.h"

namespace twinear {

std::vector<float> room_response(double rt60, double direct_db, int sample_rate, Random& random) {
  const double decay = std::pow(10.0, -3.0 / (rt60 * sample_rate));
  const auto tail = std::max<std::size_t>(1, static_cast<std::size_t>(rt60 * sample_rate));
  std::vector<float> response{1.0F};
  response.reserve(tail + 1);
  double energy = 0;
  std::uint32_t signs = 0;
  for (double level = decay; response.size() <= tail; level *= decay, signs >>= 1U) {
    energy += level * level;
    if (response.size() % 32 == 1) signs = random.next();
    response.push_back(static_cast<float>((signs & 1U) != 0 ? level : -level));
  }
  const auto scale = static_cast<float>(std::sqrt(std::pow(10.0, -direct_db / 10.0) / energy));
  for (float& h : std::span(response).subspan(1)) h *= scale;
  return response;
}

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
  for (std::size_t i = 0; i < response.size(); ++i) {
    // a Hann window lets the ends fade and smooths the gain
    const double angle = 2 * std::numbers::pi * static_cast<double>(i + 1) / size;
    response[i] =
        around_zero[(i + 1 + half) % size] * static_cast<float>(0.5 - 0.5 * std::cos(angle));
  }
  return response;
}

std::vector<float> reverberated(std::span<const float> samples, std::span<const float> response) {
  const auto peak = std::ranges::max_element(
      response, [](float a, float b) { return std::abs(a) < std::abs(b); });
  auto result = filtered(samples, response, static_cast<std::size_t>(peak - response.begin()));
  const double power = mean_power(result);
  if (power == 0) return result;
  const auto scale = static_cast<float>(std::sqrt(mean_power(samples) / power));
  for (float& y : result) y *= scale;
  return result;
}

}  // namespace twinear
