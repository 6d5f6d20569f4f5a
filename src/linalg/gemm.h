// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "twinear/buffer.h"

namespace twinear {

/// A row-major matrix in memory that somebody else owns: row i begins at `data + i * stride`.
template <class T>
struct View {
  T* data;
  std::int64_t rows, columns, stride;
};
using MatrixView = View<const float>;
using MutableMatrixView = View<float>;
using BFloat16View = View<const std::uint16_t>;  ///< numbers in bfloat16, by their bits

/// Which of the two factors of a product is transposed before they are multiplied.
enum class Transpose { none, first, second };

/// c = a b, one factor transposed where `transpose` says so; added to c where `add`. Runs on the
/// calling thread alone, by oneDNN. Throws std::invalid_argument for shapes that do not fit.
void multiply(const MatrixView& a, const MatrixView& b, const MutableMatrixView& c,
              Transpose transpose = Transpose::none, bool add = false);

/// Has oneDNN make the machine code of multiply(), for which the first call in a process waits
/// otherwise, as does the first of its convolutions that is such a product: 2.5 ms.
void prepare_multiply();

/// c = a b^T for factors in bfloat16, with sums in floats. The CPU must have instructions for it:
/// see has_bf16(). Throws std::invalid_argument for shapes that do not fit.
void multiply_rows(const BFloat16View& a, const BFloat16View& b, const MutableMatrixView& c);

/// sum[column] = the sum of that column over `count` rows; T is float or nn::BFloat16.
template <class T>
void sum_rows(const T* rows, std::int64_t count, std::int64_t columns, float* sum);

}  // namespace twinear
