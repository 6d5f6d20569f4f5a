// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "metric/directions.h"

namespace twinear {

using Rows = std::vector<std::size_t>;

/// Throws std::invalid_argument, `where` first, unless there is a label for each embedding.
void check_labels(const char* where, const Matrix& embeddings, std::span<const int> labels);

/// Throws as check_labels(), and unless `gradient` has the shape of `embeddings`.
void check_batch(const char* where, const Matrix& embeddings, std::span<const int> labels,
                 const Matrix& gradient);

/// The rows of each label, labels in rising order. Throws std::invalid_argument for a label of
/// fewer than `min_rows` rows.
std::vector<Rows> rows_by_label(const char* where, std::span<const int> labels,
                                std::size_t min_rows);

/// The sum of the embeddings of each group.
Table sums(const Matrix& embeddings, std::span<const Rows> groups);

/// The way back from sums(): adds row g of `slope` to those of `gradient` that group g holds.
void add_to_groups(const Table& slope, std::span<const Rows> groups, Matrix& gradient);

/// Adds the gradient of a loss of the products of all rows' directions with each other, whose slope
/// along the product of rows i and j is slopes(i, j).
void add_self_similarity_gradient(const Directions& rows, const Table& slopes, Matrix& gradient);

/// gradient += slope
void add(const Table& slope, Matrix& gradient);

}  // namespace twinear
