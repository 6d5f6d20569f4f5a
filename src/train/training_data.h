// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "twinear/batch_loader.h"
#include "twinear/encoder.h"
#include "twinear/manifest.h"
#include "twinear/metrics.h"
#include "twinear/trainer.h"

namespace twinear {

/// Reads all training manifests as one. A label means something only within its own manifest: of
/// several manifests "ada" of the second becomes "2/ada".
Manifest read_training_manifests(const std::vector<std::string>& paths);

/// Reads what the recipe's DataOptions name; training clips are there at every speed, where the
/// recipe asks for that. Throws Error (mismatch) for a label of dev that is also in training.
TrainingData read_training_data(const Recipe& recipe);

/// The same data with training clips at every speed. Throws Error as read_training_data does.
TrainingData prepare(const Recipe& recipe, TrainingData data);

/// The numbers of training clips and labels and the checksums of all that a run reads, which are
/// asked of every file.
nlohmann::ordered_json describe(const TrainingData& data, const AugmentOptions& augment);

/// How often each label is drawn, by DataOptions::weights; empty where all are alike. `manifest` is
/// what was read from `data.train`, perhaps at more than one speed.
std::vector<double> label_weights(const Manifest& manifest, const DataOptions& data);

/// The labels as their own manifests write them.
std::set<std::string> labels_as_written(const Manifest& manifest, const DataOptions& data);

/// A hash of the names, labels and times of the clips, and of the sizes of their files or of the
/// samples or features that are in memory.
std::string checksum(const Manifest& manifest);

/// Clips of speakers or sounds that training does not use, and trials between them.
class DevSet {
 public:
  /// Makes at most `trials` target and nontarget trials. `features` gives the features of the clips
  /// of `manifest`. Throws Error (config) where all trials are of one kind.
  DevSet(const Manifest& manifest, FeatureSource features, std::size_t trials, std::uint64_t seed);

  /// The cosine of each trial.
  Scores score(const Encoder& encoder) const;

 private:
  struct IndexedTrial {
    std::size_t enroll, test;
    bool target;
  };
  std::size_t clips_;
  FeatureSource features_;
  std::vector<IndexedTrial> trials_;
};

}  // namespace twinear
