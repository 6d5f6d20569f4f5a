// SPDX-License-Identifier: Apache-2.0
#include "sounds.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "augment/noise.h"

namespace twinear::speech_finder {
namespace {

using Samples = std::vector<float>;

constexpr double turn = 2.0 * std::numbers::pi / rate;  // radians of 1 Hz in a sample

double note_hz(double semitone) { return 55.0 * std::exp2(semitone / 12.0); }

/// A note's loudness at `t` of `length` seconds: it rises fast and decays by `decay` nats a second.
double envelope(double t, double length, double attack, double decay) {
  const double release = std::min(1.0, (length - t) / 0.02);
  return std::min(1.0, t / attack) * std::exp(-decay * t) * std::max(0.0, release);
}

struct Note {
  double hz, seconds, attack, decay;
};

using Voice = std::function<void(const Note&, float* samples, std::size_t count, Random&)>;

/// Harmonics that fall by `tilt` dB an octave, with vibrato.
void add_harmonics(const Note& note, float* samples, std::size_t count, Random& random) {
  const double tilt = random.uniform(3, 14), vibrato = random.uniform() < 0.4 ? 0.008 : 0.0;
  const double odd = random.uniform() < 0.3 ? 0.1 : 1.0, wobble = random.uniform(4, 7);
  std::vector<double> harmonics;
  for (int h = 1; h <= 12 && h * note.hz < 7500.0; ++h)
    harmonics.push_back(std::pow(h, -tilt / 6.0) * (h % 2 == 0 ? odd : 1.0));
  double phase = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / rate;
    phase += turn * note.hz * (1.0 + vibrato * std::sin(2.0 * std::numbers::pi * wobble * t));
    // sin((h + 1) x) = 2 cos x sin(h x) - sin((h - 1) x)
    const double twice_cos = 2.0 * std::cos(phase);
    double sum = 0, before = 0, sine = std::sin(phase);
    for (const double loud : harmonics) {
      sum += loud * sine;
      before = std::exchange(sine, twice_cos * sine - before);
    }
    samples[i] += static_cast<float>(sum * envelope(t, note.seconds, note.attack, note.decay));
  }
}

/// A plucked string (Karplus and Strong 1983).
void add_plucked(const Note& note, float* samples, std::size_t count, Random& random) {
  Samples line(static_cast<std::size_t>(rate / note.hz));
  for (float& x : line) x = static_cast<float>(random.uniform(-1, 1));
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t next = (at + 1) % line.size();
    samples[i] += line[at];
    line[at] = 0.498F * (line[at] + line[next]);
    at = next;
  }
}

/// A bell or a horn: one sine modulates the phase of another (Chowning 1973).
void add_modulated(const Note& note, float* samples, std::size_t count, Random& random) {
  constexpr double ratios[]{1.0, 1.4, 2.0, 3.5};
  const double ratio = ratios[random.below(4)], depth = random.uniform(1, 5);
  for (std::size_t i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / rate;
    const double loud = envelope(t, note.seconds, note.attack, note.decay);
    const double phase = turn * note.hz * static_cast<double>(i);
    samples[i] +=
        static_cast<float>(loud * std::sin(phase + depth * loud * std::sin(ratio * phase)));
  }
}

void add_square(const Note& note, float* samples, std::size_t count, Random& random) {
  const double duty = random.uniform() < 0.5 ? 0.5 : 0.25;
  for (std::size_t i = 0; i < count; ++i) {
    const double cycle = note.hz * static_cast<double>(i) / rate;
    samples[i] += cycle - std::floor(cycle) < duty ? 0.5F : -0.5F;
  }
}

void add_drum(std::size_t begin, Samples& samples, Random& random) {
  const double hz = random.uniform(50, 200), decay = random.uniform(8, 40);
  const double noise = random.uniform();
  for (std::size_t i = begin; i < std::min(samples.size(), begin + rate / 3); ++i) {
    const double t = static_cast<double>(i - begin) / rate;
    samples[i] += static_cast<float>(std::exp(-decay * t) *
                                     ((1 - noise) * std::sin(turn * hz * static_cast<double>(i)) +
                                      noise * random.uniform(-1, 1)));
  }
}

/// Notes or chords of one voice in a scale, at a tempo, perhaps with drums.
Samples music(std::size_t count, Random& random, const Voice& voice, int chord) {
  constexpr int scales[2][7]{{0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 10}};
  const auto& scale = scales[random.below(2)];
  const double beat = random.uniform(0.15, 0.7), root = random.uniform(0, 30);
  const double attack = random.uniform(0.003, 0.08), decay = random.uniform(0, 6);
  const bool drums = random.uniform() < 0.4;
  Samples samples(count);
  std::size_t begin = 0;
  while (begin < count) {
    const double seconds = beat * static_cast<double>(1 + random.below(3));
    const auto length = std::min(count - begin, static_cast<std::size_t>(seconds * rate) + 1);
    const std::size_t degree = random.below(7);
    if (random.uniform() < 0.9)
      for (int k = 0; k < chord; ++k) {
        const std::size_t step = degree + 2 * static_cast<std::size_t>(k);
        const double semitone = root + scale[step % 7] + 12.0 * static_cast<double>(step / 7);
        voice({note_hz(semitone), seconds, attack, decay}, samples.data() + begin, length, random);
      }
    if (drums) add_drum(begin, samples, random);
    begin += length;
  }
  return samples;
}

Samples tones(std::size_t count, Random& random) {
  Samples samples(count);
  for (std::size_t n = 1 + random.below(3); n > 0; --n) {
    const double hz = std::exp(random.uniform(std::log(80.0), std::log(5000.0)));
    const double sweep =
        random.uniform() < 0.5 ? 0.0 : random.uniform(-0.3, 0.3);  // octaves a second
    const double beats = random.uniform() < 0.4 ? random.uniform(0.5, 8) : 0.0;
    double phase = random.uniform(0, 6);
    for (std::size_t i = 0; i < count; ++i) {
      const double t = static_cast<double>(i) / rate;
      phase += turn * hz * std::exp2(sweep * t);
      samples[i] +=
          static_cast<float>((1.0 + std::sin(2 * std::numbers::pi * beats * t)) * std::sin(phase));
    }
  }
  return samples;
}

/// A dial, busy or ringing tone, or keys that are pressed.
Samples line_tones(std::size_t count, Random& random) {
  constexpr double pairs[][2]{{350, 440}, {425, 425}, {440, 480}, {480, 620}};
  constexpr double rows[]{697, 770, 852, 941}, columns[]{1209, 1336, 1477, 1633};
  const bool keys = random.uniform() < 0.3;
  const auto& pair = pairs[random.below(4)];
  const double on = keys                     ? random.uniform(0.06, 0.2)
                    : random.uniform() < 0.5 ? 1e9
                                             : random.uniform(0.25, 2);
  const double off = keys ? random.uniform(0.05, 0.3) : random.uniform(0.25, 3);
  Samples samples(count);
  double low = pair[0], high = pair[1], t = 0;
  bool sounds = false;
  for (std::size_t i = 0; i < count; ++i, t += 1.0 / rate) {
    if (t >= on + off) t = 0;
    const bool now = t < on;
    if (now && !sounds && keys) {
      low = rows[random.below(4)];
      high = columns[random.below(4)];
    }
    sounds = now;
    const auto n = static_cast<double>(i);
    if (now) samples[i] = static_cast<float>(std::sin(turn * low * n) + std::sin(turn * high * n));
  }
  return samples;
}

Samples hum(std::size_t count, Random& random) {
  const double hz = random.uniform() < 0.5 ? 50.0 : 60.0, tilt = random.uniform(0.5, 2.5);
  Samples samples(count);
  for (int h = 1; h <= 20; ++h) {
    const double loud = random.uniform() * std::pow(h, -tilt), phase = random.uniform(0, 6);
    const double twice_cos = 2.0 * std::cos(turn * h * hz);
    double before = std::sin(phase - turn * h * hz), sine = std::sin(phase);
    for (float& x : samples) {
      x += static_cast<float>(loud * sine);
      before = std::exchange(sine, twice_cos * sine - before);
    }
  }
  return samples;
}

/// Clicks that come regularly or at random.
Samples clicks(std::size_t count, Random& random) {
  Samples samples(count);
  const double gap = random.uniform(0.02, 0.5), jitter = random.uniform();
  double at = 0;
  while (at < static_cast<double>(count)) {
    const double decay = random.uniform(100, 2000), sign = random.uniform(-1, 1);
    const auto begin = static_cast<std::size_t>(at);
    for (std::size_t i = begin; i < std::min(count, begin + 800); ++i)
      samples[i] += static_cast<float>(
          sign * std::exp(-decay * static_cast<double>(i - begin) / rate) * random.uniform(-1, 1));
    at += rate * gap * (1.0 - jitter + 2.0 * jitter * random.uniform()) + 1;
  }
  return samples;
}

/// Noise whose level swings, as wind and waves do.
Samples gusts(std::size_t count, Random& random) {
  Samples samples = colored_noise(count, random.uniform(-9, 3), rate, random);
  const double hz = random.uniform(0.2, 8), depth = random.uniform(0.2, 1);
  for (std::size_t i = 0; i < count; ++i)
    samples[i] *= static_cast<float>(
        1.0 + depth * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  return samples;
}

Samples noise(std::size_t count, double low, double high, Random& random) {
  return colored_noise(count, random.uniform(low, high), rate, random);
}

using Maker = std::function<Samples(std::size_t, Random&)>;

const std::vector<std::pair<std::string, Maker>>& training() {
  static const std::vector<std::pair<std::string, Maker>> makers{
      {"colored noise", [](std::size_t n, Random& r) { return noise(n, -8, 3, r); }},
      {"gusts", gusts},
      {"tones", tones},
      {"line tones", line_tones},
      {"hum", hum},
      {"clicks", clicks},
      {"melody", [](std::size_t n, Random& r) { return music(n, r, add_harmonics, 1); }},
      {"chords", [](std::size_t n, Random& r) { return music(n, r, add_harmonics, 3); }},
      {"strings", [](std::size_t n, Random& r) { return music(n, r, add_plucked, 1); }},
      {"bells", [](std::size_t n, Random& r) { return music(n, r, add_modulated, 1); }}};
  return makers;
}

const std::vector<std::pair<std::string, Maker>>& judging() {
  static const std::vector<std::pair<std::string, Maker>> makers{
      {"white noise", [](std::size_t n, Random& r) { return noise(n, 0, 0, r); }},
      {"pink noise", [](std::size_t n, Random& r) { return noise(n, -3, -3, r); }},
      {"brown noise", [](std::size_t n, Random& r) { return noise(n, -6, -6, r); }},
      {"tones", tones},
      {"line tones", line_tones},
      {"hum", hum},
      {"clicks", clicks},
      {"guitar chords", [](std::size_t n, Random& r) { return music(n, r, add_plucked, 3); }},
      {"horn chords", [](std::size_t n, Random& r) { return music(n, r, add_modulated, 3); }},
      {"square waves", [](std::size_t n, Random& r) { return music(n, r, add_square, 2); }}};
  return makers;
}

std::vector<std::string> names_of(const std::vector<std::pair<std::string, Maker>>& makers) {
  std::vector<std::string> names;
  for (const auto& maker : makers) names.push_back(maker.first);
  return names;
}

}  // namespace

const std::vector<std::string>& training_sounds() {
  static const auto names = names_of(training());
  return names;
}

const std::vector<std::string>& judging_sounds() {
  static const auto names = names_of(judging());
  return names;
}

std::vector<float> made_sound(const std::string& name, std::size_t count, Random& random) {
  for (const auto* makers : {&training(), &judging()})
    for (const auto& [known, make] : *makers)
      if (known == name) return make(count, random);
  throw std::invalid_argument("made_sound: " + name);
}

}  // namespace twinear::speech_finder
