// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "linalg/table.h"
#include "twinear/miner.h"

namespace twinear {

/// How far each of the first `anchors` rows is from every row: exactly 0 between equal rows, and
/// the same both ways. Parallel, and equal at any number of threads.
Table distances(const Matrix& embeddings, Distance distance, std::size_t anchors);

/// The slope of a distance d(x, y) along x is this times (x - y). Between equal rows the Euclidean
/// distance has none, and 0 is taken.
double slope_factor(double distance, Distance kind);

/// What a loss that pulls at distances does to embeddings: adds scale pull(i, j) (x_i - x_j) to
/// row i of `gradient`, and the opposite to row j where it has one. Parallel, and equal at any
/// number of threads.
void add_gradient(const Matrix& embeddings, const Table& pull, double scale, Matrix& gradient);

/// Throws std::invalid_argument, `where` first, for a gradient of more or other rows than
/// embeddings.
void check_gradient(const char* where, const Matrix& embeddings, const Matrix& gradient);

}  // namespace twinear
