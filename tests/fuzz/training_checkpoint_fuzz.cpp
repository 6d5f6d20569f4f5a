// SPDX-License-Identifier: Apache-2.0
// The checkpoint of a run: one that a model and its optimizer take is the same when it is saved and
// loaded again.
#include "fuzz/fuzz.h"
#include "model/checkpoint.h"

namespace twinear {

void fuzz_training_checkpoint(std::string_view bytes) {
  const std::string path = fuzz_file("last.safetensors", bytes);
  Model model = load_model(path);
  nn::Adam adam(model.encoder.network(), {});
  const RunState run = load_checkpoint(path, model, adam);

  const std::string again = fuzz_folder() / "again.safetensors";
  save_checkpoint(again, model, adam, run);
  const RunState same = load_checkpoint(again, model, adam);
  require(same.progress == run.progress && same.tensors.size() == run.tensors.size());
}

}  // namespace twinear
