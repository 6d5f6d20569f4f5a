// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>

#include "features/lanes.h"

namespace twinear {

/// Transposes a square of lane_count x lane_count floats: to[i * to_stride + j] =
/// from[j * from_stride + i]. Each of four rounds (16 = 2^4) interleaves each row with the row half
/// a square below.
[[gnu::always_inline]] inline void transpose(const float* from, std::size_t from_stride, float* to,
                                             std::size_t to_stride) {
  using Vector [[gnu::vector_size(sizeof(Lanes))]] = float;
  constexpr std::size_t half = lane_count / 2;
  static_assert(lane_count == 16);
  Vector rows[lane_count], woven[lane_count];
  for (std::size_t j = 0; j < lane_count; ++j)
    std::memcpy(&rows[j], from + j * from_stride, sizeof rows[j]);
  for (int round = 0; round < 4; ++round) {
    for (std::size_t j = 0; j < half; ++j) {
      const Vector a = rows[j], b = rows[j + half];
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

}  // namespace twinear
