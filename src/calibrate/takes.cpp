// SPDX-License-Identifier: Apache-2.0
#include "calibrate/takes.h"

#include <algorithm>

#include "base/random.h"
#include "base/threads.h"
#include "calibrate/condition_sounds.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// The clips of a half, joined, at most `most` samples at `sample_rate`.
Clip joined(const Manifest& manifest, const Half& half, int sample_rate, std::size_t most) {
  std::vector<float> samples;
  for (const std::size_t clip : half.clips) {
    if (samples.size() >= most) break;
    const Waveform sound = clip_samples(manifest.clips[clip]);
    const auto part = resample(sound.samples, sound.sample_rate, sample_rate);
    samples.insert(samples.end(), part.begin(), part.end());
  }
  samples.resize(std::min(samples.size(), most));
  return clip_of_samples({sample_rate, std::move(samples)}, manifest.clips[half.clips[0]].place());
}

}  // namespace

std::vector<Half> deal(const Manifest& manifest, const ConditionOptions& options) {
  std::vector<std::vector<std::size_t>> clips_of(manifest.labels.size());
  for (std::size_t i = 0; i < manifest.clips.size(); ++i)
    if (manifest.label_of[i] != no_label)
      clips_of[static_cast<std::size_t>(manifest.label_of[i])].push_back(i);
  std::vector<Half> halves;
  for (std::size_t label = 0; label < clips_of.size(); ++label) {
    auto& clips = clips_of[label];
    if (clips.size() < 2) continue;
    const int deals = clips.size() == 2 ? 1 : options.deals;
    for (int d = 0; d < deals; ++d) {
      if (d > 0)
        Random(options.seed, Purpose::condition, static_cast<std::uint32_t>(label),
               static_cast<std::uint32_t>(d))
            .shuffle(std::span(clips));
      const auto middle = clips.begin() + static_cast<std::ptrdiff_t>(clips.size() / 2);
      halves.push_back({static_cast<int>(label), {clips.begin(), middle}});
      halves.push_back({static_cast<int>(label), {middle, clips.end()}});
    }
  }
  if (halves.empty())
    throw Error(Fault::config, "no label has two clips; trials of one source need two");
  return halves;
}

Takes::Takes(const Verifier& verifier, const Manifest& manifest, std::span<const Half> halves,
             const ConditionOptions& options)
    : lengths_(options.seconds.size() + enrolled_clips),
      takes_(channel_count * lengths_),
      embeddings_(halves.size() * takes_) {
  constexpr std::size_t at_once = 64;
  for (std::size_t begin = 0; begin < halves.size(); begin += at_once)
    embed(verifier, manifest, halves.subspan(begin, std::min(at_once, halves.size() - begin)),
          begin, options);
}

void Takes::embed(const Verifier& verifier, const Manifest& manifest, std::span<const Half> halves,
                  std::size_t first, const ConditionOptions& options) {
  const int rate = verifier.model().front_end.sample_rate;
  const auto samples_of = [&](double seconds) { return static_cast<std::size_t>(seconds * rate); };
  const std::size_t most =
      samples_of(std::max(std::ranges::max(options.seconds), enrolled_clips * enrolled_seconds));
  std::vector<Clip> recordings(halves.size());
  parallel_for(halves.size(),
               [&](std::size_t i) { recordings[i] = joined(manifest, halves[i], rate, most); });
  ConditionOptions of_part = options;
  of_part.seed += first;  // other noises than those of the part before
  ConditionSounds sounds(recordings, of_part, rate);

  for (std::size_t channel = 0; channel < channel_count; ++channel) {
    std::vector<std::vector<float>> changed(halves.size());
    parallel_for(halves.size(), [&](std::size_t i) { changed[i] = sounds(channel, i); });
    std::vector<Clip> clips;
    std::vector<std::size_t> places;  // of the results
    const auto cut = [&](std::size_t half, std::size_t begin, double seconds, std::size_t length) {
      const std::size_t count = samples_of(seconds);
      if (begin + count > changed[half].size()) return;
      const auto part = std::span(changed[half]).subspan(begin, count);
      clips.push_back(clip_of_samples({rate, {part.begin(), part.end()}}, recordings[half].name));
      places.push_back((first + half) * takes_ + channel * lengths_ + length);
    };
    for (std::size_t half = 0; half < halves.size(); ++half) {
      for (std::size_t length = 0; length < options.seconds.size(); ++length)
        cut(half, 0, options.seconds[length], length);
      for (std::size_t k = 0; k < enrolled_clips; ++k)
        cut(half, k * samples_of(enrolled_seconds), enrolled_seconds, options.seconds.size() + k);
    }
    auto embedded = verifier.embed_each(clips, {.gate = {.voice = false}});
    for (std::size_t i = 0; i < clips.size(); ++i)
      embeddings_[places[i]] = std::move(embedded[i].embedding);
  }
}

void Takes::remove(const Matrix& directions) {
  const Adaptation adaptation{{}, {}, directions};
  parallel_for(embeddings_.size(), [&](std::size_t i) {
    if (!embeddings_[i].empty()) adaptation.apply(std::span(embeddings_[i]));
  });
}

Matrix nuisances(const Takes& takes, const ConditionOptions& options) {
  std::vector<float> values;
  std::size_t rows = 0;
  const auto add = [&](std::span<const float> changed, std::span<const float> plain) {
    if (changed.empty() || plain.empty()) return;
    for (std::size_t i = 0; i < plain.size(); ++i) values.push_back(changed[i] - plain[i]);
    ++rows;
  };
  for (std::size_t half = 0; half < takes.halves(); ++half)
    for (std::size_t length = 0; length < options.seconds.size(); ++length) {
      const auto plain = takes.find(half, {0, length});
      for (std::size_t channel = 1; channel < channel_count; ++channel)
        add(takes.find(half, {channel, length}), plain);
      if (length > 0) add(plain, takes.find(half, {0, 0}));
    }
  Matrix differences(rows, rows == 0 ? 0 : values.size() / rows);
  std::ranges::copy(values, differences.values().begin());
  return differences;
}

}  // namespace twinear
