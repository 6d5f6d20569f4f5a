// SPDX-License-Identifier: Apache-2.0
#include "features/noise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>

#include "features/rfft.h"

namespace twinear {

double mean_power(std::span<const float> samples) {
  double sum = 0;
  for (const float x : samples) sum += static_cast<double>(x) * x;
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

std::vector<float> coloured_noise(std::size_t count, double slope_db, int sample_rate,
                                  Random& random) {
  // Amplitudes as the slope says and a random one of four phases; many bins make it Gaussian.
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(count, 1024));
  const auto exponent = static_cast<float>(slope_db / (20.0 * std::log10(2.0)));
  const auto lowest = static_cast<std::size_t>(
      std::ceil(20.0 * static_cast<double>(size) / static_cast<double>(sample_rate)));
  std::vector<std::complex<float>> bins(size / 2 + 1);
  float amplitude = 1;
  for (std::size_t k = lowest, next = lowest; k < size / 2; ++k) {
    if (k >= next) {  // in steps of under 0.02 octaves: a power takes long
      amplitude = std::pow(static_cast<float>(k) / static_cast<float>(lowest), exponent);
      next = k + 1 + k / 80;
    }
    const std::uint32_t quadrant = random.next();
    bins[k] = {(quadrant & 1U) != 0 ? amplitude : -amplitude,
               (quadrant & 2U) != 0 ? amplitude : -amplitude};
  }
  std::vector<float> noise(size);
  Rfft(size).inverse(bins, noise);
  noise.resize(count);
  return noise;
}

std::vector<float> excerpt(std::span<const float> recording, std::size_t count, Random& random) {
  const std::size_t size = recording.size();
  const std::size_t start = random.below(size > count ? size - count + 1 : size);
  std::vector<float> part(count);
  for (std::size_t i = 0; i < count; ++i) part[i] = recording[(start + i) % size];
  return part;
}

void add_noise(std::span<float> samples, std::span<const float> noise, double snr_db) {
  const double signal = mean_power(samples), disturbance = mean_power(noise);
  if (signal == 0 || disturbance == 0) return;
  const auto scale =
      static_cast<float>(std::sqrt(signal / disturbance * std::pow(10.0, -snr_db / 10.0)));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] += scale * noise[i];
}

}  // namespace twinear
