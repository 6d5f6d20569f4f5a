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

/// N-way K-shot classification: an episode has `shot` support clips of each of `way` classes and
/// asks for the classes of `query` more clips of each.
struct EpisodeOptions {
  int way = 5;     ///< classes of an episode, from 2 on
  int shot = 1;    ///< support clips of each class, from 1 on
  int query = 15;  ///< query clips of each class, from 1 on
  int episodes = 600;
  std::uint64_t seed = 0;
};

/// One episode. Clips are indices into a manifest, in the order of the classes.
struct Episode {
  std::vector<int> classes;          ///< indices into the manifest's labels
  std::vector<std::size_t> support;  ///< `shot` clips of each class
  std::vector<std::size_t> query;    ///< `query` clips of each class
  bool operator==(const Episode&) const = default;
};

/// Draws episodes; number i depends on the seed and i alone. No clip is in an episode twice,
/// neither by its index nor as the same part of the same file. Throws Error (config) where the
/// manifest has too few classes, or a class too few clips, which is named, and
/// std::invalid_argument for options outside their ranges.
std::vector<Episode> draw_episodes(const Manifest& manifest, const EpisodeOptions& options);

/// Writes episodes as JSON, a line each, with the names of clips, so that others can repeat them.
/// Throws Error (io) where the file cannot be written.
void write_episodes(const std::string& path, std::span<const Episode> episodes,
                    const Manifest& manifest);

/// Reads episodes and checks them against the manifest. Throws Error, with the number of the line:
/// (io) where the file cannot be read, (format) where a line is not an episode, and (mismatch) for
/// a class or a clip that the manifest does not have.
std::vector<Episode> read_episodes(const std::string& path, const Manifest& manifest);

/// Assigns the clips of each episode to its classes at random, as a check: the accuracy must then
/// be 1 / way, within its interval. Each episode is assigned by itself, because one assignment for
/// all would be right or wrong by chance as a whole.
std::vector<Episode> shuffle_labels(std::span<const Episode> episodes, std::uint64_t seed);

/// Standardizes each dimension by its mean and deviation over base classes and scales the result to
/// unit length. (SimpleShot, Wang et al. 2019, centers by the mean alone.)
struct Standardization {
  std::vector<double> mean, deviation;
  /// Standardizes every row in place. Throws std::invalid_argument for rows of another size.
  void apply(Matrix& embeddings) const;
};

/// Fits the mean and the deviation of each dimension. A dimension that does not vary becomes 0.
/// Throws Error (numeric) for fewer than two embeddings.
Standardization fit_standardization(const Matrix& base);

/// How an episode's queries are classified.
enum class Classifier {
  centroid,  ///< the class whose mean of unit embeddings has the highest cosine
  neighbor,  ///< the class of the support clip with the highest cosine
};

/// The fraction of queries classified correctly, for each episode; a tie goes to the class drawn
/// first. `embeddings` has a row for each clip of the manifest. Equal at any number of threads.
std::vector<double> few_shot_accuracies(const Matrix& embeddings, std::span<const Episode> episodes,
                                        Classifier classifier);

/// A mean accuracy and half of its 95 % interval.
struct FewShotAccuracy {
  double mean, half_interval;
};

/// The mean over episodes and 1.96 s / sqrt(n), where s is the sample deviation of n episodes. One
/// episode has no deviation, and where all are alike it says nothing: then half of the interval is
/// the distance to the farther end of Wilson's (1927) interval for all queries, if it is said how
/// many an episode has, and else NaN or 0. Throws std::invalid_argument for no episodes.
FewShotAccuracy few_shot_accuracy(std::span<const double> accuracies, std::size_t queries = 0);

}  // namespace twinear
