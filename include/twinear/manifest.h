// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "twinear/clip.h"

namespace twinear {

/// The clips of a corpus, with labels numbered in alphabetical order.
struct Manifest {
  std::vector<Clip> clips;
  std::vector<std::string> labels;  ///< sorted, unique
  std::vector<int> label_of;        ///< clip -> index into `labels`
};

/// Builds the label table of `clips`.
Manifest make_manifest(std::vector<Clip> clips);

/// Reads a CSV with a header and the columns `path,label` (paths relative to the CSV), or, where
/// `path` is a folder with a `wav.scp`, a Kaldi data folder (`utt2spk` required, `segments`
/// optional; a command ending in `|` is refused; paths relative to the folder or else, as in Kaldi,
/// to where the program runs). Throws Error with file and line.
/// Audio files are checked to exist: the first missing one is an error that names its line.
Manifest read_manifest(const std::string& path);

}  // namespace twinear
