// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "augment/speed.h"
#include "twinear/manifest.h"
#include "twinear/teacher.h"

namespace twinear {

/// What a teacher makes of training clips as they are, at the speed at which training hears them.
/// Each embedding is computed when it is first asked for, and kept. Belongs to one thread at a
/// time.
class CleanLessons {
 public:
  /// The manifest, which is that of with_speed_labels(), must outlive it.
  CleanLessons(std::shared_ptr<const Teacher> teacher, const Manifest& manifest,
               const AugmentOptions& augment, std::uint64_t seed);

  /// A row for each of these clips in an epoch. Throws Error as Teacher::embed() does.
  Matrix operator()(std::span<const std::size_t> clips, std::uint32_t epoch);

 private:
  /// The embedding of a recording at a speed; empty until it is computed.
  std::vector<float>& kept(std::size_t clip, int percent);
  Clip heard(std::size_t clip, int percent) const;

  std::shared_ptr<const Teacher> teacher_;
  std::span<const Clip> clips_;
  Speeds speeds_;
  std::vector<std::map<int, std::vector<float>>> embeddings_;  // of each recording, by speed
};

}  // namespace twinear
