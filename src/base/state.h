// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>

#include "twinear/error.h"
#include "twinear/matrix.h"

namespace twinear {

/// Finds the tensor of a checkpoint under `key`. Throws Error (format) if there is none of that
/// shape.
inline const Matrix& state_of(const std::map<std::string, Matrix>& state, const std::string& key,
                              std::size_t rows, std::size_t cols) {
  const auto found = state.find(key);
  if (found == state.end() || found->second.rows() != rows || found->second.cols() != cols)
    throw Error(Fault::format, fmt::format("\"{}\": expected {} x {} values", key, rows, cols));
  return found->second;
}

}  // namespace twinear
