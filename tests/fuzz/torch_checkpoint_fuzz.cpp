// SPDX-License-Identifier: Apache-2.0
// A checkpoint of torch.save: every tensor of floats can be read.
#include "exchange/torch_checkpoint.h"
#include "fuzz/fuzz.h"
#include "twinear/error.h"

namespace twinear {

void fuzz_torch_checkpoint(std::string_view bytes) {
  const TorchCheckpoint checkpoint(as_bytes(bytes));
  volatile float sum = 0;
  for (const auto& tensor : checkpoint.tensors()) try {
      for (const float value : checkpoint.values(tensor)) sum = sum + value;
    } catch (const Error&) {  // a tensor of integers, or one that is damaged
    }
}

}  // namespace twinear
