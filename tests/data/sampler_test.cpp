// SPDX-License-Identifier: Apache-2.0
#include "twinear/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/expect_error.h"
#include "base/threads.h"
#include "twinear/manifest.h"

namespace twinear {
namespace {

/// Clips of ten labels: label l has l % 4 + 1 of them, in mixed order.
Manifest ten_labels() {
  std::vector<Clip> clips;
  for (int c = 0; c < 4; ++c)
    for (int label = 9; label >= 0; --label)
      if (c <= label % 4) {
        Clip clip;
        clip.name = std::to_string(label) + "-" + std::to_string(c);
        clip.label = std::to_string(label);
        clips.push_back(clip);
      }
  return make_manifest(std::move(clips));
}

std::vector<int> labels_drawn(const Manifest& manifest, const std::vector<std::size_t>& batch,
                              std::size_t clips) {
  std::vector<int> labels;
  for (std::size_t i = 0; i < batch.size(); i += clips)
    labels.push_back(manifest.label_of[batch[i]]);
  return labels;
}

TEST(Sampler, ABatchIsAFunctionOfSeedAndNumber) {
  const Manifest manifest = ten_labels();
  const Sampler a(manifest, {.labels = 3, .clips = 2}, 7),
      b(manifest, {.labels = 3, .clips = 2}, 7);
  std::vector<std::vector<std::size_t>> forwards, backwards;
  for (std::uint64_t k = 0; k < 50; ++k) forwards.push_back(a.batch(k));
  for (std::uint64_t k = 50; k-- > 0;) backwards.push_back(b.batch(k));
  std::ranges::reverse(backwards);
  EXPECT_EQ(forwards, backwards);
  const Sampler other(manifest, {.labels = 3, .clips = 2}, 8);
  EXPECT_NE(other.batch(0), a.batch(0));
}

TEST(Sampler, AnyNumberOfThreadsDrawsTheSameBatches) {
  const Manifest manifest = ten_labels();
  const Sampler sampler(manifest, {.labels = 4, .clips = 3}, 1);
  const auto all = [&] {
    std::vector<std::vector<std::size_t>> batches(64);
    parallel_for(batches.size(), [&](std::size_t k) { batches[k] = sampler.batch(k); });
    return batches;
  };
  const auto many = all();
  const ThreadLimit one(1);
  EXPECT_EQ(all(), many);
}

TEST(Sampler, EveryPassVisitsEachLabelOnceInANewOrder) {
  const Manifest manifest = ten_labels();
  const Sampler sampler(manifest, {.labels = 5, .clips = 2}, 3);
  std::set<std::vector<int>> orders;
  for (std::uint64_t pass = 0; pass < 20; ++pass) {
    auto order = labels_drawn(manifest, sampler.batch(2 * pass), 2);
    std::ranges::copy(labels_drawn(manifest, sampler.batch(2 * pass + 1), 2),
                      std::back_inserter(order));
    orders.insert(order);
    std::ranges::sort(order);
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})) << pass;
  }
  EXPECT_EQ(orders.size(), 20U);
}

TEST(Sampler, LeavesOutTheRemainderOfAPass) {
  const Manifest manifest = ten_labels();
  const Sampler sampler(manifest, {.labels = 4, .clips = 2}, 3);  // 2 batches of 4: 2 left out
  std::map<int, int> visits;
  for (std::uint64_t pass = 0; pass < 500; ++pass) {
    std::set<int> seen;
    for (const std::uint64_t k : {2 * pass, 2 * pass + 1})
      for (const int label : labels_drawn(manifest, sampler.batch(k), 2)) {
        EXPECT_TRUE(seen.insert(label).second) << "pass " << pass;
        ++visits[label];
      }
    EXPECT_EQ(seen.size(), 8U);
  }
  for (int label = 0; label < 10; ++label) EXPECT_NEAR(visits[label], 400, 60) << label;
}

TEST(Sampler, NoClipReturnsBeforeTheOthersOfItsLabel) {
  const Manifest manifest = ten_labels();
  const Sampler sampler(manifest, {.labels = 10, .clips = 6}, 5);
  for (std::uint64_t k = 0; k < 20; ++k) {
    const auto batch = sampler.batch(k);
    ASSERT_EQ(batch.size(), 60U);
    for (std::size_t p = 0; p < 10; ++p) {
      const int label = manifest.label_of[batch[6 * p]];
      const auto clips = static_cast<std::size_t>(label % 4 + 1);
      std::map<std::size_t, std::size_t> times;
      for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(manifest.label_of[batch[6 * p + i]], label);
        EXPECT_EQ(times[batch[6 * p + i]]++, i / clips) << "clip " << i << " of " << clips;
      }
    }
  }
}

TEST(Sampler, DrawsEveryClipOfALabelEquallyOften) {
  const Manifest manifest = ten_labels();
  const Sampler sampler(manifest, {.labels = 10, .clips = 2}, 5);
  std::map<std::size_t, int> drawn;
  for (std::uint64_t k = 0; k < 2000; ++k)
    for (const std::size_t clip : sampler.batch(k)) ++drawn[clip];
  for (std::size_t clip = 0; clip < manifest.clips.size(); ++clip)
    EXPECT_NEAR(drawn[clip], 4000 / (manifest.label_of[clip] % 4 + 1), 120) << clip;
}

TEST(Sampler, RefusesBatchesThatHoldNoPairs) {
  const Manifest manifest = ten_labels();
  const auto make = [&](int labels, int clips) {
    return [&manifest, labels, clips] { Sampler(manifest, {.labels = labels, .clips = clips}, 0); };
  };
  expect_error(make(11, 2), Fault::config, "sampler: a batch needs 11 labels; the manifest has 10");
  expect_error(make(4, 0), Fault::config,
               "sampler: expected at least 2 labels x 1 clip, found 4 x 0");
  expect_error(make(1, 4), Fault::config,
               "sampler: expected at least 2 labels x 1 clip, found 1 x 4");
}

TEST(Sampler, DrawsAClipWithoutALabelLikeALabelOfOneClip) {
  std::vector<Clip> clips = ten_labels().clips;
  for (int i = 0; i < 5; ++i) clips.push_back({.name = "nobody" + std::to_string(i)});
  const Manifest manifest = make_manifest(clips);
  EXPECT_EQ(manifest.labels.size(), 10U);
  const Sampler sampler(manifest, {.labels = 5, .clips = 2}, 3);
  std::map<std::size_t, int> times;  // of the last five in ten passes of three batches
  for (std::uint64_t k = 0; k < 30; ++k) {
    const auto batch = sampler.batch(k);
    for (std::size_t i = 0; i < batch.size(); i += 2) {
      const int label = manifest.label_of[batch[i]];
      if (label == no_label) {
        EXPECT_EQ(batch[i], batch[i + 1]);
        ++times[batch[i]];
      } else {
        EXPECT_EQ(manifest.label_of[batch[i + 1]], label);
      }
    }
  }
  ASSERT_EQ(times.size(), 5U);
  for (const auto& [clip, count] : times) EXPECT_EQ(count, 10) << clip;
  EXPECT_EQ(Sampler(manifest, {.labels = 15, .clips = 1}, 3).batch(0).size(), 15U);
  expect_error([&] { Sampler(manifest, {.labels = 16}, 0); }, Fault::config,
               "sampler: a batch needs 16 labels; the manifest has 10 and 5 clips without one");
  std::vector<double> weights(15, 1e-9);
  weights[12] = weights[13] = 1;  // of the third and the fourth clip without a label
  const auto heavy = Sampler(manifest, {.labels = 2, .clips = 1}, 3, weights).batch(0);
  EXPECT_EQ(std::set(heavy.begin(), heavy.end()), (std::set{clips.size() - 3, clips.size() - 2}));
}

/// How often each label is in a batch of 600.
std::vector<int> times_drawn(const Sampler& sampler, const Manifest& manifest, std::size_t clips) {
  std::vector<int> times(manifest.labels.size());
  for (std::uint64_t k = 0; k < 600; ++k) {
    const auto labels = labels_drawn(manifest, sampler.batch(k), clips);
    EXPECT_EQ(std::set<int>(labels.begin(), labels.end()).size(), labels.size());
    for (const int label : labels) ++times[static_cast<std::size_t>(label)];
  }
  return times;
}

TEST(Sampler, DrawsLabelsByTheirClipsWhereAskedTo) {
  std::vector<Clip> clips(100);
  for (std::size_t i = 0; i < clips.size(); ++i)  // a fifth of the labels has half of the clips
    clips[i].label = i < 50 ? std::to_string(i % 4) : std::to_string(4 + i % 16);
  const Manifest manifest = make_manifest(std::move(clips));
  const auto share = [&](LabelDraw draw) {
    const auto times =
        times_drawn(Sampler(manifest, {.draw = draw, .labels = 2, .clips = 2}, 3), manifest, 2);
    double rich = 0;
    for (const char* label : {"0", "1", "2", "3"})
      rich += times[static_cast<std::size_t>(std::ranges::find(manifest.labels, label) -
                                             manifest.labels.begin())];
    return rich / 1200;
  };
  EXPECT_NEAR(share(LabelDraw::balanced), 0.2, 1e-9);
  EXPECT_NEAR(share(LabelDraw::proportional), 0.48, 0.04);  // a second draw has one rich label less
}

TEST(Sampler, DrawsLabelsByTheirWeights) {
  const Manifest manifest = ten_labels();
  std::vector<double> weights(10, 1.0);
  weights[3] = 6;
  const auto times =
      times_drawn(Sampler(manifest, {.labels = 2, .clips = 2}, 3, weights), manifest, 2);
  // P(in the first draw) + P(in the second)
  const double expected = 6.0 / 15 + 9.0 / 15 * 6 / 14;
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_NEAR(times[i] / 600.0, i == 3 ? expected : (2 - expected) / 9, 0.06) << i;
}

TEST(Sampler, BringsTheNearestOfALabelIntoItsBatch) {
  const Manifest manifest = ten_labels();
  Neighbors neighbors(10);
  for (int label = 0; label < 10; ++label)  // the next one, then the one after that
    for (int i = 1; i <= 4; ++i)
      neighbors[static_cast<std::size_t>(label)].push_back((label + i) % 10);
  const Sampler sampler(manifest, {.labels = 4, .clips = 2, .hard = 0.5}, 5);
  std::set<int> drawn;
  for (std::uint64_t k = 0; k < 100; ++k) {
    const auto labels = labels_drawn(manifest, sampler.batch(k, neighbors), 2);
    ASSERT_EQ(labels.size(), 4U);
    EXPECT_EQ(std::set<int>(labels.begin(), labels.end()).size(), 4U);
    drawn.insert(labels[0]);
    std::set<int> before{labels[0], labels[1]};
    for (const std::size_t i : {0U, 1U}) {
      int expected = (labels[i] + 1) % 10;
      while (before.contains(expected)) expected = (expected + 1) % 10;
      EXPECT_EQ(labels[2 + i], expected) << k;
      before.insert(expected);
    }
  }
  EXPECT_EQ(drawn.size(), 10U);
  EXPECT_EQ(sampler.batch(7, neighbors), sampler.batch(7, neighbors));
  EXPECT_EQ(sampler.batch(7), Sampler(manifest, {.labels = 4, .clips = 2}, 5).batch(7));
}

}  // namespace
}  // namespace twinear
