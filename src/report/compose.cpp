// SPDX-License-Identifier: Apache-2.0
#include "report/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "evaluate/comparisons.h"
#include "report/hardest.h"
#include "twinear/clip_features.h"

namespace twinear {
namespace {

constexpr std::size_t errors_of_a_kind = 5, mapped_speakers = 20, mapped_clips = 15;
constexpr double played_seconds = 3;

/// Finds the clips that the trials name.
class TrialClips {
 public:
  explicit TrialClips(const ReportSources& sources)
      : root_(sources.root), has_manifest_(!sources.manifest.empty()) {
    if (has_manifest_)
      for (auto& clip : read_manifest(sources.manifest).clips) known_.emplace(clip.name, clip);
  }

  /// None for a name that is not a clip, such as the name of an enrollment of several clips.
  std::optional<Clip> find(const std::string& name) const {
    if (has_manifest_) {
      const auto found = known_.find(name);
      return found == known_.end() ? std::nullopt : std::optional(found->second);
    }
    Clip clip;
    clip.name = name;
    clip.path = (std::filesystem::path(root_) / name).string();
    std::error_code missing;
    return std::filesystem::is_regular_file(clip.path, missing) ? std::optional(clip)
                                                                : std::nullopt;
  }

 private:
  std::string root_;
  bool has_manifest_;
  std::map<std::string, Clip> known_;
};

std::vector<ReportedError> errors_of(const ReportedScores& system, const TrialClips& clips) {
  std::map<std::string, std::string> sounds;
  const auto sound = [&](const std::string& name) {
    const auto [found, is_new] = sounds.try_emplace(name);
    const auto clip = is_new ? clips.find(name) : std::nullopt;
    if (clip && !clip->holds_features())
      found->second = sound_uri(clip_samples(*clip), played_seconds);
    return found->second;
  };
  std::vector<ReportedError> errors;
  const auto& trials = system.trials;
  for (const std::size_t i :
       hardest_errors(trials, system.evaluation.eer.threshold, errors_of_a_kind)) {
    const auto& row = trials.rows[i];
    const auto &enroll = trials.names[row.enroll], &test = trials.names[row.test];
    errors.push_back({row.target == 1, row.score, enroll, test, sound(enroll), sound(test)});
  }
  return errors;
}

/// Embeds up to mapped_clips clips of each of the first mapped_speakers speakers that have several
/// clips. Clips that target trials join count as one speaker's.
ReportedEmbeddings embeddings_of(const ReportedScores& system, const TrialClips& clips,
                                 const Verifier& verifier) {
  const auto speakers = find_speakers(system.trials);
  std::map<std::uint32_t, std::vector<Clip>> clips_of;
  for (std::size_t i = 0; i < speakers.of_name.size(); ++i)
    if (auto clip = clips.find(system.trials.names[i]))
      clips_of[speakers.of_name[i]].push_back(std::move(*clip));
  ReportedEmbeddings result;
  std::vector<Clip> mapped;
  std::size_t count = 0;
  for (auto& [speaker, own] : clips_of) {
    if (own.size() < 2) continue;
    if (count++ == mapped_speakers) break;
    own.resize(std::min(own.size(), mapped_clips));
    for (const auto& clip : own) {
      result.clips.push_back(clip.name);
      result.speakers.push_back(own.front().label.empty() ? fmt::format("source {}", speaker)
                                                          : own.front().label);
      mapped.push_back(clip);
    }
  }
  result.rows = verifier.embed(mapped);
  return result;
}

}  // namespace

ReportContent compose_report(std::vector<ReportedScores> systems, const ReportSources& sources) {
  const TrialClips clips(sources);
  ReportContent content{.title = "Evaluation",
                        .training_log = sources.training_log,
                        .systems = std::move(systems),
                        .threshold = {}};
  const ReportedScores& first = content.systems.front();
  content.threshold = first.evaluation.eer.threshold;
  content.errors = errors_of(first, clips);
  if (sources.verifier != nullptr) {
    content.calibration = sources.verifier->model().calibration;
    content.embeddings = embeddings_of(first, clips, *sources.verifier);
  }
  return content;
}

}  // namespace twinear
