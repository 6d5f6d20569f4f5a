// SPDX-License-Identifier: Apache-2.0
#include "metric/distance.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "base/lanes.h"
#include "base/threads.h"

namespace twinear {
namespace {

/// to += factor (x - y)
TWINEAR_SIMD void add_difference(std::span<double> to, double factor, const float* x,
                                 const float* y) {
  for (std::size_t k = 0; k < to.size(); ++k)
    to[k] += factor * (static_cast<double>(x[k]) - static_cast<double>(y[k]));
}

}  // namespace

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

void check_gradient(const char* where, const LossBatch& batch, const Matrix& gradient) {
  if (gradient.rows() > batch.anchors() || gradient.cols() != batch.embeddings().cols())
    throw std::invalid_argument(std::string(where) +
                                ": the gradient must have the shape of the embeddings");
}

}  // namespace twinear
