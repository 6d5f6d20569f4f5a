// SPDX-License-Identifier: Apache-2.0
// Episodes of few-shot classification over six clips of three classes.
#include "fuzz/fuzz.h"
#include "twinear/few_shot.h"

namespace twinear {

void fuzz_episodes(std::string_view bytes) {
  std::vector<Clip> clips;
  for (const char* name : {"a0", "a1", "b0", "b1", "c0", "c1"})
    clips.push_back({.path = name, .name = name, .label = std::string(name, 1), .columns = {}});
  const Manifest manifest = make_manifest(std::move(clips));
  for (const Episode& episode : read_episodes(fuzz_file("episodes", bytes), manifest))
    for (const auto* part : {&episode.support, &episode.query})
      for (const std::size_t clip : *part) require(clip < manifest.clips.size());
}

}  // namespace twinear
