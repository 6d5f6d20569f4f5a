// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace twinear {

/// e^x to 2 units in the last place, in a form that the compiler turns into vector code. Below -87
/// it is e^-87, above 88 e^88: never 0, infinite or denormal. NaN stays NaN.
inline float fast_exp(float x) {
  // e^x = 2^n e^r with r in [-ln 2 / 2, ln 2 / 2]; adding 1.5 x 2^23 rounds to a whole n.
  constexpr float rounder = 12582912.0F;
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float n = (x * 1.44269504F + rounder) - rounder;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts
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

inline float fast_sigmoid(float x) { return 1.0F / (1.0F + fast_exp(-x)); }

/// Exact to 2e-7 absolute.
inline float fast_tanh(float x) { return 1.0F - 2.0F / (fast_exp(2.0F * x) + 1.0F); }

}  // namespace twinear
