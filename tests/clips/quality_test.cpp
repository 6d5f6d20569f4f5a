// SPDX-License-Identifier: Apache-2.0
#include "twinear/quality.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <vector>

#include "base/random.h"
#include "features/golden_signal.h"

namespace twinear {
namespace {

using Kind = QualityIssue::Kind;

std::optional<Kind> issue_of(const std::vector<float>& samples, int rate = 16000) {
  QualityCheck check(rate);
  check.push(samples);
  const auto found = check.issue();
  return found ? std::optional(found->kind) : std::nullopt;
}

/// Tones up to 3.4 kHz over a floor of noise that far below them, as amplitudes of full scale.
std::vector<float> telephone(double noise, int rate = 16000) {
  Random random(0, Purpose::test);
  std::vector<float> samples(static_cast<std::size_t>(2 * rate));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double sum = noise * random.normal();
    for (const double hz : {300.0, 800.0, 1700.0, 3300.0})
      sum += 0.1 * std::sin(2.0 * std::numbers::pi * hz * static_cast<double>(i) / rate);
    samples[i] = static_cast<float>(sum);
  }
  return samples;
}

TEST(QualityCheck, AGoodClipHasNoIssue) {
  EXPECT_EQ(issue_of(golden_signal(32000)), std::nullopt);
  EXPECT_EQ(issue_of({}), std::nullopt);
  EXPECT_EQ(issue_of({0.3F}), Kind::offset);
}

TEST(QualityCheck, FindsSilence) {
  EXPECT_EQ(issue_of(std::vector<float>(16000)), Kind::silence);
  auto faint = golden_signal(16000);
  for (float& x : faint) x *= 1e-4F;
  EXPECT_EQ(issue_of(faint), Kind::silence);
  for (float& x : faint) x *= 4.0F;
  EXPECT_EQ(issue_of(faint), std::nullopt);
}

TEST(QualityCheck, FindsClipping) {
  auto loud = golden_signal(16000);
  for (float& x : loud) x = std::clamp(3.0F * x, -1.0F, 1.0F);
  EXPECT_EQ(issue_of(loud), Kind::clipping);
  std::vector<float> tone(16000);  // reaches full scale and is not cut off
  for (std::size_t i = 0; i < tone.size(); ++i)
    tone[i] = static_cast<float>(std::sin(0.05 * static_cast<double>(i))) +
              1e-3F * (i % 3 == 0 ? 1.0F : -0.5F);
  EXPECT_EQ(issue_of(tone), std::nullopt);
}

TEST(QualityCheck, FindsAnOffset) {
  auto samples = golden_signal(16000);
  for (float& x : samples) x += 0.005F;
  EXPECT_EQ(issue_of(samples), std::nullopt);
  for (float& x : samples) x += 0.05F;
  EXPECT_EQ(issue_of(samples), Kind::offset);
}

TEST(QualityCheck, FindsTelephoneAudioThatWasUpsampled) {
  EXPECT_EQ(issue_of(telephone(0.0)), Kind::telephone_band);
  EXPECT_EQ(issue_of(telephone(1e-5)), Kind::telephone_band);  // the rounding of 16 bits
  EXPECT_EQ(issue_of(telephone(1e-2)), std::nullopt);
  EXPECT_EQ(issue_of(telephone(1e-5, 44100), 44100), Kind::telephone_band);
  EXPECT_EQ(issue_of(telephone(1e-5, 8000), 8000), std::nullopt);  // it promises no more
}

TEST(QualityCheck, ASilentChannelIsToldByTheReader) {
  QualityCheck check(16000);
  check.push(golden_signal(16000));
  ASSERT_TRUE(check.issue({.silent = 1}));
  EXPECT_EQ(check.issue({.silent = 1})->kind, Kind::silent_channel);
  EXPECT_EQ(check.issue({.silent = 1})->text, "1 of its channels holds only silence");
}

TEST(QualityCheck, SoundOfATelephonesRateIsAnIssueForAFrontEndThatHearsMore) {
  for (const int rate : {4000, 8000}) {
    for (const double heard_hz : {8000.0, 4000.0}) {
      QualityCheck check(rate, heard_hz);
      check.push(golden_signal(16000));
      const auto found = check.issue();
      ASSERT_EQ(found.has_value(), heard_hz > 4300) << rate;
      if (found) {
        EXPECT_EQ(found->kind, Kind::telephone_band);
      }
    }
  }
  QualityCheck upsampled(16000, 4000);
  upsampled.push(telephone(0.0));
  EXPECT_FALSE(upsampled.issue());
}

TEST(QualityCheck, ClippingIsGraverThanAChannelWithoutSound) {
  auto loud = golden_signal(16000);
  for (float& x : loud) x = std::clamp(3.0F * x, -1.0F, 1.0F);
  QualityCheck check(16000);
  check.push(loud);
  EXPECT_EQ(check.issue({.silent = 1})->kind, Kind::clipping);
}

TEST(QualityCheck, PiecesAreHeardAsTheWhole) {
  const auto samples = telephone(1e-5);
  QualityCheck check(16000);
  for (std::size_t at = 0; at < samples.size(); at += 100)
    check.push(std::span(samples).subspan(at, std::min<std::size_t>(100, samples.size() - at)));
  ASSERT_TRUE(check.issue());
  EXPECT_EQ(check.issue()->text,
            "nothing above 4 kHz although its rate is 16000 Hz: upsampled telephone audio?");
}

}  // namespace
}  // namespace twinear
