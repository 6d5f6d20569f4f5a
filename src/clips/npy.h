// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <fstream>
#include <span>
#include <string>

#include "twinear/matrix.h"

namespace twinear {

/// Reads a NumPy array file: two dimensions of little-endian float32 or float64 (which becomes
/// float32), in C order. Throws Error (io, format), path first, for any other.
Matrix read_npy(const std::string& path);

/// Parses the bytes of such a file, even hostile ones. Throws Error (format).
Matrix parse_npy(std::span<const std::byte> bytes);

/// Writes a file of float32, atomically. Throws Error (io), path first.
void write_npy(const std::string& path, const Matrix& matrix);

/// Writes rows that come in parts, to `path` itself; write_file_by makes it atomic.
class NpyWriter {
 public:
  /// Throws Error (io), path first, as do the others.
  NpyWriter(const std::string& path, std::size_t cols);
  void append(const Matrix& rows);
  std::size_t finish();  ///< returns the number of rows; a file that is not finished is not valid

 private:
  void write(const void* bytes, std::size_t size);
  void check() const;

  std::string path_;
  std::ofstream file_;
  std::size_t rows_ = 0, cols_;
};

}  // namespace twinear
