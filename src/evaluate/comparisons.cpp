// SPDX-License-Identifier: Apache-2.0
#include "evaluate/comparisons.h"

#include <fmt/format.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

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

/// For each name of the table, the label that its clip has; empty where that is unknown.
std::vector<std::string> labels_of(const ScoreTable& trials, std::span<const Clip> clips) {
  std::unordered_map<std::string_view, const std::string*> known;
  for (const Clip& clip : clips) known.try_emplace(clip.name, &clip.label);
  std::vector<std::string> labels;
  for (const auto& name : trials.names) {
    const auto found = known.find(name);
    labels.push_back(found == known.end() ? "" : *found->second);
  }
  return labels;
}

Error contradiction(const ScoreTable& trials, const ScoreTable::Row& row, const std::string& a,
                    const std::string& b) {
  return {Fault::mismatch,
          fmt::format("trial {} {}: is said to be a {} trial, but {}", trials.names[row.enroll],
                      trials.names[row.test], row.target == 1 ? "target" : "nontarget",
                      row.target == 1 ? fmt::format("joins the labels {} and {}", a, b)
                                      : fmt::format("both clips have the label {}", a))};
}

/// Joins the names of one label and those of target trials.
DisjointSets joined(const ScoreTable& trials, std::span<const Clip> clips) {
  DisjointSets sets(trials.names.size());
  std::vector<std::string> label = labels_of(trials, clips);  // of the set, at its root
  std::unordered_map<std::string, std::uint32_t> first;
  for (std::uint32_t i = 0; i < label.size(); ++i)
    if (!label[i].empty()) sets.merge(i, first.try_emplace(label[i], i).first->second);
  for (const auto& row : trials.rows) {
    const std::uint32_t a = sets.find(row.enroll), b = sets.find(row.test);
    if (row.target == 0 || a == b) continue;
    if (label[b].empty())
      label[b] = label[a];
    else if (!label[a].empty())
      throw contradiction(trials, row, label[a], label[b]);
    sets.merge(a, b);
  }
  for (const auto& row : trials.rows)
    if (const auto a = sets.find(row.enroll);
        row.target == 0 && a == sets.find(row.test) && !label[a].empty())
      throw contradiction(trials, row, label[a], label[a]);
  return sets;
}

}  // namespace

Speakers find_speakers(const ScoreTable& trials, std::span<const Clip> clips) {
  DisjointSets sets = joined(trials, clips);

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
