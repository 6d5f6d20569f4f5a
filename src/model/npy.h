// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "twinear/matrix.h"

namespace twinear {

/// NumPy's array files: two dimensions of little-endian float32 or float64 (which becomes
/// float32), in C order. Throws Error (io, format), path first, for any other.
Matrix read_npy(const std::string& path);

/// The same from bytes that anybody may have written. Throws Error (format).
Matrix parse_npy(std::span<const std::byte> bytes);

/// Writes float32, atomically. Throws Error (io), path first.
void write_npy(const std::string& path, const Matrix& matrix);

}  // namespace twinear
