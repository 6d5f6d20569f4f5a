// SPDX-License-Identifier: Apache-2.0
#include "train/batch_loader.h"

#include <algorithm>

#include "base/random.h"
#include "features/spec_augment.h"

namespace twinear {
namespace {

std::size_t batch_size(const SamplerOptions& sampler) {
  return static_cast<std::size_t>(sampler.labels) * static_cast<std::size_t>(sampler.clips);
}

}  // namespace

std::uint64_t steps_per_epoch(const Manifest& manifest, const SamplerOptions& sampler) {
  return std::max<std::uint64_t>(1, manifest.clips.size() / batch_size(sampler));
}

BatchLoader::BatchLoader(const Manifest& manifest, const Batching& batching, FeatureStore& store)
    : manifest_(manifest),
      sampler_(manifest, batching.sampler, batching.seed),
      batching_(batching),
      store_(store),
      values_(batch_size(batching.sampler) * batching.frames * batching.bins),
      lengths_(batch_size(batching.sampler)),
      labels_(lengths_.size()) {}

void BatchLoader::start(std::uint64_t k) {
  background_.run([this, k] { load(k); });
}

void BatchLoader::load(std::uint64_t k) {
  const std::size_t frames = batching_.frames, bins = batching_.bins;
  const auto clips = sampler_.batch(k);
  const auto epoch = static_cast<std::uint32_t>(k / steps_per_epoch(manifest_, batching_.sampler));
  parallel_for(clips.size(), [&](std::size_t i) {
    const auto features = store_.get(clips[i], epoch);
    Random random(batching_.seed, Purpose::crop, static_cast<std::uint32_t>(k),
                  static_cast<std::uint32_t>(i));
    const std::size_t length = std::min(features->rows(), frames);
    const std::size_t start = random.below(features->rows() - length + 1);
    const auto crop = features->values().subspan(start * bins, length * bins);
    float* to = values_.data() + i * frames * bins;
    std::fill(std::ranges::copy(crop, to).out, to + frames * bins, 0.0F);
    hide({to, crop.size()}, clips[i], epoch);
    lengths_[i] = static_cast<std::int64_t>(length);
    labels_[i] = manifest_.label_of[clips[i]];
  });
}

void BatchLoader::hide(std::span<float> crop, std::size_t clip, std::uint32_t epoch) const {
  const AugmentOptions& o = batching_.augment;
  Random random(batching_.seed, Purpose::augment_mask, epoch, static_cast<std::uint32_t>(clip));
  if (random.uniform() >= o.spec_augment) return;
  mask(crop, batching_.bins,
       {.bands = o.mask_bands,
        .band_width = o.mask_band_width,
        .frames = o.mask_frames,
        .frame_width = o.mask_frame_width},
       random);
}

std::vector<int> BatchLoader::finish(nn::Flow& input) {
  background_.wait();
  input.value.swap(values_);
  input.lengths = lengths_;
  return labels_;
}

}  // namespace twinear
