// SPDX-License-Identifier: Apache-2.0
#include "twinear/clip_features.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/expect_error.h"
#include "base/files.h"
#include "base/random.h"
#include "clips/npy.h"
#include "temporary_folder.h"
#include "twinear/error.h"

namespace twinear {
namespace {

std::vector<float> noise(std::size_t count) {
  Random random(0, Purpose::test);
  std::vector<float> samples(count);
  for (float& sample : samples) sample = static_cast<float>(random.uniform(-0.5, 0.5));
  return samples;
}

// 10 s at a CD's rate: seven pieces of the reader's.
TEST(ClipFeatures, PieceByPieceTheyAreThoseOfTheWholeWaveform) {
  const TemporaryFolder folder;
  for (const int rate : {16000, 44100}) {
    const std::string path = folder / "a.wav";
    write_audio(path, {rate, noise(static_cast<std::size_t>(10 * rate))});
    for (const Norm norm : {Norm::none, Norm::per_bin, Norm::sliding}) {
      const LogMel log_mel({.dither = 1.0, .norm = norm});
      const Matrix whole = clip_features(read_audio(path), log_mel, {.seed = 5}).frames;
      EXPECT_EQ(clip_features(clip_of_file(path), log_mel, {.seed = 5}).frames, whole);
      EXPECT_EQ(write_features(clip_of_file(path), log_mel, folder / "a.npy", {.seed = 5}).frames,
                whole.rows());
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

TEST(ClipFeatures, SpeechIsKeptAndItsLengthIsTold) {
  const TemporaryFolder folder;
  const LogMel log_mel({.norm = Norm::per_bin, .vad = Vad::energy});
  for (const int rate : {16000, 48000}) {
    const std::string path = folder / "a.wav";
    write_audio(path, {rate, resample(word_between_silences(), 16000, rate)});
    const ClipFeatures found = clip_features(clip_of_file(path), log_mel);
    const Matrix& kept = found.frames;
    const Speech& speech = found.speech;
    EXPECT_EQ(kept, clip_features(read_audio(path), log_mel).frames);
    EXPECT_EQ(kept.rows(), static_cast<std::size_t>(std::lround(100.0 * speech.seconds)));
    EXPECT_NEAR(speech.seconds, 1.0, 0.1);
    EXPECT_NEAR(speech.total_seconds, 2.98, 1e-9);
    EXPECT_EQ(write_features(clip_of_file(path), log_mel, folder / "a.npy").frames, kept.rows());
    EXPECT_EQ(read_npy(folder / "a.npy"), kept);
  }
}

TEST(ClipFeatures, TooLittleSpeechIsALineWithBothLengths) {
  const TemporaryFolder folder;
  auto samples = word_between_silences();
  std::fill(samples.begin() + 20000, samples.end(), 0.0F);
  write_audio(folder / "a.wav", {16000, samples});
  const LogMel log_mel({.vad = Vad::energy});
  try {
    clip_features(clip_of_file(folder / "a.wav"), log_mel);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.what(), folder / "a.wav: 0.31 s of speech in 2.98 s; at least 0.5 s is needed");
  }
  EXPECT_THROW(clip_features(Waveform{16000, std::vector<float>(16000)}, log_mel), Error);
}

TEST(WriteFeatures, WhatIsNotDecodedLeavesNothing) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", {16000, noise(1599)});
  for (const Norm norm : {Norm::none, Norm::per_bin}) {
    try {
      write_features(clip_of_file(folder / "a.wav"), LogMel({.norm = norm}), folder / "a.npy");
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.what(), folder / "a.wav: 0.100 s of sound; at least 0.1 s is needed");
    }
    EXPECT_THROW(read_file(folder / "a.npy"), Error);
  }
}

TEST(ClipFeatures, AnIssueIsToldBesideTheFrames) {
  const TemporaryFolder folder;
  write_audio(folder / "good.wav", {16000, noise(16000)});
  write_audio(folder / "silent.wav", {16000, std::vector<float>(16000)});
  const ClipOptions look{.quality = true, .speech = true};
  const auto good = clip_features(clip_of_file(folder / "good.wav"), LogMel(), look);
  EXPECT_FALSE(good.issue);
  EXPECT_EQ(good.seconds, 1.0);
  EXPECT_EQ(good.speech.amount, SpeechAmount::enough);
  const auto silent = clip_features(clip_of_file(folder / "silent.wav"), LogMel(), look);
  ASSERT_TRUE(silent.issue);
  EXPECT_EQ(silent.issue->text, "digital silence: every sample is 0");
  EXPECT_EQ(silent.speech.amount, SpeechAmount::none);
  EXPECT_EQ(silent.frames.rows(), 98U);
}

TEST(ClipFeatures, AreTheSameOfAFileOfSamplesAndOfFeatures) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", {16000, noise(32000)});
  const Waveform samples = read_audio(folder / "a.wav");
  const LogMel log_mel({.norm = Norm::per_bin});
  Clip file = clip_of_file(folder / "a.wav"), memory = clip_of_samples(samples);
  for (const double start : {0.0, 0.25}) {
    file.start = memory.start = start;
    file.end = memory.end = 4 * start;
    const auto of_file = clip_features(file, log_mel), of_samples = clip_features(memory, log_mel);
    EXPECT_EQ(of_file.frames, of_samples.frames);
    EXPECT_EQ(of_file.seconds, of_samples.seconds);
    EXPECT_EQ(of_file.seconds, start == 0 ? 2.0 : 0.75);
    EXPECT_EQ(clip_seconds(file, log_mel.front_end()), of_file.seconds);
    EXPECT_EQ(clip_samples(file).samples, clip_samples(memory).samples);
    const auto again = clip_features(clip_of_features(of_file.frames), log_mel);
    EXPECT_EQ(again.frames, of_file.frames);
    EXPECT_NEAR(again.seconds, of_file.seconds, 0.03);  // the last window
  }
}

TEST(ClipFeatures, WhatIsWrongInMemoryIsToldByName) {
  const LogMel log_mel;
  std::vector<float> samples = noise(16000);
  samples[7] = NAN;
  expect_error(
      [&] {
        clip_features(clip_of_samples({16000, samples}, "door"), log_mel);
      },
      Fault::numeric, "door: sample 7 is not finite");
  Clip brief = clip_of_samples({16000, noise(16000)}, "door");
  brief.end = 0.05;
  expect_error([&] { clip_features(brief, log_mel); }, Fault::format,
               "door: 0.050 s of sound; at least 0.1 s is needed");
  brief.start = 2;
  brief.end = 3;
  expect_error([&] { clip_features(brief, log_mel); }, Fault::config,
               "door: 2 to 3 s were asked for; the clip has 1.00 s");
  expect_error([&] { clip_features(clip_of_features(Matrix(5, 79), "door"), log_mel); },
               Fault::mismatch, "door: 5 x 79 features; frames x 80 are needed");
  expect_error([&] { clip_samples(clip_of_features(Matrix(5, 80), "door")); }, Fault::config,
               "door: features; expected audio");
  EXPECT_THROW(clip_features(Waveform{0, noise(16000)}, log_mel), std::invalid_argument);
}

/// What a file gives, from a pipe that can be read only once.
TEST(ClipFeatures, APipeIsReadOnce) {
  const TemporaryFolder folder;
  const std::string file = folder / "a.wav", pipe = folder / "pipe";
  write_audio(file, {16000, noise(40000)});
  std::string bytes = read_file(file);
  for (const bool endless : {false, true}) {
    if (endless) bytes.replace(40, 4, "\xff\xff\xff\xff");  // as writers into a pipe leave it
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << bytes; });
    const auto heard =
        clip_features(clip_of_file(pipe), LogMel(), {.quality = true, .speech = true});
    writer.join();
    const auto whole = clip_features(clip_of_file(file), LogMel());
    EXPECT_EQ(heard.frames, whole.frames);
    EXPECT_EQ(heard.seconds, whole.seconds);
    std::filesystem::remove(pipe);
  }
}

}  // namespace
}  // namespace twinear
