// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/feature_store.h"
#include "twinear/encoder.h"
#include "twinear/manifest.h"
#include "twinear/metrics.h"

namespace twinear {

/// Clips of speakers or sounds that training does not hear, and trials between them.
class DevSet {
 public:
  /// At most `trials` target and nontarget trials. `features` are given `budget` bytes; `log_mel`
  /// and `cache` must outlive this object. Throws Error (config) where there is no trial of one
  /// kind.
  DevSet(Manifest manifest, std::size_t trials, std::uint64_t seed, const LogMel& log_mel,
         std::size_t budget, const FeatureCache* cache);

  /// The cosines of all trials.
  Scores score(const Encoder& encoder);

  const Manifest& manifest() const noexcept { return manifest_; }

 private:
  struct IndexedTrial {
    std::size_t enroll, test;
    bool target;
  };
  Manifest manifest_;
  FeatureStore store_;
  std::vector<IndexedTrial> trials_;
};

}  // namespace twinear
