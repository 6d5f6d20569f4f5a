// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/audio.h"
#include "twinear/clip.h"
#include "twinear/clip_features.h"
#include "twinear/decision.h"
#include "twinear/error.h"
#include "twinear/matrix.h"
#include "twinear/model.h"
#include "twinear/scoring.h"
#include "twinear/trials.h"

namespace twinear {

/// The least speech of a clip that a model of voices (Model::source is "speaker") embeds, in
/// seconds by SpeechFinder.
inline constexpr double least_voice = 0.3;

/// What is done about a clip in which two people speak, one after the other or in turns. They are
/// looked for in clips with at least 4 s of speech, by a calibrated model of voices, which embeds
/// such a clip once more in four parts.
enum class TwoVoices {
  any,      ///< nothing: they are not looked for
  warned,   ///< ClipEmbedding::warnings tells it
  refused,  ///< the clip has no embedding
};

/// Which clips are refused because of their sound. Every gate refuses silence, whose embedding has
/// no meaning. A model of voices also refuses what is no voice, such as noise, music and tones. All
/// gates let features pass, whose sound is unknown.
struct QualityGate {
  /// The least speech of a clip in seconds: for a model of voices by SpeechFinder, and never less
  /// than least_voice; for other models what is loud enough for speech (find_speech).
  double min_speech = 0;
  bool clean = false;  ///< whether clipped and telephone sound (QualityIssue) is refused, too
  bool warns = false;  ///< whether a reason to refuse, even silence, becomes only a warning
  /// Whether a model of voices asks for speech by SpeechFinder. Without it, silence alone is
  /// refused, and a clip without a voice is warned of: for figures, which count every trial.
  bool voice = true;
  TwoVoices two_voices = TwoVoices::any;

  /// The gate for clips to decide on.
  static QualityGate decision() { return {.two_voices = TwoVoices::refused}; }
  /// The gate for clips to enroll.
  static QualityGate enrollment(double min_speech = 1.0) {
    return {.min_speech = min_speech, .clean = true, .two_voices = TwoVoices::warned};
  }
};

/// How clips are embedded.
struct EmbedOptions {
  int channel = -1;  ///< the channel of files, counted from 0; -1 averages all channels
  QualityGate gate = {};
};

/// The embedding of one clip, or why it has none.
struct ClipEmbedding {
  enum class Status {
    embedded,
    silent,      ///< refused, because nothing in it is loud enough
    no_speech,   ///< refused by a model of voices: noise, music or tones
    two_voices,  ///< refused by QualityGate::two_voices
    too_short,   ///< refused, because it has less speech than QualityGate::min_speech
    refused,     ///< refused by QualityGate::clean
    unreadable,  ///< not opened, not decoded, or without features
  };
  std::vector<float> embedding = {};  ///< empty unless embedded
  std::string source = {};            ///< Clip::place()
  double seconds = 0;                 ///< the length of the sound; 0 if it is not known
  Status status = Status::embedded;
  std::optional<Error> error = {};         ///< why it is not embedded, `source` first
  std::vector<std::string> warnings = {};  ///< what is wrong with the sound, `source` first
};

/// Compares clips with one model. Calls may run in parallel.
class Verifier {
 public:
  explicit Verifier(Model model);
  /// Loads a model file. Throws as load_model.
  static Verifier load(const std::string& path, ModelId id = ModelId::computed);

  /// Embeds clips of at least `shortest_clip` seconds at any sample rate, in parallel and in
  /// batches. A bad clip has no embedding and does not stop the others. Throws
  /// std::invalid_argument for a wrong call, such as a channel below -1.
  std::vector<ClipEmbedding> embed_each(std::span<const Clip> clips,
                                        const EmbedOptions& options = {}) const;
  /// Embeds clips to one row each. Throws ClipEmbedding::error of the first clip that has one.
  Matrix embed(std::span<const Clip> clips, const EmbedOptions& options = {}) const;
  /// Embeds one clip. Throws as the embed() of many.
  std::vector<float> embed(const Clip& clip) const;
  /// Embeds samples in memory. Throws as the embed() of many.
  std::vector<float> embed(const Waveform& waveform) const;

  /// Decides by a score of two clips of these lengths. An unknown length (0) is taken as the mean
  /// of the calibration's trials. Throws Error (config) for a model without calibration unless
  /// `accept` is at_score() and asks for no certainty; (numeric) for a score that is not finite.
  Verdict decide(double score, const Acceptance& accept = {}, const Lengths& lengths = {}) const;
  /// Decides for two embedded clips, by their cosine and lengths. The verdict has a doubt if the
  /// sound of either was refused. Throws the `error` of a clip that is unreadable.
  Verdict decide(const ClipEmbedding& a, const ClipEmbedding& b,
                 const Acceptance& accept = {}) const;
  /// Embeds two clips and decides. Throws as decide().
  Verdict compare(const Clip& a, const Clip& b, const Acceptance& accept = {}) const;
  /// Embeds samples in memory and decides. Throws as decide().
  Verdict compare(const Waveform& a, const Waveform& b, const Acceptance& accept = {}) const;

  /// Scores trials, in their order; each distinct clip is embedded once. Throws as embed(), unless
  /// ScoreOptions::on_bad_clip is set, and Error (config) for log-likelihood ratios by a model that
  /// is not calibrated.
  std::vector<ScoredTrial> score(std::span<const Trial> trials,
                                 const ScoreOptions& options = {}) const;

  /// Fits the model to the domain of these clips (fit_adaptation); their labels have no effect. The
  /// model loses its calibration, which was of other scores. Throws as embed() and fit_adaptation.
  void adapt(std::span<const Clip> clips, bool whiten, int channel = -1);
  /// Calls Encoder::set_precision. No other call may run at the same time.
  Precision set_precision(Precision precision) { return model_.encoder.set_precision(precision); }

  const Model& model() const noexcept { return model_; }
  const std::string& model_id() const noexcept { return model_.id; }
  /// Returns Verdict::threshold for clips of the mean length. Throws as decide().
  double threshold(const Acceptance& accept = {}) const { return decide(0, accept).threshold; }

 private:
  Model model_;
  LogMel log_mel_;
  std::string place_;  // what errors call the model
};

}  // namespace twinear
