// SPDX-License-Identifier: Apache-2.0
#include "scenes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "augment/fir_filter.h"
#include "augment/impulse_response.h"
#include "augment/noise.h"
#include "augment/speed.h"
#include "base/threads.h"
#include "features/speech_net.h"
#include "sounds.h"
#include "twinear/audio.h"
#include "twinear/error.h"
#include "twinear/manifest.h"

namespace twinear::speech_finder {
namespace {

constexpr std::size_t hop = 160, scene_samples = 64000, scene_frames = 398;

std::vector<std::int16_t> in_16_bits(const std::vector<float>& samples) {
  std::vector<std::int16_t> coarse;
  coarse.reserve(samples.size());
  for (const float x : samples)
    coarse.push_back(static_cast<std::int16_t>(std::lround(32767.0F * std::clamp(x, -1.0F, 1.0F))));
  return coarse;
}

/// The logarithm of the energy of each frame in all mel bins.
std::vector<float> frame_levels(const std::vector<float>& samples) {
  static const LogMel log_mel(speech_front_end());
  const Matrix frames = log_mel(samples);
  std::vector<float> levels;
  for (std::size_t t = 0; t < frames.rows(); ++t) {
    float energy = 0;
    for (const float value : frames.row(t)) energy += std::exp(value);
    levels.push_back(std::log(energy));
  }
  return levels;
}

/// Takes what is no speech for less than 0.15 s within speech as a part of it.
void bridge_gaps(std::vector<Truth>& truth) {
  constexpr std::size_t longest = 15;
  std::size_t last = truth.size();  // the last frame of speech so far
  for (std::size_t t = 0; t < truth.size(); ++t) {
    if (truth[t] != Truth::speech) continue;
    if (last < t && t - last <= longest)
      std::fill(truth.begin() + static_cast<std::ptrdiff_t>(last) + 1,
                truth.begin() + static_cast<std::ptrdiff_t>(t), Truth::speech);
    last = t;
  }
}

/// Pieces of 8 s, at most eight, from all over a long recording; a shorter one as it is.
std::vector<std::vector<std::int16_t>> pieces_of(std::vector<std::int16_t> sound) {
  constexpr std::size_t length = 8 * rate, most = 8;
  if (sound.size() <= 2 * length) return {std::move(sound)};
  const std::size_t count = std::min(most, sound.size() / length);
  std::vector<std::vector<std::int16_t>> pieces;
  for (std::size_t i = 0; i < count; ++i) {
    const auto from = sound.begin() + static_cast<std::ptrdiff_t>(i * (sound.size() / count));
    pieces.emplace_back(from, from + length);
  }
  return pieces;
}

void scale(std::vector<float>& samples, double peak) {
  float highest = 0;
  for (const float x : samples) highest = std::max(highest, std::abs(x));
  if (highest == 0) return;
  for (float& x : samples) x *= static_cast<float>(peak) / highest;
}

/// A piece of `samples` of at most `most` samples, at a random place.
std::vector<float> piece_of(std::vector<float> samples, std::size_t most, Random& random) {
  if (samples.size() <= most) return samples;
  const auto from = static_cast<std::ptrdiff_t>(random.below(samples.size() - most) / hop * hop);
  return {samples.begin() + from, samples.begin() + from + static_cast<std::ptrdiff_t>(most)};
}

/// What a microphone and a line do to all sound: a filter, a telephone or less high frequencies,
/// and a level. Rounds to 16 bits, as files do.
void record(std::vector<float>& samples, Random& random) {
  if (random.uniform() < 0.3) samples = reverberated(samples, microphone_response(5, rate, random));
  const double line = random.uniform();
  if (line < 0.2)
    samples = band_passed(samples, 300, 3400, rate);
  else if (line < 0.35)
    samples = band_passed(samples, 0, random.uniform(2500, 7500), rate);
  scale(samples, std::pow(10.0, -random.uniform(0, 3)));
  if (random.uniform() < 0.5)
    for (float& x : samples) x = std::round(x * 32767.0F) / 32767.0F;
}

}  // namespace

std::vector<float> Recordings::operator[](std::size_t i) const {
  std::vector<float> samples;
  samples.reserve(sounds[i].size());
  for (const std::int16_t x : sounds[i]) samples.push_back(static_cast<float>(x) / 32767.0F);
  return samples;
}

Recordings read_recordings(std::span<const std::string> manifests, std::size_t most,
                           std::span<const std::string> without) {
  std::vector<Clip> clips;
  for (const std::string& path : manifests) {
    Manifest manifest = read_manifest(path, LabelRule::optional);
    for (Clip& clip : manifest.clips)
      if (std::ranges::find(without, clip.label) == without.end()) clips.push_back(std::move(clip));
  }
  Random random(0, Purpose::clip_order);
  random.shuffle(std::span(clips));
  clips.resize(std::min(clips.size(), most));
  std::vector<std::vector<std::vector<std::int16_t>>> pieces(clips.size());
  parallel_for(clips.size(), [&](std::size_t i) {
    try {
      const Waveform sound = read_audio(clips[i].path);
      pieces[i] = pieces_of(in_16_bits(resample(sound.samples, sound.sample_rate, rate)));
    } catch (const Error& e) {
      fmt::print(stderr, "left out: {}\n", e.what());
    }
  });
  Recordings recordings;
  for (auto& of_clip : pieces)
    for (auto& piece : of_clip) recordings.sounds.push_back(std::move(piece));
  return recordings;
}

std::vector<Truth> speech_truth(const std::vector<float>& samples) {
  const auto levels = frame_levels(samples);
  if (levels.empty()) return {};
  auto sorted = levels;
  std::ranges::sort(sorted);
  const float low = sorted[sorted.size() / 20], high = sorted[sorted.size() * 19 / 20];
  const float is = std::max(high - 6.0F, low + 0.35F * (high - low));
  const float is_not = std::max(high - 8.0F, low + 0.12F * (high - low));
  std::vector<Truth> truth;
  for (const float level : levels)
    truth.push_back(level > is ? Truth::speech : level < is_not ? Truth::none : Truth::unsure);
  bridge_gaps(truth);
  return truth;
}

void add_noise_under_speech(Scene& scene, const std::vector<float>& noise, double snr_db) {
  double power = 0, count = 0;
  for (std::size_t t = 0; t < scene.truth.size(); ++t) {
    if (scene.truth[t] != Truth::speech) continue;
    power += mean_power(std::span(scene.samples).subspan(t * hop, hop));
    ++count;
  }
  const double noise_power = mean_power(noise);
  if (count == 0 || noise_power == 0) return;
  const double gain = std::sqrt(power / count / noise_power * std::pow(10.0, -snr_db / 10.0));
  for (std::size_t i = 0; i < scene.samples.size(); ++i)
    scene.samples[i] += static_cast<float>(gain) * noise[i];
}

std::vector<float> SceneMaker::background(std::size_t count, Random& random) const {
  const double kind = random.uniform();
  if (kind < 0.4) return excerpt(noises_[random.below(noises_.sounds.size())], count, random);
  if (kind < 0.7) return excerpt(music_[random.below(music_.sounds.size())], count, random);
  const auto& names = training_sounds();
  return made_sound(names[random.below(names.size())], count, random);
}

Scene SceneMaker::speech_scene(Random& random) const {
  Scene scene{std::vector<float>(scene_samples), std::vector<Truth>(scene_frames, Truth::none)};
  std::size_t at = random.uniform() < 0.3 ? 0 : static_cast<std::size_t>(random.uniform(0, 200));
  while (at + 30 < scene_frames) {
    auto clip = speech_[random.below(speech_.sounds.size())];
    constexpr int speeds[]{80, 90, 110, 125};
    if (random.uniform() < 0.3) clip = at_speed(std::move(clip), rate, speeds[random.below(4)]);
    clip = piece_of(std::move(clip), static_cast<std::size_t>(random.uniform(0.4, 3.5) * rate),
                    random);
    scale(clip, std::pow(10.0, -random.uniform(0, 0.7)));
    const auto truth = speech_truth(clip);
    const std::size_t frames = std::min(truth.size(), scene_frames - at);
    std::copy_n(truth.begin(), frames, scene.truth.begin() + static_cast<std::ptrdiff_t>(at));
    std::copy_n(clip.begin(), std::min(clip.size(), scene_samples - at * hop),
                scene.samples.begin() + static_cast<std::ptrdiff_t>(at * hop));
    at +=
        frames + 3 + static_cast<std::size_t>(random.uniform() < 0.3 ? 0 : random.uniform(0, 150));
  }
  if (random.uniform() < 0.5) {
    if (random.uniform() < 0.7)
      scene.samples = reverberated(scene.samples, rooms_[random.below(rooms_.sounds.size())]);
    else
      scene.samples = reverberated(
          scene.samples,
          room_response(random.uniform(0.2, 0.8), random.uniform(0, 12), rate, random));
  }
  if (random.uniform() < 0.75)
    add_noise_under_speech(scene, background(scene_samples, random), random.uniform(-3, 25));
  if (random.uniform() < 0.6)  // what no recording lacks
    add_noise_under_speech(scene, colored_noise(scene_samples, random.uniform(-6, 0), rate, random),
                           random.uniform(20, 60));
  return scene;
}

Scene SceneMaker::other_scene(Random& random) const {
  Scene scene{std::vector<float>(scene_samples), std::vector<Truth>(scene_frames, Truth::none)};
  std::size_t at = random.uniform() < 0.5 ? 0 : random.below(scene_samples / 2);
  while (at < scene_samples) {
    const std::size_t most = scene_samples - at;
    const std::size_t count =
        random.uniform() < 0.5 ? most : std::min(most, 1600 + random.below(scene_samples));
    auto sound = background(count, random);
    scale(sound, std::pow(10.0, -random.uniform(0, 1)));
    std::ranges::copy(sound, scene.samples.begin() + static_cast<std::ptrdiff_t>(at));
    at += count + random.below(scene_samples / 4);
  }
  if (random.uniform() < 0.3)
    scene.samples = reverberated(scene.samples, rooms_[random.below(rooms_.sounds.size())]);
  if (random.uniform() < 0.5)
    add_noise(scene.samples, colored_noise(scene_samples, random.uniform(-6, 0), rate, random),
              random.uniform(10, 60));
  return scene;
}

Scene SceneMaker::operator()(std::uint64_t seed, std::uint32_t number) const {
  Random random(seed, Purpose::crop, number);
  Scene scene = random.uniform() < 0.6 ? speech_scene(random) : other_scene(random);
  record(scene.samples, random);
  return scene;
}

}  // namespace twinear::speech_finder
