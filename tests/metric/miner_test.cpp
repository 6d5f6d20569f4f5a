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
  explicit SmallBatch(std::uint32_t number) {
    Random random(1, Purpose::test, number);
    const std::size_t rows = 1 + random.below(12), cols = 1 + random.below(4);
    const bool grid = random.below(2) == 0;
    embeddings = Matrix(rows, cols);
    for (float& v : embeddings.values())
      v = grid ? static_cast<float>(random.below(3)) : static_cast<float>(random.normal());
    for (std::size_t i = 0; i < rows; ++i) labels.push_back(static_cast<int>(random.below(4)));
    distance = random.below(2) == 0 ? Distance::euclidean : Distance::squared;
    margin = static_cast<float>(random.uniform(0, 2));
  }
  Matrix embeddings;
  std::vector<int> labels;
  Distance distance;
  float margin;
};

/// By the definition: of all triplets, those that no better one beats; ties by the lowest row.
std::vector<Triplet> oracle(const SmallBatch& b, TripletMining mining) {
  const auto d = [&](std::uint32_t i, std::uint32_t j) {
    return distance(b.embeddings, i, j, b.distance);
  };
  const bool hard = mining == TripletMining::batch_hard;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Triplet>> rivals;
  for (const auto& t : every_triplet(b.labels)) {
    const double near = d(t.anchor, t.positive), far = d(t.anchor, t.negative);
    if (hard || (near < far && far < near + b.margin))
      rivals[{t.anchor, hard ? 0 : t.positive}].push_back(t);
  }
  std::vector<Triplet> triplets;
  for (auto& [key, of_key] : rivals)
    triplets.push_back(*std::ranges::min_element(of_key, {}, [&](const Triplet& t) {
      return std::tuple(-d(t.anchor, t.positive), t.positive, d(t.anchor, t.negative), t.negative);
    }));
  return triplets;
}

TEST(TripletMiner, FindsWhatBruteForceFindsOnAThousandBatchesAtAnyNumberOfThreads) {
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const SmallBatch b(i);
    for (const auto mining : {TripletMining::batch_hard, TripletMining::semi_hard}) {
      const auto many = mine_triplets(b.embeddings, b.labels, mining, b.margin, b.distance);
      const ThreadLimit one(1);
      ASSERT_EQ(mine_triplets(b.embeddings, b.labels, mining, b.margin, b.distance), many);
      ASSERT_EQ(oracle(b, mining), many) << "batch " << i;
      found += many.size();
    }
  }
  EXPECT_GT(found, 5000U);
}

TEST(TripletMiner, AnyNumberOfThreadsFindsTheSameTripletsInALargeBatch) {
  const Matrix e = noise(203, 17);
  std::vector<int> labels = label_blocks(29, 7);
  for (const auto mining : {TripletMining::batch_hard, TripletMining::semi_hard}) {
    const auto many = mine_triplets(e, labels, mining, 0.5F, Distance::euclidean);
    EXPECT_GT(many.size(), 100U);
    const ThreadLimit one(1);
    EXPECT_EQ(mine_triplets(e, labels, mining, 0.5F, Distance::euclidean), many);
  }
}

TEST(TripletMiner, TiesGoToTheLowestRow) {
  const Matrix collapsed(6, 3);
  const std::vector<int> labels{0, 1, 0, 1, 0, 1};
  const std::vector<Triplet> expected{{0, 2, 1}, {1, 3, 0}, {2, 0, 1},
                                      {3, 1, 0}, {4, 0, 1}, {5, 1, 0}};
  EXPECT_EQ(mine_triplets(collapsed, labels, TripletMining::batch_hard, 0.3F, Distance::euclidean),
            expected);
}

TEST(TripletMiner, AnAnchorWithoutPositiveOrNegativeGivesNone) {
  const std::vector<int> alone{0, 1, 2}, together{5, 5, 5};
  for (const auto mining : {TripletMining::batch_hard, TripletMining::semi_hard})
    for (const auto& labels : {alone, together})
      EXPECT_TRUE(mine_triplets(noise(3, 2), labels, mining, 9, Distance::euclidean).empty());
  EXPECT_TRUE(
      mine_triplets(Matrix(), {}, TripletMining::batch_hard, 1, Distance::euclidean).empty());
}

TEST(TripletMiner, EmbeddingsThatAreNotNumbersDoNotBreakIt) {
  Matrix e = noise(8, 3);
  for (float& v : e.row(2)) v = std::numeric_limits<float>::quiet_NaN();
  const auto labels = label_blocks(4, 2);
  EXPECT_EQ(mine_triplets(e, labels, TripletMining::batch_hard, 1, Distance::euclidean).size(), 8U);
  EXPECT_EQ(mine_pairs(e, labels, PairMining::hard).size(), 8U);
}

TEST(TripletMiner, RefusesBatchAllAndLabelsOfAnotherBatch) {
  const auto labels = label_blocks(2, 2);
  const auto mine = [&](std::size_t rows, TripletMining mining) {
    return mine_triplets(noise(rows, 2), labels, mining, 1, Distance::euclidean);
  };
  EXPECT_THROW(mine(4, TripletMining::batch_all), std::invalid_argument);
  EXPECT_THROW(mine(5, TripletMining::batch_hard), std::invalid_argument);
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
  EXPECT_EQ(mine_pairs(noise(3, 2), labels, PairMining::all), expected);
  EXPECT_TRUE(mine_pairs(Matrix(), {}, PairMining::all).empty());
}

TEST(PairMiner, BalancedHasAsManyOfBothAndDependsOnTheSeedAlone) {
  const Matrix e = noise(40, 3);
  const auto labels = label_blocks(10, 4);
  const auto all = mine_pairs(e, labels, PairMining::all);
  const auto pairs = mine_pairs(e, labels, PairMining::balanced, 1);
  EXPECT_EQ(count(pairs, PairLabel::same), 60U);
  EXPECT_EQ(count(pairs, PairLabel::different), 60U);
  EXPECT_TRUE(in_order(pairs));
  for (const auto& pair : pairs) EXPECT_NE(std::ranges::find(all, pair), all.end());
  EXPECT_EQ(mine_pairs(noise(40, 3, 1), labels, PairMining::balanced, 1), pairs);
  EXPECT_NE(mine_pairs(e, labels, PairMining::balanced, 2), pairs);
}

TEST(PairMiner, BalancedDrawsEveryDifferentPairAlike) {
  const Matrix e = noise(6, 2);
  const auto labels = label_blocks(3, 2);  // 3 of 12 different pairs
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> drawn;
  for (std::uint64_t seed = 0; seed < 4000; ++seed)
    for (const auto& p : mine_pairs(e, labels, PairMining::balanced, seed))
      if (p.label == PairLabel::different) ++drawn[{p.first, p.second}];
  EXPECT_EQ(drawn.size(), 12U);
  for (const auto& [pair, times] : drawn) EXPECT_NEAR(times, 1000, 5 * 27.4);  // 5 deviations
}

TEST(PairMiner, HardTakesTheNearestDifferentPairs) {
  Matrix e(6, 1);
  std::ranges::copy(std::vector<float>{0, 1, 1.5, 9, 10.5, 30}, e.values().begin());
  const std::vector<int> labels{0, 0, 1, 1, 2, 2};
  const std::vector<Pair> expected{{0, 1, PairLabel::same},      {0, 2, PairLabel::different},
                                   {1, 2, PairLabel::different}, {2, 3, PairLabel::same},
                                   {3, 4, PairLabel::different}, {4, 5, PairLabel::same}};
  EXPECT_EQ(mine_pairs(e, labels, PairMining::hard), expected);
}

TEST(PairMiner, FewerDifferentPairsThanSameAreAllTaken) {
  const std::vector<int> labels{0, 0, 0, 0, 1};  // 6 same, 4 different
  for (const auto mining : {PairMining::balanced, PairMining::hard})
    EXPECT_EQ(mine_pairs(noise(5, 2), labels, mining),
              mine_pairs(noise(5, 2), labels, PairMining::all));
}

TEST(PairMiner, AnyNumberOfThreadsFindsTheSamePairs) {
  const Matrix e = noise(120, 9);
  const auto labels = label_blocks(30, 4);
  const auto many = mine_pairs(e, labels, PairMining::hard);
  const ThreadLimit one(1);
  EXPECT_EQ(mine_pairs(e, labels, PairMining::hard), many);
}

TEST(PairMiner, RefusesLabelsOfAnotherBatch) {
  EXPECT_THROW(mine_pairs(noise(3, 2), label_blocks(2, 2), PairMining::all), std::invalid_argument);
}

}  // namespace
}  // namespace twinear
