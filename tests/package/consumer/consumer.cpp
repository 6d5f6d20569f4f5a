// SPDX-License-Identifier: Apache-2.0
// consumer MODEL A B: stores a model that never learned, and compares two clips with it.
#include <twinear/twinear.h>

#include <cstdio>

int main(int, char** arguments) try {
  const twinear::Model untrained{
      .front_end = {.norm = twinear::Norm::global},
      .encoder = twinear::Encoder(twinear::EncoderSpec::statistics(80), 0),
      .calibration = twinear::Calibration{.scale = 10.0, .offset = -9.0, .source = "a guess"}};
  twinear::save_model(untrained, arguments[1]);

  const auto verifier = twinear::Verifier::load(arguments[1]);
  const auto a = twinear::read_audio(arguments[2]), b = twinear::read_audio(arguments[3]);
  const auto verdict = verifier.compare(a, b);
  std::printf("%.3f %s\n", verdict.score, verdict.same ? "same" : "different");
} catch (const twinear::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
