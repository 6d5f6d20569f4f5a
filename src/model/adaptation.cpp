// SPDX-License-Identifier: Apache-2.0
#include "twinear/adaptation.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/threads.h"
#include "base/vectors.h"
#include "linalg/covariance.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// The covariance S, shrunk: (1 - a) S + a (trace S / d) I, with a as Ledoit and Wolf (2004) find
/// it: the variance of S, summed over its elements, divided by |S - (trace S / d) I|^2.
Table shrunk_covariance(const Matrix& rows, std::span<const double> mean) {
  Table s = covariance(rows, mean);
  const auto n = static_cast<double>(rows.rows()), d = static_cast<double>(rows.cols());
  double trace = 0, fourth_powers = 0;
  for (std::size_t i = 0; i < s.rows(); ++i) trace += s(i, i);
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    double square = 0;
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const double x = rows.row(r)[i] - mean[i];
      square += x * x;
    }
    fourth_powers += square * square;
  }
  const double squares = dot(s.values(), s.values()), level = trace / d;
  const double apart = squares - level * trace;  // |S - level I|^2
  const double variance = (fourth_powers / n - squares) / n;
  const double a = apart > 0 ? std::clamp(variance / apart, 1e-6, 1.0) : 1.0;
  for (double& v : s.values()) v *= 1 - a;
  for (std::size_t i = 0; i < s.rows(); ++i) s(i, i) += a * level;
  return s;
}

}  // namespace

void Adaptation::apply(std::span<float> embedding) const {
  const std::size_t n = embedding.size();
  const auto fits = [&](std::size_t size) { return size == 0 || size == n; };
  if (!fits(mean.size()) || !fits(whitening.cols()) || !fits(removed.cols()))
    throw std::invalid_argument("adaptation: it is for embeddings of another dimension");
  std::vector<double> x(embedding.begin(), embedding.end());
  for (std::size_t k = 0; k < removed.rows(); ++k) {
    const double part = dot(removed.row(k), x);
    for (std::size_t i = 0; i < n; ++i) x[i] -= part * removed(k, i);
  }
  if (!mean.empty()) {
    const double scale = removed.rows() > 0 ? inverse_norm(x) : 1;
    for (std::size_t i = 0; i < n; ++i) x[i] = scale * x[i] - mean[i];
  }
  if (whitening.rows() > 0) {
    std::vector<double> white(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) white[i] += whitening.row(i)[j] * x[j];
    x = std::move(white);
  }
  const double scale = inverse_norm(x);
  for (std::size_t i = 0; i < n; ++i) embedding[i] = static_cast<float>(scale * x[i]);
}

void Adaptation::apply(Matrix& embeddings) const {
  parallel_for(embeddings.rows(), [&](std::size_t i) { apply(embeddings.row(i)); });
}

Adaptation fit_adaptation(const Matrix& embeddings, bool whiten) {
  if (embeddings.rows() < 2)
    throw Error(Fault::numeric, "adaptation: it needs the embeddings of at least two clips");
  const auto values = embeddings.values();
  if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
    throw Error(Fault::numeric, "adaptation: an embedding is not finite");
  const auto mean = mean_row(embeddings);
  Adaptation adaptation{{mean.begin(), mean.end()}, {}, {}};
  if (!whiten) return adaptation;
  const Table s = shrunk_covariance(embeddings, mean);
  if (!(s(0, 0) > 0)) throw Error(Fault::numeric, "adaptation: all embeddings are the same");
  adaptation.whitening = Matrix(inverse_cholesky(s));
  return adaptation;
}

Matrix nuisance_directions(const Matrix& differences, std::size_t count) {
  if (count > differences.cols())
    throw std::invalid_argument("nuisance_directions: expected fewer directions than dimensions");
  const auto values = differences.values();
  if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
    throw Error(Fault::numeric, "nuisance directions: an embedding is not finite");
  const std::vector<double> zeros(differences.cols());
  return Matrix(largest_eigenvectors(covariance(differences, zeros), count).vectors);
}

}  // namespace twinear
