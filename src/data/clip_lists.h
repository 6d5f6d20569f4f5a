// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "twinear/manifest.h"

namespace twinear {

/// Throws Error for a clip without a path, label, file or length.
void check_clip(const Clip& clip);

/// Label -> its clips' indices, ascending.
std::vector<std::vector<std::size_t>> clips_by_label(const Manifest& manifest);

/// A folder with a `wav.scp`.
bool is_kaldi_folder(const std::string& path);

/// The clips of a Kaldi data folder, as read_manifest promises.
std::vector<Clip> read_kaldi_folder(const std::string& path);

}  // namespace twinear
