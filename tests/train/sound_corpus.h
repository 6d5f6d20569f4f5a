// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <string>

#include "temporary_folder.h"
#include "voices.h"

namespace twinear {

/// WAV files of made-up speakers, `first` on, and their manifest, whose path comes back.
inline std::string write_sound_corpus(const TemporaryFolder& folder, const std::string& name,
                                      unsigned first, unsigned speakers, unsigned clips,
                                      double seconds = 0.5) {
  std::ofstream manifest(folder / (name + ".csv"));
  manifest << "path,label\n";
  for (unsigned s = first; s < first + speakers; ++s)
    for (unsigned c = 0; c < clips; ++c) {
      const std::string file = name + std::to_string(s) + "_" + std::to_string(c) + ".wav";
      write_audio(folder / file, voice(s, c, seconds));
      manifest << file << ",speaker" << s << '\n';
    }
  return folder / (name + ".csv");
}

}  // namespace twinear
