// SPDX-License-Identifier: Apache-2.0
#include "train/dev_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "base/threads.h"
#include "twinear/error.h"
#include "twinear/trials.h"

namespace twinear {
namespace {

double mean_cosine(const Matrix& a, const Matrix& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rows(); ++i) sum += cosine(a.row(i), b.row(i));
  return sum / static_cast<double>(a.rows());
}

/// The root mean squared difference of the cosines between the rows of `a` from those between the
/// rows of `b`; of the first thousand rows.
double table_difference(const Matrix& a, const Matrix& b) {
  const std::size_t n = std::min<std::size_t>(1000, a.rows());
  std::vector<double> squares(n);
  parallel_for(n, [&](std::size_t i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double apart = cosine(a.row(i), a.row(j)) - cosine(b.row(i), b.row(j));
      squares[i] += apart * apart;
    }
  });
  double sum = 0;
  for (const double s : squares) sum += s;
  return n < 2 ? 0 : std::sqrt(2 * sum / (static_cast<double>(n) * static_cast<double>(n - 1)));
}

}  // namespace

DevSet::DevSet(const Manifest& manifest, FeatureSource features, std::size_t trials,
               std::uint64_t seed, std::shared_ptr<const Teacher> teacher)
    : clips_(manifest.clips), features_(std::move(features)), teacher_(std::move(teacher)) {
  if (teacher_ && manifest.labels.empty()) return;
  std::map<std::string, std::size_t> clip_of;
  for (std::size_t i = 0; i < clips_.size(); ++i) clip_of[clips_[i].name] = i;
  for (const Trial& t : make_trials(manifest, trials, seed))
    trials_.push_back({clip_of.at(t.enroll), clip_of.at(t.test), t.target});
  const auto targets = std::ranges::count(trials_, true, &IndexedTrial::target);
  if (targets == 0 || targets == std::ssize(trials_))
    throw Error(Fault::config,
                fmt::format("{} clips of {} labels; dev needs two labels, and two clips of one",
                            clips_.size(), manifest.labels.size()));
}

DevFigures DevSet::judge(const Encoder& encoder, const Loss& loss) {
  const Matrix embeddings = embed(encoder);
  DevFigures figures;
  if (!trials_.empty()) figures.scores.emplace();
  for (const auto& [enroll, test, target] : trials_)
    (target ? figures.scores->target : figures.scores->nontarget)
        .push_back(cosine(embeddings.row(enroll), embeddings.row(test)));
  if (!teacher_) return figures;
  if (wanted_.rows() == 0) wanted_ = teacher_->embed(clips_);
  figures.table = table_difference(embeddings, wanted_);
  if (const auto brought = loss.toward_teacher(embeddings))
    figures.cosine = mean_cosine(*brought, wanted_);
  return figures;
}

Matrix DevSet::embed(const Encoder& encoder) const {
  constexpr std::size_t at_once = 256;  // clips whose features are held beside the source's
  Matrix embeddings(clips_.size(), encoder.dimension());
  for (std::size_t begin = 0; begin < clips_.size(); begin += at_once) {
    std::vector<Matrix> features(std::min(at_once, clips_.size() - begin));
    parallel_for(features.size(), [&](std::size_t i) { features[i] = *features_(begin + i, 0); });
    std::ranges::copy(encoder.embed(features).values(), embeddings.row(begin).begin());
  }
  return embeddings;
}

}  // namespace twinear
