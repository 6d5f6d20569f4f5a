// SPDX-License-Identifier: Apache-2.0
#include "twinear/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/threads.h"
#include "twinear/error.h"

namespace twinear {

Verifier::Verifier(Model model) : model_(std::move(model)), log_mel_(model_.front_end) {}

Verifier Verifier::load(const std::string& path) { return Verifier(load_model(path)); }

std::vector<float> Verifier::embed(const Waveform& waveform) const {
  const Matrix features = waveform_features(waveform, log_mel_);
  const Matrix embedding = model_.encoder.embed(std::span(&features, 1));
  return {embedding.values().begin(), embedding.values().end()};
}

Matrix Verifier::embed(std::span<const Clip> clips, int channel, const Warn& warn) const {
  constexpr std::size_t at_once = 256;  // clips whose features are in memory together
  Matrix embeddings(clips.size(), model_.encoder.dimension());
  for (std::size_t begin = 0; begin < clips.size(); begin += at_once) {
    const auto part = clips.subspan(begin, std::min(at_once, clips.size() - begin));
    std::vector<Matrix> features(part.size());
    std::vector<std::string> warnings(part.size());
    parallel_for(part.size(), [&](std::size_t i) {
      const auto keep = [&](const std::string& line) { warnings[i] = line; };
      features[i] = read_features(part[i], log_mel_, channel, 0, warn ? Warn(keep) : Warn());
    });
    for (const auto& warning : warnings)
      if (!warning.empty()) warn(warning);
    std::ranges::copy(model_.encoder.embed(features).values(), embeddings.row(begin).begin());
  }
  return embeddings;
}

Verdict Verifier::decide(double score, std::optional<double> threshold) const {
  Verdict verdict{.score = score,
                  .llr = {},
                  .probability = {},
                  .threshold = 0,
                  .threshold_from = "given by the caller",
                  .same = false};
  if (model_.calibration) {
    verdict.llr = model_.calibration->llr(score);
    verdict.probability = model_.calibration->probability(score);
  }
  if (threshold) {
    verdict.threshold = *threshold;
  } else if (model_.calibration) {
    verdict.threshold = model_.calibration->threshold();
    verdict.threshold_from = fmt::format("even odds, calibrated on {}", model_.calibration->source);
  } else {
    throw Error(Fault::config,
                "the model holds no calibration: give a threshold, or calibrate it first");
  }
  verdict.same = score >= verdict.threshold;
  return verdict;
}

Verdict Verifier::compare(const Waveform& a, const Waveform& b,
                          std::optional<double> threshold) const {
  return decide(cosine(embed(a), embed(b)), threshold);
}

std::vector<ScoredTrial> Verifier::score(std::span<const Trial> trials, const std::string& root,
                                         int channel) const {
  std::map<std::string, std::size_t> row_of;
  std::vector<Clip> clips;
  const auto note = [&](const std::string& name) {
    if (!row_of.try_emplace(name, clips.size()).second) return;
    Clip clip;
    clip.path = root.empty() ? name : (std::filesystem::path(root) / name).string();
    clip.name = name;
    clips.push_back(std::move(clip));
  };
  for (const Trial& trial : trials) {
    note(trial.enrol);
    note(trial.test);
  }
  const Matrix embeddings = embed(clips, channel);
  std::vector<ScoredTrial> scores(trials.size());
  parallel_for((trials.size() + 1023) / 1024, [&](std::size_t block) {
    for (std::size_t i = block * 1024; i < std::min(trials.size(), (block + 1) * 1024); ++i)
      scores[i] = {trials[i], cosine(embeddings.row(row_of.at(trials[i].enrol)),
                                     embeddings.row(row_of.at(trials[i].test)))};
  });
  return scores;
}

}  // namespace twinear
