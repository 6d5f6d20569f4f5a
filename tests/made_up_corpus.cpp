// SPDX-License-Identifier: Apache-2.0
// made_up_corpus FOLDER SPEAKERS CLIPS: a corpus of made-up voices for tests of whole programs,
// where the voice need not be a person's. Writes clips/SPEAKER/N.wav, clips.csv (a manifest) and
// trials.txt with every pair of clips once.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/threads.h"
#include "voices.h"

int main(int, char** arguments) try {
  const std::filesystem::path folder = arguments[1];
  const unsigned speakers = static_cast<unsigned>(std::stoul(arguments[2])),
                 clips = static_cast<unsigned>(std::stoul(arguments[3]));
  const auto name = [](unsigned speaker, unsigned clip) {
    return fmt::format("clips/{:04}/{}.wav", speaker, clip);
  };
  twinear::parallel_for(speakers, [&](std::size_t i) {
    const auto speaker = static_cast<unsigned>(i);
    std::filesystem::create_directories(folder / fmt::format("clips/{:04}", speaker));
    for (unsigned clip = 0; clip < clips; ++clip)
      twinear::write_audio(folder / name(speaker, clip), twinear::voice(speaker, clip, 1.6));
  });
  std::ofstream manifest(folder / "clips.csv"), trials(folder / "trials.txt");
  manifest << "path,label\n";
  for (unsigned a = 0; a < speakers * clips; ++a) {
    const std::string first = name(a / clips, a % clips);
    manifest << fmt::format("{},{:04}\n", first, a / clips);
    for (unsigned b = a + 1; b < speakers * clips; ++b)
      trials << fmt::format("{} {} {}\n", a / clips == b / clips ? 1 : 0, first,
                            name(b / clips, b % clips));
  }
  if (!manifest.flush() || !trials.flush()) return 2;
} catch (const std::exception& e) {
  fmt::print(stderr, "made_up_corpus: {}\n", e.what());
  return 2;
}
