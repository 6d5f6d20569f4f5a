// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace twinear::nn {

/// A row-major matrix in somebody's memory; rows are `stride` numbers apart.
struct MatrixView {
  const float* data;
  std::int64_t rows, columns, stride;
};
struct MutableMatrixView {
  float* data;
  std::int64_t rows, columns, stride;
};

/// The same of numbers in bf16, as BFloat16 has their bits.
struct NarrowMatrixView {
  const std::uint16_t* data;
  std::int64_t rows, columns, stride;
};

enum class Transpose { none, first, second };

/// c = a b (either factor transposed), added to c where `add`. Throws std::invalid_argument for
/// shapes that do not fit.
void multiply(const MatrixView& a, const MatrixView& b, const MutableMatrixView& c,
              Transpose transpose = Transpose::none, bool add = false);

/// c = a b^T: the products of their rows, summed in floats. For a CPU that has_bf16(). Throws
/// std::invalid_argument for shapes that do not fit.
void multiply_rows(const NarrowMatrixView& a, const NarrowMatrixView& b,
                   const MutableMatrixView& c);

/// sum[column] = the sum of that column.
template <class T>
void sum_rows(const T* rows, std::int64_t count, std::int64_t columns, float* sum);

}  // namespace twinear::nn
