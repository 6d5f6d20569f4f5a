// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace twinear {

/// The signal of tests/golden/make_fbank.py: two tones and noise, here in [-1, 1].
inline std::vector<float> golden_signal(std::size_t count) {
  std::vector<float> samples(count);
  std::uint32_t state = 12345;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    const double noise = (state >> 8) / 16777216.0 - 0.5;
    const double phase = 2.0 * std::numbers::pi * static_cast<double>(i) / 16000.0;
    const double tones = 0.3 * std::sin(440.0 * phase) + 0.2 * std::sin(2500.0 * phase);
    samples[i] = static_cast<float>(32768.0 * (tones + 0.05 * noise)) / 32768.0F;
  }
  return samples;
}

}  // namespace twinear
