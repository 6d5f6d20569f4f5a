// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "linalg/table.h"

namespace twinear {

using Rows = std::vector<std::size_t>;

/// Throws std::invalid_argument, `where` first, unless there is a label and a row of `gradient` for
/// each embedding.
void check_batch(const char* where, const Matrix& embeddings, std::span<const int> labels,
                 const Matrix& gradient);

/// The rows of each label, labels in rising order. Throws std::invalid_argument for a label of
/// fewer than `least` rows.
std::vector<Rows> rows_by_label(const char* where, std::span<const int> labels, std::size_t least);

/// The sum of the embeddings of each group.
Table sums(const Matrix& embeddings, std::span<const Rows> groups);

/// The way back from sums(): adds row g of `slope` to those of `gradient` that group g holds.
void add_to_groups(const Table& slope, std::span<const Rows> groups, Matrix& gradient);

/// gradient += slope
void add(const Table& slope, Matrix& gradient);

}  // namespace twinear
