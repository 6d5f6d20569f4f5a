// SPDX-License-Identifier: Apache-2.0
#include "evaluate/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/lanes.h"
#include "base/random.h"
#include "base/threads.h"
#include "evaluate/ranking.h"

namespace twinear {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// A number for each of sixteen resamples, in two vectors, because the compiler would keep a vector
/// of twice the width in memory.
struct alignas(vector_bytes) DoubleLanes {
  static constexpr std::size_t count = 2 * vector_bytes / sizeof(double);
  Vector<double> low{}, high{};
  double operator[](std::size_t i) const { return i < 8 ? low[i] : high[i - 8]; }
  void set(std::size_t i, double value) {
    if (i < 8)
      low[i] = value;
    else
      high[i - 8] = value;
  }
  void operator+=(const DoubleLanes& other) {
    low += other.low;
    high += other.high;
  }
};

/// The number of trials of each kind that each resample drew.
struct alignas(vector_bytes) Counts {
  DoubleLanes target, nontarget;
};

/// Counts how often each resample drew the trials of each segment, and adds their costs to `costs`.
/// The first segment begins at trial `begin`. `times` tells how often each speaker was drawn.
TWINEAR_SIMD
void sum_segments(std::span<const Segment> segments, std::size_t begin,
                  std::span<const Comparison> trials, const DoubleLanes* times, Counts* counts,
                  Counts& costs) {
  for (const Segment& segment : segments) {
    Vector<double> low{}, high{};
    Vector<double> cost_low = costs.target.low, cost_high = costs.target.high;
    for (; begin < segment.middle; ++begin) {
      const DoubleLanes& b = times[trials[begin].b];
      low += b.low;
      high += b.high;
      cost_low += b.low * trials[begin].score;
      cost_high += b.high * trials[begin].score;
    }
    counts->target.low = low;
    counts->target.high = high;
    costs.target.low = cost_low;
    costs.target.high = cost_high;
    low = high = Vector<double>{};
    cost_low = costs.nontarget.low;
    cost_high = costs.nontarget.high;
    for (; begin < segment.end; ++begin) {
      const DoubleLanes &a = times[trials[begin].a], &b = times[trials[begin].b];
      const Vector<double> both_low = a.low * b.low, both_high = a.high * b.high;
      low += both_low;
      high += both_high;
      cost_low += both_low * trials[begin].score;
      cost_high += both_high * trials[begin].score;
    }
    counts->nontarget.low = low;
    counts->nontarget.high = high;
    costs.nontarget.low = cost_low;
    costs.nontarget.high = cost_high;
    ++counts;
  }
}

/// Sixteen resamples of the speakers. The first one has the number `first`.
class Resamples {
 public:
  Resamples(const Sample& sample, std::uint64_t seed, std::size_t first)
      : sample_(sample), times_(sample.speakers() + 1), below_(sample.segments_below.size()) {
    for (std::size_t lane = 0; lane < DoubleLanes::count; ++lane) {
      times_[0].set(lane, 1);
      random_.emplace_back(seed, Purpose::bootstrap, static_cast<std::uint32_t>(first + lane));
      draw(lane);
    }
    bool complete = false;
    while (!complete) {  // a draw without one kind of trial is repeated
      count();
      complete = true;
      for (std::size_t lane = 0; lane < DoubleLanes::count; ++lane)
        if (total_.target[lane] == 0 || total_.nontarget[lane] == 0) {
          draw(lane);
          complete = false;
        }
    }
  }

  Resample figures(std::size_t lane) const {
    const Hull& hull = hulls_[lane];
    const double targets = total_.target[lane], nontargets = total_.nontarget[lane];
    Resample result{
        .eer = rocch_eer(hull),
        .cllr = bits * (costs_.target[lane] / targets + costs_.nontarget[lane] / nontargets),
        .min_cllr = min_cllr(hull),
        .top_1 = top_1(lane),
        .min_dcf = {},
        .below = {}};
    for (const Task& task : sample_.tasks) result.min_dcf.push_back(min_dcf(hull, task));
    for (const Counts& counts : below_)
      result.below.push_back({counts.target[lane], counts.nontarget[lane]});
    result.below.push_back({targets, nontargets});
    return result;
  }

 private:
  void draw(std::size_t lane) {
    std::vector<std::uint32_t> times(sample_.speakers());
    for (std::size_t i = 0; i < times.size(); ++i) ++times[random_[lane].below(times.size())];
    for (std::size_t i = 0; i < times.size(); ++i) times_[i + 1].set(lane, times[i]);
  }

  void count() {
    constexpr std::size_t at_once = 64;
    std::array<Counts, at_once> counts;
    for (auto& hull : hulls_) hull.clear();
    total_ = costs_ = {};
    std::size_t cut = 0;
    const auto record_below = [&](std::size_t segments) {
      for (; cut < below_.size() && sample_.segments_below[cut] == segments; ++cut)
        below_[cut] = total_;
    };
    const std::span segments(sample_.segments);
    for (std::size_t first = 0; first < segments.size(); first += at_once) {
      const auto some = segments.subspan(first, std::min(at_once, segments.size() - first));
      sum_segments(some, first == 0 ? 0 : segments[first - 1].end, sample_.trials, times_.data(),
                   counts.data(), costs_);
      for (std::size_t i = 0; i < some.size(); ++i) {
        record_below(first + i);
        total_.target += counts[i].target;
        total_.nontarget += counts[i].nontarget;
        for (std::size_t lane = 0; lane < DoubleLanes::count; ++lane)
          hulls_[lane].push(counts[i].target[lane], counts[i].nontarget[lane]);
      }
    }
    record_below(segments.size());
  }

  double top_1(std::size_t lane) const {
    double clips = 0, correct = 0;
    for (std::size_t s = 1; s < times_.size(); ++s) {
      clips += times_[s][lane] * sample_.top_one[s].clips;
      correct += times_[s][lane] * sample_.top_one[s].correct;
    }
    return clips > 0 ? correct / clips : unknown;
  }

  const Sample& sample_;
  std::vector<DoubleLanes> times_;  ///< how often each speaker was drawn; 0, no speaker, is once
  std::vector<Random> random_;
  std::array<Hull, DoubleLanes::count> hulls_;
  Counts total_, costs_;
  std::vector<Counts> below_;  ///< for each cut, the trials below it
};

}  // namespace

std::vector<Segment> make_segments(std::span<const Comparison> trials,
                                   std::span<const std::size_t> cuts) {
  auto cut = cuts.begin();
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < trials.size();) {
    while (cut != cuts.end() && *cut <= i) ++cut;
    const std::size_t stop = cut == cuts.end() ? trials.size() : *cut;
    Segment segment{i, i};
    while (segment.middle < stop && trials[segment.middle].target()) ++segment.middle;
    segment.end = segment.middle;
    while (segment.end < stop && !trials[segment.end].target()) ++segment.end;
    i = segment.end;
    segments.push_back(segment);
  }
  return segments;
}

std::vector<Resample> bootstrap(const Sample& sample, std::uint64_t seed, std::size_t resamples) {
  std::vector<Resample> result(resamples);
  parallel_for((resamples + DoubleLanes::count - 1) / DoubleLanes::count, [&](std::size_t block) {
    const std::size_t first = block * DoubleLanes::count;
    const Resamples some(sample, seed, first);
    for (std::size_t lane = 0; lane < std::min(DoubleLanes::count, resamples - first); ++lane)
      result[first + lane] = some.figures(lane);
  });
  return result;
}

Interval central_interval(std::vector<double> values) {
  std::erase_if(values, [](double v) { return std::isnan(v); });
  if (values.empty()) return {unknown, unknown};
  std::ranges::sort(values);
  const auto quantile = [&](double q) {
    const double at = q * static_cast<double>(values.size() - 1);
    const auto i = static_cast<std::size_t>(at);
    return std::lerp(values[i], values[std::min(i + 1, values.size() - 1)],
                     at - static_cast<double>(i));
  };
  return {quantile(0.025), quantile(0.975)};
}

}  // namespace twinear
