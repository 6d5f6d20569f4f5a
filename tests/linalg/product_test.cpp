// SPDX-License-Identifier: Apache-2.0
#include "linalg/product.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/threads.h"
#include "metric/batch.h"
#include "twinear/loss_functions.h"

namespace twinear {
namespace {

Table random_table(std::size_t rows, std::size_t cols, std::uint32_t stream) {
  return Table(noise(rows, cols, stream));
}

Table flipped(const Table& m) {
  Table result(m.cols(), m.rows());
  for (std::size_t i = 0; i < m.rows(); ++i)
    for (std::size_t j = 0; j < m.cols(); ++j) result(j, i) = m(i, j);
  return result;
}

/// The largest difference from the sums as they are written down.
double worst(const Table& a, const Table& b, const Table& c) {
  double worst = c.rows() == a.rows() && c.cols() == b.cols() ? 0 : INFINITY;
  for (std::size_t i = 0; i < c.rows() && std::isfinite(worst); i += 7)
    for (std::size_t j = 0; j < c.cols(); j += 11) {
      double sum = 0;
      for (std::size_t k = 0; k < a.cols(); ++k) sum += a(i, k) * b(k, j);
      worst = std::max(worst, std::abs(sum - c(i, j)));
    }
  return worst;
}

TEST(Product, IsThatOfItsFactorsHoweverTheyLieSmallOrLarge) {
  struct Size {
    std::size_t m, n, k;
    double tolerance;
  };
  for (const auto& [m, n, k, tolerance] :
       {Size{0, 3, 2, 0}, Size{1, 1, 1, 1e-14}, Size{70, 45, 33, 1e-12}, Size{161, 1100, 99, 1e-4},
        Size{520, 190, 600, 1e-4}}) {
    const Table a = random_table(m, k, 1), b = random_table(k, n, 2);
    EXPECT_EQ(m * n * k >= large_product, tolerance == 1e-4);
    EXPECT_LE(worst(a, b, product(a, b)), tolerance);
    EXPECT_LE(worst(a, b, product(flipped(a), b, Transpose::first)), tolerance);
    EXPECT_LE(worst(a, b, product(a, flipped(b), Transpose::second)), tolerance);
  }
}

TEST(Product, IsTheSameAtAnyNumberOfThreads) {
  for (const std::size_t depth : {40U, 400U}) {  // small and large
    const Table a = random_table(301, depth, 1), b = random_table(depth, 700, 2);
    const Table many = product(a, b);
    const ThreadLimit one(1);
    const Table alone = product(a, b);
    EXPECT_TRUE(std::ranges::equal(many.values(), alone.values()));
  }
}

TEST(Product, LossesOfLargeBatchesAreThoseOfTheirHalvesToFloat) {
  constexpr std::size_t rows = 128, classes = 1200, width = 192;
  static_assert(rows * classes * width >= large_product);
  static_assert(rows / 2 * classes * width < large_product);
  const Matrix e = noise(rows, width);
  std::vector<int> labels;
  for (int i = 0; i < static_cast<int>(rows); ++i) labels.push_back(9 * i);
  LossParameters together = class_parameters(classes, 1, width, 4), apart = together;
  Matrix gradient(rows, width);
  const LossValue whole = aam_softmax_loss(e, labels, {}, together, gradient);

  double mean = 0, largest = 0;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::size_t begin = half * rows / 2;
    Matrix part(rows / 2, width), slope(rows / 2, width);
    for (std::size_t i = 0; i < rows / 2; ++i)
      std::ranges::copy(e.row(begin + i), part.row(i).begin());
    mean +=
        aam_softmax_loss(part, std::span(labels).subspan(begin, rows / 2), {}, apart, slope).mean /
        2;
    for (const float v : slope.values()) largest = std::max(largest, std::abs(v / 2.0));
    for (std::size_t i = 0; i < rows / 2; ++i)
      for (std::size_t k = 0; k < width; ++k)
        EXPECT_NEAR(gradient.row(begin + i)[k], slope.row(i)[k] / 2, 1e-5 * largest);
  }
  EXPECT_NEAR(whole.mean, mean, 1e-6 * mean);
  largest = 0;
  for (const float v : apart.gradient.values()) largest = std::max(largest, std::abs(v / 2.0));
  for (std::size_t i = 0; i < apart.gradient.values().size(); ++i)
    EXPECT_NEAR(together.gradient.values()[i], apart.gradient.values()[i] / 2, 1e-5 * largest);
}

}  // namespace
}  // namespace twinear
