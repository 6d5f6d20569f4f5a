// SPDX-License-Identifier: Apache-2.0
#include "features/convolution.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>

#include "features/rfft.h"

namespace twinear {
namespace {

/// A row of zeros around the samples: those from `begin` on, which may lie before the first.
void cut(std::span<const float> samples, std::ptrdiff_t begin, std::span<float> block) {
  const auto count = static_cast<std::ptrdiff_t>(samples.size());
  const auto from = std::clamp<std::ptrdiff_t>(begin, 0, count);
  const auto to =
      std::clamp<std::ptrdiff_t>(begin + static_cast<std::ptrdiff_t>(block.size()), from, count);
  std::ranges::fill(block, 0.0F);
  std::copy(samples.begin() + from, samples.begin() + to, block.begin() + (from - begin));
}

}  // namespace

std::vector<float> filtered(std::span<const float> samples, std::span<const float> response,
                            std::size_t delay) {
  // Overlap-save: of each transform the first `overlap` samples are spoilt by its wrapping around.
  const std::size_t overlap = response.size() - 1;
  const std::size_t least = std::min(4 * response.size(), samples.size() + response.size());
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(1024, least));
  Rfft fft(size);
  std::vector<float> block(size);
  std::vector<std::complex<float>> bins(size / 2 + 1), gains(bins.size());
  cut(response, 0, block);
  fft.forward(block, gains);
  for (auto& gain : gains) gain /= static_cast<float>(size);

  std::vector<float> result(samples.size());
  for (std::size_t first = 0; first < result.size(); first += size - overlap) {
    cut(samples, static_cast<std::ptrdiff_t>(first + delay) - static_cast<std::ptrdiff_t>(overlap),
        block);
    fft.forward(block, bins);
    for (std::size_t k = 0; k < bins.size(); ++k) {
      const auto x = bins[k], g = gains[k];  // not x * g: that looks for infinities
      bins[k] = {x.real() * g.real() - x.imag() * g.imag(),
                 x.real() * g.imag() + x.imag() * g.real()};
    }
    fft.inverse(bins, block);
    const std::size_t count = std::min(size - overlap, result.size() - first);
    std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(overlap), count,
                result.begin() + static_cast<std::ptrdiff_t>(first));
  }
  return result;
}

std::vector<float> band_passed(std::span<const float> samples, double low_hz, double high_hz,
                               int sample_rate) {
  // The ideal filter's response, 2 h sinc(2 h k) - 2 l sinc(2 l k), under a Blackman window, whose
  // step from one to nothing is 5.5 / taps wide.
  using std::numbers::pi;
  const double low = low_hz / sample_rate, high = std::min(high_hz / sample_rate, 0.5);
  const auto half = static_cast<std::size_t>(std::ceil(0.5 * 5.5 * sample_rate / 200.0));
  std::vector<float> response(2 * half + 1);
  for (std::size_t i = 0; i < response.size(); ++i) {
    const double k = static_cast<double>(i) - static_cast<double>(half);
    const double turn = pi * k / static_cast<double>(half + 1);
    const double window = 0.42 + 0.5 * std::cos(turn) + 0.08 * std::cos(2 * turn);
    const double ideal =
        k == 0 ? 2 * (high - low)
               : (std::sin(2 * pi * high * k) - std::sin(2 * pi * low * k)) / (pi * k);
    response[i] = static_cast<float>(window * ideal);
  }
  return filtered(samples, response, half);
}

}  // namespace twinear
