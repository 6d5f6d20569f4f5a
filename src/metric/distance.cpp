// SPDX-License-Identifier: Apache-2.0
#include "metric/distance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/simd.h"
#include "base/threads.h"

namespace twinear {
namespace {

constexpr std::size_t lanes = 32;          // columns of the table that one pass works on
constexpr std::size_t rows_per_task = 16;  // so that a block stays in the cache; divides lanes

/// out[j] = |x - y_j|^2 for the rows y of a block, whose element k of row j is block[k lanes + j].
/// In double, where the squares of float differences are exact: the sums hardly round.
TWINEAR_SIMD void squared_distances(std::span<const float> x, const float* block,
                                    std::array<double, lanes>& out) {
  std::array<double, lanes> sums{};
  for (const double value : x) {
    for (std::size_t j = 0; j < lanes; ++j) {
      const double difference = value - static_cast<double>(block[j]);
      sums[j] += difference * difference;
    }
    block += lanes;
  }
  out = sums;
}

double of_square(double square, Distance kind) {
  switch (kind) {
    case Distance::squared:
      return square;
    case Distance::cosine:
      return 0.5 * square;
    case Distance::euclidean:
      break;
  }
  return std::sqrt(square);
}

/// Blocks of `lanes` rows, each transposed; the last is filled with zeros.
std::vector<float> transposed_blocks(const Matrix& m) {
  const std::size_t blocks = (m.rows() + lanes - 1) / lanes;
  std::vector<float> values(blocks * lanes * m.cols());
  parallel_for(blocks, [&](std::size_t block) {
    for (std::size_t j = block * lanes; j < std::min(m.rows(), (block + 1) * lanes); ++j) {
      float* at = values.data() + block * lanes * m.cols() + j % lanes;
      for (const float v : m.row(j)) {
        *at = v;
        at += lanes;
      }
    }
  });
  return values;
}

/// to += factor (x - y)
TWINEAR_SIMD void add_difference(std::span<double> to, double factor, const float* x,
                                 const float* y) {
  for (std::size_t k = 0; k < to.size(); ++k)
    to[k] += factor * (static_cast<double>(x[k]) - static_cast<double>(y[k]));
}

}  // namespace

Table distances(const Matrix& embeddings, Distance distance, std::size_t anchors) {
  const std::size_t n = embeddings.rows(), width = embeddings.cols();
  Table table(anchors, n);
  const auto blocks = transposed_blocks(embeddings);
  parallel_for((anchors + rows_per_task - 1) / rows_per_task, [&](std::size_t task) {
    const std::size_t begin = task * rows_per_task, end = std::min(anchors, begin + rows_per_task);
    const std::size_t own = begin / lanes * lanes;  // what lies before it is another task's mirror
    std::array<double, lanes> squares;
    for (std::size_t j = own; j < n; j += lanes)
      for (std::size_t i = begin; i < end; ++i) {
        squared_distances(embeddings.row(i), blocks.data() + j * width, squares);
        const auto to = table.row(i).subspan(j, std::min(lanes, n - j));
        for (std::size_t k = 0; k < to.size(); ++k) to[k] = of_square(squares[k], distance);
        if (j == own) continue;
        for (std::size_t k = 0; k < to.size() && j + k < anchors; ++k) table(j + k, i) = to[k];
      }
  });
  return table;
}

double slope_factor(double distance, Distance kind) {
  switch (kind) {
    case Distance::squared:
      return 2;
    case Distance::cosine:
      return 1;
    case Distance::euclidean:
      break;
  }
  return distance > 0 ? 1 / distance : 0;
}

void add_gradient(const Matrix& embeddings, const Table& pull, double scale, Matrix& gradient) {
  parallel_for(gradient.rows(), [&](std::size_t i) {
    std::vector<double> sum(embeddings.cols());
    for (std::size_t j = 0; j < embeddings.rows(); ++j) {
      const double factor = pull(i, j) + (j < pull.rows() ? pull(j, i) : 0);
      if (factor != 0)
        add_difference(sum, factor, embeddings.row(i).data(), embeddings.row(j).data());
    }
    const auto to = gradient.row(i);
    for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<float>(to[k] + scale * sum[k]);
  });
}

void check_gradient(const char* where, const Matrix& embeddings, const Matrix& gradient) {
  if (gradient.rows() > embeddings.rows() || gradient.cols() != embeddings.cols())
    throw std::invalid_argument(std::string(where) + ": a gradient of the embeddings' shape");
}

}  // namespace twinear
