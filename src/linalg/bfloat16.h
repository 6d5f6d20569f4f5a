// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace twinear::nn {

/// The upper half of a float: its sign, its exponent and 7 bits of fraction.
struct BFloat16 {
  std::uint16_t bits = 0;
};

// What loops over either kind of number read and write them with.
inline float widen(float x) { return x; }
inline float widen(BFloat16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16U);
}

inline void put(float x, float& to) { to = x; }
/// To the nearest, ties to even; the NaNs that arithmetic makes stay NaNs.
inline void put(float x, BFloat16& to) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  to.bits = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

}  // namespace twinear::nn
