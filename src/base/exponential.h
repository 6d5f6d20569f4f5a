// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace twinear {

/// e^x with an error of at most 2 units in the last place, in a form that compilers vectorize. x is
/// limited to [-87, 88], so that the result is never 0, infinite or denormal. NaN gives NaN.
inline float fast_exp(float x) {
  // e^x = 2^n e^r with r in [-ln 2 / 2, ln 2 / 2]. Adding 1.5 x 2^23 rounds to a whole number n.
  constexpr float rounder = 12582912.0F;
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float n = (x * 1.44269504F + rounder) - rounder;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 is split in two parts
  float p = 1.9875691500e-4F;  // minimax polynomial of (e^r - 1 - r) / r^2 (Cephes' expf)
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const float fraction = p * r * r + r + 1.0F;
  const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23U;
  return fraction * std::bit_cast<float>(exponent);
}

/// The natural logarithm of a positive normal number, with an error of at most 1e-7 times the
/// larger of 1 and itself, in a form that compilers vectorize. With x = 2^e m and m in [sqrt(1/2),
/// sqrt(2)), ln x = e ln 2 + ln m. The polynomial for ln m is from Cephes' logf (Moshier 1992).
inline float fast_log(float x) {
  constexpr std::int32_t half_root = 0x3f3504f3;  // the bits of sqrt(1/2)
  const auto pattern = std::bit_cast<std::int32_t>(x);
  const std::int32_t exponent = (pattern - half_root) >> 23;
  const float m = std::bit_cast<float>(pattern - exponent * (1 << 23)) - 1.0F;
  const float e = static_cast<float>(exponent), square = m * m;
  float p = 7.0376836292e-2F;
  p = p * m - 1.1514610310e-1F;
  p = p * m + 1.1676998740e-1F;
  p = p * m - 1.2420140846e-1F;
  p = p * m + 1.4249322787e-1F;
  p = p * m - 1.6668057665e-1F;
  p = p * m + 2.0000714765e-1F;
  p = p * m - 2.4999993993e-1F;
  p = p * m + 3.3333331174e-1F;
  // ln 2 is split in two parts so that e times the larger part is exact
  return (m - 0.5F * square + (m * square * p - 2.12194440e-4F * e)) + 0.693359375F * e;
}

/// 1 / (1 + e^-x) by fast_exp().
inline float fast_sigmoid(float x) { return 1.0F / (1.0F + fast_exp(-x)); }

/// tanh(x) by fast_exp(), with an absolute error of at most 2e-7.
inline float fast_tanh(float x) { return 1.0F - 2.0F / (fast_exp(2.0F * x) + 1.0F); }

/// ln(1 + e^x), without overflow.
inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// 1 / (1 + e^-x), the derivative of softplus().
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace twinear
