// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/comparisons.h"
#include "twinear/metrics.h"

namespace twinear {

/// The number of test clips of a speaker that have trials of both kinds, and of those whose best
/// score is a target's. Counts are doubles, because resamples weight them.
struct TopOneCounts {
  double clips = 0, correct = 0;
};

/// A run of sorted trials: targets up to `middle`, then nontargets up to `end`. A threshold between
/// a target and an equal or higher nontarget is never the best, whatever the weights of the trials,
/// since pool-adjacent-violators pools the two.
struct Segment {
  std::size_t middle, end;
};

/// Cuts sorted trials into segments, and also before the trials `cuts`, which rise.
std::vector<Segment> make_segments(std::span<const Comparison> trials,
                                   std::span<const std::size_t> cuts);

/// A number for each kind of trial, for example how many there are, as resamples weight them.
struct PerKind {
  double target = 0, nontarget = 0;
};

/// What the bootstrap resamples.
struct Sample {
  std::span<const Task> tasks;
  std::vector<Comparison> trials;  ///< sorted; `score` holds the cost of the score as an LLR
  std::vector<Segment> segments;
  std::vector<std::size_t> segments_below;  ///< for each cut, rising
  std::vector<TopOneCounts> top_one;        ///< for each speaker, from 1 on; 0 is no speaker

  std::size_t speakers() const { return top_one.size() - 1; }
};

/// The figures of the trials of the speakers that a resample drew.
struct Resample {
  double eer = 0, cllr = 0, min_cllr = 0, top_1 = 0;
  std::vector<double> min_dcf;  ///< for each task
  std::vector<PerKind> below;   ///< for each cut, and then for all trials
};

/// Draws the speakers with replacement `resamples` times. Runs in parallel; the result is equal at
/// any number of threads.
std::vector<Resample> bootstrap(const Sample& sample, std::uint64_t seed, std::size_t resamples);

/// The interval of the central 95 % of the values, whose ends are interpolated linearly. NaNs are
/// left out; without other values both ends are NaN.
Interval central_interval(std::vector<double> values);

}  // namespace twinear
