// SPDX-License-Identifier: Apache-2.0
#include "twinear/condition_calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "twinear/error.h"
#include "twinear/threads.h"
#include "voices.h"

namespace twinear {
namespace {

Model untrained_model() {
  FrontEnd front_end;
  front_end.mel_bins = 40;
  front_end.norm = Norm::global;
  return {.front_end = front_end,
          .encoder = Encoder(EncoderSpec::statistics(40), 0),
          .calibration = {},
          .provenance = "{}",
          .id = {}};
}

Verifier untrained() { return Verifier(untrained_model()); }

/// Made-up speakers with some clips each, in two groups.
Manifest speakers(unsigned count, unsigned clips, double seconds = 1.6) {
  std::vector<Clip> all;
  for (unsigned s = 0; s < count; ++s)
    for (unsigned k = 0; k < clips; ++k) {
      Clip clip =
          clip_of_samples(voice(s, k, seconds), std::to_string(s) + "/" + std::to_string(k));
      clip.label = "s" + std::to_string(s);
      clip.columns = {{"group", s % 2 == 0 ? "even" : "odd"}};
      all.push_back(std::move(clip));
    }
  return make_manifest(std::move(all));
}

const ConditionOptions brief{.seconds = {0.5, 1, 2}, .directions = 4};

TEST(ConditionCalibration, HasEveryConditionAtEveryLengthOfEverySpeaker) {
  const auto found = calibrate_over_conditions(untrained(), speakers(12, 4), "a test", brief);
  std::map<std::string, ConditionSummary> by_name;
  for (const auto& condition : found.conditions) by_name.emplace(condition.name, condition);
  for (const char* channel : {"clean", "telephone", "noise", "room"})
    for (const char* seconds : {"0.5", "1", "2"}) {
      const auto condition = by_name.find(std::string(channel) + ", " + seconds + " s");
      ASSERT_NE(condition, by_name.end()) << channel << seconds;
      EXPECT_EQ(condition->second.speakers, 12U);
      EXPECT_EQ(condition->second.targets, 24U);  // two deals
      EXPECT_EQ(condition->second.nontargets, 24U * 6);
      EXPECT_LE(condition->second.eer, 0.5);
    }
  EXPECT_EQ(by_name.count("3 clips of 2 s against 2 s"), 0U);  // a half has 3.2 s
  EXPECT_EQ(found.fit.calibration.source, "a test");
  EXPECT_TRUE(found.fit.calibration.lengths.has_value());
  EXPECT_TRUE(found.fit.calibration.tail.has_value());
}

TEST(ConditionCalibration, EnrollsSeveralClipsWhereHalvesAreLongEnough) {
  const auto found = calibrate_over_conditions(untrained(), speakers(6, 4, 3.2), "", brief);
  EXPECT_TRUE(std::ranges::any_of(found.conditions, [](const ConditionSummary& c) {
    return c.name == "3 clips of 2 s against 2 s" && c.targets > 0 && c.nontargets > 0;
  }));
}

TEST(ConditionCalibration, RemovesDirectionsOnlyIfTheyHelpAndTheModelThenDecidesByThem) {
  const Verifier before = untrained();
  const Manifest manifest = speakers(16, 4);
  const auto found = calibrate_over_conditions(before, manifest, "a test", brief);
  EXPECT_EQ(found.removed.rows() > 0, found.cllr_removed < 0.99 * found.cllr_kept);
  ASSERT_EQ(found.removed.rows(), 4U);  // these voices differ less than rooms and telephones
  Model model = untrained_model();
  add_calibration(model, found);
  const Verifier after(std::move(model));
  const auto error = [&](const Verifier& by) {  // over all pairs of first clips, one by telephone
    std::size_t wrong = 0, pairs = 0;
    for (std::size_t i = 0; i < manifest.clips.size(); i += 4)
      for (const std::size_t j : {i + 1, (i + 4) % manifest.clips.size()}) {
        wrong += by.compare(manifest.clips[i], manifest.clips[j]).same != (j == i + 1) ? 1 : 0;
        ++pairs;
      }
    return static_cast<double>(wrong) / static_cast<double>(pairs);
  };
  EXPECT_LT(error(after), 0.25);

  ConditionOptions none = brief;
  none.directions = 0;
  const auto kept = calibrate_over_conditions(before, manifest, "a test", none);
  EXPECT_EQ(kept.removed.rows(), 0U);
  EXPECT_TRUE(std::isnan(kept.cllr_removed));
  EXPECT_EQ(kept.cllr_kept, found.cllr_kept);
}

TEST(ConditionCalibration, AModelThatIsCalibratedAgainKeepsWhatWasRemoved) {
  const auto found = calibrate_over_conditions(untrained(), speakers(16, 4), "", brief);
  Model model = untrained_model();
  add_calibration(model, found);
  add_calibration(model, found);
  EXPECT_EQ(model.adaptation->removed.rows(), 2 * found.removed.rows());
}

TEST(ConditionCalibration, ComparesOnlyWithinAGroupAndADomain) {
  const Manifest manifest = speakers(8, 4);
  ConditionOptions grouped = brief;
  grouped.group = "group";
  grouped.others = 20;
  for (const auto& condition :
       calibrate_over_conditions(untrained(), manifest, "", grouped).conditions) {
    // 3 other labels, 2 deals each; conditions that are drawn are more or fewer
    if (condition.name.starts_with("drawn")) continue;
    EXPECT_LE(condition.nontargets, condition.targets * 6) << condition.name;
  }
  ConditionOptions apart = brief;
  apart.domain = "group";
  const auto found = calibrate_over_conditions(untrained(), manifest, "", apart);
  EXPECT_TRUE(std::ranges::all_of(found.conditions, [](const ConditionSummary& c) {
    return c.name.starts_with("even: ") || c.name.starts_with("odd: ");
  }));
  apart.domain = "language";
  EXPECT_THROW(calibrate_over_conditions(untrained(), manifest, "", apart), Error);
}

TEST(ConditionCalibration, IsTheSameAtAnyNumberOfThreads) {
  const Manifest manifest = speakers(8, 3);
  const auto many = calibrate_over_conditions(untrained(), manifest, "", brief);
  const ThreadLimit one(1);
  const auto single = calibrate_over_conditions(untrained(), manifest, "", brief);
  EXPECT_EQ(many.fit.calibration.scale, single.fit.calibration.scale);
  EXPECT_EQ(many.fit.calibration.offset, single.fit.calibration.offset);
  EXPECT_EQ(many.removed, single.removed);
}

TEST(ConditionCalibration, NeedsTwoClipsOfALabel) {
  try {
    calibrate_over_conditions(untrained(), speakers(5, 1), "", brief);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::config);
    EXPECT_STREQ(e.what(), "no label has two clips; trials of one source need two");
  }
}

}  // namespace
}  // namespace twinear
