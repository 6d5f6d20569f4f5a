// SPDX-License-Identifier: Apache-2.0
// The checkpoint of a run: one that a learner takes is the same when it is saved and restored
// again.
#include "fuzz/fuzz.h"
#include "twinear/learner.h"

namespace twinear {

void fuzz_training_checkpoint(std::string_view bytes) {
  const std::string path = fuzz_file("last.safetensors", bytes);
  Model model = load_model(path);
  Learner learner(model.encoder, nullptr);
  const LoopState run = learner.restore(path);

  const std::string again = fuzz_folder() / "again.safetensors";
  learner.save(again, model, run);
  const LoopState same = learner.restore(again);
  require(same.progress == run.progress && same.tensors.size() == run.tensors.size());
}

}  // namespace twinear
