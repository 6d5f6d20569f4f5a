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
  constexpr double low = 90.0, high = 280.0, top = 4000.0;
  Random own(7, Purpose::test, speaker), of_clip(8, Purpose::test, speaker, clip);
  const double pitch = own.uniform(low, high);
  const double formants[] = {own.uniform(300, 900), own.uniform(1000, 2200),
                             own.uniform(2300, 3500)};
  Waveform wave{16000, std::vector<float>(static_cast<std::size_t>(16000 * seconds))};
  const double sway = of_clip.uniform(0.5, 3.0), level = of_clip.uniform(0.1, 0.3);
  double phase = of_clip.uniform();
  for (std::size_t i = 0; i < wave.samples.size(); ++i) {
    const double t = static_cast<double>(i) / 16000.0;
    const double f0 = pitch * (1.0 + 0.05 * std::sin(2.0 * std::numbers::pi * sway * t));
    phase += f0 / 16000.0;
    double sum = 0.02 * of_clip.normal();
    for (int h = 1; h * f0 < top; ++h) {
      double gain = 0.0;
      for (const double formant : formants)
        gain += std::exp(-0.5 * std::pow((h * f0 - formant) / 120.0, 2));
      sum += gain * std::sin(2.0 * std::numbers::pi * h * phase);
    }
    wave.samples[i] = static_cast<float>(level * sum);
  }
  return wave;
}

}  // namespace twinear
