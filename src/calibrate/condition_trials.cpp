// SPDX-License-Identifier: Apache-2.0
#include "calibrate/condition_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "base/vectors.h"
#include "calibrate/condition_sounds.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr std::size_t drawn_trials = 3;  // pairs of conditions and lengths for each two halves

/// The value of a column for each label; empty without a column.
std::vector<std::string> column_of(const Manifest& manifest, const std::string& column) {
  std::vector<std::string> groups(manifest.labels.size());
  if (column.empty()) return groups;
  for (std::size_t i = 0; i < manifest.clips.size(); ++i) {
    if (manifest.label_of[i] == no_label) continue;
    const auto& columns = manifest.clips[i].columns;
    const auto found = columns.find(column);
    if (found == columns.end())
      throw Error(Fault::config,
                  fmt::format("{}: there is no column {}", manifest.clips[i].place(), column));
    groups[static_cast<std::size_t>(manifest.label_of[i])] = found->second;
  }
  return groups;
}

/// Collects trials.
class Trials {
 public:
  Trials(const Takes& takes, std::span<const Half> halves, const ConditionOptions& options)
      : takes_(takes), halves_(halves), options_(options) {}

  /// Compares two halves under each condition at each length, and under some that are drawn.
  void compare(std::size_t a, std::size_t b, const std::string& domain, Random random) {
    const auto& seconds = options_.seconds;
    for (std::size_t channel = 0; channel < channel_count; ++channel)
      for (std::size_t length = 0; length < seconds.size(); ++length)
        add(a, {channel, length}, b, {channel, length},
            domain + fmt::format("{}, {:g} s", channel_names[channel], seconds[length]));
    const auto enrolled = enrollment(a);
    for (std::size_t length = 0; length < seconds.size(); ++length)
      add(a, enrolled, enrolled_clips * enrolled_seconds, b, takes_.find(b, {0, length}),
          seconds[length],
          domain + fmt::format("{} clips of {:g} s against {:g} s", enrolled_clips,
                               enrolled_seconds, seconds[length]));
    for (std::size_t k = 0; k < drawn_trials; ++k) {
      const Take first{random.below(channel_count), random.below(seconds.size())};
      const Take second{random.below(channel_count), random.below(seconds.size())};
      add(a, first, b, second,
          domain + fmt::format("drawn conditions, the shorter {:g} s",
                               seconds[std::min(first.length, second.length)]));
    }
  }

  ConditionTrials finish() { return std::move(result_); }

 private:
  void add(std::size_t a, const Take& take_a, std::size_t b, const Take& take_b,
           const std::string& condition) {
    add(a, takes_.find(a, take_a), options_.seconds[take_a.length], b, takes_.find(b, take_b),
        options_.seconds[take_b.length], condition);
  }

  void add(std::size_t a, std::span<const float> one, double seconds_one, std::size_t b,
           std::span<const float> other, double seconds_other, const std::string& condition) {
    if (one.empty() || other.empty()) return;
    const auto [found, is_new] = number_.try_emplace(condition, result_.conditions.size());
    if (is_new) result_.conditions.push_back({condition});
    const int label_a = halves_[a].label, label_b = halves_[b].label;
    if (label_a == label_b) result_.conditions[found->second].speakers.insert(label_a);
    result_.trials.push_back({cosine(one, other),
                              {seconds_one, seconds_other},
                              label_a == label_b,
                              static_cast<std::uint32_t>(label_a),
                              static_cast<std::uint32_t>(label_b),
                              static_cast<std::uint32_t>(found->second)});
  }

  /// The embedding of a half's enrollment; empty if one of its clips has none.
  std::vector<float> enrollment(std::size_t half) const {
    std::vector<double> sum;
    for (std::size_t k = 0; k < enrolled_clips; ++k) {
      const auto clip = takes_.find(half, {0, options_.seconds.size() + k});
      if (clip.empty()) return {};
      sum.resize(clip.size());
      add_unit(sum, clip);
    }
    return unit(sum);
  }

  const Takes& takes_;
  std::span<const Half> halves_;
  const ConditionOptions& options_;
  std::map<std::string, std::size_t> number_;
  ConditionTrials result_;
};

}  // namespace

ConditionTrials condition_trials(const Takes& takes, std::span<const Half> halves,
                                 const Manifest& manifest, const ConditionOptions& options) {
  const auto groups = column_of(manifest, options.group),
             domains = column_of(manifest, options.domain);
  const auto of = [&](const std::vector<std::string>& column, std::size_t half) {
    return column[static_cast<std::size_t>(halves[half].label)];
  };
  Trials trials(takes, halves, options);
  for (std::size_t half = 0; half < halves.size(); half += 2) {
    const auto compare = [&](std::size_t with) {
      const std::string domain = of(domains, half);
      trials.compare(half, with, domain.empty() ? "" : domain + ": ",
                     Random(options.seed, Purpose::condition, static_cast<std::uint32_t>(half),
                            static_cast<std::uint32_t>(with) + 1000));
    };
    compare(half + 1);
    std::vector<std::size_t> others;
    for (std::size_t other = 0; other < halves.size(); other += 2)
      if (halves[other].label != halves[half].label && of(groups, other) == of(groups, half) &&
          of(domains, other) == of(domains, half))
        others.push_back(other);
    Random(options.seed, Purpose::condition, static_cast<std::uint32_t>(half), 999)
        .shuffle(std::span(others));
    others.resize(std::min(others.size(), static_cast<std::size_t>(options.others)));
    for (const std::size_t other : others) compare(other + 1);
  }
  return trials.finish();
}

}  // namespace twinear
