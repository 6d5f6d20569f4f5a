// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/comparisons.h"
#include "twinear/metrics.h"

namespace twinear {

/// How many test clips of a speaker have trials of both kinds, and for how many of those the best
/// score is a target's. Counts are doubles, as resamples weight them.
struct TopOneCounts {
  double clips = 0, correct = 0;
};

/// The sum over speakers, as a rate; NaN where there is no such clip.
double top_1_rate(std::span<const TopOneCounts> counts);

/// A run of sorted trials that no useful threshold divides: targets up to `middle`, then nontargets
/// up to `end`. Wherever scores rise from a target to a nontarget, or are equal, a threshold
/// between them is never the best, whatever the weights, as each step of pool-adjacent-violators
/// says.
struct Segment {
  std::size_t middle, end;
};

/// Cuts sorted trials into segments; also at `cuts`, which are indices of trials.
std::vector<Segment> make_segments(std::span<const Comparison> trials,
                                   std::vector<std::size_t> cuts);

/// What the bootstrap resamples.
struct Sample {
  std::span<const Task> tasks;
  std::vector<Comparison> trials;  ///< sorted; `score` holds the cost of the score as an LLR
  std::vector<Segment> segments;
  std::vector<std::size_t> segments_below;  ///< for each task, the segments below its threshold
  std::vector<TopOneCounts> top_one;        ///< for each speaker, from 1 on; 0 is no speaker

  std::size_t speakers() const { return top_one.size() - 1; }
};

/// The columns of a bootstrap; minDCF and actDCF of each task follow task_columns.
enum Column : std::size_t { eer_column, cllr_column, min_cllr_column, top_1_column, task_columns };

/// Draws the speakers with replacement `resamples` times and computes each figure of the trials
/// among those drawn: a column for each figure, a row for each resample. Parallel, and equal at any
/// number of threads.
std::vector<std::vector<double>> bootstrap(const Sample& sample, std::uint64_t seed,
                                           std::size_t resamples);

/// The central 95 % of the values, interpolated between the two nearest at each end. NaNs are left
/// out; two NaNs where nothing is left.
Interval central_interval(std::vector<double> values);

}  // namespace twinear
