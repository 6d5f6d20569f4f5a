// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "twinear/clip.h"

namespace twinear {

/// The clips of a corpus. Labels are numbered from 0 in alphabetical order. make_manifest() builds
/// it.
struct Manifest {
  std::vector<Clip> clips;
  std::vector<std::string> labels;  ///< Sorted and unique.
  std::vector<int> label_of;        ///< For each clip, the index of its label in `labels`.
};

/// Makes a manifest of clips: collects and numbers their labels.
Manifest make_manifest(std::vector<Clip> clips);

/// Reads a manifest, which is one of two things:
/// - A CSV file with a header. The columns `path` and `label` are required; `start` and `end` give
/// a
///   part in seconds. Paths are relative to the folder of the file.
/// - A Kaldi data folder with `wav.scp` and `utt2spk`; `segments` is optional. Paths are relative
/// to
///   the folder or else, as in Kaldi, to the current folder. Commands (`... |`) are refused.
///
/// Throws Error with file and line for anything malformed, for an empty manifest, and for the first
/// audio file that does not exist.
Manifest read_manifest(const std::string& path);

}  // namespace twinear
