// SPDX-License-Identifier: Apache-2.0
#include "linalg/covariance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/threads.h"
#include "base/vectors.h"
#include "metric/batch.h"

namespace twinear {
namespace {

/// Rows of which each column differs in variance and depends on the one before.
Matrix correlated(std::size_t rows, std::size_t columns) {
  Matrix m = noise(rows, columns);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 1; i < columns; ++i)
      m.row(r)[i] = m.row(r)[i] * static_cast<float>(i) + 0.5F * m.row(r)[i - 1] + 3.0F;
  return m;
}

TEST(Covariance, IsTheMeanProductOfDeviations) {
  const Matrix rows = correlated(2500, 37);  // not whole chunks, not whole tasks
  const auto mean = mean_row(rows);
  const Table s = covariance(rows, mean);
  ASSERT_EQ(s.rows(), 37U);
  for (std::size_t i = 0; i < 37; i += 6)
    for (std::size_t j = 0; j < 37; ++j) {
      double sum = 0;
      for (std::size_t r = 0; r < rows.rows(); ++r)
        sum += (rows.row(r)[i] - mean[i]) * (rows.row(r)[j] - mean[j]);
      EXPECT_NEAR(s(i, j), sum / 2500, 1e-10 * s(36, 36));
    }
  const ThreadLimit one(1);
  EXPECT_TRUE(std::ranges::equal(covariance(rows, mean).values(), s.values()));
}

TEST(Covariance, IsZeroWithoutRows) {
  EXPECT_EQ(mean_row(Matrix(0, 2)), std::vector<double>(2));
  EXPECT_EQ(
      dot(covariance(Matrix(0, 2), mean_row(Matrix(0, 2))).values(), std::vector{1., 1., 1., 1.}),
      0);
}

TEST(Cholesky, ItsInverseWhitens) {
  const Matrix rows = correlated(500, 20);
  const Table s = covariance(rows, mean_row(rows)), w = inverse_cholesky(s);
  for (std::size_t i = 0; i < 20; ++i)
    for (std::size_t j = 0; j < 20; ++j) {
      double product = 0;  // (W S W')_ij
      for (std::size_t k = 0; k < 20; ++k) product += dot(w.row(i), s.row(k)) * w(j, k);
      EXPECT_NEAR(product, i == j ? 1 : 0, 1e-10);
      if (j > i) {
        EXPECT_EQ(w(i, j), 0);
      }
    }
}

TEST(Eigenvectors, AreThoseOfTheLargestValuesInOrder) {
  const Matrix rows = correlated(500, 20);
  const Table s = covariance(rows, mean_row(rows));
  const auto [vectors, values] = largest_eigenvectors(s, 3);
  ASSERT_EQ(values.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(values, std::greater()));
  for (std::size_t c = 0; c < 3; ++c) {
    const auto v = vectors.row(c);
    for (std::size_t i = 0; i < 20; ++i)
      EXPECT_NEAR(dot(s.row(i), v), values[c] * v[i], 1e-9 * values[0]);
    for (std::size_t d = 0; d < 3; ++d) EXPECT_NEAR(dot(v, vectors.row(d)), c == d ? 1 : 0, 1e-12);
    EXPECT_GT(*std::ranges::max_element(v, {}, [](double x) { return std::abs(x); }), 0);
  }
  EXPECT_EQ(largest_eigenvectors(s, 30).values.size(), 20U);
}

}  // namespace
}  // namespace twinear
