// SPDX-License-Identifier: Apache-2.0
// verify MODEL A B: compares two clips, with the library that does that and no other of Twinear.
#include <twinear/verifier.h>

#include <cstdio>

int main(int, char** arguments) try {
  const auto verifier = twinear::Verifier::load(arguments[1]);
  const auto a = twinear::read_audio(arguments[2]), b = twinear::read_audio(arguments[3]);
  const auto verdict = verifier.compare(a, b);
  std::printf("%.3f %s\n", verdict.score, verdict.same ? "same" : "different");
} catch (const twinear::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
