// SPDX-License-Identifier: Apache-2.0
// A model: one that loads embeds frames, and is the same model when it is saved and loaded again.
#include "fuzz/fuzz.h"
#include "twinear/model.h"

namespace twinear {

void fuzz_model(std::string_view bytes) {
  const Model model = load_model(fuzz_file("model.safetensors", bytes));
  Matrix frames(20, static_cast<std::size_t>(model.front_end.mel_bins));
  for (float x = 0; float& value : frames.values()) value = x = 0.25F - 0.9F * x;
  const Matrix embeddings = model.encoder.embed(std::span(&frames, 1));
  require(embeddings.rows() == 1 && embeddings.cols() == model.encoder.dimension());

  const std::string first = fuzz_folder() / "first", second = fuzz_folder() / "second";
  save_model(model, first);
  const Model again = load_model(first);
  save_model(again, second);
  require(load_model(second).id == again.id);
}

}  // namespace twinear
