// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "linalg/gemm.h"

namespace twinear::nn {

/// A matrix that is read, with rows next to each other.
inline MatrixView matrix(const float* data, std::size_t rows, std::size_t columns) {
  const auto n = static_cast<std::int64_t>(columns);
  return {data, static_cast<std::int64_t>(rows), n, n};
}

/// Columns [from, from + columns) of a matrix whose rows have `stride` numbers.
inline MatrixView columns_of(const float* data, std::size_t rows, std::size_t from,
                             std::size_t columns, std::size_t stride) {
  return {data + from, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns),
          static_cast<std::int64_t>(stride)};
}

/// A matrix that is written.
inline MutableMatrixView result(float* data, std::size_t rows, std::size_t columns) {
  const auto n = static_cast<std::int64_t>(columns);
  return {data, static_cast<std::int64_t>(rows), n, n};
}

}  // namespace twinear::nn
