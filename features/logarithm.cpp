// SPDX-License-Identifier: Apache-2.0
#include "features/logarithm.h"

#include <bit>
#include <cstdint>

#include "base/lanes.h"

namespace twinear {
namespace {

/// The natural logarithm of a positive normal number. With x = 2^e m and m in [sqrt(1/2), sqrt(2)),
/// ln x = e ln 2 + ln m. The polynomial for ln m is from Cephes' logf (Moshier 1992).
inline float natural_log(float x) {
  constexpr std::int32_t half_root = 0x3f3504f3;  // the bits of sqrt(1/2)
  const auto bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t exponent = (bits - half_root) >> 23;
  const float m = std::bit_cast<float>(bits - exponent * (1 << 23)) - 1.0F;
  const float e = static_cast<float>(exponent), square = m * m;
  float p = 7.0376836292e-2F;
  p = p * m - 1.1514610310e-1F;
  p = p * m + 1.1676998740e-1F;
  p = p * m - 1.2420140846e-1F;
  p = p * m + 1.4249322787e-1F;
  p = p * m - 1.6668057665e-1F;
  p = p * m + 2.0000714765e-1F;
  p = p * m - 2.4999993993e-1F;
  p = p * m + 3.3333331174e-1F;
  // ln 2 is split in two parts so that e times the larger part is exact
  return (m - 0.5F * square + (m * square * p - 2.12194440e-4F * e)) + 0.693359375F * e;
}

}  // namespace

TWINEAR_SIMD void logarithm(Lanes* rows, std::size_t count, float floor, float factor) {
  for (std::size_t i = 0; i < count; ++i) {
    TWINEAR_LANES
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      const float value = rows[i][lane];
      rows[i][lane] = factor * natural_log(value > floor ? value : floor);
    }
  }
}

}  // namespace twinear
