// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "twinear/model.h"

namespace twinear {

/// Published encoders whose checkpoints import_model reads.
inline constexpr std::array<const char*, 5> import_architectures{
    "speechbrain-ecapa", "speechbrain-xvector", "wespeaker-ecapa", "3dspeaker-campplus",
    "wespeaker-campplus"};

/// A published encoder as a model: its weights from a state dict of PyTorch's torch.save, its sizes
/// from their shapes, and the front end that it was trained with. The state dict may lie in a dict
/// under "state_dict" or "model", and its names may begin with "module.". Nothing that the file
/// holds is ever called. Its embeddings are the published ones, not on the unit sphere, and it has
/// no calibration. Throws Error, path first, for any other file; (config) for an unknown
/// architecture.
Model import_model(const std::string& architecture, const std::string& path);

/// Writes `path` as ONNX (opset 13), atomically, for other runtimes: "features" [clips, frames,
/// bins] in, "embedding" [clips, dimension] out, any number of clips and frames; the clips of a
/// batch have equally many. The front end stays outside: features are LogMel's, normalized over the
/// clip as FrontEnd::norm says, and stand in the metadata ("front_end"). The model's adaptation is
/// inside. Where a convolution mirrors frames at the ends, ONNX needs more frames than it mirrors
/// (an ECAPA-TDNN: 5), embed() does not.
void export_onnx(const Model& model, const std::string& path);

}  // namespace twinear
