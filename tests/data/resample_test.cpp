// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <string>

#include "base/threads.h"
#include "data/sound_file.h"
#include "twinear/audio.h"

namespace twinear {
namespace {

constexpr int rates[] = {8000, 11025, 22050, 44100, 48000};

double decibels(double ratio) { return 20.0 * std::log10(ratio); }

/// How much of a tone there is away from the ends, and how much else, as amplitudes.
struct ToneFit {
  double tone, rest;
};

ToneFit fit_tone(const std::vector<float>& samples, double hz, double rate) {
  // Least squares of a sine and a cosine: the 2 x 2 normal equations.
  double ss = 0, sc = 0, cc = 0, sx = 0, cx = 0, xx = 0;
  const std::size_t begin = samples.size() / 4, end = samples.size() - begin;
  for (std::size_t i = begin; i < end; ++i) {
    const double phase = 2.0 * std::numbers::pi * hz * static_cast<double>(i) / rate;
    const double s = std::sin(phase), c = std::cos(phase), x = samples[i];
    ss += s * s, sc += s * c, cc += c * c, sx += s * x, cx += c * x, xx += x * x;
  }
  const double det = ss * cc - sc * sc;
  const double a = (sx * cc - cx * sc) / det, b = (cx * ss - sx * sc) / det;
  const double rest = std::max(0.0, xx - a * sx - b * cx);
  return {std::hypot(a, b), std::sqrt(2.0 * rest / static_cast<double>(end - begin))};
}

TEST(Resample, KeepsTonesBelowNyquistWithinATenthOfADecibel) {
  for (const int from : rates) {
    const double edge = 0.5 * std::min(from, 16000);
    for (const double part : {0.02, 0.1, 0.3, 0.5, 0.7, 0.8, 0.85}) {
      const double hz = part * edge;
      const auto out = resample(tone(static_cast<std::size_t>(from), hz, from), from, 16000);
      const ToneFit fit = fit_tone(out, hz, 16000);
      EXPECT_NEAR(decibels(fit.tone / 0.5), 0.0, 0.1) << from << " Hz, tone of " << hz;
      EXPECT_LT(decibels(fit.rest / 0.5), -60.0) << from << " Hz, tone of " << hz;
    }
  }
}

TEST(Resample, LeavesNothingOfTonesAboveNyquist) {
  for (const int from : {22050, 44100, 48000})
    for (const double hz : {8100.0, 8500.0, 9500.0, 10900.0, 15000.0, 20000.0}) {
      if (hz >= 0.5 * from) continue;
      const auto out = resample(tone(static_cast<std::size_t>(from), hz, from), from, 16000);
      double loudest = 0;  // away from the ends, where the tone is switched on
      for (std::size_t i = 4000; i < 12000; ++i)
        loudest = std::max<double>(loudest, std::abs(out[i]));
      EXPECT_LT(decibels(loudest / 0.5), -60.0) << from << " Hz, tone of " << hz;
    }
}

TEST(Resample, GivesTheRoundedNumberOfSamples) {
  for (const int from : rates)
    for (const std::size_t n : {1U, 2U, 3U, 99U, 100U, 101U, 4410U, 44101U, 100003U}) {
      const double exact = static_cast<double>(n) * 16000.0 / from;
      const auto expected =
          std::max<std::size_t>(1, static_cast<std::size_t>(std::floor(exact + 0.5)));
      EXPECT_EQ(resample(std::vector<float>(n, 0.1F), from, 16000).size(), expected)
          << from << " Hz, " << n;
    }
  EXPECT_TRUE(resample({}, 48000, 16000).empty());
}

TEST(Resample, DoesNotMoveSoundInTime) {
  std::vector<float> click(48000);
  click[24000] = 1.0F;
  const auto out = resample(click, 48000, 16000);
  EXPECT_EQ(std::ranges::max_element(out) - out.begin(), 8000);
}

TEST(Resample, EqualRatesCopy) {
  const auto samples = tone(1000, 440, 16000);
  EXPECT_EQ(resample(samples, 16000, 16000), samples);
}

TEST(Resample, TakesTheRatesAtBothEndsOfWhatFilesMayHave) {
  EXPECT_EQ(resample(std::vector<float>(1000, 0.1F), 1000, 768000).size(), 768000U);
  EXPECT_EQ(resample(std::vector<float>(768000, 0.1F), 768000, 1000).size(), 1000U);
  EXPECT_THROW(resample(std::vector<float>(10), 0, 16000), std::invalid_argument);
}

TEST(Resample, AnyNumberOfThreadsGivesTheSameSamples) {
  const auto all = [] {
    std::vector<std::vector<float>> results(16);
    parallel_for(results.size(), [&](std::size_t i) {
      results[i] = resample(tone(4410 + i, 440, 44100), 44100, 16000);
    });
    return results;
  };
  const auto many = all();
  const ThreadLimit one(1);
  EXPECT_EQ(all(), many);
}

TEST(Resampler, PiecesOfAnySizeGiveWhatTheWholeGives) {
  for (const int from : {8000, 11025, 16000, 22050, 44100, 48000})
    for (const int to : {8000, 16000}) {
      SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to));
      const auto sound = tone(50000, 440.0, from);
      const auto whole = resample(sound, from, to);
      for (const std::size_t size : {7U, 1000U, 4096U, 65536U}) {
        Resampler resampler(from, to);
        std::vector<float> pieces;
        const auto take = [&](const std::vector<float>& piece) {
          pieces.insert(pieces.end(), piece.begin(), piece.end());
        };
        for (std::size_t at = 0; at < sound.size(); at += size)
          take(resampler.push(std::span(sound).subspan(at, std::min(size, sound.size() - at))));
        take(resampler.finish());
        ASSERT_EQ(pieces, whole) << "pieces of " << size;
      }
    }
}

TEST(Resampler, NothingGivesNothing) {
  Resampler resampler(8000, 16000);
  EXPECT_TRUE(resampler.push({}).empty());
  EXPECT_TRUE(resampler.finish().empty());
}

}  // namespace
}  // namespace twinear
