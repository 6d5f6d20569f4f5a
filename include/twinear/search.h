// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

/// A row of a database and its inner product with a query.
struct Hit {
  std::size_t row;
  double score;

  bool operator==(const Hit&) const = default;
};

/// Exact search by inner product; for unit vectors that is the cosine.
///
/// The result equals that of computing every product in double; equal scores are ordered by rising
/// row. It depends neither on the number of threads or queries nor on the copy in bfloat16: fast
/// arithmetic makes a shortlist, whose length its rounding errors determine, and the shortlist is
/// ranked again in double. Calls may run in parallel.
class Search {
 public:
  /// The number of rows from which a copy in bfloat16 makes the search faster. The copy takes half
  /// as much memory again, but a query reads only half as much.
  static constexpr std::size_t large = 1U << 14U;

  /// Takes the rows of the database, and makes the copy if there are at least `bf16_from`. Throws
  /// Error (numeric) for a row that is not finite or longer than 1e15, and std::invalid_argument
  /// for 2^32 rows or more.
  explicit Search(Matrix rows, std::size_t bf16_from = large);

  /// Finds for each row of `queries` its `k` best, or all where there are fewer, the best first.
  /// Throws Error (numeric) for a query that the constructor would refuse as a row, and
  /// std::invalid_argument for queries of another width.
  std::vector<std::vector<Hit>> best(const Matrix& queries, std::size_t k) const;

  /// The number of rows.
  std::size_t size() const noexcept { return rows_.rows(); }
  const Matrix& rows() const noexcept { return rows_; }

 private:
  std::vector<std::vector<Hit>> best_of_batch(const Matrix& queries, std::size_t first,
                                              std::size_t count, std::size_t k) const;
  double max_error(double query, double query_rounded) const;

  Matrix rows_;
  std::vector<std::uint16_t> copy_;              // the rows in bfloat16, or empty
  double max_length_ = 0, max_rounded_off_ = 0;  // of rows x: |x|, and |x - its copy|
};

}  // namespace twinear
