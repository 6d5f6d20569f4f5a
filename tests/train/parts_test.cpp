// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "base/threads.h"
#include "train/batch_loader.h"
#include "train/corpus.h"
#include "train/objective.h"
#include "train/watch.h"
#include "twinear/error.h"

namespace twinear {
namespace {

TEST(Watch, NamesCollapseOnlyAfterManyStepsInARow) {
  Watch watch({.kind = "triplet", .margin = 0.3F}, {}, {}, true);
  for (std::uint64_t k = 0; k < 200; ++k)
    watch.see(k, k % 10 == 0 ? 0.4 : 0.3, 1.0, k % 10 == 0 ? 0.5 : 0.01);
  EXPECT_THROW(for (std::uint64_t k = 0; k < 50; ++k) watch.see(k, 0.3, 1.0, 0.01), Error);
}

TEST(Objective, EachLossSaysWhatBatchesItNeeds) {
  const auto refused = [](const Objective& objective, int clips) {
    try {
      check_batches(objective, {.labels = 4, .clips = clips});
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::config);
      EXPECT_NE(std::string(e.what()).find("\"" + objective.kind + "\" needs sampler.clips"),
                std::string::npos);
      return true;
    }
    return false;
  };
  for (const char* kind :
       {"triplet", "contrastive", "angular-prototypical", "prototypical", "ge2e", "supcon"}) {
    EXPECT_TRUE(refused({.kind = kind}, 1)) << kind;
    EXPECT_FALSE(refused({.kind = kind}, 2)) << kind;
  }
  EXPECT_FALSE(refused({.kind = "aam-softmax"}, 1));
  const Objective five_shots{.kind = "prototypical", .prototypical = {.shots = 5}};
  EXPECT_TRUE(refused(five_shots, 5));
  EXPECT_FALSE(refused(five_shots, 6));
}

TEST(Watch, KnowsTheLossOfASinglePoint) {
  const SamplerOptions sampler{.labels = 4, .clips = 3};
  const Matrix point(12, 5);
  std::vector<int> labels;
  for (int i = 0; i < 12; ++i) labels.push_back(i / 3);
  for (const auto& [kind, loss] :
       std::map<std::string, double>{{"triplet", 0.3F},
                                     {"contrastive", 0},
                                     {"aam-softmax", 0},
                                     {"angular-prototypical", std::log(4)},
                                     {"ge2e", std::log(4)},
                                     {"prototypical", std::log(4)},
                                     {"supcon", std::log(11)}}) {
    EXPECT_DOUBLE_EQ(collapsed_loss({.kind = kind}, sampler), loss) << kind;
    if (loss == 0) continue;
    Matrix gradient(12, 5);
    Criterion criterion({.kind = kind}, 4, 5, 0);
    EXPECT_NEAR(criterion(point, labels, 0, gradient).mean, loss, 1e-12) << kind;
  }
  EXPECT_DOUBLE_EQ(collapsed_loss({.form = TripletForm::soft}, sampler), std::numbers::ln2);
  // A loss at that value is no collapse while the embeddings are apart.
  Watch watch({.kind = "triplet", .margin = 0.3F}, sampler, {}, true);
  for (std::uint64_t k = 0; k < 200; ++k) watch.see(k, 0.3, 1.0, 0.6);
}

TEST(Watch, NamesTheCollapseOfALossThatClassifies) {
  Watch watch({.kind = "ge2e"}, {.labels = 4, .clips = 3}, {}, true);
  EXPECT_THROW(for (std::uint64_t k = 0; k < 50; ++k) watch.see(k, std::log(4), 1.0, 0.15), Error);
}

TEST(Watch, StopsAtOnceAtAValueThatIsNotFinite) {
  for (const double bad : {NAN, INFINITY}) {
    Watch watch({}, {}, {}, false);
    EXPECT_THROW(watch.see(1, bad, 1.0, 1.0), Error);
    EXPECT_THROW(watch.see(1, 0.1, bad, 1.0), Error);
  }
  Watch silent({}, {}, {}, false);
  for (std::uint64_t k = 0; k < 200; ++k) silent.see(k, 0.3, 1.0, 0.0);
}

TEST(Watch, SpreadIsTheRootMeanSquaredDistanceFromTheMean) {
  Matrix e(4, 2);
  e.row(0)[0] = 1;
  e.row(1)[0] = -1;
  e.row(2)[1] = 1;
  e.row(3)[1] = -1;
  const std::vector<int> labels{0, 0, 1, 1};
  const BatchSpread s = measure_spread(e, labels);
  EXPECT_NEAR(s.spread, 1.0, 1e-6);
  EXPECT_NEAR(s.positive, 2.0, 1e-6);
  EXPECT_NEAR(s.negative, std::numbers::sqrt2, 1e-6);
}

TEST(Criterion, GoesOnFromItsStateAsIfNothingHadHappened) {
  Random random(5, Purpose::test);
  Matrix e(6, 4);
  for (float& v : e.values()) v = static_cast<float>(random.normal());
  const std::vector<int> labels{0, 0, 1, 1, 2, 2};
  for (const Objective& objective :
       {Objective{.memory = 9}, Objective{.kind = "aam-softmax"}, Objective{.kind = "ge2e"}}) {
    Criterion before(objective, 3, 4, 1), after(objective, 3, 4, 2);
    Matrix unused(6, 4), first(6, 4), second(6, 4);
    before(e, labels, 0, unused);
    after.restore(before.state());
    EXPECT_EQ(after.state(), before.state());
    EXPECT_EQ(after(e, labels, 1, second).mean, before(e, labels, 1, first).mean);
    EXPECT_EQ(second, first);
  }
}

TEST(Criterion, RefusesTheStateOfAnotherObjective) {
  const Criterion ge2e({.kind = "ge2e"}, 3, 4, 0);
  Criterion aam({.kind = "aam-softmax"}, 3, 4, 0), remembering({.memory = 9}, 3, 4, 0);
  EXPECT_THROW(aam.restore(ge2e.state()), Error);
  EXPECT_THROW(aam.restore({}), Error);
  EXPECT_THROW(
      remembering.restore({{"memory.embeddings", Matrix(2, 3)}, {"memory.labels", Matrix(2, 1)}}),
      Error);
  EXPECT_THROW(remembering.restore({{"memory.embeddings", Matrix(2, 4)}}), Error);
}

TEST(BatchLoader, BatchIsAPureFunctionOfItsNumber) {
  const TemporaryFolder folder;
  const Manifest manifest = read_manifest(write_corpus(folder, "train", 0, 6, 4));
  FrontEnd front_end;
  front_end.mel_bins = 12;
  const LogMel log_mel(front_end);
  const auto batch = [&](std::uint64_t first, std::uint64_t k, std::size_t ahead,
                         std::size_t budget) {
    FeatureStore store(manifest.clips, log_mel, budget);
    BatchLoader loader(manifest,
                       {.sampler = {.labels = 4, .clips = 3},
                        .seed = 9,
                        .frames = 50,
                        .bins = 12,
                        .augment = {},
                        .ahead = ahead},
                       store, first);
    nn::Activation flow;
    flow.value.resize(12U * 50U * 12U);
    std::vector<int> labels;
    loader.load_until(k + 5);  // some are never taken
    for (std::uint64_t i = first; i <= k; ++i) labels = loader.next(flow);
    return std::tuple(flow.value, flow.lengths, labels);
  };
  const auto third = batch(3, 3, 1, 0);
  for (const std::size_t ahead : {1U, 2U, 7U})
    EXPECT_EQ(batch(0, 3, ahead, 1 << 20), third);  // kept features or not
  {
    const ThreadLimit one(1);
    EXPECT_EQ(batch(0, 3, 4, 0), third);
  }
  EXPECT_NE(std::get<0>(batch(0, 2, 1, 0)), std::get<0>(third));
  const auto& [values, lengths, labels] = third;
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(labels[i], labels[i / 3 * 3]);
    EXPECT_LE(lengths[i], 50);
    for (auto at = static_cast<std::size_t>(lengths[i]) * 12; at < 600; ++at)
      EXPECT_EQ(values[i * 600 + at], 0.0F);
  }
}

TEST(BatchLoader, AClipThatCannotBeReadIsNamedByItsOwnBatch) {
  const TemporaryFolder folder;
  const Manifest manifest = read_manifest(write_corpus(folder, "train", 0, 6, 4));
  FrontEnd front_end;
  front_end.mel_bins = 12;
  const LogMel log_mel(front_end);
  const Batching batching{.sampler = {.labels = 2, .clips = 2},
                          .seed = 9,
                          .frames = 50,
                          .bins = 12,
                          .augment = {},
                          .ahead = 8};
  const auto clips = Sampler(manifest, batching.sampler, batching.seed).batch(2);
  std::filesystem::remove(manifest.clips[clips[1]].path);
  FeatureStore store(manifest.clips, log_mel, 0);
  BatchLoader loader(manifest, batching, store, 0);
  nn::Activation flow;
  flow.value.resize(4U * 50U * 12U);
  loader.load_until(100);
  std::uint64_t read = 0;
  try {
    for (; read < 100; ++read) loader.next(flow);
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(manifest.clips[clips[1]].path), std::string::npos);
  }
  std::uint64_t first = 0;  // batch that has the clip
  const Sampler sampler(manifest, batching.sampler, batching.seed);
  while (!std::ranges::count(sampler.batch(first), clips[1])) ++first;
  EXPECT_EQ(read, first);
}

TEST(FeatureStore, ABadClipNamesItself) {
  const TemporaryFolder folder;
  Manifest manifest = read_manifest(write_corpus(folder, "train", 0, 3, 2));
  std::filesystem::remove(manifest.clips[4].path);
  FrontEnd front_end;
  front_end.mel_bins = 12;
  const LogMel log_mel(front_end);
  FeatureStore store(manifest.clips, log_mel, 1 << 20);
  const std::vector<std::size_t> which{0, 4};
  try {
    store.visit(which, [](std::size_t, const Matrix&) {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(manifest.clips[4].path), std::string::npos);
  }
}

}  // namespace
}  // namespace twinear
