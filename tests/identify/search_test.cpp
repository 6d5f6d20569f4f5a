// SPDX-License-Identifier: Apache-2.0
#include "twinear/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/expect_error.h"
#include "base/random.h"
#include "base/threads.h"

namespace twinear {
namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

Matrix normal(std::size_t rows, std::size_t cols, std::uint32_t stream) {
  Matrix m(rows, cols);
  Random random(3, Purpose::test, stream);
  for (float& x : m.values()) x = static_cast<float>(random.normal());
  return m;
}

Matrix unit(Matrix m) {
  for (std::size_t r = 0; r < m.rows(); ++r) {
    double square = 0;
    for (const float x : m.row(r)) square += static_cast<double>(x) * x;
    for (float& x : m.row(r)) x = static_cast<float>(x / std::sqrt(square));
  }
  return m;
}

/// Every product in double.
std::vector<Hit> by_brute_force(const Matrix& rows, std::span<const float> query, std::size_t k) {
  std::vector<Hit> all(rows.rows());
  for (std::size_t r = 0; r < all.size(); ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < query.size(); ++i)
      sum += static_cast<double>(query[i]) * rows.row(r)[i];
    all[r] = {r, sum};
  }
  std::ranges::stable_sort(all, std::greater(), &Hit::score);
  all.resize(std::min(k, all.size()));
  return all;
}

void expect_brute_force(const Matrix& rows, const Matrix& queries, std::size_t k) {
  for (const std::size_t bf16_from : {std::size_t{0}, never}) {
    const auto hits = Search(rows, bf16_from).best(queries, k);
    ASSERT_EQ(hits.size(), queries.rows());
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      const auto expected = by_brute_force(rows, queries.row(q), k);
      ASSERT_EQ(hits[q].size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(hits[q][i].row, expected[i].row) << "query " << q << ", place " << i;
        // 1e-12: the two sum in another order
        EXPECT_NEAR(hits[q][i].score, expected[i].score, 1e-12 * (1 + std::abs(expected[i].score)));
      }
    }
  }
}

TEST(Search, FindsWhatBruteForceFinds) {
  // more than a task, not whole blocks, and a width that no vector divides
  const Matrix rows = unit(normal(20000, 45, 0));
  for (const std::size_t queries : {1, 2, 3, 4, 17})
    expect_brute_force(rows, unit(normal(queries, 45, 1)), 10);
}

TEST(Search, FindsWhatBruteForceFindsForMoreQueriesThanABatch) {
  expect_brute_force(unit(normal(1100, 192, 0)), unit(normal(300, 192, 1)), 3);
}

TEST(Search, FindsItOfVectorsOfAllLengths) {
  Matrix rows = normal(3000, 33, 0);
  for (std::size_t r = 0; r < rows.rows(); ++r)
    for (float& x : rows.row(r)) x *= std::exp(0.01F * static_cast<float>(r % 2000) - 10.0F);
  expect_brute_force(rows, normal(5, 33, 1), 10);
}

/// Rows a float's last bit apart: to bf16 they are equal, and a float sum puts them in any order.
TEST(Search, TellsRowsApartThatBf16CannotAndFloatSumsHardlyCan) {
  const std::size_t width = 192;
  const Matrix center = unit(normal(1, width, 0));
  Matrix rows(5000, width);
  Random random(4, Purpose::test);
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    std::ranges::copy(center.row(0), rows.row(r).begin());
    float& x = rows.row(r)[random.below(width)];
    x = std::nextafter(x, r % 2 == 0 ? 2.0F : -2.0F);
  }
  expect_brute_force(rows, center, 10);
  Matrix five(5, width);
  for (std::size_t q = 0; q < five.rows(); ++q)
    std::ranges::copy(center.row(0), five.row(q).begin());
  expect_brute_force(rows, five, 10);
}

/// bf16 rounds almost all of the best row down and all of the others up, each as far as it can.
TEST(Search, FindsTheRowThatBf16PutsBehindAllOthers) {
  constexpr float up = 1.0F + 0x1.02p-8F, down = 1.0F + 0x1.fep-9F, higher = 1.0F + 0x1.7ep-7F;
  Matrix rows(4000, 64), query(1, 64);
  std::ranges::fill(query.values(), 1.0F);
  std::ranges::fill(rows.values(), up);     // to 1 + 2^-7
  std::ranges::fill(rows.row(2345), down);  // to 1
  rows.row(2345)[0] = higher;               // to 1 + 2^-7
  EXPECT_EQ(Search(rows, 0).best(query, 1)[0][0].row, 2345u);
  expect_brute_force(rows, query, 10);
}

/// The same of the query, where several are rounded to be multiplied at once.
TEST(Search, FindsTheRowThatAQueryInBf16PutsBehindAllOthers) {
  constexpr std::size_t half = 64;
  constexpr float up = 1.0F + 0x1.02p-8F, down = 1.0F + 0x1.fep-9F;
  Matrix rows(4000, 2 * half + 1), queries(3, 2 * half + 1);
  for (std::size_t q = 0; q < queries.rows(); ++q)
    for (std::size_t i = 0; i < half; ++i) {
      queries.row(q)[i] = up;           // to 1 + 2^-7
      queries.row(q)[half + i] = down;  // to 1
      queries.row(q)[2 * half] = 0.125F;
    }
  for (std::size_t r = 0; r < rows.rows(); ++r) std::ranges::fill(rows.row(r).first(half), 1.0F);
  std::ranges::fill(rows.row(2345), 1.0F);
  std::ranges::fill(rows.row(2345).first(half), 0.0F);
  expect_brute_force(rows, queries, 1);
  EXPECT_EQ(Search(rows, 0).best(queries, 1)[1][0].row, 2345u);
}

TEST(Search, EqualScoresStandByRisingRow) {
  const Matrix few = unit(normal(7, 192, 0));
  Matrix rows(30000, 192);
  for (std::size_t r = 0; r < rows.rows(); ++r)
    std::ranges::copy(few.row(r % 7), rows.row(r).begin());
  for (const std::size_t bf16_from : {std::size_t{0}, never})
    for (const auto& hits : Search(rows, bf16_from).best(few, 10))
      for (std::size_t i = 1; i < hits.size(); ++i) {
        EXPECT_EQ(hits[i].row, hits[i - 1].row + 7);
        EXPECT_EQ(hits[i].score, hits[0].score);
      }
}

TEST(Search, ZerosAreFoundToo) {
  const auto hits = Search(Matrix(100, 16)).best(Matrix(1, 16), 3);
  EXPECT_EQ(hits[0], (std::vector<Hit>{{0, 0}, {1, 0}, {2, 0}}));
}

TEST(Search, GivesAllWhereFewerThanKAreThere) {
  expect_brute_force(unit(normal(5, 16, 0)), unit(normal(6, 16, 1)), 10);
  EXPECT_EQ(Search(normal(5, 16, 0)).best(normal(2, 16, 1), 0), std::vector<std::vector<Hit>>(2));
  EXPECT_EQ(Search(Matrix()).best(normal(2, 16, 1), 3), std::vector<std::vector<Hit>>(2));
  EXPECT_TRUE(Search(normal(5, 16, 0)).best(Matrix(0, 16), 3).empty());
}

TEST(Search, AnyNumberOfThreadsAndOfQueriesAtOnceFindsTheSame) {
  const Matrix rows = unit(normal(30000, 100, 0)), queries = unit(normal(9, 100, 1));
  const auto in_floats = Search(rows, never).best(queries, 20);
  const ThreadLimit one(1);
  EXPECT_EQ(Search(rows, never).best(queries, 20), in_floats);
  const Search copied(rows, 0);
  EXPECT_EQ(copied.best(queries, 20), in_floats);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    Matrix alone(1, 100);
    std::ranges::copy(queries.row(q), alone.row(0).begin());
    EXPECT_EQ(copied.best(alone, 20)[0], in_floats[q]);
  }
}

TEST(Search, RefusesWhatHasNoOrder) {
  Matrix rows = normal(20, 8, 0), queries = normal(2, 8, 1);
  queries.row(1)[3] = std::numeric_limits<float>::quiet_NaN();
  expect_error([&] { Search(rows).best(queries, 1); }, Fault::numeric,
               "search: query 1: a value is not finite");
  rows.row(17)[0] = std::numeric_limits<float>::infinity();
  expect_error([&] { Search{rows}; }, Fault::numeric, "search: row 17: a value is not finite");
  rows.row(17)[0] = 2e15F;
  expect_error([&] { Search{rows}; }, Fault::numeric,
               "search: row 17: its length is 2e+15; at most 1e+15 is taken");
  EXPECT_THROW(Search(normal(3, 8, 0)).best(normal(1, 9, 1), 1), std::invalid_argument);
}

}  // namespace
}  // namespace twinear
