// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace twinear::nn {

/// Allocates memory that begins on a cache line, which is also the widest vector.
template <class T>
struct CacheAligned {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  CacheAligned() = default;
  template <class U>
  explicit CacheAligned(const CacheAligned<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, alignment); }
  bool operator==(const CacheAligned&) const = default;
};
template <class T>
using Aligned = std::vector<T, CacheAligned<T>>;
using Buffer = Aligned<float>;

/// A number in bfloat16: the upper half of a float, that is its sign, its exponent and 7 bits of
/// its fraction.
struct BFloat16 {
  std::uint16_t bits = 0;
};

/// Reads a number of either type as a float.
inline float load(float x) { return x; }
inline float load(BFloat16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16U);
}

/// Writes a float as a number of either type: to the nearest, ties to even. A NaN that arithmetic
/// made stays a NaN.
inline void store(float x, float& to) { to = x; }
inline void store(float x, BFloat16& to) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  to.bits = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

}  // namespace twinear::nn
