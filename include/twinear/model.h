// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "twinear/adaptation.h"
#include "twinear/calibration.h"
#include "twinear/encoder.h"
#include "twinear/features.h"
#include "twinear/model_store.h"

namespace twinear {

/// Everything that a decision needs, in one file: how sound becomes frames, how frames become an
/// embedding, and what a score means.
struct Model {
  FrontEnd front_end;
  Encoder encoder;
  std::optional<Calibration> calibration = {};
  std::string provenance = "{}";  ///< JSON: recipe, seed, corpus checksum, epoch, metrics
  std::string id = {};            ///< hash of the file it was loaded from; empty if never saved
  std::optional<Adaptation> adaptation = {};  ///< what Verifier does to the encoder's embeddings
  /// What two clips may have in common, for people: "speaker", "sound". 1 to 32 lower-case letters,
  /// hyphens and blanks.
  std::string source = "source";
};

/// Throws Error (config) for what Model::source may not be.
void check_source(const std::string& source);

/// Writes `path` as safetensors, atomically. The same model gives the same bytes. Throws Error,
/// path first, for a model that load_model would refuse (config, numeric), which leaves the file as
/// it was, and for a file that cannot be written (io).
void save_model(const Model& model, const std::string& path);

/// Whether a program needs Model::id, whose computation reads the file once more, byte by byte, on
/// another thread: 1.2 ms for each megabyte.
enum class ModelId { computed, left_empty };

/// Reads what save_model wrote; the file is treated as hostile. Throws Error, path first.
Model load_model(const std::string& path, ModelId id = ModelId::computed);

/// Embeds the test signal with `model`, which load_model has read from `path`, and returns the
/// largest absolute difference from the embedding that the file stores. Less than 1e-4 is the same
/// model. Throws Error, path first, for a file without that embedding (format).
double selftest(const Model& model, const std::string& path);
/// Does the same for the model of a file. Throws as load_model, too.
double selftest(const std::string& path);

}  // namespace twinear
