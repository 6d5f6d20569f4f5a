// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace twinear {

/// Frames that are worked on together, one in each SIMD lane: AVX-512 holds as many floats.
inline constexpr std::size_t lane_count = 16;

/// One value of each of the frames. A block of frames is an array of these: row i holds sample,
/// bin or band i of every frame, so that no step adds across lanes and all of them vectorize.
struct alignas(64) Lanes {
  float operator[](std::size_t lane) const noexcept { return values[lane]; }
  float& operator[](std::size_t lane) noexcept { return values[lane]; }
  float values[lane_count];
};

/// Before `for (... lane ...)`: the lanes do not touch each other. It keeps the compiler from
/// unrolling the loop before it could vectorize it; no thread is involved.
#define TWINEAR_LANES _Pragma("omp simd")

}  // namespace twinear
