// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "twinear/features.h"
#include "twinear/manifest.h"

namespace twinear {

/// Features kept on disk from run to run, a file for each clip. Its name is a hash of the audio's
/// bytes, the part of it that is used, the front end and the kind of CPU; so nothing stale is ever
/// found. What is found is used only if its checksum holds, and else computed again. Any number of
/// processes and threads may share a folder. An entry can be deleted at any time.
class FeatureCache {
 public:
  /// Creates the folder where it is missing. `log_mel` must outlive this object.
  FeatureCache(std::string folder, const LogMel& log_mel);

  /// As clip_features(clip, log_mel); features that are files already are not kept twice. Also
  /// throws Error (io) where the folder cannot be written to.
  Matrix read(const Clip& clip) const;

 private:
  std::string folder_;
  const LogMel& log_mel_;
  std::uint64_t specification_;  // hash
};

}  // namespace twinear
