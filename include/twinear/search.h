// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// A row of a database, and its inner product with a query.
struct Hit {
  std::size_t row;
  double score;

  bool operator==(const Hit&) const = default;
};

/// Exact search by inner product: of unit vectors, by cosine.
///
/// The answer is that of every product summed in double; equal scores stand by rising row. It does
/// not depend on threads, on how many queries come together, nor on the bf16 copy: what fast
/// arithmetic ranks is kept as wide as its rounding can reach, and ranked again.
/// Calls may run in parallel.
class Search {
 public:
  /// Rows from which a bf16 copy pays: half the memory to read, more products at a time on a CPU
  /// that multiplies in bf16, and half as much more memory to hold.
  static constexpr std::size_t large = 1U << 14U;

  /// Throws Error (numeric) for a row with a value that is not finite, or longer than 1e15;
  /// std::invalid_argument for 2^32 rows or more.
  explicit Search(Matrix rows, std::size_t bf16_from = large);

  /// For each row of `queries` its `k` best, or all where there are no more. Throws as the
  /// constructor for what is in them, and std::invalid_argument for another width.
  std::vector<std::vector<Hit>> best(const Matrix& queries, std::size_t k) const;

  std::size_t size() const noexcept { return rows_.rows(); }
  const Matrix& rows() const noexcept { return rows_; }

 private:
  std::vector<std::vector<Hit>> best_of_batch(const Matrix& queries, std::size_t first,
                                              std::size_t count, std::size_t k) const;
  double max_error(double query, double query_rounded) const;

  Matrix rows_;
  std::vector<std::uint16_t> copy_;         // the rows in bf16; empty: there is none
  double longest_ = 0, worst_rounded_ = 0;  // greatest |x|, and |x - its copy|
};

}  // namespace twinear
