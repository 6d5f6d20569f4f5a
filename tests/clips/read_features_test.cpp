// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/random.h"
#include "clips/npy.h"
#include "temporary_folder.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {
namespace {

std::vector<float> noise(std::size_t count) {
  Random random(0, Purpose::test);
  std::vector<float> samples(count);
  for (float& sample : samples) sample = static_cast<float>(random.uniform(-0.5, 0.5));
  return samples;
}

Clip clip_of(const std::string& path) {
  Clip clip;
  clip.path = clip.name = path;
  return clip;
}

// 10 s at a CD's rate: seven pieces of the reader's.
TEST(ReadFeatures, PieceByPieceTheyAreThoseOfTheWholeWaveform) {
  const TemporaryFolder folder;
  for (const int rate : {16000, 44100}) {
    const std::string path = folder / "a.wav";
    write_audio(path, {rate, noise(static_cast<std::size_t>(10 * rate))});
    for (const Norm norm : {Norm::none, Norm::band, Norm::sliding}) {
      const LogMel log_mel({.dither = 1.0, .norm = norm});
      const Matrix whole = waveform_features(read_audio(path), log_mel, 5);
      EXPECT_EQ(read_features(clip_of(path), log_mel, -1, 5), whole);
      EXPECT_EQ(write_features(clip_of(path), log_mel, folder / "a.npy", -1, 5), whole.rows());
      EXPECT_EQ(read_npy(folder / "a.npy"), whole);
    }
  }
}

std::vector<float> word_between_silences() {
  std::vector<float> samples(48000);
  const auto word = noise(16000);
  std::copy(word.begin(), word.end(), samples.begin() + 16000);
  return samples;
}

TEST(ReadFeatures, SpeechIsKeptAndItsLengthIsTold) {
  const TemporaryFolder folder;
  const LogMel log_mel({.norm = Norm::band, .vad = Vad::energy});
  for (const int rate : {16000, 48000}) {
    const std::string path = folder / "a.wav";
    write_audio(path, {rate, resample(word_between_silences(), 16000, rate)});
    Speech speech;
    const Matrix kept = read_features(clip_of(path), log_mel, -1, 0, {}, &speech);
    EXPECT_EQ(kept, waveform_features(read_audio(path), log_mel));
    EXPECT_EQ(kept.rows(), static_cast<std::size_t>(std::lround(100.0 * speech.seconds)));
    EXPECT_NEAR(speech.seconds, 1.0, 0.1);
    EXPECT_NEAR(speech.total_seconds, 2.98, 1e-9);
    EXPECT_EQ(write_features(clip_of(path), log_mel, folder / "a.npy"), kept.rows());
    EXPECT_EQ(read_npy(folder / "a.npy"), kept);
  }
}

TEST(ReadFeatures, TooLittleSpeechIsALineWithBothLengths) {
  const TemporaryFolder folder;
  auto samples = word_between_silences();
  std::fill(samples.begin() + 20000, samples.end(), 0.0F);
  write_audio(folder / "a.wav", {16000, samples});
  const LogMel log_mel({.vad = Vad::energy});
  try {
    read_features(clip_of(folder / "a.wav"), log_mel);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.what(), folder / "a.wav: 0.31 s of speech in 2.98 s; at least 0.5 s is needed");
  }
  EXPECT_THROW(waveform_features({16000, std::vector<float>(16000)}, log_mel), Error);
}

TEST(WriteFeatures, WhatIsNotDecodedLeavesNothing) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", {16000, noise(1599)});
  for (const Norm norm : {Norm::none, Norm::band}) {
    try {
      write_features(clip_of(folder / "a.wav"), LogMel({.norm = norm}), folder / "a.npy");
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.what(), folder / "a.wav: 0.100 s of sound; at least 0.1 s is needed");
    }
    EXPECT_THROW(read_file(folder / "a.npy"), Error);
  }
}

TEST(ReadFeatures, AFlawIsToldInOneLineThatNamesTheClip) {
  const TemporaryFolder folder;
  write_audio(folder / "good.wav", {16000, noise(16000)});
  write_audio(folder / "silent.wav", {16000, std::vector<float>(16000)});
  std::vector<std::string> lines;
  const Warn warn = [&](const std::string& line) { lines.push_back(line); };
  read_features(clip_of(folder / "good.wav"), LogMel(), -1, 0, warn);
  EXPECT_TRUE(lines.empty());
  read_features(clip_of(folder / "silent.wav"), LogMel(), -1, 0, warn);
  EXPECT_EQ(lines,
            std::vector<std::string>{folder / "silent.wav: digital silence: every sample is 0"});
}

}  // namespace
}  // namespace twinear
