// SPDX-License-Identifier: Apache-2.0
// embed_folder MODEL FOLDER: embeds all files of a folder and prints, for each, the file that is
// most like it. A file that cannot be embedded costs only itself.
#include <twinear/metrics.h>
#include <twinear/verifier.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: embed_folder MODEL FOLDER\n");
    return 2;
  }
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[2]))
    if (entry.is_regular_file()) paths.push_back(entry.path().string());
  std::ranges::sort(paths);

  const auto verifier = twinear::Verifier::load(argv[1]);
  std::vector<twinear::ClipEmbedding> embedded;
  for (auto& clip : verifier.embed_each(twinear::clips_of_files(paths))) {
    if (clip.error)
      std::fprintf(stderr, "left out: %s\n", clip.error->what());
    else
      embedded.push_back(std::move(clip));
  }

  for (const auto& clip : embedded) {
    const twinear::ClipEmbedding* nearest = nullptr;
    double best = -2;
    for (const auto& other : embedded) {
      const double score = twinear::cosine(clip.embedding, other.embedding);
      if (&other == &clip || score <= best) continue;
      best = score;
      nearest = &other;
    }
    if (nearest != nullptr)
      std::printf("%s\t%s\t%.3f\n", clip.source.c_str(), nearest->source.c_str(), best);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
