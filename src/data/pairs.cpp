// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "base/random.h"
#include "data/clip_lists.h"
#include "twinear/manifest.h"
#include "twinear/trials.h"

namespace twinear {
namespace {

using Pairs = std::set<std::pair<std::size_t, std::size_t>>;  // the smaller index is first

Pairs all_pairs(const std::vector<std::vector<std::size_t>>& clips_of, bool target) {
  Pairs pairs;
  for (std::size_t a = 0; a < clips_of.size(); ++a)
    for (std::size_t b = a; b < (target ? a + 1 : clips_of.size()); ++b) {
      if (!target && a == b) continue;
      for (const std::size_t i : clips_of[a])
        for (const std::size_t j : clips_of[b])
          if (i != j) pairs.insert(std::minmax(i, j));
    }
  return pairs;
}

std::vector<std::size_t> labeled_clips(const Manifest& manifest) {
  std::vector<std::size_t> clips;
  for (std::size_t i = 0; i < manifest.clips.size(); ++i)
    if (manifest.label_of[i] != no_label) clips.push_back(i);
  return clips;
}

/// Draws pairs of one kind, each with equal probability. A target pair is a random clip and a
/// random clip of its label. That favors labels with few clips, so their pairs are rejected more
/// often.
Pairs drawn_pairs(const Manifest& manifest, const std::vector<std::vector<std::size_t>>& clips_of,
                  bool target, std::size_t count, std::uint64_t seed) {
  std::size_t max_clips = 0;
  for (const auto& clips : clips_of) max_clips = std::max(max_clips, clips.size());
  const std::vector<std::size_t> labeled = labeled_clips(manifest);
  Random random(seed, Purpose::trial, target ? 1 : 0);
  Pairs pairs;
  while (pairs.size() < count) {
    const std::size_t i = labeled[random.below(labeled.size())];
    const auto& peers = clips_of[static_cast<std::size_t>(manifest.label_of[i])];
    const std::size_t j =
        target ? peers[random.below(peers.size())] : labeled[random.below(labeled.size())];
    const bool taken = target ? i != j && random.below(max_clips) < peers.size()
                              : manifest.label_of[i] != manifest.label_of[j];
    if (taken) pairs.insert(std::minmax(i, j));
  }
  return pairs;
}

}  // namespace

std::vector<Trial> make_trials(const Manifest& manifest, std::size_t limit, std::uint64_t seed) {
  const auto clips_of = clips_by_label(manifest);
  const auto pairs_of = [](std::size_t clips) { return clips * (clips - 1) / 2; };
  std::size_t targets = 0;
  for (const auto& clips : clips_of) targets += pairs_of(clips.size());
  const std::size_t nontargets = pairs_of(labeled_clips(manifest).size()) - targets;

  std::vector<Trial> trials;
  for (const bool target : {true, false}) {
    const auto pairs = (target ? targets : nontargets) <= limit
                           ? all_pairs(clips_of, target)
                           : drawn_pairs(manifest, clips_of, target, limit, seed);
    for (const auto& [i, j] : pairs)
      trials.push_back({manifest.clips[i].name, manifest.clips[j].name, target});
  }
  return trials;
}

}  // namespace twinear
