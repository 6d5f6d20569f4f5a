// SPDX-License-Identifier: Apache-2.0
// A safetensors file: every byte that a tensor claims can be read.
#include "fuzz/fuzz.h"
#include "model/safetensors.h"

namespace twinear {

void fuzz_safetensors(std::string_view bytes) {
  volatile unsigned sum = 0;
  for (const auto& tensor : parse_safetensors(as_bytes(bytes)).tensors)
    for (const std::byte b : tensor.bytes) sum = sum + std::to_integer<unsigned>(b);
}

}  // namespace twinear
