// SPDX-License-Identifier: Apache-2.0
// A libFuzzer target: any bytes are either read as safetensors or refused with an Error.
#include <cstddef>
#include <cstdint>
#include <span>

#include "model/safetensors.h"
#include "twinear/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto content = twinear::parse_safetensors(std::as_bytes(std::span(data, size)));
    volatile unsigned sum = 0;  // every byte that a tensor claims can be read
    for (const auto& tensor : content.tensors)
      for (const std::byte b : tensor.bytes) sum = sum + std::to_integer<unsigned>(b);
  } catch (const twinear::Error&) {
  }
  return 0;
}
