// SPDX-License-Identifier: Apache-2.0
#include "augment/noise.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "base/lanes.h"
#include "features/lane_fft.h"

namespace twinear {
namespace {

constexpr std::size_t segment = 4096, step = segment / 2;  // of generated noise, in samples

/// The amplitude of each FFT bin of a segment, which is 0 below 20 Hz.
std::vector<float> amplitudes(double slope_db, int sample_rate) {
  const double exponent = slope_db / (20.0 * std::log10(2.0));
  const auto lowest = static_cast<std::size_t>(std::ceil(20.0 * segment / sample_rate));
  std::vector<float> values(segment);
  for (std::size_t k = lowest; k < segment / 2; ++k)
    values[k] = values[segment - k] = static_cast<float>(
        std::pow(static_cast<double>(k) / static_cast<double>(lowest), exponent));
  return values;
}

/// The window that fades a segment in and out.
std::vector<float> half_sine() {
  std::vector<float> fade(segment);
  for (std::size_t i = 0; i < segment; ++i)
    fade[i] = std::sin(std::numbers::pi_v<float> * (static_cast<float>(i) + 0.5F) / segment);
  return fade;
}

/// Writes `amplitude` with a random sign to each lane.
TWINEAR_SIMD void sign(std::uint32_t bits, float amplitude, Lanes& row) {
  TWINEAR_LANES
  for (std::size_t lane = 0; lane < lane_count; ++lane)
    row[lane] = ((bits >> lane) & 1U) != 0 ? amplitude : -amplitude;
}

TWINEAR_SIMD double sum_of_squares(const float* samples, std::size_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(samples[i]) * samples[i];
  return sum;
}

}  // namespace

double mean_power(std::span<const float> samples) {
  return samples.empty()
             ? 0
             : sum_of_squares(samples.data(), samples.size()) / static_cast<double>(samples.size());
}

std::vector<float> colored_noise(std::size_t count, double slope_db, int sample_rate,
                                 Random& random) {
  // Segments overlap by half, and sine windows make their powers add up to one. The FFT of random
  // signs gives a Gaussian segment in its real part, since each sample sums many bins, and another
  // one in its imaginary part. Sixteen lanes make 32 segments at once.
  static const LaneFft fft(2 * segment);
  static const std::vector<float> fade = half_sine();
  const auto loudness = amplitudes(slope_db, sample_rate);
  const std::size_t segments = count / step + 2;
  std::vector<float> noise((segments + 1) * step);
  std::vector<Lanes> block(2 * segment);
  for (std::size_t first = 0; first < segments; first += 2 * lane_count) {
    for (std::size_t k = 0; k < segment; ++k) {
      const std::uint32_t bits = random.next();
      sign(bits, loudness[k], block[2 * k]);
      sign(bits >> lane_count, loudness[k], block[2 * k + 1]);
    }
    fft.transform(block.data());
    for (std::size_t s = 0; s < std::min(2 * lane_count, segments - first); ++s)
      for (std::size_t i = 0; i < segment; ++i)
        noise[(first + s) * step + i] += fade[i] * block[2 * fft.output_index(i) + s % 2][s / 2];
  }
  const auto begin = noise.begin() + step;  // since only one segment covers the first step
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::vector<float> excerpt(std::span<const float> recording, std::size_t count, Random& random) {
  const std::size_t size = recording.size();
  const std::size_t start = random.below(size > count ? size - count + 1 : size);
  std::vector<float> part(count);
  for (std::size_t done = 0, at = start; done < count; at = 0) {
    const std::size_t run = std::min(count - done, size - at);
    std::ranges::copy(recording.subspan(at, run), part.begin() + static_cast<std::ptrdiff_t>(done));
    done += run;
  }
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
