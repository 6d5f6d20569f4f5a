// SPDX-License-Identifier: Apache-2.0
#include "twinear/loss_batch.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/lanes.h"
#include "base/threads.h"

namespace twinear {
namespace {

constexpr std::size_t lanes = 32;          // columns of the table that one pass works on
constexpr std::size_t rows_per_task = 16;  // so that a block stays in the cache; divides lanes

/// out[j] = |x - y_j|^2 for the rows y of a block, whose element k of row j is block[k lanes + j].
/// In double, where the squares of float differences are exact: the sums hardly round.
TWINEAR_SIMD void distances_to_block(std::span<const float> x, const float* block,
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

/// |x_i - x_j|^2 of the first `anchors` rows and every row.
std::vector<double> squared_distances(const Matrix& embeddings, std::size_t anchors) {
  const std::size_t n = embeddings.rows(), width = embeddings.cols();
  std::vector<double> table(anchors * n);
  const auto blocks = transposed_blocks(embeddings);
  parallel_for((anchors + rows_per_task - 1) / rows_per_task, [&](std::size_t task) {
    const std::size_t begin = task * rows_per_task, end = std::min(anchors, begin + rows_per_task);
    const std::size_t own = begin / lanes * lanes;  // what lies before it is another task's mirror
    std::array<double, lanes> squares;
    for (std::size_t j = own; j < n; j += lanes)
      for (std::size_t i = begin; i < end; ++i) {
        distances_to_block(embeddings.row(i), blocks.data() + j * width, squares);
        const std::size_t count = std::min(lanes, n - j);
        std::copy_n(squares.begin(), count, table.data() + i * n + j);
        if (j == own) continue;
        for (std::size_t k = 0; k < count && j + k < anchors; ++k)
          table[(j + k) * n + i] = squares[k];
      }
  });
  return table;
}

}  // namespace

LossBatch::LossBatch(const Matrix& embeddings, std::span<const int> labels, std::uint64_t number,
                     std::size_t anchors, const Matrix* teacher)
    : embeddings_(embeddings),
      labels_(labels),
      number_(number),
      anchors_(std::min(anchors, embeddings.rows())),
      teacher_(teacher != nullptr && teacher->rows() > 0 ? teacher : nullptr) {
  if (!labels.empty() && labels.size() != embeddings.rows())
    throw std::invalid_argument("LossBatch: expected a label for each embedding, or none");
  if (teacher_ != nullptr && teacher_->rows() != embeddings.rows())
    throw std::invalid_argument("LossBatch: expected a row of the teacher for each embedding");
}

DistanceTable LossBatch::distances(Distance distance) const {
  std::vector<double>& table = tables_[static_cast<std::size_t>(distance)];
  if (table.empty()) {
    std::vector<double>& squares = tables_[static_cast<std::size_t>(Distance::squared)];
    if (squares.empty()) squares = squared_distances(embeddings_, anchors_);
    table = squares;
    const std::size_t cols = embeddings_.rows();
    parallel_for(distance == Distance::squared ? 0 : anchors_, [&](std::size_t i) {
      for (double& d : std::span(table).subspan(i * cols, cols))
        d = distance == Distance::euclidean ? std::sqrt(d) : 0.5 * d;
    });
  }
  return {table, anchors_, embeddings_.rows()};
}

}  // namespace twinear
