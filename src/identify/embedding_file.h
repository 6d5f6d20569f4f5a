// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "twinear/enrollment.h"

namespace twinear {

/// A clip and the name of its identity.
struct NamedClip {
  std::string name;
  ClipEmbedding clip;
};

/// Embeddings of one model. The safetensors file has a row of the tensor `embeddings` for each
/// clip, and model_id, labels (the names), paths and seconds in the metadata.
struct EmbeddingFile {
  std::string model_id;
  std::vector<NamedClip> clips;
};

/// Reads what write_embeddings or `twinear embed` wrote; seconds are 0 if the file has none.
/// Throws Error (io, format), path first. The names and embeddings are not checked.
EmbeddingFile read_embeddings(const std::string& path);

/// Writes the file whole or not at all. Equal content gives equal bytes. Throws Error (io).
void write_embeddings(const std::string& path, const EmbeddingFile& content);

}  // namespace twinear
