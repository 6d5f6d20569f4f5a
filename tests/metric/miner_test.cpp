// SPDX-License-Identifier: Apache-2.0
#include "twinear/miner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>

#include "base/threads.h"
#include "metric/batch.h"

namespace twinear {
namespace {

/// A batch as random tests draw it: few rows, and often on a coarse grid, where distances tie.
struct SmallBatch {
  explicit SmallBatch(std::uint32_t nth) : number(nth) {
    Random random(1, Purpose::test, number);
    const std::size_t rows = 1 + random.below(12), cols = 1 + random.below(4);
    const bool grid = random.below(2) == 0;
    embeddings = Matrix(rows, cols);
    for (float& v : embeddings.values())
      v = grid ? static_cast<float>(random.below(3)) : static_cast<float>(random.normal());
    for (std::size_t i = 0; i < rows; ++i) labels.push_back(static_cast<int>(random.below(4)));
    options.distance = static_cast<Distance>(random.below(3));
    options.margin = static_cast<float>(random.uniform(0, 2));
    options.seed = random.next();
    if (random.below(2) == 0) anchors = random.below(rows + 1);
  }
  LossBatch batch() const { return {embeddings, labels, number, anchors}; }

  std::uint32_t number;
  std::size_t anchors = std::numeric_limits<std::size_t>::max();
  Matrix embeddings;
  std::vector<int> labels;
  MiningOptions options;
};

constexpr const char* every_list[] = {"batch-hard", "semi-hard", "distance-weighted", "random"};

/// By the definition: of all triplets, those that no better one beats; ties by the lowest row.
std::vector<Triplet> oracle(const SmallBatch& b, const std::string& mining) {
  const auto d = [&](std::uint32_t i, std::uint32_t j) {
    return distance(b.embeddings, i, j, b.options.distance);
  };
  const bool hard = mining == "batch-hard";
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Triplet>> rivals;
  for (const auto& t : every_triplet(b.labels)) {
    const double near = d(t.anchor, t.positive), far = d(t.anchor, t.negative);
    if (t.anchor >= b.anchors) continue;
    if (hard || (near < far && far < near + b.options.margin))
      rivals[{t.anchor, hard ? 0 : t.positive}].push_back(t);
  }
  std::vector<Triplet> triplets;
  for (auto& [key, of_key] : rivals)
    triplets.push_back(*std::ranges::min_element(of_key, {}, [&](const Triplet& t) {
      return std::tuple(-d(t.anchor, t.positive), t.positive, d(t.anchor, t.negative), t.negative);
    }));
  return triplets;
}

/// By the definition again: a wheel with a slice 1/q(d) for each negative, spun for each positive.
std::vector<Triplet> weighted_oracle(const SmallBatch& b) {
  const double n = static_cast<double>(b.embeddings.cols());
  std::map<std::uint32_t, Random> wheels;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Triplet>> rivals;
  for (const auto& t : every_triplet(b.labels))
    if (t.anchor < b.anchors &&
        distance(b.embeddings, t.anchor, t.negative, Distance::euclidean) < 1.4)
      rivals[{t.anchor, t.positive}].push_back(t);
  std::vector<Triplet> triplets;
  for (auto& [key, of_key] : rivals) {
    const auto slice = [&](const Triplet& t) {
      const double d =
          std::max(0.5, distance(b.embeddings, t.anchor, t.negative, Distance::euclidean));
      return 1 / (std::pow(d, n - 2) * std::pow(1 - d * d / 4, (n - 3) / 2));
    };
    double left = 0;
    for (const auto& t : of_key) left += slice(t);
    auto& wheel =
        wheels.try_emplace(key.first, b.options.seed, Purpose::negative, b.number, key.first)
            .first->second;
    left *= wheel.uniform();
    auto drawn = of_key.begin();
    while (left >= slice(*drawn) && drawn + 1 != of_key.end()) left -= slice(*drawn++);
    triplets.push_back(*drawn);
  }
  return triplets;
}

/// Of the triplets of each anchor and positive one, by a number drawn for each.
std::vector<Triplet> random_oracle(const SmallBatch& b) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Triplet>> rivals;
  for (const auto& t : every_triplet(b.labels))
    if (t.anchor < b.anchors) rivals[{t.anchor, t.positive}].push_back(t);
  std::map<std::uint32_t, Random> dice;
  std::vector<Triplet> triplets;
  for (const auto& [key, of_key] : rivals)
    triplets.push_back(
        of_key[dice.try_emplace(key.first, b.options.seed, Purpose::negative, b.number, key.first)
                   .first->second.below(of_key.size())]);
  return triplets;
}

std::vector<Triplet> any_oracle(const SmallBatch& b, const std::string& mining) {
  if (mining == "distance-weighted") return weighted_oracle(b);
  return mining == "random" ? random_oracle(b) : oracle(b, mining);
}

TEST(TripletMiner, FindsWhatBruteForceFindsOnAThousandBatchesAtAnyNumberOfThreads) {
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const SmallBatch b(i);
    for (const std::string mining : every_list) {
      const auto many = mine_triplets(b.batch(), mining, b.options);
      const ThreadLimit one(1);
      ASSERT_EQ(mine_triplets(b.batch(), mining, b.options), many);
      ASSERT_EQ(any_oracle(b, mining), many) << "batch " << i;
      found += many.size();
    }
  }
  EXPECT_GT(found, 5000U);
}

TEST(TripletMiner, DistanceWeightedDrawsFarNegativesAsOftenAsNearOnes) {
  // Negatives at .3 (as good as .5), 1, 1.3 and 1.45 of the anchor, on a circle and on a sphere in
  // 6 dimensions; 1/q is d^(2-n) (1 - d^2/4)^((3-n)/2).
  for (const std::size_t width : {2U, 6U}) {
    Matrix e(6, width);
    const std::vector<double> apart{0, 0, 0.3, 1, 1.3, 1.45};
    for (std::size_t i = 0; i < 6; ++i) {
      const double angle = 2 * std::asin(apart[i] / 2);
      e.row(i)[0] = static_cast<float>(std::cos(angle));
      e.row(i)[1] = static_cast<float>(std::sin(angle));
    }
    const std::vector<int> labels{0, 0, 1, 2, 3, 4};
    std::vector<double> weight, drawn(6);
    double total = 0;
    for (double d : apart) {
      d = std::max(d, 0.5);
      weight.push_back(std::pow(d, 2.0 - static_cast<double>(width)) *
                       std::pow(1 - d * d / 4, (3.0 - static_cast<double>(width)) / 2));
    }
    for (std::size_t i = 2; i < 5; ++i) total += weight[i];
    constexpr int times = 4000;
    for (std::uint32_t step = 0; step < times; ++step)
      for (const auto& t : mine_triplets({e, labels, step, 1}, "distance-weighted", {.seed = 3}))
        ++drawn[t.negative];
    EXPECT_EQ(drawn[5], 0);
    for (std::size_t i = 2; i < 5; ++i) {
      const double share = weight[i] / total;
      EXPECT_NEAR(drawn[i] / times, share, 5 * std::sqrt(share * (1 - share) / times)) << i;
    }
  }
}

TEST(TripletMiner, RandomDrawsEveryNegativeAlikeHoweverFar) {
  Matrix e = noise(6, 3);
  for (float& v : e.row(5)) v = 100;
  const std::vector<int> labels{0, 0, 1, 1, 2, 3};
  std::map<std::uint32_t, int> drawn;
  for (std::uint32_t step = 0; step < 4000; ++step)
    for (const auto& t : mine_triplets({e, labels, step, 1}, "random")) ++drawn[t.negative];
  EXPECT_EQ(drawn.size(), 4U);
  for (const auto& [negative, times] : drawn) EXPECT_NEAR(times, 1000, 5 * 27.4);  // 5 deviations
}

TEST(TripletMiner, WhatIsDrawnDependsOnSeedAndStepAlone) {
  Matrix e = noise(40, 9);
  for (float& v : e.values()) v *= 0.25F;
  for (const std::string mining : {"distance-weighted", "random"}) {
    const auto mine = [&](std::uint64_t seed, std::uint32_t step) {
      return mine_triplets({e, label_blocks(10, 4), step}, mining, {.seed = seed});
    };
    EXPECT_EQ(mine(1, 2).size(), 120U);
    EXPECT_EQ(mine(1, 2), mine(1, 2));
    EXPECT_NE(mine(1, 2), mine(2, 1));
    EXPECT_NE(mine(1, 2), mine(1, 3));
  }
}

TEST(TripletMiner, DistanceWeightedBearsAThousandDimensions) {
  Matrix e = noise(20, 1000);
  for (float& v : e.values()) v *= 0.02F;  // 1/q spans 400 decades
  EXPECT_EQ(mine_triplets({e, label_blocks(5, 4)}, "distance-weighted").size(), 60U);
}

TEST(TripletMiner, AnyNumberOfThreadsFindsTheSameTripletsInALargeBatch) {
  Matrix e = noise(203, 17);
  for (float& v : e.values()) v *= 0.2F;
  std::vector<int> labels = label_blocks(29, 7);
  for (const std::string mining : every_list)
    for (const std::size_t anchors : {150U, 203U}) {
      const auto many = mine_triplets({e, labels, 0, anchors}, mining, {.margin = 0.5F});
      EXPECT_GT(many.size(), 100U);
      const ThreadLimit one(1);
      EXPECT_EQ(mine_triplets({e, labels, 0, anchors}, mining, {.margin = 0.5F}), many);
    }
}

TEST(TripletMiner, TiesGoToTheLowestRow) {
  const Matrix collapsed(6, 3);
  const std::vector<int> labels{0, 1, 0, 1, 0, 1};
  const std::vector<Triplet> expected{{0, 2, 1}, {1, 3, 0}, {2, 0, 1},
                                      {3, 1, 0}, {4, 0, 1}, {5, 1, 0}};
  EXPECT_EQ(mine_triplets({collapsed, labels}, "batch-hard"), expected);
}

TEST(TripletMiner, AnAnchorWithoutPositiveOrNegativeGivesNone) {
  const std::vector<int> alone{0, 1, 2}, together{5, 5, 5};
  for (const std::string mining : every_list) {
    for (const auto& labels : {alone, together})
      EXPECT_TRUE(mine_triplets({noise(3, 2), labels}, mining, {.margin = 9}).empty());
    EXPECT_TRUE(mine_triplets(Matrix(), mining).empty());
  }
}

TEST(TripletMiner, EmbeddingsThatAreNotNumbersDoNotBreakIt) {
  Matrix e = noise(8, 3);
  for (float& v : e.row(2)) v = std::numeric_limits<float>::quiet_NaN();
  const auto labels = label_blocks(4, 2);
  EXPECT_EQ(mine_triplets({e, labels}, "batch-hard").size(), 8U);
  for (const auto& t : mine_triplets({e, labels}, "distance-weighted")) EXPECT_NE(t.negative, 2U);
  EXPECT_EQ(mine_pairs({e, labels}, "hard").size(), 8U);
}

TEST(TripletMiner, RefusesBatchAllAndLabelsOfAnotherBatch) {
  const auto labels = label_blocks(2, 2);
  const auto mine = [&](std::size_t rows, const std::string& mining) {
    return mine_triplets({noise(rows, 2), labels}, mining);
  };
  EXPECT_THROW(mine(4, "batch-all"), std::invalid_argument);
  EXPECT_THROW(mine(5, "batch-hard"), std::invalid_argument);
}

bool in_order(const std::vector<Pair>& pairs) {
  return std::ranges::is_sorted(pairs, {},
                                [](const Pair& p) { return std::pair(p.first, p.second); });
}

std::size_t count(const std::vector<Pair>& pairs, PairLabel label) {
  return static_cast<std::size_t>(std::ranges::count(pairs, label, &Pair::label));
}

TEST(PairMiner, AllIsEveryPairOnceWithItsLabel) {
  const std::vector<int> labels{4, 4, 9};
  const std::vector<Pair> expected{
      {0, 1, PairLabel::same}, {0, 2, PairLabel::different}, {1, 2, PairLabel::different}};
  EXPECT_EQ(mine_pairs({noise(3, 2), labels}, "all"), expected);
  EXPECT_TRUE(mine_pairs(Matrix(), "all").empty());
}

TEST(PairMiner, BalancedHasAsManyOfBothAndDependsOnTheSeedAlone) {
  const Matrix e = noise(40, 3);
  const auto labels = label_blocks(10, 4);
  const auto all = mine_pairs({e, labels}, "all");
  const auto pairs = mine_pairs({e, labels}, "balanced", {.seed = 1});
  EXPECT_EQ(count(pairs, PairLabel::same), 60U);
  EXPECT_EQ(count(pairs, PairLabel::different), 60U);
  EXPECT_TRUE(in_order(pairs));
  for (const auto& pair : pairs) EXPECT_NE(std::ranges::find(all, pair), all.end());
  EXPECT_EQ(mine_pairs({noise(40, 3, 1), labels}, "balanced", {.seed = 1}), pairs);
  EXPECT_NE(mine_pairs({e, labels}, "balanced", {.seed = 2}), pairs);
}

/// By the definition: every same pair, and of the others as many, by distance and then by rows.
std::vector<Pair> nearest_oracle(const SmallBatch& b) {
  std::vector<Pair> same, different;
  for (std::uint32_t i = 0; i < std::min(b.anchors, b.labels.size()); ++i)
    for (std::uint32_t j = i + 1; j < b.labels.size(); ++j)
      if (b.labels[i] == b.labels[j])
        same.push_back({i, j, PairLabel::same});
      else
        different.push_back({i, j, PairLabel::different});
  std::ranges::stable_sort(different, {}, [&](const Pair& p) {
    return distance(b.embeddings, p.first, p.second, Distance::euclidean);
  });
  if (different.size() > same.size()) different.resize(same.size());
  same.insert(same.end(), different.begin(), different.end());
  std::ranges::sort(same, {}, [](const Pair& p) { return std::pair(p.first, p.second); });
  return same;
}

TEST(PairMiner, FindsWhatBruteForceFindsOnAThousandBatchesAtAnyNumberOfThreads) {
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const SmallBatch b(i);
    const auto hard = mine_pairs(b.batch(), "hard", b.options);
    const auto balanced = mine_pairs(b.batch(), "balanced", b.options);
    ASSERT_EQ(hard, nearest_oracle(b)) << "batch " << i;
    ASSERT_EQ(balanced.size(), hard.size());
    ASSERT_EQ(count(balanced, PairLabel::same), count(hard, PairLabel::same));
    const ThreadLimit one(1);
    ASSERT_EQ(mine_pairs(b.batch(), "hard", b.options), hard);
    ASSERT_EQ(mine_pairs(b.batch(), "balanced", b.options), balanced);
    found += hard.size();
  }
  EXPECT_GT(found, 5000U);
}

TEST(PairMiner, BalancedDrawsEveryDifferentPairAlike) {
  const Matrix e = noise(6, 2);
  const auto labels = label_blocks(3, 2);  // 3 of 12 different pairs
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> drawn;
  for (std::uint64_t seed = 0; seed < 4000; ++seed)
    for (const auto& p : mine_pairs({e, labels}, "balanced", {.seed = seed}))
      if (p.label == PairLabel::different) ++drawn[{p.first, p.second}];
  EXPECT_EQ(drawn.size(), 12U);
  for (const auto& [pair, times] : drawn) EXPECT_NEAR(times, 1000, 5 * 27.4);  // 5 deviations
}

TEST(PairMiner, BalancedDiffersFromStepToStep) {
  const Matrix e = noise(40, 3);
  const auto labels = label_blocks(10, 4);
  const auto mine = [&](std::uint32_t step) { return mine_pairs({e, labels, step}, "balanced"); };
  EXPECT_EQ(mine(1), mine(1));
  EXPECT_NE(mine(1), mine(2));
}

TEST(PairMiner, FirstOfAPairIsAnAnchor) {
  const auto labels = label_blocks(4, 3);
  auto expected = mine_pairs({noise(12, 2), labels}, "all");
  std::erase_if(expected, [](const Pair& p) { return p.first >= 5; });
  EXPECT_EQ(mine_pairs({noise(12, 2), labels, 0, 5}, "all"), expected);
  for (const auto mining : {"balanced", "hard"}) {
    const auto pairs = mine_pairs({noise(12, 2), labels, 0, 5}, mining);
    EXPECT_EQ(count(pairs, PairLabel::same), count(expected, PairLabel::same));
    EXPECT_EQ(count(pairs, PairLabel::different), count(expected, PairLabel::same));
    for (const auto& p : pairs) EXPECT_LT(p.first, 5U);
  }
}

TEST(PairMiner, HardTakesTheNearestDifferentPairs) {
  Matrix e(6, 1);
  std::ranges::copy(std::vector<float>{0, 1, 1.5, 9, 10.5, 30}, e.values().begin());
  const std::vector<int> labels{0, 0, 1, 1, 2, 2};
  const std::vector<Pair> expected{{0, 1, PairLabel::same},      {0, 2, PairLabel::different},
                                   {1, 2, PairLabel::different}, {2, 3, PairLabel::same},
                                   {3, 4, PairLabel::different}, {4, 5, PairLabel::same}};
  EXPECT_EQ(mine_pairs({e, labels}, "hard"), expected);
}

TEST(PairMiner, FewerDifferentPairsThanSameAreAllTaken) {
  const std::vector<int> labels{0, 0, 0, 0, 1};  // 6 same, 4 different
  for (const auto mining : {"balanced", "hard"})
    EXPECT_EQ(mine_pairs({noise(5, 2), labels}, mining), mine_pairs({noise(5, 2), labels}, "all"));
}

TEST(PairMiner, AnyNumberOfThreadsFindsTheSamePairs) {
  const Matrix e = noise(120, 9);
  const auto labels = label_blocks(30, 4);
  const auto many = mine_pairs({e, labels}, "hard");
  const ThreadLimit one(1);
  EXPECT_EQ(mine_pairs({e, labels}, "hard"), many);
}

TEST(EmbeddingMemory, KeepsTheLastRowsTheOldestFirst) {
  EmbeddingMemory memory(5);
  std::vector<std::vector<float>> given;
  std::vector<int> given_labels;
  for (std::uint32_t batch = 0; batch < 6; ++batch) {
    const Matrix rows = noise(batch == 4 ? 7 : 2, 3, batch);  // once more than it can hold
    std::vector<int> labels;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      labels.push_back(static_cast<int>(10 * batch + i));
      given.emplace_back(rows.row(i).begin(), rows.row(i).end());
    }
    given_labels.insert(given_labels.end(), labels.begin(), labels.end());
    memory.add(rows, labels);

    const Matrix now = noise(2, 3, 9);
    const Matrix joined = memory.with_memory(now);
    const std::size_t kept = std::min<std::size_t>(5, given.size());
    ASSERT_EQ(joined.rows(), 2 + kept);
    EXPECT_TRUE(std::ranges::equal(joined.values().first(6), now.values()));
    for (std::size_t i = 0; i < kept; ++i)
      EXPECT_TRUE(std::ranges::equal(joined.row(2 + i), given[given.size() - kept + i]));
    std::vector<int> expected{-1, -2};
    expected.insert(expected.end(), given_labels.end() - static_cast<std::ptrdiff_t>(kept),
                    given_labels.end());
    EXPECT_EQ(memory.with_memory(std::vector<int>{-1, -2}), expected);
  }
}

TEST(EmbeddingMemory, WithoutCapacityIsNeverThere) {
  EmbeddingMemory memory(0);
  memory.add(noise(4, 3), label_blocks(2, 2));
  EXPECT_EQ(memory.with_memory(noise(2, 3)), noise(2, 3));
  EXPECT_EQ(memory.with_memory(label_blocks(1, 2)), label_blocks(1, 2));
}

TEST(EmbeddingMemory, RefusesRowsOfAnotherWidthAndLabelsOfAnotherBatch) {
  EmbeddingMemory memory(8);
  memory.add(noise(4, 3), label_blocks(2, 2));
  EXPECT_THROW(memory.add(noise(4, 2), label_blocks(2, 2)), std::invalid_argument);
  EXPECT_THROW(memory.add(noise(3, 3), label_blocks(2, 2)), std::invalid_argument);
  EXPECT_THROW(memory.with_memory(noise(3, 2)), std::invalid_argument);
}

TEST(PairMiner, RefusesLabelsOfAnotherBatch) {
  EXPECT_THROW(mine_pairs({noise(3, 2), label_blocks(2, 2)}, "all"), std::invalid_argument);
}

TEST(LossBatch, RefusesAnotherNumberOfLabelsThanEmbeddings) {
  const Matrix embeddings(8, 4);
  const std::vector<int> labels{0, 0, 1};
  EXPECT_THROW(LossBatch(embeddings, labels), std::invalid_argument);
  EXPECT_EQ(LossBatch(embeddings).labels().size(), 0U);
}

}  // namespace
}  // namespace twinear
