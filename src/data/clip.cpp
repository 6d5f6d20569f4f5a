// SPDX-License-Identifier: Apache-2.0
#include "twinear/clip.h"

#include <algorithm>
#include <utility>

namespace twinear {

Clip clip_of_file(const std::string& path) { return {.path = path, .name = path}; }

std::vector<Clip> clips_of_files(std::span<const std::string> paths) {
  std::vector<Clip> clips(paths.size());
  std::ranges::transform(paths, clips.begin(), clip_of_file);
  return clips;
}

Clip clip_of_samples(Waveform samples, std::string name) {
  return {.name = std::move(name), .memory = std::move(samples)};
}

Clip clip_of_features(Matrix features, std::string name) {
  return {.name = std::move(name), .memory = std::move(features)};
}

}  // namespace twinear
