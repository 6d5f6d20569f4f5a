// SPDX-License-Identifier: Apache-2.0
// features: frames of a tone, with the front end and nothing else of Twinear.
#include <twinear/features.h>

#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  std::vector<float> tone(16000);
  for (std::size_t i = 0; i < tone.size(); ++i)
    tone[i] = 0.5F * std::sin(0.1F * static_cast<float>(i));
  const twinear::LogMel log_mel(twinear::front_end_preset("kaldi"));
  const twinear::Matrix frames = log_mel(tone);
  std::printf("%zu x %zu\n", frames.rows(), frames.cols());
}
