// SPDX-License-Identifier: Apache-2.0
#include "augment/augmenter.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "augment/fir_filter.h"
#include "augment/impulse_response.h"
#include "augment/noise.h"
#include "twinear/audio.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {
namespace {

double draw(const UniformRange& range, Random& random) {
  return random.uniform(range.low, range.high);
}

std::vector<float> read_sound(const Clip& clip, int sample_rate) {
  if (clip.holds_features())
    throw Error(Fault::config, clip.place() +
                                   ": features cannot be augmented as sound; "
                                   "expected audio, or only spec_augment");
  const Waveform waveform = clip_samples(clip);
  return resample(waveform.samples, waveform.sample_rate, sample_rate);
}

}  // namespace

Manifest with_speed_labels(Manifest manifest, const AugmentOptions& options) {
  if (!options.speed_labels) return manifest;
  std::vector<Clip> clips = manifest.clips;
  for (const int percent : options.speeds)
    for (Clip clip : manifest.clips) {
      if (!clip.label.empty()) clip.label = fmt::format("{} at {} %", clip.label, percent);
      clips.push_back(std::move(clip));
    }
  return make_manifest(std::move(clips));
}

AugmentSources read_augment_sources(const AugmentOptions& options) {
  AugmentSources sources;
  if (options.noise > 0) sources.noises = read_manifest(options.noises);
  if (options.reverb > 0 && !options.responses.empty())
    sources.responses = read_manifest(options.responses);
  return sources;
}

Augmenter::Augmenter(const AugmentOptions& options, std::span<const Clip> clips,
                     const AugmentSources& sources, int sample_rate, std::uint64_t seed,
                     std::size_t budget)
    : options_(options),
      clips_(clips),
      noises_(sources.noises.clips),
      responses_(sources.responses.clips),
      speeds_(options, clips.size(), seed),
      sample_rate_(sample_rate),
      seed_(seed),
      sounds_(speeds_.recordings() + noises_.size() + responses_.size(), budget) {}

std::vector<float> Augmenter::operator()(std::size_t clip, std::uint32_t epoch) {
  std::vector<float> samples =
      at_speed(*sound(clip % speeds_.recordings()), sample_rate_, speeds_.percent(clip, epoch));
  const auto happens = [&](double probability, Purpose purpose) -> std::optional<Random> {
    Random random(seed_, purpose, epoch, static_cast<std::uint32_t>(clip));
    if (random.uniform() < probability) return random;
    return std::nullopt;
  };

  if (auto random = happens(options_.reverb, Purpose::augment_room)) add_reverb(samples, *random);
  if (auto random = happens(options_.noise, Purpose::augment_noise))
    add_recorded_noise(samples, *random);
  if (auto random = happens(options_.colored_noise, Purpose::augment_color))
    add_colored_noise(samples, *random);
  if (auto random = happens(options_.microphone, Purpose::augment_microphone))
    samples =
        reverberated(samples, microphone_response(options_.microphone_db, sample_rate_, *random));
  if (auto random = happens(options_.band_limit, Purpose::augment_band))
    samples = band_passed(samples, 0.0, draw(options_.cutoff_hz, *random), sample_rate_);
  if (happens(options_.telephone, Purpose::augment_telephone))
    samples = band_passed(samples, 300.0, 3400.0, sample_rate_);
  if (auto random = happens(options_.gain, Purpose::augment_gain)) {
    const auto gain = static_cast<float>(std::pow(10.0, draw(options_.gain_db, *random) / 20.0));
    for (float& x : samples) x *= gain;
  }
  return samples;
}

std::shared_ptr<const std::vector<float>> Augmenter::sound(std::size_t i) {
  return sounds_.get(i, [&] {
    const std::size_t recordings = speeds_.recordings();
    const std::size_t noise = i - recordings, response = noise - noises_.size();
    const Clip& clip = i < recordings           ? clips_[i]
                       : noise < noises_.size() ? noises_[noise]
                                                : responses_[response];
    return read_sound(clip, sample_rate_);
  });
}

void Augmenter::add_reverb(std::vector<float>& samples, Random& random) {
  if (responses_.empty()) {
    const double rt60 = draw(options_.rt60_s, random), direct = draw(options_.direct_db, random);
    samples = reverberated(samples, room_response(rt60, direct, sample_rate_, random));
    return;
  }
  const std::size_t chosen = random.below(responses_.size());
  const auto response = sound(speeds_.recordings() + noises_.size() + chosen);
  if (mean_power(*response) == 0)
    throw Error(Fault::format,
                responses_[chosen].place() + ": silent; expected an impulse response");
  samples = reverberated(samples, *response);
}

void Augmenter::add_recorded_noise(std::vector<float>& samples, Random& random) {
  const double snr = draw(options_.noise_snr_db, random);
  const auto recording = sound(speeds_.recordings() + random.below(noises_.size()));
  add_noise(samples, excerpt(*recording, samples.size(), random), snr);
}

void Augmenter::add_colored_noise(std::vector<float>& samples, Random& random) const {
  const double snr = draw(options_.colored_noise_snr_db, random);
  const double slope = draw(options_.slope_db, random);
  add_noise(samples, colored_noise(samples.size(), slope, sample_rate_, random), snr);
}

}  // namespace twinear
