// SPDX-License-Identifier: Apache-2.0
// The corpus that data/samples/make.sh makes is what the README there says.
#include "samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/threads.h"
#include "twinear/audio.h"
#include "twinear/manifest.h"
#include "twinear/trials.h"

namespace twinear {
namespace {

class Samples : public ::testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_SAMPLES(); }
  static Manifest split(const std::string& name) { return read_manifest(samples + name + ".csv"); }
};

TEST_F(Samples, HoldTheSpeakersAndClipsThatTheReadmeNames) {
  EXPECT_EQ(split("train").labels.size(), 18U);
  EXPECT_EQ(split("train").clips.size(), 226U);
  EXPECT_EQ(split("dev").labels.size(), 5U);
  EXPECT_EQ(split("dev").clips.size(), 50U);
  EXPECT_EQ(split("test").labels.size(), 21U);
  EXPECT_EQ(split("test").clips.size(), 182U);
}

TEST_F(Samples, NobodyIsInTwoSplits) {
  std::set<std::string> everyone, languages;
  for (const char* name : {"train", "dev", "test"}) {
    for (const auto& label : split(name).labels)
      EXPECT_TRUE(everyone.insert(label).second) << label << " again in " << name;
    std::set<std::string> here;
    for (const auto& clip : split(name).clips) here.insert(clip.columns.at("language"));
    for (const auto& language : here)  // two labels of a language may be one person
      EXPECT_TRUE(languages.insert(language).second) << language << " again in " << name;
  }
}

TEST_F(Samples, ALanguageHasOneLabelWhereAllPairsAreCompared) {
  for (const char* name : {"train", "dev"}) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& clip : split(name).clips)
      seen.insert({clip.columns.at("language"), clip.label});
    for (auto i = seen.begin(); i != seen.end(); ++i)
      for (auto k = std::next(i); k != seen.end(); ++k)  // kajongg names its four speakers
        EXPECT_TRUE(i->first != k->first || i->second.starts_with("kajongg")) << k->second;
  }
}

TEST_F(Samples, EveryClipHas16KilohertzAndTwoToFourSeconds) {
  for (const char* name : {"train", "dev", "test"}) {
    const auto clips = split(name).clips;
    std::vector<Waveform> decoded(clips.size());
    parallel_for(clips.size(), [&](std::size_t i) { decoded[i] = read_audio(clips[i].path); });
    for (std::size_t i = 0; i < clips.size(); ++i) {
      EXPECT_EQ(decoded[i].sample_rate, 16000) << clips[i].path;
      EXPECT_GE(decoded[i].seconds(), 2.0) << clips[i].path;
      EXPECT_LE(decoded[i].seconds(), 4.0) << clips[i].path;
    }
  }
}

TEST_F(Samples, TrialsAreTrueAskedOnceAndNeverOfTwoLabelsOfALanguage) {
  const auto test = split("test");
  const auto clip_of = [&](const std::string& name) {
    const auto clip = std::ranges::find(test.clips, name, &Clip::name);
    return clip == test.clips.end() ? Clip{.columns = {{"language", "no clip " + name}}} : *clip;
  };
  std::set<std::pair<std::string, std::string>> asked;
  std::ptrdiff_t targets = 0;
  const auto trials = read_trials(samples + "trials.txt");
  for (const auto& trial : trials) {
    const Clip a = clip_of(trial.enroll), b = clip_of(trial.test);
    EXPECT_EQ(a.label == b.label, trial.target) << trial.enroll;
    EXPECT_EQ(a.columns.at("language") == b.columns.at("language"), trial.target) << trial.enroll;
    EXPECT_TRUE(asked.insert(std::minmax(trial.enroll, trial.test)).second) << trial.enroll;
    targets += trial.target ? 1 : 0;
  }
  EXPECT_EQ(trials.size(), 2221U);
  EXPECT_EQ(targets, 762);
}

}  // namespace
}  // namespace twinear
