// SPDX-License-Identifier: Apache-2.0
#include "features/lane_fft.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "base/simd.h"

namespace twinear {
namespace {

// A complex point of every frame is two rows of a block: z[0] its real part, z[1] its imaginary.

/// The bins in the order in which the passes leave them. A pass sorts them by their residue modulo
/// its radix, and then the next passes sort the quotients.
std::vector<std::size_t> bins_as_left(std::size_t points) {
  std::vector<std::size_t> bins{0};
  while (bins.size() < points) {
    const bool last_pass = bins.size() == 1 && std::countr_zero(points) % 2 != 0;
    const std::size_t radix = last_pass ? 2 : 4;
    std::vector<std::size_t> sorted;
    for (std::size_t residue = 0; residue < radix; ++residue)
      for (const std::size_t quotient : bins) sorted.push_back(radix * quotient + residue);
    bins = std::move(sorted);
  }
  return bins;
}

/// Radix 4, decimation in frequency: every 4 * quarter points become four transforms' input.
TWINEAR_SIMD void radix4_pass(Lanes* block, std::size_t points, std::size_t quarter,
                              const Turn* turns) {
  for (std::size_t offset = 0; offset < quarter; ++offset, turns += 3) {
    const Turn tb = turns[0], tc = turns[1], td = turns[2];
    for (std::size_t i = offset; i < points; i += 4 * quarter) {
      Lanes *a = block + 2 * i, *b = a + 2 * quarter, *c = b + 2 * quarter, *d = c + 2 * quarter;
      TWINEAR_LANES
      for (std::size_t lane = 0; lane < lane_count; ++lane) {
        const float even_r = a[0][lane] + c[0][lane], even_i = a[1][lane] + c[1][lane];
        const float odd_r = b[0][lane] + d[0][lane], odd_i = b[1][lane] + d[1][lane];
        const float fall_r = a[0][lane] - c[0][lane], fall_i = a[1][lane] - c[1][lane];
        const float rise_r = b[1][lane] - d[1][lane], rise_i = d[0][lane] - b[0][lane];
        const float br = fall_r + rise_r, bi = fall_i + rise_i;
        const float cr = even_r - odd_r, ci = even_i - odd_i;
        const float dr = fall_r - rise_r, di = fall_i - rise_i;
        a[0][lane] = even_r + odd_r;
        a[1][lane] = even_i + odd_i;
        b[0][lane] = br * tb.real - bi * tb.imaginary;
        b[1][lane] = br * tb.imaginary + bi * tb.real;
        c[0][lane] = cr * tc.real - ci * tc.imaginary;
        c[1][lane] = cr * tc.imaginary + ci * tc.real;
        d[0][lane] = dr * td.real - di * td.imaginary;
        d[1][lane] = dr * td.imaginary + di * td.real;
      }
    }
  }
}

/// The last pass where the number of points is no power of four.
TWINEAR_SIMD void radix2_pass(Lanes* block, std::size_t points) {
  for (std::size_t i = 0; i < points; i += 2) {
    Lanes *a = block + 2 * i, *b = a + 2;
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      const float ar = a[0][lane], ai = a[1][lane], br = b[0][lane], bi = b[1][lane];
      a[0][lane] = ar + br;
      a[1][lane] = ai + bi;
      b[0][lane] = ar - br;
      b[1][lane] = ai - bi;
    }
  }
}

// Even samples were taken as real parts, odd ones as imaginary: Z = E + iO, with
//   2E[k] = Z[k] + conj Z[n-k],  2iO[k] = Z[k] - conj Z[n-k],
//   X[k] = E[k] + turn O[k],  conj X[n-k] = E[k] - turn O[k].
TWINEAR_SIMD void unpack_power(const Lanes* block, std::size_t points, const std::size_t* places,
                               const Turn* turns, Lanes* power) {
  for (std::size_t k = 0; k <= points / 2; ++k) {
    const std::size_t mirror = k == 0 ? 0 : points - k;
    const Lanes *z = block + 2 * places[k], *y = block + 2 * places[mirror];
    Lanes &low = power[k], &high = power[points - k];
    const Turn t = turns[k];
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

Turn turn(std::size_t step, std::size_t steps) {
  const double angle =
      -2.0 * std::numbers::pi * static_cast<double>(step) / static_cast<double>(steps);
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

bool LaneFft::takes(std::size_t size) noexcept { return size >= 16 && std::has_single_bit(size); }

LaneFft::LaneFft(std::size_t size) : points_(size / 2), places_(points_) {
  if (!takes(size)) throw std::invalid_argument("LaneFft: size must be a power of two");
  for (std::size_t span = points_; span >= 4; span /= 4)
    for (std::size_t offset = 0; offset < span / 4; ++offset)
      for (std::size_t residue = 1; residue < 4; ++residue)
        turns_.push_back(turn(offset * residue, span));
  const std::vector<std::size_t> bins = bins_as_left(points_);
  for (std::size_t place = 0; place < points_; ++place) places_[bins[place]] = place;
  for (std::size_t k = 0; k <= points_ / 2; ++k) unpack_.push_back(turn(k, size));
}

void LaneFft::transform(Lanes* block) const {
  const Turn* turns = turns_.data();
  std::size_t span = points_;
  for (; span >= 4; span /= 4) {
    radix4_pass(block, points_, span / 4, turns);
    turns += 3 * (span / 4);
  }
  if (span == 2) radix2_pass(block, points_);
}

void LaneFft::power(Lanes* block, Lanes* power) const {
  transform(block);
  unpack_power(block, points_, places_.data(), unpack_.data(), power);
}

}  // namespace twinear
