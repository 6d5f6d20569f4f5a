// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "twinear/manifest.h"
#include "twinear/trainer.h"

namespace twinear {

/// Several training manifests as one.
struct TrainingManifests {
  Manifest all;
  std::vector<std::size_t> origin;  ///< of each clip, the index of its manifest
};

/// Reads all training manifests. A label means something only within its own manifest: of several
/// manifests "ada" of the second becomes "2/ada".
TrainingManifests read_training_manifests(const std::vector<std::string>& paths, LabelRule labels);

/// Reads what the recipe's DataOptions name; training clips are there at every speed, where the
/// recipe asks for that. Throws Error (mismatch) for a label of dev that is also in training.
TrainingData read_training_data(const Recipe& recipe);

/// The same data with training clips at every speed. Throws Error as read_training_data does.
TrainingData prepare(const Recipe& recipe, TrainingData data);

/// The numbers of training clips and labels and the checksums of all that a run reads, which are
/// asked of every file.
nlohmann::ordered_json describe(const TrainingData& data, const AugmentOptions& augment);

/// How often each label, and then each clip without one, is drawn, by DataOptions::weights; empty
/// where all are alike. `manifest` is what was read from `data.train`, perhaps at more than one
/// speed; `origin` is of the clips as they were read.
std::vector<double> label_weights(const Manifest& manifest, std::span<const std::size_t> origin,
                                  const DataOptions& data);

/// The labels as their own manifests write them.
std::set<std::string> labels_as_written(const Manifest& manifest, const DataOptions& data);

/// A hash of the names, labels and times of the clips, and of the sizes of their files or of the
/// samples or features that are in memory.
std::string checksum(const Manifest& manifest);

}  // namespace twinear
