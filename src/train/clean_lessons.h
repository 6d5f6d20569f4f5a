// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "augment/speed.h"
#include "train/disk_cache.h"
#include "twinear/manifest.h"
#include "twinear/teacher.h"

namespace twinear {

/// What a teacher makes of training clips as they are, at the speed at which training hears them.
/// Each embedding is computed when it is first asked for, and kept. Belongs to one thread at a
/// time.
class CleanLessons {
 public:
  /// The manifest, which is that of with_speed_labels(), must outlive it. What is computed is also
  /// kept in the folder `cache`, unless that is empty.
  CleanLessons(std::shared_ptr<const Teacher> teacher, const Manifest& manifest,
               const AugmentOptions& augment, std::uint64_t seed, const std::string& cache = "");

  /// A row for each of these clips in an epoch. Throws Error as Teacher::embed() does.
  Matrix operator()(std::span<const std::size_t> clips, std::uint32_t epoch);

 private:
  /// An embedding that is still to be computed.
  struct Fresh {
    std::vector<float>* to;
    std::optional<DiskCache::Entry> entry;
  };
  /// The embedding of a recording at a speed; empty until it is computed.
  std::vector<float>& kept(std::size_t clip, int percent);
  std::optional<DiskCache::Entry> entry(std::size_t clip, int percent) const;
  Clip heard(std::size_t clip, int percent) const;

  std::shared_ptr<const Teacher> teacher_;
  std::span<const Clip> clips_;
  Speeds speeds_;
  std::optional<DiskCache> on_disk_;
  std::vector<std::map<int, std::vector<float>>> embeddings_;  // of each recording, by speed
};

}  // namespace twinear
