// SPDX-License-Identifier: Apache-2.0
// The corpus in data/samples is what its README says.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/threads.h"
#include "twinear/audio.h"
#include "twinear/manifest.h"
#include "twinear/trials.h"

namespace twinear {
namespace {

const std::string folder = TWINEAR_SOURCE_DIR "/data/samples/";

Manifest split(const std::string& name) { return read_manifest(folder + name + ".csv"); }

TEST(Samples, HoldTheSpeakersAndClipsThatTheReadmeNames) {
  EXPECT_EQ(split("train").labels.size(), 180U);
  EXPECT_EQ(split("train").clips.size(), 720U);
  EXPECT_EQ(split("dev").labels.size(), 20U);
  EXPECT_EQ(split("dev").clips.size(), 80U);
  EXPECT_EQ(split("test").labels.size(), 50U);
  EXPECT_EQ(split("test").clips.size(), 300U);
}

TEST(Samples, NobodyIsInTwoSplits) {
  std::set<std::string> everyone;
  for (const char* name : {"train", "dev", "test"})
    for (const auto& label : split(name).labels)
      EXPECT_TRUE(everyone.insert(label).second) << label << " again in " << name;
}

TEST(Samples, EveryClipDecodesTo16KilohertzAndOneToThreeSeconds) {
  for (const char* name : {"train", "dev", "test"}) {
    const auto clips = split(name).clips;
    std::vector<Waveform> decoded(clips.size());
    parallel_for(clips.size(), [&](std::size_t i) { decoded[i] = read_audio(clips[i].path); });
    for (std::size_t i = 0; i < clips.size(); ++i) {
      EXPECT_EQ(decoded[i].sample_rate, 16000) << clips[i].path;
      EXPECT_GT(decoded[i].seconds(), 1.3) << clips[i].path;
      EXPECT_LT(decoded[i].seconds(), 2.9) << clips[i].path;
    }
  }
}

TEST(Samples, TrialsAreBalancedTrueAndAskedOnce) {
  const auto test = split("test");
  const auto label_of = [&](const std::string& name) {
    const auto clip = std::ranges::find(test.clips, name, &Clip::name);
    return clip == test.clips.end() ? "no clip " + name : clip->label;
  };
  std::set<std::pair<std::string, std::string>> asked;
  std::ptrdiff_t targets = 0;
  const auto trials = read_trials(folder + "trials.txt");
  for (const auto& trial : trials) {
    EXPECT_EQ(label_of(trial.enroll) == label_of(trial.test), trial.target) << trial.enroll;
    EXPECT_TRUE(asked.insert(std::minmax(trial.enroll, trial.test)).second) << trial.enroll;
    targets += trial.target ? 1 : 0;
  }
  EXPECT_EQ(trials.size(), 1500U);
  EXPECT_EQ(targets, 750);
}

}  // namespace
}  // namespace twinear
