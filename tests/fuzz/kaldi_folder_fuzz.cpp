// SPDX-License-Identifier: Apache-2.0
// A Kaldi data folder of wav.scp, utt2spk and segments, divided by zero bytes; clips may name the
// file a.wav.
#include <filesystem>

#include "fuzz/fuzz.h"
#include "twinear/manifest.h"

namespace twinear {

void fuzz_kaldi_folder(std::string_view bytes) {
  fuzz_file("a.wav", "");
  fuzz_file("wav.scp", take_part(bytes));
  fuzz_file("utt2spk", take_part(bytes));
  const std::string segments = fuzz_file("segments", bytes);
  if (bytes.empty()) std::filesystem::remove(segments);
  const Manifest manifest = read_manifest(fuzz_folder() / "");
  for (const Clip& clip : manifest.clips) require(clip.start >= 0 && !clip.label.empty());
}

}  // namespace twinear
