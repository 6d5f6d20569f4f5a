// SPDX-License-Identifier: Apache-2.0
// Helpers that the benchmarks share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

/// Fills `values` with normal noise of this deviation, the same for the same seed.
inline void fill_with_noise(std::span<float> values, float deviation, std::uint64_t seed = 0) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0.0F, deviation);
  for (float& value : values) value = normal(random);
}

inline std::vector<float> noise(std::size_t count) {
  std::vector<float> values(count);
  fill_with_noise(values, 0.1F);
  return values;
}
