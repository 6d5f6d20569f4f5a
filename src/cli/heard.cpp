// SPDX-License-Identifier: Apache-2.0
#include "cli/heard.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/threads.h"
#include "twinear/error.h"

namespace twinear::cli {
namespace {

/// Under this many seconds a clip says little about its source: on speechocean's test trials cut to
/// 1 s the EER rises from 12 to 20 % (data/models/speaker.md).
constexpr double short_clip = 1.5;

/// Clips between two looks at the progress.
constexpr std::size_t clips_at_once = 128;

Heard hear(const Verifier& verifier, const Clip& clip, int channel) try {
  Heard heard;
  const auto warn = [&](const std::string& line) { heard.warnings.push_back(line); };
  const Matrix embedding = verifier.embed(std::span(&clip, 1), channel, warn);
  heard.embedding.assign(embedding.values().begin(), embedding.values().end());
  heard.seconds = verifier.seconds(clip);
  if (heard.seconds < short_clip)
    warn(fmt::format("{}: {:.2f} s of sound; under {} s the answer is less sure than it says",
                     clip.path, heard.seconds, short_clip));
  return heard;
} catch (const Error& e) {
  Heard heard;
  heard.error = e.what();
  return heard;
}

}  // namespace

std::vector<Heard> hear(const Verifier& verifier, std::span<const Clip> clips, int channel,
                        Progress* progress) {
  std::vector<Heard> heard(clips.size());
  for (std::size_t begin = 0; begin < heard.size(); begin += clips_at_once) {
    const std::size_t count = std::min(clips_at_once, heard.size() - begin);
    parallel_for(count, [&](std::size_t i) {
      heard[begin + i] = hear(verifier, clips[begin + i], channel);
    });
    if (progress != nullptr) progress->at(begin + count);
  }
  return heard;
}

}  // namespace twinear::cli
