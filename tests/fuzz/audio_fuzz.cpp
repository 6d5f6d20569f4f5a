// SPDX-License-Identifier: Apache-2.0
// A sound file: what is read is finite and has a rate and a length.
#include <algorithm>
#include <cmath>

#include "fuzz/fuzz.h"
#include "twinear/audio.h"

namespace twinear {

void fuzz_audio(std::string_view bytes) {
  const Waveform sound = read_audio(fuzz_file("sound", bytes));
  require(sound.sample_rate > 0 && !sound.samples.empty());
  require(std::ranges::all_of(sound.samples, [](float x) { return std::isfinite(x); }));
}

}  // namespace twinear
