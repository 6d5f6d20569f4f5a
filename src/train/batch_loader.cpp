// SPDX-License-Identifier: Apache-2.0
#include "train/batch_loader.h"

#include <algorithm>
#include <stdexcept>

#include "augment/spec_augment.h"
#include "base/random.h"

namespace twinear {
namespace {

std::size_t batch_size(const SamplerOptions& sampler) {
  return static_cast<std::size_t>(sampler.labels) * static_cast<std::size_t>(sampler.clips);
}

}  // namespace

BatchLoader::BatchLoader(const Manifest& manifest, const Batching& batching, FeatureStore& store,
                         std::uint64_t first)
    : manifest_(manifest),
      sampler_(manifest, batching.sampler, batching.seed, batching.label_weights),
      batching_(batching),
      store_(store),
      taken_(first),
      next_(first) {
  const std::size_t clips = batch_size(batching.sampler);
  for (std::size_t i = 0; i < std::max<std::size_t>(1, batching.ahead); ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->values.resize(clips * batching.frames * batching.bins);
    slots_.back()->lengths.resize(clips);
    slots_.back()->labels.resize(clips);
  }
}

BatchLoader::~BatchLoader() {
  const std::lock_guard lock(mutex_);
  end_ = 0;  // what is under way begins no other
}

void BatchLoader::load_until(std::uint64_t end) {
  const std::lock_guard lock(mutex_);
  end_ = end;
  begin_next();
}

void BatchLoader::begin_next() {
  if (busy_ || next_ >= end_ || next_ >= taken_ + slots_.size()) return;
  busy_ = true;
  slot(next_).work.run([this, k = next_] {
    load(k);  // where it throws, next() does, and nothing more is asked for
    const std::lock_guard lock(mutex_);
    busy_ = false;
    begin_next();
  });
  ++next_;
}

void BatchLoader::load(std::uint64_t k) {
  const std::size_t frames = batching_.frames, bins = batching_.bins;
  const auto clips = sampler_.batch(k, neighbors_);
  const auto epoch = static_cast<std::uint32_t>(k / batching_.batches_per_epoch);
  Slot& to = slot(k);
  parallel_for(clips.size(), [&](std::size_t i) {
    const auto features = store_.get(clips[i], epoch);
    Random random(batching_.seed, Purpose::crop, static_cast<std::uint32_t>(k),
                  static_cast<std::uint32_t>(i));
    const std::size_t length = std::min(features->rows(), frames);
    const std::size_t start = random.below(features->rows() - length + 1);
    const auto crop = features->values().subspan(start * bins, length * bins);
    float* values = to.values.data() + i * frames * bins;
    std::fill(std::ranges::copy(crop, values).out, values + frames * bins, 0.0F);
    hide({values, crop.size()}, clips[i], epoch);
    to.lengths[i] = static_cast<std::int64_t>(length);
    to.labels[i] = manifest_.label_of[clips[i]];
  });
}

void BatchLoader::hide(std::span<float> crop, std::size_t clip, std::uint32_t epoch) const {
  const AugmentOptions& o = batching_.augment;
  Random random(batching_.seed, Purpose::augment_mask, epoch, static_cast<std::uint32_t>(clip));
  if (random.uniform() >= o.spec_augment) return;
  spec_augment(crop, batching_.bins,
               {.frequency_masks = o.frequency_masks,
                .frequency_mask_width = o.frequency_mask_width,
                .time_masks = o.time_masks,
                .time_mask_width = o.time_mask_width},
               random);
}

std::vector<int> BatchLoader::next(nn::Activation& input) {
  std::unique_lock lock(mutex_);
  if (taken_ >= next_) throw std::logic_error("BatchLoader: no batch was asked for");
  Slot& ready = slot(taken_);
  lock.unlock();
  ready.work.wait();
  input.value.swap(ready.values);
  input.lengths = ready.lengths;
  std::vector<int> labels = ready.labels;
  lock.lock();
  ++taken_;
  begin_next();
  return labels;
}

}  // namespace twinear
