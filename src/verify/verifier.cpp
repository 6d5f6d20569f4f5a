// SPDX-License-Identifier: Apache-2.0
#include "twinear/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/threads.h"
#include "base/within.h"
#include "verify/quality_gate.h"
#include "verify/two_voices.h"

namespace twinear {
namespace {

using Status = ClipEmbedding::Status;

/// The evidence for one voice below which two are taken to speak, chosen on dev clips.
constexpr double two_voices_llr = 0;

/// Refuses a clip, or warns, because two people speak in it.
void find_two_voices(const QualityGate& gate, ClipEmbedding& result) {
  const std::string text =
      result.source + ": two voices: its parts do not sound like the same speaker";
  if (gate.warns || gate.two_voices == TwoVoices::warned) {
    result.warnings.push_back(text);
    return;
  }
  result.status = Status::two_voices;
  result.error = Error(Fault::format, text);
  result.embedding.clear();
}

}  // namespace

Verifier::Verifier(Model model)
    : model_(std::move(model)), log_mel_(model_.front_end), place_("the model") {}

Verifier Verifier::load(const std::string& path, ModelId id) {
  Verifier verifier(load_model(path, id));
  verifier.place_ = path;
  return verifier;
}

std::vector<ClipEmbedding> Verifier::embed_each(std::span<const Clip> clips,
                                                const EmbedOptions& options) const {
  constexpr std::size_t at_once = 256;  // clips whose features are in memory at the same time
  const ClipOptions look{.channel = options.channel,
                         .quality = true,
                         .speech = true,
                         .voice = model_.source == "speaker"};
  const bool parted = look.voice && model_.calibration && options.gate.two_voices != TwoVoices::any;
  std::vector<ClipEmbedding> results(clips.size());
  for (std::size_t begin = 0; begin < clips.size(); begin += at_once) {
    const auto part = clips.subspan(begin, std::min(at_once, clips.size() - begin));
    std::vector<std::vector<Matrix>> features(part.size());  // the clip's, then those of its parts
    parallel_for(part.size(), [&](std::size_t i) {
      ClipEmbedding& result = results[begin + i];
      result.source = part[i].place();
      try {
        ClipFeatures found = clip_features(part[i], log_mel_, look);
        if (!passes(found, options.gate, result)) return;
        if (parted) features[i] = parts_of_speech(found, 1e-3 * model_.front_end.hop_ms);
        features[i].insert(features[i].begin(), std::move(found.frames));
      } catch (const Error& e) {
        result.status = Status::unreadable;
        result.error = e;
      }
    });
    std::vector<Matrix> taken;
    for (auto& matrices : features)
      for (Matrix& matrix : matrices) taken.push_back(std::move(matrix));
    Matrix embeddings = model_.encoder.embed(taken);
    if (model_.adaptation) model_.adaptation->apply(embeddings);
    std::size_t next = 0;
    for (std::size_t i = 0; i < part.size(); next += features[i++].size()) {
      if (features[i].empty()) continue;
      const auto row = embeddings.row(next);
      results[begin + i].embedding.assign(row.begin(), row.end());
      if (features[i].size() > 1 &&
          model_.calibration->llr(lowest_cosine_of_halves(embeddings, next + 1)) < two_voices_llr)
        find_two_voices(options.gate, results[begin + i]);
    }
  }
  return results;
}

Matrix Verifier::embed(std::span<const Clip> clips, const EmbedOptions& options) const {
  const auto results = embed_each(clips, options);
  Matrix embeddings(results.size(), model_.encoder.dimension());
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].error) throw *results[i].error;
    std::ranges::copy(results[i].embedding, embeddings.row(i).begin());
  }
  return embeddings;
}

std::vector<float> Verifier::embed(const Clip& clip) const {
  const Matrix row = embed(std::span(&clip, 1));
  return {row.values().begin(), row.values().end()};
}

std::vector<float> Verifier::embed(const Waveform& waveform) const {
  return embed(clip_of_samples(waveform));
}

void Verifier::adapt(std::span<const Clip> clips, bool whiten, int channel) {
  Matrix removed = model_.adaptation ? std::move(model_.adaptation->removed) : Matrix();
  model_.adaptation = Adaptation{{}, {}, removed};
  model_.adaptation =
      fit_adaptation(embed(clips, {.channel = channel, .gate = {.voice = false}}), whiten);
  model_.adaptation->removed = std::move(removed);
  model_.calibration.reset();
}

namespace {

/// The normalized score from which `accept` accepts, and where it comes from.
std::pair<double, std::string> threshold_of(const Calibration& c, const Acceptance& accept,
                                            const std::string& source) {
  if (accept.kind() == Acceptance::Kind::even_odds)
    return {c.threshold(), fmt::format("even odds, calibrated on {}", c.source)};
  const double rate = accept.comparison_rate();
  std::string from =
      fmt::format("accepts {:.3g} % of different {}s in {}", 100.0 * rate, source, c.source);
  if (accept.kind() == Acceptance::Kind::search)
    from = fmt::format("names {:g} % of strangers in a search of {}: {}", 100.0 * accept.value(),
                       accept.identities(), from);
  if (!c.resolves(rate)) from += "; their trials are too few for it, and their tail is modelled";
  return {c.threshold_at(rate), from};
}

}  // namespace

Verdict Verifier::decide(double score, const Acceptance& accept, const Lengths& lengths) const {
  if (!std::isfinite(score)) throw Error(Fault::numeric, "a score that is not finite");
  const auto& calibration = model_.calibration;
  const bool given = accept.kind() == Acceptance::Kind::score;
  if (!calibration && (!given || accept.certainty() > 0))
    throw Error(Fault::config,
                place_ + ": holds no calibration: give a threshold, or calibrate the model first");

  Verdict verdict{.score = score,
                  .llr = {},
                  .probability = {},
                  .threshold = accept.value(),
                  .threshold_from = "given by the caller",
                  .same = false};
  if (calibration) {
    verdict.llr = calibration->llr(score, lengths);
    verdict.probability = calibration->probability(score, lengths);
  }
  if (!given) {
    auto [threshold, from] =
        within(place_, [&] { return threshold_of(*calibration, accept, model_.source); });
    verdict.threshold = calibration->score_of(threshold, lengths);
    verdict.threshold_from = std::move(from);
  }
  verdict.same = score >= verdict.threshold;
  if (accept.certainty() > 0) {
    const double sure = verdict.same ? *verdict.probability : 1 - *verdict.probability;
    if (sure < accept.certainty()) {
      verdict.same = false;
      verdict.doubt = fmt::format("the evidence is {:.4g} % sure; at least {:g} % was asked for",
                                  100.0 * sure, 100.0 * accept.certainty());
    }
  }
  return verdict;
}

Verdict Verifier::decide(const ClipEmbedding& a, const ClipEmbedding& b,
                         const Acceptance& accept) const {
  for (const ClipEmbedding* clip : {&a, &b})
    if (clip->status == Status::unreadable) throw *clip->error;
  for (const ClipEmbedding* clip : {&a, &b})
    if (clip->error) {
      constexpr double none = std::numeric_limits<double>::quiet_NaN();
      return {.score = none,
              .llr = {},
              .probability = {},
              .threshold = none,
              .threshold_from = {},
              .same = false,
              .doubt = clip->error->what()};
    }
  return decide(cosine(a.embedding, b.embedding), accept, Lengths{a.seconds, b.seconds});
}

Verdict Verifier::compare(const Clip& a, const Clip& b, const Acceptance& accept) const {
  const Clip both[]{a, b};
  const auto results = embed_each(both, {.gate = QualityGate::decision()});
  return decide(results[0], results[1], accept);
}

Verdict Verifier::compare(const Waveform& a, const Waveform& b, const Acceptance& accept) const {
  return compare(clip_of_samples(a, "the first samples"), clip_of_samples(b, "the second samples"),
                 accept);
}

}  // namespace twinear
