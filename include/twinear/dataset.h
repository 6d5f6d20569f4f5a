// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace twinear {

/// One recording, or a part of one, and whose it is.
struct Clip {
  std::string path;                            ///< as the program opens it
  std::string name;                            ///< as the manifest wrote it; trials refer to this
  std::string label;                           ///< speaker or kind of sound
  double start = 0.0;                          ///< seconds
  double end = 0.0;                            ///< seconds; 0 means to the end
  std::map<std::string, std::string> columns;  ///< whatever else the manifest said
};

/// The clips of a corpus, with labels numbered in alphabetical order.
struct Manifest {
  std::vector<Clip> clips;
  std::vector<std::string> labels;  ///< sorted, unique
  std::vector<int> label_of;        ///< clip -> index into `labels`
};

/// Builds the label table of `clips`.
Manifest make_manifest(std::vector<Clip> clips);

/// Reads a CSV with a header and the columns `path,label` (paths relative to the CSV), or, where
/// `path` is a folder with a `wav.scp`, a Kaldi data folder (`utt2spk` required, `segments`
/// optional; a command ending in `|` is refused; paths relative to the folder or else, as in Kaldi,
/// to where the program runs). Throws Error with file and line.
/// Audio files are checked to exist: the first missing one is an error that names its line.
Manifest read_manifest(const std::string& path);

/// One comparison to be made: `1 enrol test` in VoxCeleb's words.
struct Trial {
  std::string enrol, test;
  bool target = false;  ///< true: same source
  bool operator==(const Trial&) const = default;
};

/// A comparison and its score: higher means more alike.
struct ScoredTrial {
  Trial trial;
  double score = 0.0;
};

/// Scored trials with their clips numbered: 16 bytes a trial, for lists of millions.
struct ScoreTable {
  /// A trial.
  struct Row {
    double score;
    std::uint32_t enrol;  ///< index into `names`, as `test` is
    std::uint32_t test : 31;
    std::uint32_t target : 1;
  };
  std::vector<std::string> names;  ///< by their first appearance
  std::vector<Row> rows;           ///< in the order of the trials
};
ScoreTable make_score_table(std::span<const ScoredTrial> trials);

/// Reads `1 a b` / `0 a b` (VoxCeleb) or `a b target|nontarget` (Kaldi), told apart by content.
/// Throws Error with file and line; an empty list is an error.
std::vector<Trial> read_trials(const std::string& path);

/// Reads and writes `enrol test score target|nontarget`, a trial a line. Scores are written so that
/// they read back as the same double; a score that is not finite is an error in both directions.
std::vector<ScoredTrial> read_scores(const std::string& path);
ScoreTable read_score_table(const std::string& path);
void write_scores(const std::string& path, const std::vector<ScoredTrial>& scores);

/// Trials between the clips of a manifest: every same-label pair and every other pair where there
/// are at most `limit` of each, else `limit` of each drawn without repetition from `seed`.
std::vector<Trial> make_trials(const Manifest& manifest, std::size_t limit, std::uint64_t seed);

/// How often a label is in a batch.
enum class LabelDraw {
  balanced,      ///< each as often as any other
  proportional,  ///< as its number of clips
};

/// A P x K batch: `labels` labels, `clips` clips of each.
struct SamplerOptions {
  LabelDraw draw = LabelDraw::balanced;
  int labels = 32;  ///< P
  int clips = 4;    ///< K; a label with fewer clips repeats some (crops still differ)
  /// Share of the labels that are there because they are confused with another one of the batch;
  /// 0.9 at most.
  double hard = 0.0;
};

/// For each label the others, those most like it first; perhaps not all of them.
using Neighbours = std::vector<std::vector<int>>;

/// Draws P x K batches. Batch k is a pure function of the seed, k and the neighbours: every pass
/// over the labels visits each once in a new order (the P-remainder is left out), and no clip of a
/// label returns within a batch before all others of that label were taken. Where labels are not
/// drawn alike, there are no passes: each batch draws by weight, without replacement.
class Sampler {
 public:
  /// `weights` are of the labels, above 0; none: all are alike.
  /// Throws Error (config) where the manifest has fewer than P labels, or K < 2, or P < 2.
  Sampler(const Manifest& manifest, const SamplerOptions& options, std::uint64_t seed,
          std::vector<double> weights = {});

  /// Clip indices, label after label: clip i of the batch belongs to the (i / K)-th label drawn.
  /// With `neighbours`, a list of at least P or all others for each label, the last
  /// floor(hard P) labels are each the nearest of the i-th label, one after the other, that is not
  /// in the batch yet; without, all are drawn.
  std::vector<std::size_t> batch(std::uint64_t k, const Neighbours& neighbours = {}) const;

 private:
  std::vector<std::size_t> draw(std::uint64_t k, std::size_t count) const;

  std::vector<std::vector<std::size_t>> clips_of_;  // label -> clips
  SamplerOptions options_;
  std::uint64_t seed_;
  std::vector<double> weights_;  // empty where all are alike
};

}  // namespace twinear
