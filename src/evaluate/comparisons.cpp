// SPDX-License-Identifier: Apache-2.0
#include "evaluate/comparisons.h"

#include <tbb/parallel_sort.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "twinear/error.h"

namespace twinear {
namespace {

/// Disjoint sets that can be merged (Tarjan 1975, with path halving).
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t n) : parent_(n) {
    std::iota(parent_.begin(), parent_.end(), 0U);
  }
  std::uint32_t find(std::uint32_t x) {
    while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
    return x;
  }
  void merge(std::uint32_t a, std::uint32_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace

Speakers find_speakers(const ScoreTable& trials) {
  DisjointSets sets(trials.names.size());
  for (const auto& row : trials.rows)
    if (row.target == 1) sets.merge(row.enroll, row.test);

  std::vector<std::uint32_t> by_name(trials.names.size());
  std::iota(by_name.begin(), by_name.end(), 0U);
  std::ranges::sort(by_name, {},
                    [&](std::uint32_t i) -> const std::string& { return trials.names[i]; });
  std::vector<std::uint32_t> speaker_of_set(by_name.size());
  Speakers speakers{std::vector<std::uint32_t>(by_name.size())};
  for (const std::uint32_t name : by_name) {
    std::uint32_t& speaker = speaker_of_set[sets.find(name)];
    if (speaker == 0) speaker = static_cast<std::uint32_t>(++speakers.count);
    speakers.of_name[name] = speaker;
  }
  return speakers;
}

std::vector<Comparison> sorted_comparisons(const ScoreTable& trials, const Speakers& speakers) {
  std::vector<Comparison> comparisons;
  comparisons.reserve(trials.rows.size());
  for (const auto& row : trials.rows) {
    if (std::isnan(row.score)) throw Error(Fault::numeric, "a score is not a number");
    const auto test = speakers.of_name[row.test];
    comparisons.push_back({row.score, row.target == 1 ? 0 : speakers.of_name[row.enroll], test});
  }
  // Comparing all members makes the order unique, whatever the number of threads.
  tbb::parallel_sort(comparisons, [](const Comparison& x, const Comparison& y) {
    return std::tie(x.score, x.a, x.b) < std::tie(y.score, y.a, y.b);
  });
  return comparisons;
}

}  // namespace twinear
