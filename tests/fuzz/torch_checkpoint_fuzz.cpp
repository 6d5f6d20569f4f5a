// SPDX-License-Identifier: Apache-2.0
// A libFuzzer target: any bytes are either read as a checkpoint of torch.save, whose tensors of
// floats can then all be read, or refused with an Error.
#include <cstddef>
#include <cstdint>
#include <span>

#include "exchange/torch_checkpoint.h"
#include "twinear/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const twinear::TorchCheckpoint checkpoint(std::as_bytes(std::span(data, size)));
    volatile float sum = 0;
    for (const auto& tensor : checkpoint.tensors())
      for (const float value : checkpoint.values(tensor)) sum = sum + value;
  } catch (const twinear::Error&) {
  }
  return 0;
}
