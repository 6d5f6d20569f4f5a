// SPDX-License-Identifier: Apache-2.0
// spectrogram: log-mel frames of a rising tone whose samples come piece by piece, as from a sound
// card. It links the front end alone, without oneDNN and libsndfile. It prints the loudest mel bin
// of every tenth frame: the numbers rise.
#include <twinear/features.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  twinear::LogMelStream stream(twinear::front_end_preset("kaldi"));
  std::vector<float> piece(160);  // 10 ms at 16 kHz
  double phase = 0;
  std::size_t frame = 0;
  const auto show = [&](const twinear::Matrix& frames) {
    for (std::size_t i = 0; i < frames.rows(); ++i, ++frame) {
      const auto bins = frames.row(i);
      if (frame % 10 == 0)
        std::printf("%zu\n",
                    static_cast<std::size_t>(std::ranges::max_element(bins) - bins.begin()));
    }
  };
  for (int n = 0; n < 100; ++n) {
    for (float& sample : piece) {
      phase += (200 + 30 * n) * 6.283185307 / 16000;  // 200 Hz to 3.2 kHz in one second
      sample = static_cast<float>(0.5 * std::sin(phase));
    }
    show(stream.push(piece));
  }
  show(stream.finish());
}
