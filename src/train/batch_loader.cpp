// SPDX-License-Identifier: Apache-2.0
#include "twinear/batch_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "augment/spec_augment.h"
#include "base/random.h"
#include "base/threads.h"
#include "base/within.h"
#include "train/clean_lessons.h"
#include "train/feature_source.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// A batch that is made in the background.
struct Slot {
  FeatureBatch batch;
  Background work;  // last: it must end before what it writes to
};

}  // namespace

struct BatchLoader::Parts {
  Parts(const Manifest& m, const FrontEnd& front_end, BatchOptions o, std::uint64_t first,
        std::uint64_t last)
      : manifest(m),
        log_mel(front_end),
        options(std::move(o)),
        taken(first),
        next(first),
        end(last) {
    const SamplerOptions& sampler_options = options.sampler;
    if (!options.draw)
      sampler.emplace(manifest, sampler_options, options.seed, options.label_weights);
    begin_teaching();
    if (!options.features) options.features = training_features(manifest, log_mel, options);
    if (options.batches_per_epoch == 0)
      options.batches_per_epoch = std::max<std::uint64_t>(
          1, manifest.clips.size() / (static_cast<std::size_t>(sampler_options.labels) *
                                      static_cast<std::size_t>(sampler_options.clips)));
    frames = log_mel.frames(static_cast<std::size_t>(options.crop_seconds * front_end.sample_rate));
    for (int i = 0; i < std::max(1, options.prefetch); ++i)
      slots.push_back(std::make_unique<Slot>());
  }
  ~Parts() {
    const std::lock_guard lock(mutex);
    end = 0;  // what is under way begins no other
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Slot& slot(std::uint64_t k) { return *slots[k % slots.size()]; }

  /// Begins to make the next batch if none is under way and there is room; with the mutex held.
  void begin_next() {
    if (busy || next >= end || next >= taken + slots.size()) return;
    busy = true;
    slot(next).work.run([this, k = next] {
      load(k);  // where it throws, BatchLoader::next() does, and nothing more is asked for
      const std::lock_guard lock(mutex);
      busy = false;
      begin_next();
    });
    ++next;
  }

  void begin_teaching() {
    if (!options.teacher) return;
    if (options.teacher->options().hears == Hearing::clip) {
      lessons.emplace(options.teacher, manifest, options.augment, options.seed,
                      options.feature_cache);
      return;
    }
    if (options.features)
      throw std::invalid_argument(
          "BatchLoader: BatchOptions::features hides the sound of the crops from the teacher");
    if (log_mel.front_end().vad != Vad::none)
      throw Error(Fault::config,
                  "[teacher] hears = \"crop\" needs all frames of a clip, but front_end.vad cuts "
                  "some out");
    sounds = training_sounds(manifest, log_mel.front_end().sample_rate, options);
  }

  void load(std::uint64_t k) {
    const auto clips = options.draw ? options.draw(k) : sampler->batch(k, neighbors);
    const auto bins = static_cast<std::size_t>(log_mel.front_end().mel_bins);
    const auto epoch = static_cast<std::uint32_t>(k / options.batches_per_epoch);
    FeatureBatch& batch = slot(k).batch;
    if (batch.clips() != clips.size()) batch = FeatureBatch(clips.size(), frames, bins);
    batch.number = k;
    std::vector<Clip> crops(sounds ? clips.size() : 0);  // that the teacher hears
    parallel_for(clips.size(), [&](std::size_t i) {
      if (clips[i] >= manifest.clips.size())
        throw std::invalid_argument(
            fmt::format("BatchLoader: batch {} holds clip {}, but the manifest has {} clips", k,
                        clips[i], manifest.clips.size()));
      const auto sound = sounds ? sounds(clips[i], epoch) : nullptr;
      const auto features =
          sound ? features_of(*sound, clips[i]) : options.features(clips[i], epoch);
      if (features->rows() == 0 || features->cols() != bins)
        throw std::invalid_argument(
            fmt::format("BatchLoader: clip {} has {} x {} features; expected frames of {} values",
                        clips[i], features->rows(), features->cols(), bins));
      Random random(options.seed, Purpose::crop, static_cast<std::uint32_t>(k),
                    static_cast<std::uint32_t>(i));
      const std::size_t length = std::min(features->rows(), frames);
      const std::size_t start = random.below(features->rows() - length + 1);
      batch.set_clip(i, features->values().subspan(start * bins, length * bins));
      if (sounds) {
        crops[i] = sound ? clip_of_samples(part_of(*sound, start))
                         : clip_of_features(features->part(start, length));
        crops[i].name = manifest.clips[clips[i]].place();
      }
      hide(batch.clip(i).first(length * bins), clips[i], epoch);
      batch.labels[i] = manifest.label_of[clips[i]];
    });
    if (sounds)
      batch.teacher = options.teacher->embed(crops);
    else if (lessons)
      batch.teacher = (*lessons)(clips, epoch);
  }

  std::shared_ptr<const Matrix> features_of(const Waveform& sound, std::size_t clip) const {
    return within(manifest.clips[clip].place(), [&] {
      return std::make_shared<const Matrix>(clip_features(sound, log_mel).frames);
    });
  }

  /// The samples of the frames of a crop that begins with the frame `start`; all of a clip that is
  /// no longer.
  Waveform part_of(const Waveform& sound, std::size_t start) const {
    const FrontEnd& front_end = log_mel.front_end();
    const double rate = front_end.sample_rate;
    const auto whole = [](double samples) { return static_cast<std::size_t>(std::round(samples)); };
    const std::size_t hop = whole(front_end.hop_ms * rate / 1000),
                      covered = (frames - 1) * hop + whole(front_end.window_ms * rate / 1000),
                      length = std::min(sound.samples.size(),
                                        std::max(covered, whole(shortest_clip * rate) + 1)),
                      begin = std::min(start * hop, sound.samples.size() - length);
    const auto at = sound.samples.begin() + static_cast<std::ptrdiff_t>(begin);
    return {sound.sample_rate, {at, at + static_cast<std::ptrdiff_t>(length)}};
  }

  /// Masks bins and frames of a crop, as often as the options say.
  void hide(std::span<float> crop, std::size_t clip, std::uint32_t epoch) const {
    const AugmentOptions& o = options.augment;
    Random random(options.seed, Purpose::augment_mask, epoch, static_cast<std::uint32_t>(clip));
    if (random.uniform() >= o.spec_augment) return;
    spec_augment(crop, static_cast<std::size_t>(log_mel.front_end().mel_bins), o, random);
  }

  const Manifest& manifest;
  LogMel log_mel;
  BatchOptions options;
  std::optional<Sampler> sampler;
  std::optional<CleanLessons> lessons;  // where the teacher hears clips
  SoundSource sounds;                   // where it hears crops
  std::size_t frames = 0;
  Neighbors neighbors;
  FeatureBatch current;
  std::mutex mutex;  // over what follows
  std::uint64_t taken, next, end;
  bool busy = false;  // one batch at a time, so that the next is the first to be ready
  std::vector<std::unique_ptr<Slot>> slots;
};

BatchLoader::BatchLoader(const Manifest& manifest, const FrontEnd& front_end, BatchOptions options,
                         std::uint64_t first, std::uint64_t end)
    : parts_(std::make_unique<Parts>(manifest, front_end, std::move(options), first, end)) {
  const std::lock_guard lock(parts_->mutex);
  parts_->begin_next();
}
BatchLoader::BatchLoader(BatchLoader&&) noexcept = default;
BatchLoader& BatchLoader::operator=(BatchLoader&&) noexcept = default;
BatchLoader::~BatchLoader() = default;

void BatchLoader::load_until(std::uint64_t end, Neighbors neighbors) {
  const std::lock_guard lock(parts_->mutex);
  parts_->neighbors = std::move(neighbors);
  parts_->end = end;
  parts_->begin_next();
}

const FeatureBatch& BatchLoader::next() {
  Parts& p = *parts_;
  std::unique_lock lock(p.mutex);
  if (p.taken >= p.next)
    throw std::logic_error("BatchLoader: all batches up to the end were taken");
  Slot& ready = p.slot(p.taken);
  lock.unlock();
  ready.work.wait();
  std::swap(p.current, ready.batch);
  lock.lock();
  ++p.taken;
  p.begin_next();
  return p.current;
}

}  // namespace twinear
