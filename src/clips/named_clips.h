// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "twinear/clip.h"

namespace twinear {

/// Finds the clips that trials and scores name: clips that have these names, else files in a
/// folder.
class NamedClips {
 public:
  /// The clips must outlive this. `root` is the folder of the files; "" takes names as paths.
  NamedClips(std::span<const Clip> clips, std::string root) : root_(std::move(root)) {
    for (const Clip& clip : clips) known_.try_emplace(clip.name, &clip);
  }

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

}  // namespace twinear
