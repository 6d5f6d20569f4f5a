// SPDX-License-Identifier: Apache-2.0
// identify MODEL DATABASE NAME KNOWN... -- CLIP...: enrolls a person by some clips, then asks whose
// voice the other clips are.
#include <twinear/enrollment.h>

#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::vector<std::string> known, asked;
  bool after_dashes = false;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    if (arguments[i] == "--")
      after_dashes = true;
    else
      (after_dashes ? asked : known).push_back(arguments[i]);
  }
  if (known.empty() || asked.empty()) {
    std::fprintf(stderr, "usage: identify MODEL DATABASE NAME KNOWN... -- CLIP...\n");
    return 2;
  }

  const auto verifier = twinear::Verifier::load(arguments[0]);
  twinear::Enrollment people(arguments[1], verifier.model_id());
  // A clip with too little speech, a clipped one or one from a telephone would spoil the database.
  const auto clips = verifier.embed_each(twinear::clips_of_files(known),
                                         {.gate = twinear::QualityGate::enrollment()});
  std::printf("%s: %zu new clips\n", arguments[2].c_str(), people.enroll(arguments[2], clips));

  for (const auto& path : asked) {
    const auto answer = people.identify(verifier, twinear::clip_of_file(path));
    const auto* who = answer.known();
    std::printf("%s: %s\n", path.c_str(), who != nullptr ? who->name.c_str() : "unknown");
  }
} catch (const twinear::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
