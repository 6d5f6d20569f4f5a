// SPDX-License-Identifier: Apache-2.0
// A checkpoint of torch.save: every tensor of floats can be read.
#include "exchange/torch_checkpoint.h"
#include "fuzz/fuzz.h"

namespace twinear {

void fuzz_torch_checkpoint(std::string_view bytes) {
  const TorchCheckpoint checkpoint(as_bytes(bytes));
  volatile float sum = 0;
  for (const auto& tensor : checkpoint.tensors())
    for (const float value : checkpoint.values(tensor)) sum = sum + value;
}

}  // namespace twinear
