// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/audio.h"
#include "twinear/clip_features.h"
#include "twinear/manifest.h"
#include "twinear/matrix.h"
#include "twinear/model.h"
#include "twinear/scoring.h"
#include "twinear/trials.h"

namespace twinear {

/// The answer to "the same source?", with what it rests on.
struct Verdict {
  double score;                       ///< cosine of the two embeddings
  std::optional<double> llr;          ///< natural log, where the model is calibrated
  std::optional<double> probability;  ///< of the same source, at even odds before listening
  double threshold;                   ///< on the score, of clips of these lengths
  std::string threshold_from;         ///< where it comes from, for people
  bool same;                          ///< score >= threshold
};

/// Told, as "path: what", of what is wrong with a clip's sound.
using Warn = std::function<void(const std::string& line)>;

/// Compares clips with one model. Calls may run in parallel.
class Verifier {
 public:
  /// Takes the model over.
  explicit Verifier(Model model);
  /// Throws Error, path first (load_model).
  static Verifier load(const std::string& path);

  /// The embedding of one clip of at least `shortest_clip` seconds at any sample rate.
  std::vector<float> embed(const Waveform& waveform) const;
  /// One row a clip, in their order; decoded and encoded in parallel. `warn` is called from this
  /// thread alone, in the order of the clips.
  Matrix embed(std::span<const Clip> clips, int channel = -1, const Warn& warn = {}) const;

  /// Seconds of sound in a clip; of features, its frames. Without decoding, where the file says.
  double seconds(const Clip& clip) const;

  /// Decides at `threshold`, or where it is absent at the calibration's even-odds point.
  /// Clips without `lengths` are taken as of the mean length, where the calibration asks for it.
  /// Throws Error (config) where there is neither: a raw score has no meaning by itself.
  Verdict decide(double score, std::optional<double> threshold = {},
                 std::optional<Lengths> lengths = {}) const;
  /// The whole way for two recordings; `threshold` as in decide().
  Verdict compare(const Waveform& a, const Waveform& b, std::optional<double> threshold = {}) const;

  /// One score a trial, in their order; each distinct clip is embedded once.
  std::vector<ScoredTrial> score(std::span<const Trial> trials,
                                 const ScoreOptions& options = {}) const;

  /// Fits the model to the domain of these clips, whose labels are not looked at (fit_adaptation).
  /// It loses its calibration, which spoke of other scores.
  void adapt(std::span<const Clip> clips, bool whiten, int channel = -1);

  const Model& model() const noexcept { return model_; }
  const std::string& model_id() const noexcept { return model_.id; }
  /// The score of even odds, of clips of the mean length. Throws Error (config) as decide does.
  double threshold() const { return decide(0).threshold; }

 private:
  Model model_;
  LogMel log_mel_;
};

}  // namespace twinear
