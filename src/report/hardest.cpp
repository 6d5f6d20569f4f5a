// SPDX-License-Identifier: Apache-2.0
#include "report/hardest.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_set>

#include "report/base64.h"

namespace twinear {
namespace {

void append(std::string& bytes, std::uint32_t value, int width) {
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
}

std::string wav(int sample_rate, std::span<const float> samples) {
  const auto rate = static_cast<std::uint32_t>(sample_rate);
  const auto size = static_cast<std::uint32_t>(2 * samples.size());
  std::string bytes = "RIFF";
  append(bytes, 36 + size, 4);
  bytes += "WAVEfmt ";
  append(bytes, 16, 4);
  append(bytes, 1, 2);  // integers
  append(bytes, 1, 2);  // of one channel
  append(bytes, rate, 4);
  append(bytes, 2 * rate, 4);
  append(bytes, 2, 2);
  append(bytes, 16, 2);
  bytes += "data";
  append(bytes, size, 4);
  for (const float x : samples)
    append(bytes, static_cast<std::uint32_t>(std::lround(32767 * std::clamp(x, -1.0F, 1.0F))), 2);
  return bytes;
}

}  // namespace

std::vector<std::size_t> hardest_errors(const ScoreTable& trials, double threshold,
                                        std::size_t count) {
  std::vector<std::size_t> hardest;
  for (const std::uint32_t target : {1U, 0U}) {
    std::vector<std::size_t> errors;
    for (std::size_t i = 0; i < trials.rows.size(); ++i)
      if (trials.rows[i].target == target && (trials.rows[i].score >= threshold) != (target == 1))
        errors.push_back(i);
    std::ranges::sort(errors, [&](std::size_t a, std::size_t b) {
      const double x = std::abs(trials.rows[a].score - threshold),
                   y = std::abs(trials.rows[b].score - threshold);
      return x != y ? x > y : a < b;
    });
    std::unordered_set<std::uint32_t> clips;
    for (std::size_t taken = 0; const std::size_t i : errors) {
      const auto& row = trials.rows[i];
      if (taken == count) break;
      if (clips.contains(row.enroll) || clips.contains(row.test)) continue;
      clips.insert({row.enroll, std::uint32_t{row.test}});
      hardest.push_back(i);
      ++taken;
    }
  }
  return hardest;
}

std::string sound_uri(const Waveform& waveform, double seconds) {
  constexpr int highest_rate = 16000;
  const auto wanted = static_cast<std::size_t>(seconds * waveform.sample_rate);
  std::vector<float> samples(waveform.samples.begin(),
                             waveform.samples.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                            wanted, waveform.samples.size())));
  int rate = waveform.sample_rate;
  if (rate > highest_rate) {
    samples = resample(samples, rate, highest_rate);
    rate = highest_rate;
  }
  return "data:audio/wav;base64," + base64(wav(rate, samples));
}

}  // namespace twinear
