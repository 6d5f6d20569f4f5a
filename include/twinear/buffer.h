// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace twinear::nn {

/// Allocates memory for CacheAligned. Throws std::bad_alloc.
void* allocate_bytes(std::size_t bytes);
/// Frees what allocate_bytes() gave for as many bytes.
void deallocate_bytes(void* memory, std::size_t bytes) noexcept;

/// Allocates memory that begins on a cache line, which is also the widest vector. Much memory
/// begins on a huge page, of which the kernel is asked for: a first touch of each small one costs
/// more than what is computed there.
template <class T>
struct CacheAligned {
  using value_type = T;
  CacheAligned() = default;
  template <class U>
  explicit CacheAligned(const CacheAligned<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_bytes(n * sizeof(T))); }
  void deallocate(T* p, std::size_t n) noexcept { deallocate_bytes(p, n * sizeof(T)); }
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
