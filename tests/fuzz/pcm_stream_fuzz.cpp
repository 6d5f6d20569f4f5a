// SPDX-License-Identifier: Apache-2.0
// A stream of samples, in a format that its first byte chooses: cut into pieces it gives the same
// samples.
#include <cmath>

#include "data/pcm_stream.h"
#include "fuzz/fuzz.h"

namespace twinear {

void fuzz_pcm_stream(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto choice = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  PcmFormat format;
  format.channels = 1 + choice % 3;
  format.sample = choice % 2 == 0 ? PcmFormat::Sample::s16 : PcmFormat::Sample::f32;

  PcmStream whole(format), pieces(format);
  auto expected = whole.push(bytes);
  const auto last = whole.finish();
  expected.insert(expected.end(), last.begin(), last.end());
  std::vector<float> samples;
  for (std::size_t piece = 1 + choice / 8; !bytes.empty();) {
    const auto next = pieces.push(bytes.substr(0, piece));
    samples.insert(samples.end(), next.begin(), next.end());
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  const auto rest = pieces.finish();
  samples.insert(samples.end(), rest.begin(), rest.end());
  require(samples == expected && pieces.invalid_samples() == whole.invalid_samples());
  for (const float x : samples) require(std::isfinite(x));
}

}  // namespace twinear
