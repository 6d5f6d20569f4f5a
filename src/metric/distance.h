// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "linalg/table.h"
#include "twinear/loss_batch.h"

namespace twinear {

/// The slope of a distance d(x, y) along x is this times (x - y). It is 0 between equal rows, where
/// the Euclidean distance has no slope.
double slope_factor(double distance, Distance kind);

/// The gradient of a loss that pulls at distances: adds scale pull(i, j) (x_i - x_j) to row i of
/// `gradient`, and the opposite to row j where it has one. Parallel, and equal at any
/// number of threads.
void add_gradient(const Matrix& embeddings, const Table& pull, double scale, Matrix& gradient);

/// Throws std::invalid_argument, `where` first, for a gradient of more rows than the batch has
/// anchors or of another width than its embeddings.
void check_gradient(const char* where, const LossBatch& batch, const Matrix& gradient);

}  // namespace twinear
