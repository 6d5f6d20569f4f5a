// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "twinear/adaptation.h"
#include "twinear/audio.h"
#include "twinear/dataset.h"
#include "twinear/encoder.h"
#include "twinear/features.h"
#include "twinear/matrix.h"
#include "twinear/metrics.h"

namespace twinear {

/// Everything that a decision needs, in one file: how sound becomes frames, how frames become an
/// embedding, and what a score means.
struct Model {
  FrontEnd front_end;
  Encoder encoder;
  std::optional<Calibration> calibration;
  std::string provenance = "{}";  ///< JSON: recipe, seed, corpus checksum, epoch, metrics
  std::string id;                 ///< hash of the file it was loaded from; empty if never saved
  std::optional<Adaptation> adaptation = {};  ///< what Verifier does to the encoder's embeddings
  /// What two clips may have in common, for people: "speaker", "sound". Up to 32 small letters,
  /// hyphens and blanks.
  std::string source = "source";
};

/// Throws Error (config) for what Model::source may not be.
void check_source(const std::string& source);

/// Writes `path` as safetensors, atomically. The same model gives the same bytes.
void save_model(const Model& model, const std::string& path);

/// Reads what save_model wrote; the file is treated as hostile. Throws Error, path first.
Model load_model(const std::string& path);

/// Published encoders whose checkpoints import_model reads.
inline constexpr std::array<const char*, 3> import_architectures{
    "speechbrain-ecapa", "speechbrain-xvector", "wespeaker-ecapa"};

/// A published encoder as a model: its weights from a state dict of PyTorch's torch.save, its sizes
/// from their shapes, and the front end that it was trained with. Nothing that the file holds is
/// ever called. Its embeddings are the published ones, not on the unit sphere, and it has no
/// calibration. Throws Error, path first, for any other file; (config) for an unknown architecture.
Model import_model(const std::string& architecture, const std::string& path);

/// Writes `path` as ONNX (opset 13), atomically, for other runtimes: "features" [clips, frames,
/// bins] in, "embedding" [clips, dimension] out, any number of clips and frames; the clips of a
/// batch have equally many. The front end stays outside: features are LogMel's, normalised over the
/// clip as FrontEnd::norm says, and stand in the metadata ("front_end"). The model's adaptation is
/// inside. Where a convolution mirrors frames at the ends, ONNX needs more frames than it mirrors
/// (an ECAPA-TDNN: 5), embed() does not.
void export_onnx(const Model& model, const std::string& path);

/// The embedding of the stored test signal by this build, and the stored one: their largest
/// absolute difference. Under 1e-4 is the same model.
double selftest(const std::string& path);

/// The shortest clip, in seconds, that is given features.
inline constexpr double shortest_clip = 0.1;

/// Front end applied to one recording, resampled to the front end's rate; `seed` is of its dither.
/// Throws Error for one under `shortest_clip`, or with too little speech for FrontEnd::vad.
Matrix waveform_features(const Waveform& waveform, const LogMel& log_mel, std::uint64_t seed = 0);

/// Told, as "path: what", of the flaw that InputCheck finds in a clip's sound.
using Warn = std::function<void(const std::string& line)>;

/// The same for a clip of a file: decoded, mixed down or one channel taken. The sound is never
/// whole in memory.
/// A path that ends in `.npy` is taken as features already computed (frames x bins).
/// Throws Error, path first, for a clip under `shortest_clip`, one with too little speech for
/// FrontEnd::vad, or features of another width. `speech`, where given, gets what vad found.
Matrix read_features(const Clip& clip, const LogMel& log_mel, int channel = -1,
                     std::uint64_t seed = 0, const Warn& warn = {}, Speech* speech = nullptr);

/// Writes the same frames to `path` as .npy, atomically, and gives their number. With a front end
/// that LogMelStream takes, memory does not follow the clip's length.
std::size_t write_features(const Clip& clip, const LogMel& log_mel, const std::string& path,
                           int channel = -1, std::uint64_t seed = 0, const Warn& warn = {},
                           Speech* speech = nullptr);

}  // namespace twinear
