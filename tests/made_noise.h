// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "base/random.h"

namespace twinear {

/// Three seconds at 16 kHz of sounds that are no voice, by their names.
inline std::map<std::string, std::vector<float>> made_noises() {
  constexpr std::size_t count = 48000;
  constexpr double turn = 2.0 * std::numbers::pi / 16000;
  const auto made = [](const std::function<double(double)>& sample) {
    std::vector<float> samples(count);
    for (std::size_t i = 0; i < count; ++i)
      samples[i] = static_cast<float>(sample(static_cast<double>(i)));
    return samples;
  };
  const auto tone = [](double hz, double i) { return 0.2 * std::sin(turn * hz * i); };
  Random random(0, Purpose::test);
  double slow = 0, brown = 0;
  std::map<std::string, std::vector<float>> noises;
  noises["white noise"] = made([&](double) { return 0.1 * random.normal(); });
  noises["pink noise"] = made([&](double) {  // nearly: white noise and two of its averages
    const double white = random.normal();
    slow = 0.99 * slow + 0.1 * white;
    brown = 0.95 * brown + 0.2 * white;
    return 0.05 * (0.2 * white + slow + brown);
  });
  double walk = 0;
  noises["brown noise"] =
      made([&](double) { return 0.02 * (walk = 0.998 * walk + random.normal()); });
  noises["a tone"] = made([&](double i) { return tone(440, i); });
  noises["a dial tone"] = made([&](double i) { return tone(350, i) + tone(440, i); });
  noises["a busy tone"] = made(
      [&](double i) { return std::fmod(i, 16000) < 8000 ? tone(480, i) + tone(620, i) : 0.0; });
  noises["the hum of mains"] = made([&](double i) {
    return tone(50, i) + 0.5 * tone(100, i) + 0.3 * tone(150, i) + 0.2 * tone(250, i);
  });
  noises["clicks"] = made([&](double i) { return std::fmod(i, 4000) < 8 ? 0.5 : 0.0; });
  noises["chords"] = made([&](double i) {  // C, F, G, C, each for half a second and fading
    constexpr double roots[]{261.63, 349.23, 392.0, 261.63};
    const double root = roots[static_cast<std::size_t>(i / 8000) % 4];
    double sum = 0;
    for (const double step : {1.0, 1.26, 1.498})
      for (int h = 1; h <= 5; ++h) sum += tone(root * step * h, i) / h / 3;
    return sum * std::exp(-std::fmod(i, 8000) / 8000);
  });
  return noises;
}

}  // namespace twinear
