// SPDX-License-Identifier: Apache-2.0
#include "augment/spec_augment.h"

#include <algorithm>
#include <numeric>

namespace twinear {
namespace {

struct Stretch {
  std::size_t begin, end;
};

Stretch draw(std::size_t size, int width, Random& random) {
  const std::size_t hidden = random.below(std::min(static_cast<std::size_t>(width), size / 2) + 1);
  const std::size_t begin = random.below(size - hidden + 1);
  return {begin, begin + hidden};
}

}  // namespace

void mask(std::span<float> features, std::size_t bins, const Masks& masks, Random& random) {
  const std::size_t frames = features.size() / bins;
  if (frames == 0) return;
  const auto mean = static_cast<float>(std::accumulate(features.begin(), features.end(), 0.0) /
                                       static_cast<double>(features.size()));
  for (int m = 0; m < masks.bands; ++m) {
    const Stretch hidden = draw(bins, masks.band_width, random);
    for (std::size_t t = 0; t < frames; ++t)
      std::ranges::fill(features.subspan(t * bins + hidden.begin, hidden.end - hidden.begin), mean);
  }
  for (int m = 0; m < masks.frames; ++m) {
    const Stretch hidden = draw(frames, masks.frame_width, random);
    std::ranges::fill(features.subspan(hidden.begin * bins, (hidden.end - hidden.begin) * bins),
                      mean);
  }
}

}  // namespace twinear
