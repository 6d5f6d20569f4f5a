// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tbb/parallel_for.h>

#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "twinear/clip_features.h"
#include "twinear/error.h"
#include "twinear/features.h"
#include "twinear/manifest.h"
#include "twinear/matrix.h"

namespace twinear::claims {

/// The features of every clip.
inline std::vector<Matrix> features_of(std::span<const Clip> clips, const LogMel& log_mel) {
  std::vector<Matrix> features(clips.size());
  tbb::parallel_for(std::size_t{0}, clips.size(),
                    [&](std::size_t i) { features[i] = clip_features(clips[i], log_mel).frames; });
  return features;
}

/// Writes a file. Throws Error (io) where that cannot be done.
inline void write_text(const std::string& path, const std::string& text) {
  if (!(std::ofstream(path) << text << std::flush))
    throw Error(Fault::io, path + ": cannot be written");
}

}  // namespace twinear::claims
