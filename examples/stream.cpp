// SPDX-License-Identifier: Apache-2.0
// stream MODEL DATABASE: who speaks into the microphone? Standard input is raw samples: 16 bits,
// little-endian, one channel, 16 kHz.
//   arecord -f S16_LE -r 16000 -c 1 -t raw | stream speaker.safetensors people.sqlite
#include <twinear/enrollment.h>
#include <twinear/stream.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <vector>

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: stream MODEL DATABASE\n");
    return 2;
  }
  const auto verifier = twinear::Verifier::load(argv[1]);
  const twinear::Enrollment people(argv[2], verifier.model_id());
  const auto tell = [&](const std::vector<twinear::StreamWindow>& windows) {
    for (const auto& window : windows) {
      const auto answers = people.identify(verifier, std::span(&window.clip, 1));
      const auto* who = answers[0].known();
      const bool silent = window.clip.status == twinear::ClipEmbedding::Status::silent;
      std::printf("%5.1f - %5.1f s: %s\n", window.start, window.end,
                  who != nullptr ? who->name.c_str()
                  : silent       ? "silence"
                                 : "unknown");
      std::fflush(stdout);
    }
  };

  twinear::EmbeddingStream stream(verifier, 16000, {.seconds = 3, .hop = 1});
  std::array<std::int16_t, 1600> raw;  // 0.1 s
  while (const std::size_t count = std::fread(raw.data(), sizeof raw[0], raw.size(), stdin)) {
    std::vector<float> samples(count);
    for (std::size_t i = 0; i < count; ++i) samples[i] = static_cast<float>(raw[i]) / 32768.0F;
    tell(stream.push(samples));
  }
  tell(stream.finish());
} catch (const twinear::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
