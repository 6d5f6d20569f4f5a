// SPDX-License-Identifier: Apache-2.0
#include "twinear/scoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

#include "base/files.h"
#include "base/threads.h"
#include "base/vectors.h"
#include "clips/named_clips.h"
#include "twinear/error.h"
#include "twinear/verifier.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;

/// One side of trials: a clip, or an enrollment of several.
struct Side {
  std::vector<std::size_t> clips;  // rows of the embeddings
  /// One embedding, or one for each clip if scores are averaged; none if a clip has none.
  std::vector<std::vector<float>> embeddings;
  double seconds = 0;  // of sound, in all its clips
  CohortStatistics statistics{0, 1};
};

/// Collects the clips that trials name, each once, embeds them and scores the trials.
class Scorer {
 public:
  Scorer(const Verifier& verifier, const ScoreOptions& options)
      : verifier_(verifier), options_(options), named_(options.clips, options.root) {}

  std::vector<ScoredTrial> score(std::span<const Trial> trials) {
    if (options_.llr && !verifier_.model().calibration)
      throw Error(Fault::config,
                  "the model holds no calibration, which log-likelihood ratios need");
    std::vector<std::pair<std::size_t, std::size_t>> sides_of;
    for (const Trial& trial : trials) {
      const std::size_t enroll = side(trial.enroll);
      sides_of.emplace_back(enroll, side(trial.test));
    }
    if (!options_.cohort.empty()) refuse_shared_cohort();
    embed();
    if (!options_.cohort.empty()) normalize_by_cohort();

    std::vector<ScoredTrial> scores;
    std::vector<std::pair<std::size_t, std::size_t>> scored;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      const auto [enroll, test] = sides_of[i];
      if (sides_[enroll].embeddings.empty() || sides_[test].embeddings.empty()) continue;
      scores.push_back({trials[i], 0});
      scored.push_back(sides_of[i]);
    }
    constexpr std::size_t at_once = 1024;
    parallel_for((scores.size() + at_once - 1) / at_once, [&](std::size_t block) {
      const std::size_t end = std::min(scores.size(), (block + 1) * at_once);
      for (std::size_t i = block * at_once; i < end; ++i)
        scores[i].score = score(sides_[scored[i].first], sides_[scored[i].second]);
    });
    return scores;
  }

 private:
  std::size_t side(const std::string& name) {
    const auto [found, is_new] = side_of_.try_emplace(name, sides_.size());
    if (!is_new) return found->second;
    Side side;
    const auto enrollment = options_.enrollments.find(name);
    if (enrollment == options_.enrollments.end())
      side.clips.push_back(clip(name));
    else
      for (const auto& clip_name : enrollment->second) side.clips.push_back(clip(clip_name));
    sides_.push_back(std::move(side));
    return sides_.size() - 1;
  }

  std::size_t clip(const std::string& name) {
    const auto [found, is_new] = row_of_.try_emplace(name, clips_.size());
    if (is_new) clips_.push_back(named_.find(name));
    return found->second;
  }

  /// Compares a clip of the trials with the cohort by its label or, if it has none, by path and by
  /// content.
  void refuse_shared_cohort() const {
    std::unordered_map<std::string, const Clip*> of_label, of_path;
    std::unordered_map<std::uintmax_t, std::vector<const Clip*>> of_size;
    for (const Clip& clip : options_.cohort) {
      of_label.try_emplace(clip.label, &clip);
      of_path.try_emplace(real_path(clip), &clip);
      std::error_code missing;
      of_size[fs::file_size(clip.path, missing)].push_back(&clip);
    }
    const auto refuse = [](const Clip& clip, const Clip& in_cohort, const std::string& how) {
      throw Error(
          Fault::mismatch,
          fmt::format("{}: a cohort must hold no source of the trials, but {} of the trials {}",
                      in_cohort.path, clip.name, how));
    };
    for (const Clip& clip : clips_) {
      if (!clip.label.empty()) {
        const auto same = of_label.find(clip.label);
        if (same != of_label.end())
          refuse(clip, *same->second, fmt::format("has its label, {}", clip.label));
        continue;
      }
      if (const auto same = of_path.find(real_path(clip)); same != of_path.end())
        refuse(clip, *same->second, "is the same file");
      std::error_code missing;
      const auto same_size = of_size.find(fs::file_size(clip.path, missing));
      if (missing || same_size == of_size.end()) continue;
      const std::string content = read_file(clip.path);
      for (const Clip* in_cohort : same_size->second)
        if (read_file(in_cohort->path) == content) refuse(clip, *in_cohort, "has the same bytes");
    }
  }

  static std::string real_path(const Clip& clip) {
    std::error_code missing;
    return fs::weakly_canonical(clip.path, missing).string();
  }

  void embed() {
    const auto clips =
        verifier_.embed_each(clips_, {.channel = options_.channel, .gate = {.voice = false}});
    for (const ClipEmbedding& clip : clips) {
      if (!clip.error) continue;
      if (!options_.on_bad_clip) throw *clip.error;
      options_.on_bad_clip(*clip.error);
    }
    parallel_for(sides_.size(), [&](std::size_t i) {
      Side& side = sides_[i];
      for (const std::size_t row : side.clips) {
        if (clips[row].error) return;
        side.seconds += clips[row].seconds;
      }
      if (side.clips.size() == 1 || options_.average == Average::scores) {
        for (const std::size_t row : side.clips) side.embeddings.push_back(clips[row].embedding);
        return;
      }
      std::vector<double> sum(verifier_.model().encoder.dimension());
      for (const std::size_t row : side.clips) {
        const std::vector<float>& embedding = clips[row].embedding;
        if (options_.similarity == Similarity::cosine)
          add_unit(sum, embedding);
        else
          for (std::size_t k = 0; k < sum.size(); ++k)
            sum[k] += embedding[k] / static_cast<double>(side.clips.size());
      }
      side.embeddings.push_back(options_.similarity == Similarity::cosine
                                    ? unit(sum)
                                    : std::vector<float>(sum.begin(), sum.end()));
    });
  }

  void normalize_by_cohort() {
    Matrix cohort =
        verifier_.embed(options_.cohort, {.channel = options_.channel, .gate = {.voice = false}});
    if (options_.cohort_by_label) cohort = label_means(cohort, make_manifest(options_.cohort));
    parallel_for(sides_.size(), [&](std::size_t i) {
      if (sides_[i].embeddings.empty()) return;
      std::vector<double> scores(cohort.rows());
      for (std::size_t c = 0; c < scores.size(); ++c)
        for (const auto& embedding : sides_[i].embeddings)
          scores[c] += similarity(embedding, cohort.row(c), options_.similarity) /
                       static_cast<double>(sides_[i].embeddings.size());
      sides_[i].statistics = cohort_statistics(std::move(scores), options_.top);
    });
  }

  double score(const Side& enroll, const Side& test) const {
    double sum = 0;
    for (const auto& a : enroll.embeddings)
      for (const auto& b : test.embeddings) sum += similarity(a, b, options_.similarity);
    double score = sum / static_cast<double>(enroll.embeddings.size() * test.embeddings.size());
    if (!options_.cohort.empty()) score = normalized(score, enroll.statistics, test.statistics);
    if (!options_.llr) return score;
    const Calibration& calibration = *verifier_.model().calibration;
    return calibration.llr(score, {enroll.seconds, test.seconds});
  }

  const Verifier& verifier_;
  const ScoreOptions& options_;
  NamedClips named_;
  std::unordered_map<std::string, std::size_t> side_of_, row_of_;
  std::vector<Side> sides_;
  std::vector<Clip> clips_;
};

}  // namespace

double similarity(std::span<const float> a, std::span<const float> b, Similarity by) {
  if (by == Similarity::cosine) return cosine(a, b);
  if (a.size() != b.size()) throw std::invalid_argument("similarity: vectors of different sizes");
  double square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double apart = static_cast<double>(a[i]) - b[i];
    square += apart * apart;
  }
  return -std::sqrt(square);
}

CohortStatistics cohort_statistics(std::vector<double> scores, std::size_t top) {
  if (top > 0 && top < scores.size()) {
    std::ranges::nth_element(scores, scores.begin() + static_cast<std::ptrdiff_t>(top),
                             std::greater());
    scores.resize(top);
  }
  std::ranges::sort(scores);  // so that the order of the sums is fixed
  CohortStatistics result{0, 0};
  const auto n = static_cast<double>(scores.size());
  for (const double s : scores) result.mean += s / n;
  for (const double s : scores) result.deviation += (s - result.mean) * (s - result.mean) / n;
  result.deviation = std::sqrt(result.deviation);
  if (!(result.deviation > 0))
    throw Error(Fault::numeric,
                fmt::format("the {} cohort scores of a clip are equal; expected some deviation",
                            scores.size()));
  return result;
}

double normalized(double score, const CohortStatistics& enroll, const CohortStatistics& test) {
  return 0.5 * ((score - enroll.mean) / enroll.deviation + (score - test.mean) / test.deviation);
}

Matrix label_means(const Matrix& embeddings, const Manifest& manifest) {
  const std::vector<double> zeros(embeddings.cols());
  std::vector<std::vector<double>> sums(manifest.labels.size(), zeros);
  for (std::size_t i = 0; i < embeddings.rows(); ++i) {
    const int label = manifest.label_of[i];
    if (label == no_label) sums.push_back(zeros);
    add_unit(label == no_label ? sums.back() : sums[static_cast<std::size_t>(label)],
             embeddings.row(i));
  }
  Matrix means(sums.size(), embeddings.cols());
  for (std::size_t i = 0; i < sums.size(); ++i)
    std::ranges::copy(unit(sums[i]), means.row(i).begin());
  return means;
}

std::vector<ScoredTrial> Verifier::score(std::span<const Trial> trials,
                                         const ScoreOptions& options) const {
  return Scorer(*this, options).score(trials);
}

}  // namespace twinear
