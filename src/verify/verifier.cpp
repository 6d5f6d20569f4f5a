// SPDX-License-Identifier: Apache-2.0
#include "twinear/verifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/threads.h"
#include "twinear/error.h"

namespace twinear {

Verifier::Verifier(Model model) : model_(std::move(model)), log_mel_(model_.front_end) {}

Verifier Verifier::load(const std::string& path) { return Verifier(load_model(path)); }

std::vector<float> Verifier::embed(const Waveform& waveform) const {
  const Matrix features = clip_features(waveform, log_mel_).frames;
  Matrix embedding = model_.encoder.embed(std::span(&features, 1));
  if (model_.adaptation) model_.adaptation->apply(embedding);
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
      auto found = clip_features(part[i], log_mel_, {.channel = channel, .quality = bool(warn)});
      if (found.issue) warnings[i] = part[i].place() + ": " + found.issue->text;
      features[i] = std::move(found.frames);
    });
    for (const auto& warning : warnings)
      if (!warning.empty()) warn(warning);
    std::ranges::copy(model_.encoder.embed(features).values(), embeddings.row(begin).begin());
  }
  if (model_.adaptation) model_.adaptation->apply(embeddings);
  return embeddings;
}

void Verifier::adapt(std::span<const Clip> clips, bool whiten, int channel) {
  model_.adaptation.reset();
  model_.adaptation = fit_adaptation(embed(clips, channel), whiten);
  model_.calibration.reset();
}

double Verifier::seconds(const Clip& clip) const { return clip_seconds(clip, model_.front_end); }

Verdict Verifier::decide(double score, std::optional<double> threshold,
                         std::optional<Lengths> lengths) const {
  const double shift = model_.calibration && lengths ? model_.calibration->shift(*lengths) : 0.0;
  Verdict verdict{.score = score,
                  .llr = {},
                  .probability = {},
                  .threshold = 0,
                  .threshold_from = "given by the caller",
                  .same = false};
  if (model_.calibration) {
    verdict.llr = model_.calibration->llr(score + shift);
    verdict.probability = model_.calibration->probability(score + shift);
  }
  if (threshold) {
    verdict.threshold = *threshold;
  } else if (model_.calibration) {
    verdict.threshold = model_.calibration->threshold() - shift;
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
  return decide(cosine(embed(a), embed(b)), threshold, Lengths{a.seconds(), b.seconds()});
}

}  // namespace twinear
