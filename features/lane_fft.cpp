// SPDX-License-Identifier: Apache-2.0
#include "features/lane_fft.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace twinear {
namespace {

// Two rows of a block hold a complex point of every frame: z[0] its real part, z[1] its imaginary.

/// The radices of the passes; none if a prime other than 2, 3 and 5 divides the points.
std::vector<std::size_t> radices_of(std::size_t points) {
  std::vector<std::size_t> radices;
  for (const std::size_t radix : {4U, 2U, 3U, 5U})
    for (; points % radix == 0; points /= radix) radices.push_back(radix);
  if (points != 1) radices.clear();
  return radices;
}

/// The bins in the order in which the passes leave them. A pass sorts bins by their residue modulo
/// its radix; the next passes sort the quotients.
std::vector<std::size_t> output_order(std::vector<std::size_t> radices) {
  std::vector<std::size_t> bins{0};
  for (; !radices.empty(); radices.pop_back()) {
    std::vector<std::size_t> sorted;
    for (std::size_t residue = 0; residue < radices.back(); ++residue)
      for (const std::size_t quotient : bins) sorted.push_back(radices.back() * quotient + residue);
    bins = std::move(sorted);
  }
  return bins;
}

// The passes decimate in frequency: every radix * part points become the input of `radix`
// transforms of `part` points. `twiddles` holds, for each offset, those of all results but the
// first.

inline void store_product(Lanes* z, std::size_t lane, float real, float imaginary, Twiddle by) {
  z[0][lane] = real * by.real - imaginary * by.imaginary;
  z[1][lane] = real * by.imaginary + imaginary * by.real;
}

TWINEAR_SIMD void radix2_pass(Lanes* block, std::size_t points, std::size_t part,
                              const Twiddle* twiddles) {
  for (std::size_t offset = 0; offset < part; ++offset, ++twiddles) {
    const Twiddle tb = twiddles[0];
    for (std::size_t i = offset; i < points; i += 2 * part) {
      Lanes *a = block + 2 * i, *b = a + 2 * part;
      TWINEAR_LANES
      for (std::size_t lane = 0; lane < lane_count; ++lane) {
        const float ar = a[0][lane], ai = a[1][lane], br = b[0][lane], bi = b[1][lane];
        a[0][lane] = ar + br;
        a[1][lane] = ai + bi;
        store_product(b, lane, ar - br, ai - bi, tb);
      }
    }
  }
}

TWINEAR_SIMD void radix3_pass(Lanes* block, std::size_t points, std::size_t part,
                              const Twiddle* twiddles) {
  constexpr float sine = 0.866025403784438647F;  // of 120 degrees
  for (std::size_t offset = 0; offset < part; ++offset, twiddles += 2) {
    const Twiddle tb = twiddles[0], tc = twiddles[1];
    for (std::size_t i = offset; i < points; i += 3 * part) {
      Lanes *a = block + 2 * i, *b = a + 2 * part, *c = b + 2 * part;
      TWINEAR_LANES
      for (std::size_t lane = 0; lane < lane_count; ++lane) {
        const float sum_r = b[0][lane] + c[0][lane], sum_i = b[1][lane] + c[1][lane];
        const float side_r = sine * (b[0][lane] - c[0][lane]);
        const float side_i = sine * (b[1][lane] - c[1][lane]);
        const float mid_r = a[0][lane] - 0.5F * sum_r, mid_i = a[1][lane] - 0.5F * sum_i;
        a[0][lane] += sum_r;
        a[1][lane] += sum_i;
        store_product(b, lane, mid_r + side_i, mid_i - side_r, tb);
        store_product(c, lane, mid_r - side_i, mid_i + side_r, tc);
      }
    }
  }
}

TWINEAR_SIMD void radix4_pass(Lanes* block, std::size_t points, std::size_t part,
                              const Twiddle* twiddles) {
  for (std::size_t offset = 0; offset < part; ++offset, twiddles += 3) {
    const Twiddle tb = twiddles[0], tc = twiddles[1], td = twiddles[2];
    for (std::size_t i = offset; i < points; i += 4 * part) {
      Lanes *a = block + 2 * i, *b = a + 2 * part, *c = b + 2 * part, *d = c + 2 * part;
      TWINEAR_LANES
      for (std::size_t lane = 0; lane < lane_count; ++lane) {
        const float even_r = a[0][lane] + c[0][lane], even_i = a[1][lane] + c[1][lane];
        const float odd_r = b[0][lane] + d[0][lane], odd_i = b[1][lane] + d[1][lane];
        const float fall_r = a[0][lane] - c[0][lane], fall_i = a[1][lane] - c[1][lane];
        const float rise_r = b[1][lane] - d[1][lane], rise_i = d[0][lane] - b[0][lane];
        a[0][lane] = even_r + odd_r;
        a[1][lane] = even_i + odd_i;
        store_product(b, lane, fall_r + rise_r, fall_i + rise_i, tb);
        store_product(c, lane, even_r - odd_r, even_i - odd_i, tc);
        store_product(d, lane, fall_r - rise_r, fall_i - rise_i, td);
      }
    }
  }
}

TWINEAR_SIMD void radix5_pass(Lanes* block, std::size_t points, std::size_t part,
                              const Twiddle* twiddles) {
  constexpr float cos1 = 0.309016994374947424F, sin1 = 0.951056516295153572F;   // 72 degrees
  constexpr float cos2 = -0.809016994374947424F, sin2 = 0.587785252292473129F;  // 144 degrees
  for (std::size_t offset = 0; offset < part; ++offset, twiddles += 4) {
    const Twiddle tb = twiddles[0], tc = twiddles[1], td = twiddles[2], te = twiddles[3];
    for (std::size_t i = offset; i < points; i += 5 * part) {
      Lanes *a = block + 2 * i, *b = a + 2 * part, *c = b + 2 * part, *d = c + 2 * part;
      Lanes* e = d + 2 * part;
      TWINEAR_LANES
      for (std::size_t lane = 0; lane < lane_count; ++lane) {
        const float ar = a[0][lane], ai = a[1][lane];
        const float near_r = b[0][lane] + e[0][lane], near_i = b[1][lane] + e[1][lane];
        const float far_r = c[0][lane] + d[0][lane], far_i = c[1][lane] + d[1][lane];
        const float fall_r = b[0][lane] - e[0][lane], fall_i = b[1][lane] - e[1][lane];
        const float dip_r = c[0][lane] - d[0][lane], dip_i = c[1][lane] - d[1][lane];
        const float m_r = ar + cos1 * near_r + cos2 * far_r;
        const float m_i = ai + cos1 * near_i + cos2 * far_i;
        const float n_r = ar + cos2 * near_r + cos1 * far_r;
        const float n_i = ai + cos2 * near_i + cos1 * far_i;
        const float u_r = sin1 * fall_r + sin2 * dip_r, u_i = sin1 * fall_i + sin2 * dip_i;
        const float v_r = sin2 * fall_r - sin1 * dip_r, v_i = sin2 * fall_i - sin1 * dip_i;
        a[0][lane] = ar + near_r + far_r;
        a[1][lane] = ai + near_i + far_i;
        store_product(b, lane, m_r + u_i, m_i - u_r, tb);
        store_product(c, lane, n_r + v_i, n_i - v_r, tc);
        store_product(d, lane, n_r - v_i, n_i + v_r, td);
        store_product(e, lane, m_r - u_i, m_i + u_r, te);
      }
    }
  }
}

// The real parts are the even samples and the imaginary parts the odd ones: Z = E + iO, with
//   2E[k] = Z[k] + conj Z[n-k],  2iO[k] = Z[k] - conj Z[n-k],
//   X[k] = E[k] + twiddle O[k],  conj X[n-k] = E[k] - twiddle O[k].
TWINEAR_SIMD void unpack_power(const Lanes* block, std::size_t points,
                               const std::size_t* output_indices, const Twiddle* twiddles,
                               Lanes* power) {
  for (std::size_t k = 0; k <= points / 2; ++k) {
    const std::size_t mirror = k == 0 ? 0 : points - k;
    const Lanes *z = block + 2 * output_indices[k], *y = block + 2 * output_indices[mirror];
    Lanes &low = power[k], &high = power[points - k];
    const Twiddle t = twiddles[k];
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      const float even_r = 0.5F * (z[0][lane] + y[0][lane]);
      const float even_i = 0.5F * (z[1][lane] - y[1][lane]);
      const float odd_r = 0.5F * (z[1][lane] + y[1][lane]);
      const float odd_i = 0.5F * (y[0][lane] - z[0][lane]);
      const float turned_r = odd_r * t.real - odd_i * t.imaginary;
      const float turned_i = odd_r * t.imaginary + odd_i * t.real;
      const float sum_r = even_r + turned_r, sum_i = even_i + turned_i;
      const float rest_r = even_r - turned_r, rest_i = even_i - turned_i;
      low[lane] = sum_r * sum_r + sum_i * sum_i;
      high[lane] = rest_r * rest_r + rest_i * rest_i;
    }
  }
}

}  // namespace

Twiddle twiddle(std::size_t step, std::size_t steps) {
  const double angle =
      -2.0 * std::numbers::pi * static_cast<double>(step) / static_cast<double>(steps);
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

bool LaneFft::supports(std::size_t size) noexcept {
  return size >= 16 && size % 2 == 0 && !radices_of(size / 2).empty();
}

LaneFft::LaneFft(std::size_t size)
    : points_(size / 2), radices_(radices_of(points_)), output_indices_(points_) {
  if (!supports(size))
    throw std::invalid_argument(
        "LaneFft: the size must be even, at least 16, and a product of 2, 3 and 5");
  std::size_t span = points_;
  for (const std::size_t radix : radices_) {
    for (std::size_t offset = 0; offset < span / radix; ++offset)
      for (std::size_t residue = 1; residue < radix; ++residue)
        twiddles_.push_back(twiddle(offset * residue, span));
    span /= radix;
  }
  const std::vector<std::size_t> bins = output_order(radices_);
  for (std::size_t place = 0; place < points_; ++place) output_indices_[bins[place]] = place;
  for (std::size_t k = 0; k <= points_ / 2; ++k) unpack_.push_back(twiddle(k, size));
}

void LaneFft::transform(Lanes* block) const {
  const Twiddle* twiddles = twiddles_.data();
  std::size_t part = points_;
  for (const std::size_t radix : radices_) {
    part /= radix;
    const auto pass = radix == 2   ? radix2_pass
                      : radix == 3 ? radix3_pass
                      : radix == 4 ? radix4_pass
                                   : radix5_pass;
    pass(block, points_, part, twiddles);
    twiddles += (radix - 1) * part;
  }
}

void LaneFft::power(Lanes* block, Lanes* power) const {
  transform(block);
  unpack_power(block, points_, output_indices_.data(), unpack_.data(), power);
}

}  // namespace twinear
