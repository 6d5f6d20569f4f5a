// SPDX-License-Identifier: Apache-2.0
#include "train/feature_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/expect_error.h"
#include "base/files.h"
#include "base/threads.h"
#include "clips/npy.h"
#include "train/sound_corpus.h"
#include "twinear/clip_features.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;

class CachedFeatures : public ::testing::Test {
 protected:
  CachedFeatures() { clip.path = write("a.wav", 1); }

  std::string write(const std::string& name, unsigned speaker) const {
    write_audio(folder / name, voice(speaker, 0, 0.3));
    return folder / name;
  }
  std::vector<std::string> entries() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(kept))  // but not what is being written
      if (!entry.path().filename().string().starts_with('.'))
        paths.push_back(entry.path().string());
    std::ranges::sort(paths);
    return paths;
  }
  Matrix fresh() const { return clip_features(clip, log_mel).frames; }

  TemporaryFolder folder;
  const std::string kept = folder / "kept/here";
  const LogMel log_mel;
  const FeatureCache cache{kept, log_mel};
  Clip clip;
};

TEST_F(CachedFeatures, AreThoseOfTheClipAndStayOnDisk) {
  EXPECT_EQ(cache.read(clip), fresh());
  ASSERT_EQ(entries().size(), 1U);
  const auto written = fs::last_write_time(entries()[0]) - std::chrono::hours(1);
  fs::last_write_time(entries()[0], written);
  EXPECT_EQ(FeatureCache(kept, log_mel).read(clip), fresh());
  EXPECT_EQ(fs::last_write_time(entries()[0]), written);
}

TEST_F(CachedFeatures, AreFoundUnderAnotherNameOfTheSameSound) {
  cache.read(clip);
  fs::rename(clip.path, folder / "b.wav");
  clip.path = folder / "b.wav";
  EXPECT_EQ(cache.read(clip), fresh());
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(CachedFeatures, OfOtherSoundPartOrFrontEndAreOthers) {
  cache.read(clip);
  write("a.wav", 2);  // under the same name
  EXPECT_EQ(cache.read(clip), fresh());
  EXPECT_EQ(entries().size(), 2U);

  clip.end = 0.2;
  EXPECT_EQ(cache.read(clip), fresh());
  EXPECT_EQ(entries().size(), 3U);

  FrontEnd other;
  other.preemphasis = 0.9;
  const LogMel other_mel(other);
  EXPECT_EQ(FeatureCache(kept, other_mel).read(clip), clip_features(clip, other_mel).frames);
  EXPECT_EQ(entries().size(), 4U);
}

TEST_F(CachedFeatures, ADamagedEntryIsComputedAgainAndMended) {
  const Matrix expected = cache.read(clip);
  const std::string path = entries().at(0), whole = read_file(path);
  const auto survives = [&](const std::string& damaged) {
    put(path, damaged);
    return cache.read(clip) == expected && read_file(path) == whole;
  };
  for (const std::size_t at : {0U, 12U, 16U, 24U, 32U, 40U, 48U, 64U, 1000U}) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_TRUE(survives(flipped)) << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64},
                                 whole.size() - 320, whole.size() - 1})
    EXPECT_TRUE(survives(whole.substr(0, size))) << size;
  EXPECT_TRUE(survives(whole + "x"));
  EXPECT_TRUE(survives(whole + std::string(320, '\0')));
}

TEST_F(CachedFeatures, AnEntryOfAnotherClipIsNotUsed) {
  cache.read(clip);
  const std::string first = entries().at(0), bytes = read_file(first);
  fs::remove(first);
  write("a.wav", 2);
  cache.read(clip);
  put(entries().at(0), bytes);
  EXPECT_EQ(cache.read(clip), fresh());
}

TEST_F(CachedFeatures, AnyNumberOfWritersAndReadersAgree) {
  const Matrix expected = fresh();
  const FeatureCache another(kept, log_mel);
  parallel_for(64, [&](std::size_t i) {
    if (i % 8 == 7)
      for (const auto& entry : entries()) fs::remove(entry);
    EXPECT_EQ((i % 2 == 0 ? cache : another).read(clip), expected);
  });
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(CachedFeatures, FeaturesThatAreFilesAreNotKeptTwice) {
  write_npy(folder / "a.npy", fresh());
  clip.path = folder / "a.npy";
  EXPECT_EQ(cache.read(clip), fresh());
  EXPECT_TRUE(entries().empty());
}

TEST_F(CachedFeatures, RefusalsNameTheFile) {
  clip.path = folder / "none.wav";
  expect_error([&] { cache.read(clip); }, Fault::io, clip.path + "*");
  clip.path = put(folder / "text.wav", "no sound");
  expect_error([&] { cache.read(clip); }, Fault::format, clip.path + "*");
  put(folder / "file", "");
  expect_error([&] { FeatureCache(folder / "file", log_mel); }, Fault::io, folder / "file" + "*");
}

}  // namespace
}  // namespace twinear
