// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "twinear/manifest.h"

namespace twinear {

/// Throws Error for a clip with an empty path, an empty label where one is required, whose file
/// does not exist, or that ends before it starts.
void check_clip(const Clip& clip, LabelRule labels);

/// For each label, the indices of its clips in ascending order. Clips without a label are in none.
std::vector<std::vector<std::size_t>> clips_by_label(const Manifest& manifest);

/// Whether `path` is a folder with a `wav.scp`. Throws Error (io) for any other folder.
bool is_kaldi_folder(const std::string& path);

/// Reads the clips of a Kaldi data folder. Throws Error with file and line, as read_manifest does.
std::vector<Clip> read_kaldi_folder(const std::string& path, LabelRule labels);

}  // namespace twinear
