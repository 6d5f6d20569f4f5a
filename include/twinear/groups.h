// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/metrics.h"
#include "twinear/trials.h"

namespace twinear {

/// The trials of a list by groups, for example by the language of their clips.
struct TrialGroups {
  std::vector<std::string> names;
  std::vector<std::uint32_t> of_row;  ///< for each trial, the index of its group
};

/// Groups trials by a value that each clip has: "a" where both clips have the value a, and "a / b",
/// in alphabetical order as the groups are, where one has b. More than 100 such groups, as numbers
/// of recordings make them, become two: "equal" and "different" values. `values` has one for each
/// of the table's names; an empty one is called "(empty)". Throws std::invalid_argument for another
/// number of values.
TrialGroups group_by_value(const ScoreTable& trials, std::span<const std::string> values);

/// Groups trials by a column of a manifest, whose `clips` have the names of the trials. Throws
/// Error (mismatch) for a name that no clip has, and Error (config), which lists the columns that
/// there are, for a clip without the column.
TrialGroups group_by_column(const ScoreTable& trials, std::span<const Clip> clips,
                            const std::string& column);

/// Groups trials by the shorter of their clips: under 1.5 s, from 1.5 to under 2.5 s, to 4 s, to
/// 7 s, and from 7 s on. `seconds` has a length for each of the table's names;
/// std::invalid_argument is thrown for another number of lengths and for one that is not above 0.
TrialGroups group_by_length(const ScoreTable& trials, std::span<const double> seconds);

/// The number of trials of each kind that a group needs for figures.
inline constexpr std::size_t min_trials_of_group = 10;

/// A group of trials with its figures.
struct GroupEvaluation {
  std::string name;
  std::size_t targets, nontargets, speakers;
  std::optional<Evaluation> evaluation;  ///< if there are min_trials_of_group of each kind
};

/// Evaluates each group as evaluate() does all trials, without Evaluation::reliability. Speakers
/// are those of the whole list, and options.llrs, if it is not said, is told from the whole list.
/// Throws as evaluate(), but not for a group that lacks a kind of trial.
std::vector<GroupEvaluation> evaluate_groups(const ScoreTable& trials, const TrialGroups& groups,
                                             const EvaluationOptions& options = {});

}  // namespace twinear
