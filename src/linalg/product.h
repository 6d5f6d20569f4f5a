// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/vectors.h"
#include "linalg/gemm.h"
#include "linalg/table.h"

namespace twinear {

/// The matrix product a b, one factor transposed where `transpose` says so. Parallel, and equal at
/// any number of threads. It is computed in double where it is small, and by oneDNN in float from
/// large_product multiply-adds on: a loss over thousands of classes or clips is then right to about
/// 1e-6.
Table product(const Table& a, const Table& b, Transpose transpose = Transpose::none);
inline constexpr std::size_t large_product = std::size_t{1} << 24U;

}  // namespace twinear
