// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "twinear/condition_calibration.h"

namespace twinear {

/// One of the two halves of a label's clips.
struct Half {
  int label;
  std::vector<std::size_t> clips;  // of the manifest
};

/// The halves of all labels, in pairs: 2 i and 2 i + 1 are of one label and deal. Throws Error
/// (config) where no label has two clips.
std::vector<Half> deal(const Manifest& manifest, const ConditionOptions& options);

/// A clip of a half under a condition: the first seconds of it, or one of the clips of an
/// enrollment.
struct Take {
  std::size_t channel;  // of channel_names
  std::size_t length;   // of ConditionOptions::seconds, then the clips of the enrollment
};

inline constexpr double enrolled_seconds = 2;  // of each clip of an enrollment
inline constexpr std::size_t enrolled_clips = 3;

/// The embeddings of all takes of some halves.
class Takes {
 public:
  Takes(const Verifier& verifier, const Manifest& manifest, std::span<const Half> halves,
        const ConditionOptions& options);

  /// Applies an adaptation that only removes directions to every embedding.
  void remove(const Matrix& directions);

  /// The embedding of a take; empty where the half is too short or the clip was refused.
  std::span<const float> find(std::size_t half, const Take& take) const {
    return embeddings_[half * takes_ + take.channel * lengths_ + take.length];
  }
  std::size_t halves() const { return embeddings_.size() / takes_; }

 private:
  void embed(const Verifier& verifier, const Manifest& manifest, std::span<const Half> halves,
             std::size_t first, const ConditionOptions& options);

  std::size_t lengths_, takes_;  // of a half under one condition, and under all
  std::vector<std::vector<float>> embeddings_;
};

/// The differences of the embeddings of one recording under a condition and without it, and of one
/// second and longer ones, a row each.
Matrix nuisances(const Takes& takes, const ConditionOptions& options);

}  // namespace twinear
