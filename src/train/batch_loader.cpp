// SPDX-License-Identifier: Apache-2.0
#include "train/batch_loader.h"

#include <algorithm>

#include "base/random.h"

namespace twinear {

BatchLoader::BatchLoader(const Manifest& manifest, const SamplerOptions& options,
                         std::uint64_t seed, FeatureStore& store, std::size_t frames,
                         std::size_t bins)
    : manifest_(manifest),
      sampler_(manifest, options, seed),
      seed_(seed),
      store_(store),
      frames_(frames),
      bins_(bins),
      values_(static_cast<std::size_t>(options.labels * options.clips) * frames * bins),
      lengths_(static_cast<std::size_t>(options.labels * options.clips)),
      labels_(lengths_.size()) {}

void BatchLoader::start(std::uint64_t k) {
  background_.run([this, k] { load(k); });
}

void BatchLoader::load(std::uint64_t k) {
  const auto clips = sampler_.batch(k);
  store_.visit(clips, [&](std::size_t i, const Matrix& features) {
    Random random(seed_, Purpose::crop, static_cast<std::uint32_t>(k),
                  static_cast<std::uint32_t>(i));
    const std::size_t length = std::min(features.rows(), frames_);
    const std::size_t start = random.below(features.rows() - length + 1);
    const auto crop = features.values().subspan(start * bins_, length * bins_);
    float* to = values_.data() + i * frames_ * bins_;
    std::fill(std::ranges::copy(crop, to).out, to + frames_ * bins_, 0.0F);
    lengths_[i] = static_cast<std::int64_t>(length);
    labels_[i] = manifest_.label_of[clips[i]];
  });
}

std::vector<int> BatchLoader::finish(nn::Flow& input) {
  background_.wait();
  input.value.swap(values_);
  input.lengths = lengths_;
  return labels_;
}

}  // namespace twinear
