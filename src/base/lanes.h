// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>

/// Stands before a function whose loops the compiler vectorizes. The function is compiled for
/// AVX-512, for AVX2 and for the baseline, and the program chooses when it loads. What the function
/// calls must be inlined. The macro is empty under a sanitizer, which would instrument the choice
/// before it is ready itself, and in tests that define TWINEAR_ONE_SIMD to compile for one
/// instruction set.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(TWINEAR_ONE_SIMD)
#define TWINEAR_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TWINEAR_SIMD
#endif

/// Stands before `for (... lane ...)`, whose lanes do not touch each other. It keeps the compiler
/// from unrolling the loop before it could vectorize it; no thread is involved. The source needs
/// -fopenmp-simd.
#define TWINEAR_LANES _Pragma("omp simd")

namespace twinear {

/// The widest vector of a CPU, AVX-512's, in bytes.
inline constexpr std::size_t vector_bytes = 64;

/// A vector of floats, doubles or whole numbers with arithmetic operators, for code that holds one
/// in a register or reorders its elements. Functions take it by reference and are always inlined,
/// because the way in which it is passed depends on the width that the CPU has.
template <class T>
using Vector [[gnu::vector_size(vector_bytes)]] = T;

/// The number of values in a vector of floats.
inline constexpr std::size_t lane_count = vector_bytes / sizeof(float);

/// One value of each of lane_count frames, which are processed together, one in each lane. A block
/// of frames is an array of Lanes: row i holds sample, FFT bin or mel bin i of every frame. No step
/// adds across lanes, so that all of them vectorize.
struct alignas(vector_bytes) Lanes {
  float operator[](std::size_t lane) const noexcept { return values[lane]; }
  float& operator[](std::size_t lane) noexcept { return values[lane]; }
  float values[lane_count];
};

/// Transposes a square of lane_count x lane_count floats: to[i * to_stride + j] =
/// from[j * from_stride + i]. Each of four rounds (16 = 2^4) interleaves each row with the row half
/// a square below.
[[gnu::always_inline]] inline void transpose(const float* from, std::size_t from_stride, float* to,
                                             std::size_t to_stride) {
  constexpr std::size_t half = lane_count / 2;
  static_assert(lane_count == 16);
  Vector<float> rows[lane_count], woven[lane_count];
  for (std::size_t j = 0; j < lane_count; ++j)
    std::memcpy(&rows[j], from + j * from_stride, sizeof rows[j]);
  for (int round = 0; round < 4; ++round) {
    for (std::size_t j = 0; j < half; ++j) {
      const Vector<float> a = rows[j], b = rows[j + half];
      woven[2 * j] =
          __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      woven[2 * j + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                                 14, 30, 15, 31);
    }
    for (std::size_t j = 0; j < lane_count; ++j) rows[j] = woven[j];
  }
  for (std::size_t i = 0; i < lane_count; ++i)
    std::memcpy(to + i * to_stride, &rows[i], sizeof rows[i]);
}

/// Sums each of four vectors across its lanes: to[i] is the sum of vectors[i]. The quarters of a
/// vector are added first; then four quarters are added as the columns of a square.
[[gnu::always_inline]] inline void sum_lanes(const Vector<float> (&vectors)[4], float* to) {
  using Quarter [[gnu::vector_size(vector_bytes / 4)]] = float;
  Quarter sums[4];
  for (std::size_t i = 0; i < 4; ++i) {
    Quarter quarters[4];
    std::memcpy(quarters, &vectors[i], sizeof quarters);
    sums[i] = (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]);
  }
  const Quarter ab = __builtin_shufflevector(sums[0], sums[1], 0, 4, 1, 5) +
                     __builtin_shufflevector(sums[0], sums[1], 2, 6, 3, 7);
  const Quarter cd = __builtin_shufflevector(sums[2], sums[3], 0, 4, 1, 5) +
                     __builtin_shufflevector(sums[2], sums[3], 2, 6, 3, 7);
  const Quarter all =
      __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  std::memcpy(to, &all, sizeof all);
}

}  // namespace twinear
