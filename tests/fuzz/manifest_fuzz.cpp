// SPDX-License-Identifier: Apache-2.0
// A manifest, whose clips may name the file a.wav: each clip has the label that its number stands
// for.
#include "fuzz/fuzz.h"
#include "twinear/manifest.h"

namespace twinear {

void fuzz_manifest(std::string_view bytes) {
  fuzz_file("a.wav", "");
  const Manifest manifest = read_manifest(fuzz_file("manifest.csv", bytes));
  require(!manifest.clips.empty() && manifest.label_of.size() == manifest.clips.size());
  for (std::size_t i = 0; i < manifest.clips.size(); ++i)
    require(manifest.labels.at(static_cast<std::size_t>(manifest.label_of[i])) ==
            manifest.clips[i].label);
}

}  // namespace twinear
