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

/// One recording, or a part of one, and whose it is. Its sound is in a file or in memory.
struct Clip {
  std::string path = {};   ///< file that is opened; empty where `memory` holds the clip
  std::string name = {};   ///< as the manifest wrote it; trials refer to a clip by its name
  std::string label = {};  ///< speaker or kind of sound
  double start = 0.0;      ///< seconds into the recording; features are always taken whole
  double end = 0.0;        ///< seconds into the recording; 0 means to the end
  std::map<std::string, std::string> columns = {};  ///< other columns of the manifest, by name
  /// What the clip is where no file holds it: samples, or features (frames x bins).
  std::variant<std::monostate, Waveform, Matrix> memory = {};

  /// What messages call the clip: its path, or where it has none its name.
  const std::string& place() const noexcept { return path.empty() ? name : path; }
  /// Whether the clip is features already, in memory or in a file whose name ends in `.npy`.
  bool holds_features() const noexcept {
    return std::holds_alternative<Matrix>(memory) || path.ends_with(".npy");
  }
};

/// The whole of a file; its name is its path. The file is not looked at.
Clip clip_of_file(const std::string& path);
/// One clip a file, in their order.
std::vector<Clip> clips_of_files(std::span<const std::string> paths);
/// Samples in memory, in [-1, 1], one channel.
Clip clip_of_samples(Waveform samples, std::string name = "samples");
/// Features in memory: frames x bins, as the model's front end makes them.
Clip clip_of_features(Matrix features, std::string name = "features");

}  // namespace twinear
