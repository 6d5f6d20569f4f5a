// SPDX-License-Identifier: Apache-2.0
// The fuzzer of one target: TWINEAR_FUZZ_TARGET is its function.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "twinear/error.h"

namespace twinear {
void TWINEAR_FUZZ_TARGET(std::string_view bytes);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    twinear::TWINEAR_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  } catch (const twinear::Error&) {  // the reader refuses the bytes, as it may
  }
  return 0;
}
