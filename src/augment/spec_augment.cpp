// SPDX-License-Identifier: Apache-2.0
#include "augment/spec_augment.h"

#include <algorithm>
#include <numeric>

namespace twinear {
namespace {

struct Interval {
  std::size_t begin, end;
};

Interval draw(std::size_t size, int width, Random& random) {
  const std::size_t masked = random.below(std::min(static_cast<std::size_t>(width), size / 2) + 1);
  const std::size_t begin = random.below(size - masked + 1);
  return {begin, begin + masked};
}

}  // namespace

void spec_augment(std::span<float> features, std::size_t bins, const AugmentOptions& options,
                  Random& random) {
  const std::size_t frames = features.size() / bins;
  if (frames == 0) return;
  const auto mean = static_cast<float>(std::accumulate(features.begin(), features.end(), 0.0) /
                                       static_cast<double>(features.size()));
  for (int m = 0; m < options.frequency_masks; ++m) {
    const Interval masked = draw(bins, options.frequency_mask_width, random);
    for (std::size_t t = 0; t < frames; ++t)
      std::ranges::fill(features.subspan(t * bins + masked.begin, masked.end - masked.begin), mean);
  }
  for (int m = 0; m < options.time_masks; ++m) {
    const Interval masked = draw(frames, options.time_mask_width, random);
    std::ranges::fill(features.subspan(masked.begin * bins, (masked.end - masked.begin) * bins),
                      mean);
  }
}

}  // namespace twinear
