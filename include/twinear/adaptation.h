// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// What is done to the embeddings of an encoder: e becomes the unit vector along W (u - m), where u
/// is the unit vector along what is left of e without its parts in the directions of `removed`.
struct Adaptation {
  std::vector<float> mean = {};  ///< m, of a domain's embeddings; empty: zeros
  Matrix whitening = {};         ///< W, lower triangular; empty: none
  /// Orthonormal rows: the directions in which telephones, noises and rooms move embeddings.
  Matrix removed = {};

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

/// The `count` orthonormal directions with the largest sums of squares of these rows, the largest
/// first (nuisance attribute projection, Solomonoff et al. 2005). The rows are differences of the
/// embeddings of one recording under two conditions. Throws Error (numeric) for a value that is not
/// finite, and std::invalid_argument for fewer dimensions than `count`.
Matrix nuisance_directions(const Matrix& differences, std::size_t count);

}  // namespace twinear
