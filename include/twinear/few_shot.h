// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "twinear/manifest.h"
#include "twinear/matrix.h"

namespace twinear {

/// N-way K-shot recognition: an episode shows `shot` clips of each of `way` classes and asks for
/// the class of `query` more of each.
struct EpisodeOptions {
  int way = 5, shot = 1, query = 15;
  int episodes = 600;
  std::uint64_t seed = 0;
};

/// Clips are indices into a manifest; class after class.
struct Episode {
  std::vector<int> classes;          ///< indices into the manifest's labels
  std::vector<std::size_t> support;  ///< `shot` clips of each class
  std::vector<std::size_t> query;    ///< `query` clips of each class
  bool operator==(const Episode&) const = default;
};

/// Episode i is a function of the seed and i. No clip is in an episode twice, by index or as the
/// same part of the same file: asserted. Throws Error (config) where the manifest has too few
/// classes, or a class too few clips, and names it; std::invalid_argument for numbers that make no
/// episode.
std::vector<Episode> draw_episodes(const Manifest& manifest, const EpisodeOptions& options);

/// Episodes as JSON, a line each, with the names of clips, for others to repeat. Reading checks
/// them against the manifest as drawing does. Throws Error (io; format, with the line).
void write_episodes(const std::string& path, std::span<const Episode> episodes,
                    const Manifest& manifest);
std::vector<Episode> read_episodes(const std::string& path, const Manifest& manifest);

/// The same episodes, the clips of each dealt out to its classes anew: recognition can then only be
/// 1 / way, within its interval. (Labels dealt out once for all would keep what chance gave them.)
std::vector<Episode> shuffle_labels(std::span<const Episode> episodes, std::uint64_t seed);

/// Each dimension by its mean and deviation over base classes, then unit length (SimpleShot, Wang
/// et al. 2019, does the first half).
struct Standardization {
  std::vector<double> mean, deviation;
  /// To every row, in place.
  void apply(Matrix& embeddings) const;
};
/// Throws Error (numeric) for fewer than two embeddings. A dimension that does not vary becomes 0.
Standardization fit_standardization(const Matrix& base);

enum class Classifier {
  centroid,  ///< the class whose mean of unit embeddings has the highest cosine
  neighbor,  ///< the class of the support clip with the highest cosine
};

/// The share of queries recognized, for each episode; a tie goes to the class drawn first. A row of
/// `embeddings` for each clip of the manifest. Equal at any number of threads.
std::vector<double> few_shot_accuracies(const Matrix& embeddings, std::span<const Episode> episodes,
                                        Classifier classifier);

/// The mean over episodes, and half its 95 % interval: 1.96 sd / sqrt(n) with the sample deviation;
/// NaN for one episode. Throws std::invalid_argument for none.
struct FewShotAccuracy {
  double mean, half_interval;
};
FewShotAccuracy few_shot_accuracy(std::span<const double> accuracies);

}  // namespace twinear
