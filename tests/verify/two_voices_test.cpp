// SPDX-License-Identifier: Apache-2.0
#include "verify/two_voices.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace twinear {
namespace {

/// A clip of `seconds` whose frames hold their own number, with speech where `voiced` says so.
ClipFeatures clip_of(std::size_t frames, bool (*voiced)(std::size_t)) {
  ClipFeatures clip;
  clip.frames = Matrix(frames, 1);
  for (std::size_t t = 0; t < frames; ++t) {
    clip.frames.row(t)[0] = static_cast<float>(t);
    clip.voice.voiced.push_back(voiced(t));
    clip.voice.seconds += voiced(t) ? 0.01 : 0.0;
  }
  clip.voice.total_seconds = 0.01 * static_cast<double>(frames);
  return clip;
}

TEST(PartsOfSpeech, AreEquallyLongAndLeaveOutPauses) {
  const auto parts =
      parts_of_speech(clip_of(920, [](std::size_t t) { return t >= 100 && t % 2 == 0; }), 0.01);
  ASSERT_EQ(parts.size(), voice_parts);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    ASSERT_EQ(parts[part].rows(), 102U);
    EXPECT_EQ(parts[part].row(0)[0], 100.0F + 204.0F * static_cast<float>(part));
    EXPECT_EQ(parts[part].row(99)[0], 298.0F + 204.0F * static_cast<float>(part));
  }
}

TEST(PartsOfSpeech, AreNoneOfLessThan4SecondsOfSpeech) {
  EXPECT_TRUE(parts_of_speech(clip_of(390, [](std::size_t) { return true; }), 0.01).empty());
  EXPECT_TRUE(parts_of_speech(clip_of(900, [](std::size_t t) { return t < 390; }), 0.01).empty());
}

TEST(LowestCosineOfHalves, IsLowForTwoVoicesInAnyOrderAndHighForOne) {
  const auto lowest = [](const std::vector<int>& voices) {
    Matrix rows(1 + voices.size(), 192);
    for (std::size_t i = 0; i < voices.size(); ++i) {
      Random voice(voices[i], Purpose::test), own(9, Purpose::test, static_cast<std::uint32_t>(i));
      for (float& x : rows.row(1 + i)) x = static_cast<float>(voice.normal() + own.normal());
    }
    return lowest_cosine_of_halves(rows, 1);
  };
  EXPECT_GT(lowest({1, 1, 1, 1}), 0.5);
  for (const auto& two : {std::vector{1, 1, 2, 2}, {1, 2, 1, 2}, {1, 2, 2, 1}})
    EXPECT_LT(lowest(two), 0.2);
}

}  // namespace
}  // namespace twinear
