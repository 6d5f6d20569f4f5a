// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "temporary_folder.h"

namespace twinear {

// A fuzz target is a function `void fuzz_<target>(std::string_view bytes)` in <target>_fuzz.cpp. It
// gives the bytes to one reader, which may read them or throw an Error. All else that it throws, a
// crash and a broken promise are faults.

/// Ends the fuzzer, which then keeps its input, where a promise of the reader does not hold.
inline void require(bool promise) {
  if (!promise) std::abort();
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// A folder that lives as long as the process.
inline const TemporaryFolder& fuzz_folder() {
  static const TemporaryFolder folder;
  return folder;
}

/// Writes `bytes` to a file of this name in fuzz_folder() and returns its path.
inline std::string fuzz_file(const std::string& name, std::string_view bytes) {
  std::string path = fuzz_folder() / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

/// Cuts the part up to `mark` off the front of `bytes` and returns it; without a mark that is all.
inline std::string_view take_part(std::string_view& bytes, char mark = '\0') {
  const std::string_view part = bytes.substr(0, bytes.find(mark));
  bytes.remove_prefix(part.size() == bytes.size() ? part.size() : part.size() + 1);
  return part;
}

}  // namespace twinear
