// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "base/threads.h"
#include "train/collapse.h"
#include "train/corpus.h"
#include "train/feature_source.h"
#include "train/loss_state.h"
#include "twinear/batch_loader.h"
#include "twinear/error.h"

namespace twinear {
namespace {

TEST(CollapseDetector, NamesCollapseOnlyAfterManyStepsInARow) {
  const auto loss = make_loss({});
  CollapseDetector detector(*loss, {}, {}, true);
  for (std::uint64_t k = 0; k < 200; ++k)
    detector.see(k, k % 10 == 0 ? 0.4 : 0.3, 1.0, k % 10 == 0 ? 0.5 : 0.01);
  EXPECT_THROW(for (std::uint64_t k = 0; k < 50; ++k) detector.see(k, 0.3, 1.0, 0.01), Error);
}

TEST(CollapseDetector, AdvisesOtherTripletsWhereTheHardestWereMined) {
  const auto advice = [](const char* miner) {
    const auto loss = make_loss({.mining = {{"kind", miner}}});
    CollapseDetector detector(*loss, {}, {}, true);
    try {
      for (std::uint64_t k = 0; k < 50; ++k) detector.see(k, 0.3, 1.0, 0.01);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(advice("batch-hard").find(", mining.kind = \"semi-hard\", or "), std::string::npos);
  EXPECT_NE(advice("random").find("encoder.pooled_norm = true, or "), std::string::npos);
}

TEST(Loss, EachSaysWhatBatchesItNeeds) {
  const auto refused = [](const LossOptions& options, int clips) {
    try {
      check_batches(options.kind, *make_loss(options), {.labels = 4, .clips = clips});
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::config);
      EXPECT_NE(std::string(e.what()).find("\"" + options.kind + "\" needs sampler.clips"),
                std::string::npos);
      return true;
    }
    return false;
  };
  for (const auto& kind : losses().names()) {
    const bool alone = kind == "aam-softmax" || kind.starts_with("teacher-") || kind == "sum";
    EXPECT_EQ(refused({.kind = kind}, 1), !alone) << kind;
    EXPECT_FALSE(refused({.kind = kind}, 2)) << kind;
  }
  const LossOptions five_shots{.kind = "prototypical", .keys = {{"shots", 5}}};
  EXPECT_TRUE(refused(five_shots, 5));
  EXPECT_FALSE(refused(five_shots, 6));
}

TEST(CollapseDetector, KnowsTheLossOfASinglePoint) {
  Matrix point(12, 5);
  for (float& v : point.values()) v = 0.5F;
  std::vector<int> labels;
  for (int i = 0; i < 12; ++i) labels.push_back(i / 3);
  const std::map<std::string, double> known{
      {"triplet", 0.3F},       {"contrastive", 0},
      {"aam-softmax", 0},      {"angular-prototypical", std::log(4)},
      {"ge2e", std::log(4)},   {"prototypical", std::log(4)},
      {"supcon", std::log(11)}};
  for (const auto& kind : losses().names()) {
    if (kind == "sum") continue;  // which has no terms here
    const auto loss = make_loss({.kind = kind}, {.classes = 4, .width = 5, .teacher_width = 5});
    const double value = loss->value_at_collapse(4, 3);
    if (known.contains(kind)) {
      EXPECT_DOUBLE_EQ(value, known.at(kind)) << kind;
    }
    if (value == 0) continue;
    Matrix gradient(12, 5);
    EXPECT_NEAR((*loss)({point, labels}, gradient).mean, value, 1e-12) << kind;
  }
  EXPECT_DOUBLE_EQ(make_loss({.keys = {{"form", "soft"}}})->value_at_collapse(4, 3),
                   std::numbers::ln2);
  // A loss at that value is no collapse while the embeddings are apart.
  const auto loss = make_loss({});
  CollapseDetector detector(*loss, {.labels = 4, .clips = 3}, {}, true);
  for (std::uint64_t k = 0; k < 200; ++k) detector.see(k, 0.3, 1.0, 0.6);
}

TEST(CollapseDetector, NamesTheCollapseOfALossThatClassifies) {
  const auto loss = make_loss({.kind = "ge2e"});
  CollapseDetector detector(*loss, {.labels = 4, .clips = 3}, {}, true);
  EXPECT_THROW(for (std::uint64_t k = 0; k < 50; ++k) detector.see(k, std::log(4), 1.0, 0.15),
               Error);
}

TEST(CollapseDetector, StopsAtOnceAtAValueThatIsNotFinite) {
  const auto loss = make_loss({});
  for (const double bad : {NAN, INFINITY}) {
    CollapseDetector detector(*loss, {}, {}, false);
    EXPECT_THROW(detector.see(1, bad, 1.0, 1.0), Error);
    EXPECT_THROW(detector.see(1, 0.1, bad, 1.0), Error);
  }
  CollapseDetector silent(*loss, {}, {}, false);
  for (std::uint64_t k = 0; k < 200; ++k) silent.see(k, 0.3, 1.0, 0.0);
}

TEST(BatchSpread, IsTheRootMeanSquaredDistanceFromTheMean) {
  Matrix e(4, 2);
  e.row(0)[0] = 1;
  e.row(1)[0] = -1;
  e.row(2)[1] = 1;
  e.row(3)[1] = -1;
  const std::vector<int> labels{0, 0, 1, 1};
  const BatchSpread s = measure_spread({e, labels});
  EXPECT_NEAR(s.spread, 1.0, 1e-6);
  EXPECT_NEAR(s.positive, 2.0, 1e-6);
  EXPECT_NEAR(s.negative, std::numbers::sqrt2, 1e-6);
}

TEST(BatchSpread, KnowsNothingOfTheDistancesOfClipsWithoutALabel) {
  Matrix e(4, 2);
  e.row(0)[0] = 1;
  e.row(1)[0] = -1;
  const std::vector<int> labels{0, 0, no_label, no_label};
  const BatchSpread s = measure_spread({e, labels});
  EXPECT_NEAR(s.positive, 2.0, 1e-6);
  EXPECT_EQ(s.negative, 0.0);
  EXPECT_NEAR(s.spread, std::sqrt(0.5), 1e-6);
}

TEST(Loss, GoesOnFromItsStateAsIfNothingHadHappened) {
  Random random(5, Purpose::test);
  Matrix e(6, 4);
  for (float& v : e.values()) v = static_cast<float>(random.normal());
  const std::vector<int> labels{0, 0, 1, 1, 2, 2};
  for (const LossOptions& options :
       {LossOptions{.mining = {{"memory", 9}}}, LossOptions{.kind = "aam-softmax"},
        LossOptions{.kind = "ge2e"}}) {
    const auto before = make_loss(options, {.classes = 3, .width = 4, .seed = 1});
    const auto after = make_loss(options, {.classes = 3, .width = 4, .seed = 2});
    Matrix unused(6, 4), first(6, 4), second(6, 4);
    (*before)({e, labels}, unused);
    restore(*after, state_of(*before));
    EXPECT_FALSE(state_of(*before).empty());
    EXPECT_EQ(state_of(*after), state_of(*before));
    EXPECT_EQ((*after)({e, labels, 1}, second).mean, (*before)({e, labels, 1}, first).mean);
    EXPECT_EQ(second, first);
  }
}

TEST(Loss, RefusesTheStateOfAnother) {
  const LossContext context{.classes = 3, .width = 4};
  const auto ge2e = make_loss({.kind = "ge2e"}, context);
  const auto aam = make_loss({.kind = "aam-softmax"}, context);
  const auto remembering = make_loss({.mining = {{"memory", 9}}}, context);
  EXPECT_THROW(restore(*aam, state_of(*ge2e)), Error);
  EXPECT_THROW(restore(*aam, {}), Error);
  EXPECT_THROW(
      restore(*remembering, {{"memory.embeddings", Matrix(2, 3)}, {"memory.labels", Matrix(2, 1)}}),
      Error);
  EXPECT_THROW(restore(*remembering, {{"memory.embeddings", Matrix(2, 4)}}), Error);
}

/// A front end of 12 bins, a crop of which has 50 frames in 0.515 s.
FrontEnd twelve_bins() {
  FrontEnd front_end;
  front_end.mel_bins = 12;
  return front_end;
}
constexpr double fifty_frames = 0.515;

TEST(BatchLoader, BatchIsAPureFunctionOfItsNumber) {
  const TemporaryFolder folder;
  const Manifest manifest = read_manifest(write_corpus(folder, "train", 0, 6, 4));
  const auto batch = [&](std::uint64_t first, std::uint64_t k, int ahead, std::size_t cache_mb) {
    BatchLoader loader(manifest, twelve_bins(),
                       {.sampler = {.labels = 4, .clips = 3},
                        .crop_seconds = fifty_frames,
                        .seed = 9,
                        .prefetch = ahead,
                        .cache_mb = cache_mb},
                       first, k + 5);  // some are never taken
    for (std::uint64_t i = first; i < k; ++i) loader.next();
    const FeatureBatch& taken = loader.next();
    EXPECT_EQ(taken.number, k);
    EXPECT_EQ(taken.frames(), 50U);
    std::vector<float> values;
    for (std::size_t i = 0; i < taken.clips(); ++i)
      values.insert(values.end(), taken.clip(i).begin(), taken.clip(i).end());
    return std::tuple(values, taken.lengths, taken.labels);
  };
  const auto third = batch(3, 3, 1, 0);
  for (const int ahead : {1, 2, 7})
    EXPECT_EQ(batch(0, 3, ahead, 1), third);  // kept features or not
  {
    const ThreadLimit one(1);
    EXPECT_EQ(batch(0, 3, 4, 0), third);
  }
  EXPECT_NE(std::get<0>(batch(0, 2, 1, 0)), std::get<0>(third));
  const auto& [values, lengths, labels] = third;
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(labels[i], labels[i / 3 * 3]);
    EXPECT_LE(lengths[i], 50U);
    for (std::size_t at = lengths[i] * 12; at < 600; ++at) EXPECT_EQ(values[i * 600 + at], 0.0F);
  }
}

TEST(BatchLoader, AClipThatCannotBeReadIsNamedByItsOwnBatch) {
  const TemporaryFolder folder;
  const Manifest manifest = read_manifest(write_corpus(folder, "train", 0, 6, 4));
  const BatchOptions options{.sampler = {.labels = 2, .clips = 2},
                             .crop_seconds = fifty_frames,
                             .seed = 9,
                             .prefetch = 8,
                             .cache_mb = 0};
  const auto clips = Sampler(manifest, options.sampler, options.seed).batch(2);
  std::filesystem::remove(manifest.clips[clips[1]].path);
  BatchLoader loader(manifest, twelve_bins(), options, 0, 100);
  std::uint64_t read = 0;
  try {
    for (; read < 100; ++read) loader.next();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(manifest.clips[clips[1]].path), std::string::npos);
  }
  std::uint64_t first = 0;  // batch that has the clip
  const Sampler sampler(manifest, options.sampler, options.seed);
  while (!std::ranges::count(sampler.batch(first), clips[1])) ++first;
  EXPECT_EQ(read, first);
}

TEST(BatchLoader, TakesAnotherSamplerAndAnotherSourceOfFeatures) {
  const TemporaryFolder folder;
  const Manifest manifest = read_manifest(write_corpus(folder, "train", 0, 6, 4));
  BatchOptions options{.crop_seconds = fifty_frames};
  options.draw = [](std::uint64_t number) {  // of different sizes
    return number == 0 ? std::vector<std::size_t>{3, 5} : std::vector<std::size_t>{20, 1, 9};
  };
  options.features = [&](std::size_t clip, std::uint32_t) {
    auto features = std::make_shared<Matrix>(60, 12);
    std::ranges::fill(features->values(), static_cast<float>(clip));
    return features;
  };
  BatchLoader loader(manifest, twelve_bins(), options);
  EXPECT_EQ(loader.next().clip(1)[599], 5.0F);
  const FeatureBatch& second = loader.next();
  ASSERT_EQ(second.clips(), 3U);
  EXPECT_EQ(second.clip(0)[0], 20.0F);
  EXPECT_EQ(second.labels[2], manifest.label_of[9]);

  options.draw = [](std::uint64_t) { return std::vector<std::size_t>{24}; };  // of 0 to 23
  EXPECT_THROW(BatchLoader(manifest, twelve_bins(), options).next(), std::invalid_argument);
  options.draw = [](std::uint64_t) { return std::vector<std::size_t>{0}; };
  options.features = [](std::size_t, std::uint32_t) { return std::make_shared<Matrix>(60, 11); };
  EXPECT_THROW(BatchLoader(manifest, twelve_bins(), options).next(), std::invalid_argument);
}

TEST(BatchLoader, MakesNoBatchBehindItsEnd) {
  const TemporaryFolder folder;
  const Manifest manifest = read_manifest(write_corpus(folder, "train", 0, 6, 4));
  BatchLoader loader(manifest, twelve_bins(), {.sampler = {.labels = 2, .clips = 2}}, 5, 6);
  EXPECT_EQ(loader.next().number, 5U);
  EXPECT_THROW(loader.next(), std::logic_error);
  loader.load_until(7);
  EXPECT_EQ(loader.next().number, 6U);
}

TEST(FeatureSources, ABadClipNamesItself) {
  const TemporaryFolder folder;
  const Manifest manifest = read_manifest(write_corpus(folder, "train", 0, 3, 2));
  std::filesystem::remove(manifest.clips[4].path);
  const LogMel log_mel(twelve_bins());
  const FeatureSource features = cached_features(manifest.clips, log_mel, 1 << 20);
  EXPECT_EQ(features(0, 0), features(0, 0));  // kept
  try {
    features(4, 0);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(manifest.clips[4].path), std::string::npos);
  }
}

}  // namespace
}  // namespace twinear
