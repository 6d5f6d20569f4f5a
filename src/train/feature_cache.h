// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "train/disk_cache.h"
#include "twinear/features.h"
#include "twinear/manifest.h"

namespace twinear {

/// Features kept on disk from run to run. What is not there, or damaged, is computed again.
class FeatureCache {
 public:
  /// Creates the folder where it is missing. `log_mel` must outlive this object.
  FeatureCache(std::string folder, const LogMel& log_mel);

  /// As clip_features(clip, log_mel); features that are files already are not kept twice. Also
  /// throws Error (io) where the folder cannot be written to.
  Matrix read(const Clip& clip) const;

 private:
  const LogMel& log_mel_;
  DiskCache cache_;
};

}  // namespace twinear
