// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "twinear/batch_loader.h"
#include "twinear/encoder.h"
#include "twinear/loss.h"
#include "twinear/manifest.h"
#include "twinear/metrics.h"
#include "twinear/teacher.h"

namespace twinear {

/// What an evaluation on dev finds.
struct DevFigures {
  std::optional<Scores> scores;  ///< the cosine of each trial
  /// EpochReport's dev_cosine and dev_table.
  double cosine = std::numeric_limits<double>::quiet_NaN();
  double table = std::numeric_limits<double>::quiet_NaN();
};

/// Clips of speakers or sounds that training does not use, by which an encoder is judged: by trials
/// between those with labels, and by the teacher where there is one. Belongs to one thread.
class DevSet {
 public:
  /// Makes at most `trials` target and nontarget trials. `features` gives the features of the clips
  /// of `manifest`, which must outlive it. Throws Error (config) where all trials are of one kind,
  /// unless there is a teacher and no clip has a label.
  DevSet(const Manifest& manifest, FeatureSource features, std::size_t trials, std::uint64_t seed,
         std::shared_ptr<const Teacher> teacher = {});

  /// The loss brings embeddings toward the teacher's (Loss::toward_teacher).
  DevFigures judge(const Encoder& encoder, const Loss& loss);

 private:
  struct IndexedTrial {
    std::size_t enroll, test;
    bool target;
  };
  Matrix embed(const Encoder& encoder) const;

  std::span<const Clip> clips_;
  FeatureSource features_;
  std::vector<IndexedTrial> trials_;
  std::shared_ptr<const Teacher> teacher_;
  Matrix wanted_;  // the teacher's embeddings, once they were asked for
};

}  // namespace twinear
