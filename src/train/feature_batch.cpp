// SPDX-License-Identifier: Apache-2.0
#include "twinear/feature_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/random.h"

namespace twinear {
FeatureBatch::FeatureBatch(std::size_t clips, std::size_t frames, std::size_t bins)
    : lengths(clips, frames),
      labels(clips),
      frames_(frames),
      bins_(bins),
      values_(clips * frames * bins) {}

FeatureBatch FeatureBatch::crops(std::span<const Matrix* const> clips, std::size_t frames,
                                 std::uint64_t seed, std::uint64_t number, std::uint32_t stream) {
  if (clips.empty()) throw std::invalid_argument("FeatureBatch::crops: there are no clips");
  FeatureBatch batch(clips.size(), frames, clips[0]->cols());
  batch.number = number;
  Random random(seed, Purpose::crop, static_cast<std::uint32_t>(number), stream);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const Matrix& clip = *clips[i];
    if (clip.rows() == 0 || clip.cols() != batch.bins())
      throw std::invalid_argument(
          fmt::format("FeatureBatch::crops: clip {} has {} x {} features; expected at least one "
                      "frame of {} values",
                      i, clip.rows(), clip.cols(), batch.bins()));
    const std::size_t length = std::min(clip.rows(), frames);
    const std::size_t start = random.below(clip.rows() - length + 1);
    batch.set_clip(i, clip.values().subspan(start * clip.cols(), length * clip.cols()));
  }
  return batch;
}

void FeatureBatch::set_clip(std::size_t i, std::span<const float> rows) {
  const auto all = clip(i);
  if (rows.empty() || rows.size() > all.size() || rows.size() % bins_ != 0)
    throw std::invalid_argument(
        fmt::format("FeatureBatch::set_clip: {} values; expected 1 to {} frames of {}", rows.size(),
                    frames_, bins_));
  std::fill(std::ranges::copy(rows, all.begin()).out, all.end(), 0.0F);
  lengths[i] = rows.size() / bins_;
}

}  // namespace twinear
