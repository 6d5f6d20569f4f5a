// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace twinear::speech_finder {

/// What a frame holds; `unsure` frames teach nothing.
enum class Truth : std::int8_t { none, speech, unsure };

/// Sound, and what each of its frames (features/speech_net.h) holds.
struct Scene {
  std::vector<float> samples;
  std::vector<Truth> truth;
};

/// The recordings of a corpus, in 16 bits.
struct Recordings {
  std::vector<std::vector<std::int16_t>> sounds;

  std::vector<float> operator[](std::size_t i) const;
};

/// Reads at most `most` clips of the manifests, drawn at random, without those of labels `without`;
/// of long ones
/// pieces. Tells which cannot be read and leaves them out.
Recordings read_recordings(std::span<const std::string> manifests, std::size_t most,
                           std::span<const std::string> without = {});

/// Where a clip of speech without noise is loud enough, against its own range, to be speech.
std::vector<Truth> speech_truth(const std::vector<float>& samples);

/// Adds noise that lies `snr_db` under the mean power of the frames that are speech.
void add_noise_under_speech(Scene& scene, const std::vector<float>& noise, double snr_db);

/// Makes scenes to train with: clips of speech between pauses, under noise or music, in rooms and
/// over telephones, at any level; and scenes without speech.
class SceneMaker {
 public:
  SceneMaker(Recordings speech, Recordings noises, Recordings music, Recordings rooms)
      : speech_(std::move(speech)),
        noises_(std::move(noises)),
        music_(std::move(music)),
        rooms_(std::move(rooms)) {}

  /// Scene `number` of 4 s: a pure function of (seed, number).
  Scene operator()(std::uint64_t seed, std::uint32_t number) const;

 private:
  std::vector<float> background(std::size_t count, Random& random) const;
  Scene speech_scene(Random& random) const;
  Scene other_scene(Random& random) const;

  Recordings speech_, noises_, music_, rooms_;
};

}  // namespace twinear::speech_finder
