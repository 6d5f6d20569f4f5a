// SPDX-License-Identifier: Apache-2.0
// A .npy file: what is read and written again reads as the same bits.
#include <cstring>

#include "clips/npy.h"
#include "fuzz/fuzz.h"

namespace twinear {

void fuzz_npy(std::string_view bytes) {
  const Matrix matrix = parse_npy(as_bytes(bytes));
  const std::string path = fuzz_folder() / "matrix.npy";
  write_npy(path, matrix);
  const Matrix again = read_npy(path);
  require(again.rows() == matrix.rows() && again.cols() == matrix.cols());
  require(matrix.values().empty() || std::memcmp(again.values().data(), matrix.values().data(),
                                                 matrix.values().size_bytes()) == 0);
}

}  // namespace twinear
