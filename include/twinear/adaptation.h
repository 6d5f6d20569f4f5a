// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// What a model learns of a new domain without training: every embedding e becomes the unit vector
/// along W (e - m).
struct Adaptation {
  std::vector<float> mean;  ///< m, of the domain's embeddings
  Matrix whitening;         ///< W, lower triangular; empty: centering alone

  /// To one embedding, in place.
  void apply(std::span<float> embedding) const;
  void apply(Matrix& embeddings) const;  ///< to every row
};

/// Fits m and, where `whiten`, W = L^-1 with L L' the covariance of the embeddings; no labels are
/// needed. Cosines do not change under rotation, so any other root of the covariance scores alike.
/// The covariance is shrunk towards the identity as Ledoit and Wolf (2004) find best, so that few
/// clips serve too. Throws Error (numeric) for fewer than two embeddings, values that are not
/// finite, and embeddings that are all the same.
Adaptation fit_adaptation(const Matrix& embeddings, bool whiten);

}  // namespace twinear
