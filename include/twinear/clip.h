// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "twinear/audio.h"
#include "twinear/matrix.h"

namespace twinear {

/// A recording or a part of one, with its label. Its sound is in a file or in memory.
struct Clip {
  std::string path = {};   ///< The file; empty if `memory` holds the clip.
  std::string name = {};   ///< The name in the manifest, which trials refer to.
  std::string label = {};  ///< The speaker or the class of sound.
  double start = 0.0;      ///< Seconds into the recording; has no effect on features.
  double end = 0.0;        ///< Seconds into the recording; 0 means its end.
  std::map<std::string, std::string> columns = {};  ///< All other columns of the manifest.
  /// The clip itself if no file holds it: samples, or features (frames x mel bins).
  std::variant<std::monostate, Waveform, Matrix> memory = {};

  /// The name of the clip in messages: its path or, if it has none, its name.
  const std::string& place() const noexcept { return path.empty() ? name : path; }
  /// Whether the clip is features already: in memory, or in a file whose name ends in `.npy`.
  bool holds_features() const noexcept {
    return std::holds_alternative<Matrix>(memory) || path.ends_with(".npy");
  }
};

/// Makes a clip of a whole file, whose name is its path. Does not open the file.
Clip clip_of_file(const std::string& path);
/// Makes a clip of each file, in their order.
std::vector<Clip> clips_of_files(std::span<const std::string> paths);
/// Makes a clip of samples in [-1, 1] in memory.
Clip clip_of_samples(Waveform samples, std::string name = "samples");
/// Makes a clip of features in memory: frames x mel bins, as the model's front end computes them.
Clip clip_of_features(Matrix features, std::string name = "features");

}  // namespace twinear
