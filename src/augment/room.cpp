// SPDX-License-Identifier: Apache-2.0
#include "augment/room.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "augment/fir_filter.h"
#include "augment/noise.h"

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
