// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "twinear/clip.h"
#include "twinear/features.h"

namespace twinear {

/// Finds the clips that trials and scores name: clips that have these names, else files in a
/// folder.
class NamedClips {
 public:
  /// The clips must outlive this. `root` is the folder of the files; "" takes names as paths.
  NamedClips(std::span<const Clip> clips, std::string root) : root_(std::move(root)) {
    for (const Clip& clip : clips) known_.try_emplace(clip.name, &clip);
  }

  bool has(const std::string& name) const { return known_.contains(name); }

  /// The clip of this name, whose file may be missing.
  Clip find(const std::string& name) const {
    if (const auto known = known_.find(name); known != known_.end()) return *known->second;
    Clip clip = clip_of_file((std::filesystem::path(root_) / name).string());
    clip.name = name;
    return clip;
  }

 private:
  std::string root_;
  std::unordered_map<std::string_view, const Clip*> known_;
};

/// The length in seconds of each clip: what the column `seconds` of its manifest says, if it says
/// something, else that of the decoded sound. Throws as clip_seconds(), Error (io) for a name of
/// neither a clip nor a file, and Error (format) for a column that holds no number above 0.
std::vector<double> seconds_of(std::span<const std::string> names, const NamedClips& clips,
                               const FrontEnd& front_end);

}  // namespace twinear
