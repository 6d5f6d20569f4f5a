// SPDX-License-Identifier: Apache-2.0
#include "augment/fir_filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "base/lanes.h"
#include "features/lane_fft.h"

namespace twinear {
namespace {

/// Circular convolution of `size` samples. A signal is split into sixteen signals of a sixteenth of
/// the rate, one in each lane: x(u) = sum over l of u^l x_l(u^16). Bin by bin, their transforms are
/// the coefficients of polynomials in u of degree 15, which are multiplied as polynomials, with
/// u^16 = exp(-2 pi i bin / rows). Two signals are filtered at once, as real and imaginary parts.
class LaneConvolution {
 public:
  LaneConvolution(std::size_t size, std::span<const float> response)
      : fft_(size / lane_count * 2), gains_(2 * rows()), block_(gains_), product_(gains_) {
    load(response, 0, 0);
    fft_.transform(block_.data());
    gains_ = block_;
    for (Lanes& row : gains_)
      for (float& gain : row.values) gain /= static_cast<float>(rows());
    for (std::size_t k = 0; k < rows(); ++k) twiddles_.push_back(twiddle(k, rows()));
  }

  /// Loads the samples from index `begin` on, which may be negative; samples beyond the ends are
  /// silence. `part` is 0 for the real parts and 1 for the imaginary parts.
  void load(std::span<const float> samples, std::ptrdiff_t begin, std::size_t part) {
    const auto count = static_cast<std::ptrdiff_t>(samples.size());
    constexpr auto lanes = static_cast<std::ptrdiff_t>(lane_count);
    for (std::size_t row = part; row < block_.size(); row += 2, begin += lanes) {
      const auto from = std::clamp<std::ptrdiff_t>(begin, 0, count);
      const auto to = std::clamp<std::ptrdiff_t>(begin + lanes, from, count);
      if (to - from < lanes) block_[row] = {};
      if (from < to)
        std::copy(samples.begin() + from, samples.begin() + to, &block_[row].values[from - begin]);
    }
  }

  void run() {
    fft_.transform(block_.data());
    multiply();
    fft_.transform(
        product_.data());  // an inverse FFT, since real and imaginary parts are exchanged
  }

  /// Sample i of the result; `part` as in load().
  float operator()(std::size_t i, std::size_t part) const {
    return product_[2 * fft_.output_index(i / lane_count) + 1 - part][i % lane_count];
  }

 private:
  std::size_t rows() const { return fft_.points(); }
  void multiply();

  LaneFft fft_;
  std::vector<Lanes> gains_, block_, product_;
  std::vector<Twiddle> twiddles_;  // bin -> u^16
};

/// Multiplies two polynomials in u modulo u^16 = wrap: real + i imaginary = g z.
TWINEAR_SIMD void multiply_polynomials(const Lanes* g, const Lanes* z, Twiddle wrap, Lanes& real,
                                       Lanes& imaginary) {
  float wide_r[2 * lane_count], wide_i[2 * lane_count];  // z u^16, then z
  TWINEAR_LANES
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    wide_r[lane] = z[0][lane] * wrap.real - z[1][lane] * wrap.imaginary;
    wide_i[lane] = z[0][lane] * wrap.imaginary + z[1][lane] * wrap.real;
    wide_r[lane + lane_count] = z[0][lane];
    wide_i[lane + lane_count] = z[1][lane];
  }
  Lanes sum_r{}, sum_i{};
  for (std::size_t j = 0; j < lane_count; ++j) {
    const float gr = g[0][j], gi = g[1][j];
    const float *r = wide_r + lane_count - j, *i = wide_i + lane_count - j;
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      sum_r[lane] += gr * r[lane] - gi * i[lane];
      sum_i[lane] += gr * i[lane] + gi * r[lane];
    }
  }
  real = sum_r;
  imaginary = sum_i;
}

void LaneConvolution::multiply() {
  for (std::size_t k = 0; k < rows(); ++k) {
    const std::size_t at = 2 * fft_.output_index(k);
    multiply_polynomials(&gains_[at], &block_[at], twiddles_[k], product_[2 * k + 1],
                         product_[2 * k]);
  }
}

}  // namespace

std::vector<float> filtered(std::span<const float> samples, std::span<const float> response,
                            std::size_t delay) {
  // Overlap-save: circular wrapping makes the first `overlap` samples of each block invalid.
  const std::size_t overlap = response.size() - 1;
  const std::size_t min_size = std::min(4 * response.size(), samples.size() + response.size());
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(512, min_size)),
                    step = size - overlap;
  LaneConvolution convolution(size, response);
  std::vector<float> result(samples.size());
  for (std::size_t pair = 0; pair < result.size(); pair += 2 * step) {
    const auto begin =
        static_cast<std::ptrdiff_t>(pair + delay) - static_cast<std::ptrdiff_t>(overlap);
    convolution.load(samples, begin, 0);
    convolution.load(samples, begin + static_cast<std::ptrdiff_t>(step), 1);
    convolution.run();
    for (std::size_t part = 0, first = pair; part < 2; ++part, first += step)
      for (std::size_t i = first; i < std::min(first + step, result.size()); ++i)
        result[i] = convolution(overlap + i - first, part);
  }
  return result;
}

std::vector<float> band_passed(std::span<const float> samples, double low_hz, double high_hz,
                               int sample_rate) {
  // The response of the ideal filter, 2 h sinc(2 h k) - 2 l sinc(2 l k), times a Blackman window,
  // whose transition band is 5.5 / taps wide.
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
