// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "base/random.h"

namespace twinear {

/// A resonance of the mouth: a filter with two poles.
class Formant {
 public:
  double operator()(double x, double hz, double width_hz) {
    const double radius = std::exp(-std::numbers::pi * width_hz / 16000.0);
    const double y = x + 2.0 * radius * std::cos(2.0 * std::numbers::pi * hz / 16000.0) * last_ -
                     radius * radius * before_;
    before_ = last_;
    last_ = y;
    return y;
  }

 private:
  double last_ = 0, before_ = 0;
};

/// Sound at 16 kHz as of somebody who says syllables without a meaning: pulses of a pitch that
/// falls and rises go through three formants that glide from vowel to vowel, and each syllable
/// begins with a hiss. `pitch_hz` tells voices apart. The peak is 0.5.
inline std::vector<float> made_voice(double seconds, double pitch_hz = 120) {
  constexpr double vowels[][3]{{730, 1090, 2440}, {270, 2290, 3010}, {570, 840, 2410},
                               {530, 1840, 2480}, {300, 870, 2240},  {660, 1720, 2410}};
  constexpr double syllable = 0.22;  // seconds
  std::vector<float> samples(static_cast<std::size_t>(seconds * 16000));
  Random random(1, Purpose::test);
  Formant formants[3], hiss;
  double now[3]{500, 1500, 2500}, phase = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / 16000, part = std::fmod(t, syllable) / syllable;
    const auto& vowel = vowels[static_cast<std::size_t>(t / syllable) * 5 % 6];
    const double fall = 1.0 + 0.15 * std::sin(2.0 * std::numbers::pi * t / 1.7);
    phase += pitch_hz * fall * (1.0 + 0.01 * random.normal()) / 16000;
    const double pulse = phase >= 1 ? 1.0 : 0.0;
    phase -= std::floor(phase);
    const double voiced = std::sin(std::numbers::pi * std::clamp((part - 0.2) / 0.75, 0.0, 1.0));
    double x = voiced * pulse + 0.002 * random.normal();
    for (int f = 0; f < 3; ++f) {
      now[f] += 0.002 * (vowel[f] - now[f]);
      x = formants[f](x, now[f], 60.0 + 30.0 * f);
    }
    const double breath = part < 0.2 ? std::sin(std::numbers::pi * part / 0.2) : 0.0;
    samples[i] = static_cast<float>(x + 0.4 * breath * hiss(random.normal(), 4500, 1500));
  }
  float peak = 0;
  for (const float x : samples) peak = std::max(peak, std::abs(x));
  for (float& x : samples) x *= 0.5F / peak;
  return samples;
}

}  // namespace twinear
