// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "temporary_folder.h"
#include "twinear/clip.h"
#include "voices.h"

namespace twinear {

/// Files of made-up speakers in a folder of their own. The clips are named relative to it, and
/// their label is the number of the speaker.
struct VoiceFiles {
  VoiceFiles(unsigned speakers, unsigned clips_each) {
    for (unsigned speaker = 0; speaker < speakers; ++speaker)
      for (unsigned k = 0; k < clips_each; ++k) {
        const std::string name = std::to_string(speaker) + "-" + std::to_string(k) + ".wav";
        write_audio(folder / name, voice(speaker, k));
        clips.push_back({.path = folder / name, .name = name, .label = std::to_string(speaker)});
      }
  }

  TemporaryFolder folder;
  std::vector<Clip> clips;
};

}  // namespace twinear
