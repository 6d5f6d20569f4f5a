// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace twinear {

/// The number of frames that are processed together, one in each SIMD lane. A register of AVX-512
/// holds as many floats.
inline constexpr std::size_t lane_count = 16;

/// One value of each of the frames. A block of frames is an array of Lanes: row i holds sample, FFT
/// bin or mel bin i of every frame. No step adds across lanes, so all of them vectorize.
struct alignas(64) Lanes {
  float operator[](std::size_t lane) const noexcept { return values[lane]; }
  float& operator[](std::size_t lane) noexcept { return values[lane]; }
  float values[lane_count];
};

/// Stands before `for (... lane ...)` and tells the compiler that the iterations are independent.
/// Otherwise it unrolls the loop before it could vectorize it. No threads are involved.
#define TWINEAR_LANES _Pragma("omp simd")

}  // namespace twinear
