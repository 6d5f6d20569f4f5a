// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "twinear/manifest.h"
#include "twinear/trials.h"

namespace twinear {
namespace {

Manifest clips_of_labels(const std::vector<int>& sizes) {
  std::vector<Clip> clips;
  for (std::size_t label = 0; label < sizes.size(); ++label)
    for (int c = 0; c < sizes[label]; ++c) {
      Clip clip;
      clip.label = std::to_string(label);
      clip.name = clip.label + "-" + std::to_string(c);
      clips.push_back(clip);
    }
  return make_manifest(std::move(clips));
}

std::size_t targets(const std::vector<Trial>& trials) {
  return static_cast<std::size_t>(std::ranges::count_if(trials, &Trial::target));
}

/// Each pair stands once, in whichever order, and is what it says.
void expect_sound(const std::vector<Trial>& trials) {
  std::set<std::set<std::string>> pairs;
  for (const auto& [enroll, test, target] : trials) {
    EXPECT_EQ(target, enroll.substr(0, enroll.find('-')) == test.substr(0, test.find('-')));
    EXPECT_NE(enroll, test);
    EXPECT_TRUE(pairs.insert({enroll, test}).second) << enroll << " " << test;
  }
}

TEST(MakeTrials, MakesEveryPairWhereThereAreFew) {
  const auto trials = make_trials(clips_of_labels({3, 1, 2}), 100, 0);
  expect_sound(trials);
  EXPECT_EQ(targets(trials), 4U);      // 3 + 0 + 1
  EXPECT_EQ(trials.size(), 4U + 11U);  // of 15 pairs
}

TEST(MakeTrials, DrawsTheLimitOfEachWhereThereAreMore) {
  const auto trials = make_trials(clips_of_labels({10, 20, 30, 2, 1}), 50, 4);
  expect_sound(trials);
  EXPECT_EQ(targets(trials), 50U);
  EXPECT_EQ(trials.size(), 100U);
}

TEST(MakeTrials, ALimitMayBindOneKindOnly) {
  const auto trials = make_trials(clips_of_labels({2, 2, 2, 2}), 10, 4);
  expect_sound(trials);
  EXPECT_EQ(targets(trials), 4U);
  EXPECT_EQ(trials.size(), 14U);
}

TEST(MakeTrials, IsAFunctionOfTheSeed) {
  const Manifest manifest = clips_of_labels({10, 10, 10});
  EXPECT_EQ(make_trials(manifest, 20, 4), make_trials(manifest, 20, 4));
  EXPECT_NE(make_trials(manifest, 20, 4), make_trials(manifest, 20, 5));
}

TEST(MakeTrials, EveryPairHasTheSameChance) {
  const Manifest manifest = clips_of_labels({6, 2, 3});  // 15 + 1 + 3 targets, 36 nontargets
  std::map<std::string, int> drawn;
  for (std::uint64_t seed = 0; seed < 5000; ++seed)
    for (const auto& [enroll, test, target] : make_trials(manifest, 4, seed))
      ++drawn[enroll + " " + test];
  EXPECT_EQ(drawn.size(), 19U + 36U);
  for (const auto& [pair, times] : drawn) {
    const bool target = pair[0] == pair[4];
    EXPECT_NEAR(times, 5000 * 4 / (target ? 19.0 : 36.0), 150) << pair;
  }
}

TEST(MakeTrials, OneLabelHasNoNontargets) {
  const auto trials = make_trials(clips_of_labels({4}), 3, 0);
  EXPECT_EQ(trials.size(), 3U);
  EXPECT_EQ(targets(trials), 3U);
  EXPECT_TRUE(make_trials(Manifest{}, 3, 0).empty());
}

}  // namespace
}  // namespace twinear
