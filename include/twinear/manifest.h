// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "twinear/clip.h"
#include "twinear/label.h"

namespace twinear {

/// The clips of a corpus. Labels are numbered from 0 in alphabetical order. make_manifest() builds
/// it.
struct Manifest {
  std::vector<Clip> clips;
  std::vector<std::string> labels;  ///< Sorted and unique.
  std::vector<int> label_of;  ///< For each clip, the index of its label in `labels`, or no_label.
};

/// Makes a manifest of clips: collects and numbers their labels. A clip whose label is empty has
/// none.
Manifest make_manifest(std::vector<Clip> clips);

/// Whether each clip of a manifest must have a label.
enum class LabelRule { required, optional };

/// Reads a manifest. A CSV file has a header with the columns `path` and `label`, and perhaps
/// `start` and `end`, which give a part in seconds; paths are relative to the folder of the file. A
/// Kaldi data folder has `wav.scp` and `utt2spk`, and perhaps `segments`; paths are relative to the
/// folder or else, as in Kaldi, to the current folder, and commands (`... |`) are refused. With
/// LabelRule::optional the column `label`, some of its cells, `utt2spk` and some of its lines may
/// be missing: the clips have no label.
///
/// Throws Error with file and line for anything malformed, for an empty manifest, and for the first
/// audio file that does not exist.
Manifest read_manifest(const std::string& path, LabelRule labels = LabelRule::required);

}  // namespace twinear
