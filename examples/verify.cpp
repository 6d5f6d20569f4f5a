// SPDX-License-Identifier: Apache-2.0
// verify MODEL A B: do two clips have the same source?
// The exit code is 0 for the same source, 1 for different ones and 2 where there is no answer.
#include <twinear/verifier.h>

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: verify MODEL A B\n");
    return 2;
  }
  const auto verifier = twinear::Verifier::load(argv[1]);
  const auto verdict =
      verifier.compare(twinear::clip_of_file(argv[2]), twinear::clip_of_file(argv[3]));

  std::printf("%s: score %.3f, threshold %.3f\n", verdict.same ? "same" : "different",
              verdict.score, verdict.threshold);
  if (verdict.probability)
    std::printf("probability of the same source: %.3f\n", *verdict.probability);
  return verdict.same ? 0 : 1;
} catch (const twinear::Error& error) {  // one line: the place, what was found, what was expected
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
