// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "twinear/enrollment.h"

namespace twinear {

std::vector<Identification> Enrollment::identify(const Verifier& verifier,
                                                 std::span<const ClipEmbedding> clips,
                                                 const Acceptance& accept, std::size_t top) const {
  require_model(verifier.model_id());
  std::vector<std::size_t> embedded;
  for (std::size_t i = 0; i < clips.size(); ++i)
    if (!clips[i].error) embedded.push_back(i);
  Matrix embeddings(embedded.size(), verifier.model().encoder.dimension());
  for (std::size_t i = 0; i < embedded.size(); ++i)
    std::ranges::copy(clips[embedded[i]].embedding, embeddings.row(i).begin());
  const auto ranked = rank(embeddings, std::max<std::size_t>(top, 1));
  std::vector<Identification> answers(clips.size());
  for (std::size_t i = 0; i < embedded.size(); ++i)
    for (const Match& match : ranked[i]) {
      const Lengths lengths{match.seconds, clips[embedded[i]].seconds};
      answers[embedded[i]].candidates.push_back(
          {match.name, verifier.decide(match.score, accept, lengths)});
    }
  return answers;
}

Identification Enrollment::identify(const Verifier& verifier, const Clip& clip,
                                    const Acceptance& accept) const {
  const auto embedded = verifier.embed_each(std::span(&clip, 1));
  if (embedded.front().error) throw *embedded.front().error;
  return identify(verifier, embedded, accept).front();
}

}  // namespace twinear
