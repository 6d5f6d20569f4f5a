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

/// What a clip's sound must be to be embedded. Silence is refused by every gate: its embedding says
/// nothing. Features, whose sound nobody knows, pass every gate.
struct QualityGate {
  double min_speech = 0;  ///< seconds of speech (find_speech) that a clip must hold
  bool clean = false;     ///< also refuse clipped sound and that of a telephone (QualityIssue)
  bool warns = false;     ///< refuse nothing, not even silence; ClipEmbedding::warnings tells why

  /// The gate for clips that somebody is to be known by.
  static QualityGate enrollment(double min_speech = 1.0) {
    return {.min_speech = min_speech, .clean = true};
  }
};

/// How clips are embedded.
struct EmbedOptions {
  int channel = -1;       ///< of files, counted from 0; -1 averages all channels
  QualityGate gate = {};  ///< what is refused
};

/// The embedding of one clip, or why there is none.
struct ClipEmbedding {
  /// What became of the clip.
  enum class Status {
    embedded,
    silent,      ///< refused: nothing can be heard in it, or less speech than the gate asks for
    refused,     ///< refused by QualityGate::clean
    unreadable,  ///< the clip cannot be opened or decoded, or has no features
  };
  std::vector<float> embedding = {};  ///< empty unless embedded
  std::string source = {};            ///< where the clip came from, for people: Clip::place()
  double seconds = 0;                 ///< length of the sound; 0: not known
  Status status = Status::embedded;
  std::optional<Error> error = {};         ///< why it is not embedded, `source` first
  std::vector<std::string> warnings = {};  ///< what else is wrong with the sound, `source` first
};

/// Compares clips with one model. Calls may run in parallel.
class Verifier {
 public:
  /// Takes the model over.
  explicit Verifier(Model model);
  /// Throws Error, path first (load_model).
  static Verifier load(const std::string& path);

  /// The embedding of each clip, or why it has none: one bad clip of many costs only itself. Clips
  /// of at least `shortest_clip` seconds at any sample rate are decoded and encoded in parallel, in
  /// batches. Throws std::invalid_argument for a wrong call, such as a negative channel.
  std::vector<ClipEmbedding> embed_each(std::span<const Clip> clips,
                                        const EmbedOptions& options = {}) const;
  /// One row a clip, in their order. Throws ClipEmbedding::error of the first clip that has one.
  Matrix embed(std::span<const Clip> clips, const EmbedOptions& options = {}) const;
  /// The embedding of one clip; throws as the embed() of many.
  std::vector<float> embed(const Clip& clip) const;
  /// The embedding of samples in memory; throws as the embed() of many.
  std::vector<float> embed(const Waveform& waveform) const;

  /// What a score of two clips of these lengths means. An unknown length (0, or no `lengths`) is
  /// taken as the mean of the calibration's trials.
  /// Throws Error (config) where the model is not calibrated and `accept` is not at_score(), since
  /// a raw score has no meaning by itself, and for a false-alarm rate that the calibration does not
  /// resolve (Calibration::threshold_at); (numeric) for a score that is not finite.
  Verdict decide(double score, const Acceptance& accept = {},
                 std::optional<Lengths> lengths = {}) const;
  /// Decides for two embedded clips, with their lengths. Throws the `error` that either has.
  Verdict decide(const ClipEmbedding& a, const ClipEmbedding& b,
                 const Acceptance& accept = {}) const;
  /// The whole way for two clips. Throws as embed() and decide().
  Verdict compare(const Clip& a, const Clip& b, const Acceptance& accept = {}) const;
  /// The whole way for samples in memory. Throws as embed() and decide().
  Verdict compare(const Waveform& a, const Waveform& b, const Acceptance& accept = {}) const;

  /// One score a trial, in their order; each distinct clip is embedded once. Throws as embed().
  std::vector<ScoredTrial> score(std::span<const Trial> trials,
                                 const ScoreOptions& options = {}) const;

  /// Fits the model to the domain of these clips, whose labels are not looked at (fit_adaptation).
  /// It loses its calibration, which spoke of other scores.
  void adapt(std::span<const Clip> clips, bool whiten, int channel = -1);
  /// Encoder::set_precision: bf16 is faster and changes embeddings a little. Not during an embed().
  Precision set_precision(Precision precision) { return model_.encoder.set_precision(precision); }

  const Model& model() const noexcept { return model_; }
  const std::string& model_id() const noexcept { return model_.id; }
  /// Verdict::threshold for clips of the mean length. Throws as decide().
  double threshold(const Acceptance& accept = {}) const { return decide(0, accept).threshold; }

 private:
  Model model_;
  LogMel log_mel_;
  std::string place_;  // what errors call the model
};

}  // namespace twinear
