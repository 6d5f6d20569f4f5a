// SPDX-License-Identifier: Apache-2.0
#include "twinear/groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "evaluate/evaluation.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr std::size_t max_pairs = 100;

/// The classes of lengths, and the seconds at which each but the last one ends.
constexpr std::array length_classes{"under 1.5 s", "1.5 to 2.5 s", "2.5 to 4 s", "4 to 7 s",
                                    "7 s and more"};
constexpr std::array length_ends{1.5, 2.5, 4.0, 7.0};

std::size_t length_class(double seconds) {
  return static_cast<std::size_t>(std::ranges::upper_bound(length_ends, seconds) -
                                  length_ends.begin());
}

/// Drops the groups that no trial has.
TrialGroups without_empty(const TrialGroups& groups) {
  std::vector<std::uint32_t> number(groups.names.size());
  for (const auto group : groups.of_row) number[group] = 1;
  TrialGroups result;
  for (std::size_t i = 0; i < number.size(); ++i)
    if (number[i] == 1) {
      number[i] = static_cast<std::uint32_t>(result.names.size());
      result.names.push_back(groups.names[i]);
    }
  for (const auto group : groups.of_row) result.of_row.push_back(number[group]);
  return result;
}

/// The trials of each group. All have the names of the whole list.
std::vector<ScoreTable> split(const ScoreTable& trials, const TrialGroups& groups) {
  std::vector<ScoreTable> tables(groups.names.size());
  for (std::size_t i = 0; i < trials.rows.size(); ++i)
    tables[groups.of_row[i]].rows.push_back(trials.rows[i]);
  return tables;
}

/// The speakers of a group's trials, numbered anew in the order of the numbers of all speakers.
Speakers speakers_of(const ScoreTable& group, const Speakers& all) {
  std::vector<std::uint32_t> number(all.count + 1);
  for (const auto& row : group.rows)
    number[all.of_name[row.enroll]] = number[all.of_name[row.test]] = 1;
  Speakers speakers{all.of_name, 0};
  for (auto& n : number)
    if (n == 1) n = static_cast<std::uint32_t>(++speakers.count);
  for (auto& speaker : speakers.of_name) speaker = number[speaker];
  return speakers;
}

}  // namespace

TrialGroups group_by_value(const ScoreTable& trials, std::span<const std::string> values) {
  if (values.size() != trials.names.size())
    throw std::invalid_argument("group_by_value: expected a value for each name");
  const auto shown = [&](std::uint32_t name) -> std::string_view {
    return values[name].empty() ? std::string_view("(empty)") : values[name];
  };
  std::map<std::pair<std::string_view, std::string_view>, std::uint32_t> numbers;
  const auto key = [&](const ScoreTable::Row& row) {
    return std::minmax({shown(row.enroll), shown(row.test)});  // by value
  };
  for (const auto& row : trials.rows) numbers.try_emplace(key(row));
  TrialGroups groups;
  if (numbers.size() > max_pairs) {
    groups.names = {"equal", "different"};
    for (const auto& row : trials.rows)
      groups.of_row.push_back(shown(row.enroll) == shown(row.test) ? 0 : 1);
    return without_empty(groups);
  }
  for (auto& [pair, number] : numbers) {
    number = static_cast<std::uint32_t>(groups.names.size());
    groups.names.push_back(pair.first == pair.second
                               ? std::string(pair.first)
                               : fmt::format("{} / {}", pair.first, pair.second));
  }
  for (const auto& row : trials.rows) groups.of_row.push_back(numbers.at(key(row)));
  return groups;
}

TrialGroups group_by_column(const ScoreTable& trials, std::span<const Clip> clips,
                            const std::string& column) {
  std::unordered_map<std::string_view, const Clip*> known;
  for (const Clip& clip : clips) known.try_emplace(clip.name, &clip);
  std::vector<std::string> values;
  for (const auto& name : trials.names) {
    const auto found = known.find(name);
    if (found == known.end())
      throw Error(Fault::mismatch,
                  fmt::format("{}: the manifest has no clip of this name, whose {} is needed", name,
                              column));
    const auto& columns = found->second->columns;
    const auto value = columns.find(column);
    if (value == columns.end()) {
      std::vector<std::string> there;
      for (const auto& [one, ignored] : columns) there.push_back(one);
      throw Error(Fault::config,
                  fmt::format("{}: no column \"{}\" in the manifest; found {}", name, column,
                              there.empty() ? "none but path and label"
                                            : fmt::format("{}", fmt::join(there, ", "))));
    }
    values.push_back(value->second);
  }
  return group_by_value(trials, values);
}

TrialGroups group_by_length(const ScoreTable& trials, std::span<const double> seconds) {
  if (seconds.size() != trials.names.size() ||
      !std::ranges::all_of(seconds, [](double s) { return s > 0; }))
    throw std::invalid_argument("group_by_length: expected a length above 0 for each name");
  TrialGroups groups{{length_classes.begin(), length_classes.end()}, {}};
  for (const auto& row : trials.rows)
    groups.of_row.push_back(
        static_cast<std::uint32_t>(length_class(std::min(seconds[row.enroll], seconds[row.test]))));
  return without_empty(groups);
}

std::vector<GroupEvaluation> evaluate_groups(const ScoreTable& trials, const TrialGroups& groups,
                                             const EvaluationOptions& options) {
  if (groups.of_row.size() != trials.rows.size())
    throw std::invalid_argument("evaluate_groups: expected a group for each trial");
  EvaluationOptions of_group = options;
  of_group.llrs = options.llrs.value_or(may_be_llrs(trials));
  const Speakers speakers = find_speakers(trials, options.clips);
  std::vector<GroupEvaluation> result;
  auto tables = split(trials, groups);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const auto targets = static_cast<std::size_t>(std::ranges::count_if(
        tables[i].rows, [](const ScoreTable::Row& row) { return row.target == 1; }));
    const Speakers own = speakers_of(tables[i], speakers);
    GroupEvaluation group{groups.names[i], targets, tables[i].rows.size() - targets, own.count, {}};
    if (std::min(group.targets, group.nontargets) >= min_trials_of_group) {
      tables[i].names = trials.names;
      group.evaluation = evaluate(tables[i], own, of_group);
      group.evaluation->reliability.clear();
    }
    tables[i] = {};
    result.push_back(std::move(group));
  }
  return result;
}

}  // namespace twinear
