// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "base/random.h"
#include "twinear/audio.h"

namespace twinear {

/// A clip of a made-up speaker: harmonics of a pitch under three formants, both the speaker's own,
/// with a melody, a level and a noise that are the clip's.
inline Waveform voice(unsigned speaker, unsigned clip, double seconds = 0.8) {
  constexpr double rate = 16000.0, two_pi = 2.0 * std::numbers::pi;
  constexpr std::size_t block = 80;  // samples with the same gains
  Random own(7, Purpose::test, speaker), of_clip(8, Purpose::test, speaker, clip);
  const double pitch = own.uniform(90, 280);
  const double formants[] = {own.uniform(300, 900), own.uniform(1000, 2200),
                             own.uniform(2300, 3500)};
  Waveform wave{16000, std::vector<float>(static_cast<std::size_t>(rate * seconds))};
  const double sway = of_clip.uniform(0.5, 3.0), level = of_clip.uniform(0.1, 0.3);
  double phase = of_clip.uniform(), f0 = pitch;
  std::vector<double> gains;  // of the harmonics under 4 kHz
  for (std::size_t i = 0; i < wave.samples.size(); ++i) {
    if (i % block == 0) {
      f0 = pitch * (1.0 + 0.05 * std::sin(two_pi * sway * static_cast<double>(i) / rate));
      gains.clear();
      for (double f = f0; f < 4000.0; f += f0) {
        gains.push_back(0.0);
        for (const double formant : formants)
          gains.back() += std::exp(-0.5 * std::pow((f - formant) / 120.0, 2));
      }
    }
    phase += f0 / rate;
    double sum = 0.02 * of_clip.normal();
    for (std::size_t h = 0; h < gains.size(); ++h)
      sum += gains[h] * std::sin(two_pi * static_cast<double>(h + 1) * phase);
    wave.samples[i] = static_cast<float>(level * sum);
  }
  return wave;
}

}  // namespace twinear
