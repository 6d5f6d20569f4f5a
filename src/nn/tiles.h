// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>

#include "twinear/layer.h"

namespace twinear::nn {

/// Output frames of one task where a batch is a single clip, so that its latency has the use of
/// more than one core; 0 where the clip is too short for that. The cut does not depend on the
/// number of threads, so neither does the result.
inline std::size_t tile_frames(const Shape& out, Mode mode) {
  constexpr std::size_t min_frames = 64;
  if (mode == Mode::training || out.clips != 1 || out.frames < 2 * min_frames) return 0;
  const std::size_t tiles = std::min<std::size_t>(16, std::bit_floor(out.frames / min_frames));
  return (out.frames - 1) / tiles + 1;
}

}  // namespace twinear::nn
