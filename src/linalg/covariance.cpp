// SPDX-License-Identifier: Apache-2.0
#include "linalg/covariance.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cstddef>

#include "base/threads.h"

namespace twinear {
namespace {

using Dense = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

Eigen::Map<const Dense> dense(const Table& t) {
  return {t.values().data(), index(t.rows()), index(t.cols())};
}
Eigen::Map<Dense> dense(Table& t) { return {t.values().data(), index(t.rows()), index(t.cols())}; }

}  // namespace

std::vector<double> mean_row(const Matrix& rows) {
  std::vector<double> mean(rows.cols());
  for (std::size_t r = 0; r < rows.rows(); ++r)
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += rows.row(r)[i];
  for (double& m : mean) m /= static_cast<double>(std::max<std::size_t>(rows.rows(), 1));
  return mean;
}

Table covariance(const Matrix& rows, std::span<const double> mean) {
  constexpr std::size_t rows_at_once = 1024, columns_per_task = 32;
  const std::size_t n = rows.rows(), d = rows.cols();
  Table result(d, d);
  for (std::size_t first = 0; first < n; first += rows_at_once) {
    Dense centered(index(std::min(rows_at_once, n - first)), index(d));
    for (Eigen::Index r = 0; r < centered.rows(); ++r)
      for (std::size_t i = 0; i < d; ++i)
        centered(r, index(i)) = rows.row(first + static_cast<std::size_t>(r))[i] - mean[i];
    parallel_for((d + columns_per_task - 1) / columns_per_task, [&](std::size_t task) {
      const Eigen::Index begin = index(task * columns_per_task);
      const Eigen::Index width = std::min(index(columns_per_task), index(d) - begin);
      dense(result).middleCols(begin, width).noalias() +=
          centered.transpose() * centered.middleCols(begin, width);
    });
  }
  for (double& v : result.values()) v /= static_cast<double>(std::max<std::size_t>(n, 1));
  return result;
}

Table inverse_cholesky(const Table& symmetric) {
  const Eigen::LLT<Dense> llt(dense(symmetric));
  Table inverse(symmetric.rows(), symmetric.cols());
  dense(inverse).setIdentity();
  llt.matrixL().solveInPlace(dense(inverse));
  return inverse;
}

Eigenvectors largest_eigenvectors(const Table& symmetric, std::size_t count) {
  count = std::min(count, symmetric.rows());
  const Eigen::SelfAdjointEigenSolver<Dense> solver(dense(symmetric));
  Eigenvectors result{Table(count, symmetric.rows()), std::vector<double>(count)};
  for (std::size_t c = 0; c < count; ++c) {
    const Eigen::Index column = index(symmetric.rows() - 1 - c);  // eigenvalues rise
    result.values[c] = solver.eigenvalues()[column];
    Eigen::Index largest = 0;
    solver.eigenvectors().col(column).cwiseAbs().maxCoeff(&largest);
    const double sign = solver.eigenvectors()(largest, column) < 0 ? -1 : 1;
    dense(result.vectors).row(index(c)) = sign * solver.eigenvectors().col(column).transpose();
  }
  return result;
}

}  // namespace twinear
