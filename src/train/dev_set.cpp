// SPDX-License-Identifier: Apache-2.0
#include "train/dev_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "twinear/error.h"

namespace twinear {

DevSet::DevSet(Manifest manifest, std::size_t trials, std::uint64_t seed, const LogMel& log_mel,
               std::size_t budget, const FeatureCache* cache)
    : manifest_(std::move(manifest)), store_(manifest_.clips, log_mel, budget, cache) {
  std::map<std::string, std::size_t> clip_of;
  for (std::size_t i = 0; i < manifest_.clips.size(); ++i) clip_of[manifest_.clips[i].name] = i;
  for (const Trial& t : make_trials(manifest_, trials, seed))
    trials_.push_back({clip_of.at(t.enroll), clip_of.at(t.test), t.target});
  const auto targets = std::ranges::count(trials_, true, &IndexedTrial::target);
  if (targets == 0 || targets == std::ssize(trials_))
    throw Error(Fault::config,
                fmt::format("{} clips of {} labels; dev needs two labels, and two clips of one",
                            manifest_.clips.size(), manifest_.labels.size()));
}

Scores DevSet::score(const Encoder& encoder) {
  constexpr std::size_t at_once = 256;  // clips whose features are held beside the store's
  const std::size_t n = manifest_.clips.size();
  Matrix embeddings(n, encoder.dimension());
  for (std::size_t begin = 0; begin < n; begin += at_once) {
    std::vector<std::size_t> which(std::min(at_once, n - begin));
    std::iota(which.begin(), which.end(), begin);
    std::vector<Matrix> features(which.size());
    store_.visit(which, [&](std::size_t i, const Matrix& f) { features[i] = f; });
    std::ranges::copy(encoder.embed(features).values(), embeddings.row(begin).begin());
  }
  Scores scores;
  for (const auto& [enroll, test, target] : trials_)
    (target ? scores.target : scores.nontarget)
        .push_back(cosine(embeddings.row(enroll), embeddings.row(test)));
  return scores;
}

}  // namespace twinear
