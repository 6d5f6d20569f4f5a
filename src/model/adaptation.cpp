// SPDX-License-Identifier: Apache-2.0
#include "twinear/adaptation.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/threads.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// A square matrix of doubles.
class Square {
 public:
  explicit Square(std::size_t n) : n_(n), values_(n * n) {}
  std::size_t size() const { return n_; }
  double& operator()(std::size_t i, std::size_t j) { return values_[i * n_ + j]; }
  double operator()(std::size_t i, std::size_t j) const { return values_[i * n_ + j]; }

 private:
  std::size_t n_;
  std::vector<double> values_;
};

std::vector<double> mean_of(const Matrix& rows) {
  std::vector<double> mean(rows.cols());
  for (std::size_t r = 0; r < rows.rows(); ++r)
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += rows.row(r)[i];
  for (double& m : mean) m /= static_cast<double>(rows.rows());
  return mean;
}

/// The covariance's lower triangle, shrunk: (1 - a) S + a (trace S / d) I. A row to a task.
Square shrunk_covariance(const Matrix& rows, std::span<const double> mean) {
  const std::size_t n = rows.rows(), d = rows.cols();
  Square s(d);
  std::vector<double> row_spread(d);  // sum over samples of (x_i x_j - s_ij)^2, over j
  parallel_for(d, [&](std::size_t i) {
    std::vector<double> sum(d), square(d);
    for (std::size_t r = 0; r < n; ++r) {
      const double xi = rows.row(r)[i] - mean[i];
      for (std::size_t j = 0; j < d; ++j) {
        const double product = xi * (rows.row(r)[j] - mean[j]);
        sum[j] += product;
        square[j] += product * product;
      }
    }
    for (std::size_t j = 0; j < d; ++j) {
      s(i, j) = sum[j] / static_cast<double>(n);
      row_spread[i] += square[j] - sum[j] * s(i, j);
    }
  });
  double trace = 0, squares = 0, spread = 0;
  for (std::size_t i = 0; i < d; ++i) {
    trace += s(i, i);
    spread += row_spread[i];
    for (std::size_t j = 0; j < d; ++j) squares += s(i, j) * s(i, j);
  }
  const double level = trace / static_cast<double>(d);
  const double apart = squares - level * trace;  // |S - level I|^2
  const double noise = spread / (static_cast<double>(n) * static_cast<double>(n));
  const double a = apart > 0 ? std::clamp(noise / apart, 1e-6, 1.0) : 1.0;
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j) s(i, j) = (1 - a) * s(i, j) + (i == j ? a * level : 0);
  return s;
}

/// L with L L' = s, in place of s.
void cholesky(Square& s) {
  for (std::size_t j = 0; j < s.size(); ++j)
    for (std::size_t i = j; i < s.size(); ++i) {
      double sum = s(i, j);
      for (std::size_t k = 0; k < j; ++k) sum -= s(i, k) * s(j, k);
      s(i, j) = i == j ? std::sqrt(sum) : sum / s(j, j);
    }
}

Matrix inverse_of_lower(const Square& l) {
  Matrix inverse(l.size(), l.size());
  std::vector<double> column(l.size());
  for (std::size_t c = 0; c < l.size(); ++c)
    for (std::size_t i = c; i < l.size(); ++i) {
      double sum = i == c ? 1 : 0;
      for (std::size_t k = c; k < i; ++k) sum -= l(i, k) * column[k];
      column[i] = sum / l(i, i);
      inverse.row(i)[c] = static_cast<float>(column[i]);
    }
  return inverse;
}

}  // namespace

void Adaptation::apply(std::span<float> embedding) const {
  if (embedding.size() != mean.size())
    throw std::invalid_argument("adaptation: embeddings of another size");
  std::vector<double> centered(mean.size()), result;
  for (std::size_t i = 0; i < mean.size(); ++i)
    centered[i] = static_cast<double>(embedding[i]) - mean[i];
  if (whitening.rows() == 0) {
    result = std::move(centered);
  } else {
    result.resize(mean.size());
    for (std::size_t i = 0; i < mean.size(); ++i)
      for (std::size_t j = 0; j <= i; ++j) result[i] += whitening.row(i)[j] * centered[j];
  }
  double square = 0;
  for (const double v : result) square += v * v;
  const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
  for (std::size_t i = 0; i < mean.size(); ++i)
    embedding[i] = static_cast<float>(scale * result[i]);
}

void Adaptation::apply(Matrix& embeddings) const {
  parallel_for(embeddings.rows(), [&](std::size_t i) { apply(embeddings.row(i)); });
}

Adaptation fit_adaptation(const Matrix& embeddings, bool whiten) {
  if (embeddings.rows() < 2)
    throw Error(Fault::numeric, "adaptation: embeddings of at least two clips are needed");
  const auto values = embeddings.values();
  if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
    throw Error(Fault::numeric, "adaptation: an embedding is not finite");
  const auto mean = mean_of(embeddings);
  Adaptation adaptation{{mean.begin(), mean.end()}, {}};
  if (!whiten) return adaptation;
  Square s = shrunk_covariance(embeddings, mean);
  if (!(s(0, 0) > 0)) throw Error(Fault::numeric, "adaptation: all embeddings are the same");
  cholesky(s);
  adaptation.whitening = inverse_of_lower(s);
  return adaptation;
}

}  // namespace twinear
