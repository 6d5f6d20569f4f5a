// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "twinear/fields.h"
#include "twinear/loss_batch.h"
#include "twinear/matrix.h"
#include "twinear/registry.h"

namespace twinear {

/// The loss of a batch: the mean over its tuples, their number, and the number of active ones.
struct LossValue {
  double mean = 0;
  std::size_t tuples = 0;  ///< pairs or triplets; rows, where a loss classifies rows
  std::size_t active = 0;  ///< tuples with a gradient
};

/// Values that a loss learns beside the encoder, and the gradient along them, to which losses add.
/// An optimizer steps them like weights; nobody needs them when training is over.
struct LossParameters {
  Matrix value, gradient;
};

/// The margin of a loss and its ramp, as WeSpeaker ramps that of AAM-softmax: the margin is `start`
/// until epoch `from` and grows in a straight line, step by step, to `full` at epoch `until`.
struct Margin {
  float full = 0;   ///< in the unit of the loss
  float start = 0;  ///< in the unit of the loss
  int from = 0;     ///< epoch
  int until = 0;    ///< epoch; 0 means that the margin is `full` throughout
  float now = full;

  /// Sets `now` to the margin of a time in epochs, such as 2.5.
  void set_epoch(double epoch);
};

/// The keys of a margin's ramp: margin_start, margin_from, margin_until.
void fields(Fields& f, Margin& margin);

/// What a loss knows of a run before its first batch.
struct LossContext {
  std::size_t classes = 0;  ///< labels of the training set; each label is below it
  std::size_t width = 0;    ///< of an embedding
  std::uint64_t seed = 0;
  std::size_t teacher_width = 0;  ///< of an embedding of the teacher; 0: there is no teacher
};

/// Which rows of a batch a loss compares by their labels.
enum class LabelUse {
  every,  ///< every row needs a label; measure() leaves out those without one
  some,   ///< rows without a label (no_label) serve too
  none,   ///< labels are not asked for
};

/// The batches that a loss can use.
struct BatchNeed {
  int clips;        ///< of each label, at least
  std::string why;  ///< a phrase that is told where a batch has fewer
  LabelUse labels = LabelUse::every;
  bool teacher = false;  ///< whether LossBatch::teacher() is asked for
};

/// A loss at work in one training run, with its options, and with what it learns and remembers from
/// batch to batch. Calls must not run in parallel; each may use all threads within.
class Loss {
 public:
  virtual ~Loss() = default;

  /// Visits the options that a recipe sets in [loss], but for `kind`.
  virtual void keys(Fields&) {}
  /// Visits the options that a recipe sets in [mining]: none, unless the loss mines tuples.
  virtual void mining_keys(Fields&) {}
  /// Prepares for a run, after the options are set and before the first batch. Throws
  /// std::invalid_argument where the context lacks what the loss needs.
  virtual void begin(const LossContext&) {}

  virtual BatchNeed needs() const {
    return {2, "a clip needs another of its label to come close to"};
  }

  /// Gives the loss of a batch and adds d(mean)/d(embeddings) to `gradient`, which has the shape of
  /// batch.embeddings(); adds d(mean)/d(parameters) to the gradient of parameters(). A batch with
  /// nothing to compare has the loss 0 and leaves `gradient` as it was. Identical rows must give a
  /// finite gradient, and the bits must be equal at any number of threads. Throws
  /// std::invalid_argument for a batch that the loss cannot use.
  virtual LossValue operator()(const LossBatch& batch, Matrix& gradient) = 0;

  /// The loss of a batch of `labels` x `clips` equal embeddings, by which a run that has collapsed
  /// is known; 0 where the loss says nothing about that.
  virtual double value_at_collapse(int /*labels*/, int /*clips*/) const { return 0; }
  /// What to try against a collapse beside the usual, such as `mining.kind = "semi-hard"`, or "".
  virtual std::string collapse_advice() const { return ""; }

  /// The margins, which the trainer ramps.
  virtual std::vector<Margin*> margins() { return {}; }
  /// What the loss learns. The addresses hold as long as the loss.
  virtual std::vector<LossParameters*> parameters() { return {}; }

  /// What the loss remembers of earlier batches, for checkpoints; parameters() are saved without
  /// its help. restore() is called after begin(); it throws Error (format) for another loss's
  /// state.
  virtual std::map<std::string, Matrix> state() const { return {}; }
  virtual void restore(const std::map<std::string, Matrix>& /*state*/) {}

  /// Embeddings as the loss compares them with those of the teacher, which are as wide: a run tells
  /// their mean cosine. Nothing where the loss does not compare the two directly.
  virtual std::optional<Matrix> toward_teacher(const Matrix& /*embeddings*/) const { return {}; }
};

/// The loss of a batch of which some rows may have no label: a loss that needs a label of every row
/// sees the others only, and `gradient` has nothing of it for rows without a label. Where no row
/// has one, the loss is 0.
LossValue measure(Loss& loss, const LossBatch& batch, Matrix& gradient);

/// A kind of loss, which a recipe names: loss.kind.
struct LossKind {
  std::string name;
  std::string summary;                          ///< a phrase with the source of the formula
  std::function<std::unique_ptr<Loss>()> make;  ///< with the options at their defaults
};

/// The kind whose losses are of class T.
template <class T>
LossKind loss_kind(std::string name, std::string summary) {
  return {std::move(name), std::move(summary), [] { return std::make_unique<T>(); }};
}

/// All losses, by name. A program adds its own with losses().add(), and recipes can then name it.
Registry<LossKind>& losses();

/// A loss by name, and its options as a recipe gives them in [loss] and [mining]: those that are
/// absent have their defaults.
struct LossOptions {
  std::string kind = "triplet";
  Values keys = {};    ///< such as {{"margin", 0.5}, {"form", "soft"}}
  Values mining = {};  ///< such as {{"kind", "semi-hard"}, {"memory", 4096}}
};

/// A loss with its options set, of which begin() is still to be called. Throws Error (config) for
/// an unknown kind or key, and for a value of the wrong type or range.
std::unique_ptr<Loss> make_loss(const LossOptions& options);
/// A loss that is ready for the first batch; throws as the other make_loss().
std::unique_ptr<Loss> make_loss(const LossOptions& options, const LossContext& context);

}  // namespace twinear
