// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "twinear/encoder.h"
#include "twinear/feature_batch.h"
#include "twinear/loss.h"
#include "twinear/matrix.h"
#include "twinear/model.h"
#include "twinear/optimizer.h"

namespace twinear {

/// What a training loop keeps in a checkpoint beside the model, the optimizer and the loss.
struct LoopState {
  std::map<std::string, Matrix> tensors;  ///< by name
  std::string progress = "{}";            ///< a JSON text
};

/// An encoder that learns: the forward pass, the loss, the backward pass and the optimizer's step,
/// for a training loop of one's own. train() is such a loop.
///
///     Learner learner(model.encoder, make_loss({.kind = "triplet"}, {.width = 192}));
///     for (std::uint64_t step = 0; step < steps; ++step) {
///       learner.learn(batches.next());
///       learner.step(1e-3);
///     }
///
/// Several learners may share an encoder: then their gradients add up, and one of them steps.
/// Belongs to one thread and is parallel inside; its bits do not depend on the number of threads.
class Learner {
 public:
  /// The encoder must outlive the learner. Without a loss there is no learn(). `optimizer` says how
  /// a step is made; its learning rate and schedule are the caller's. Where the CPU has no
  /// AVX512_BF16, bf16 computes in fp32. Throws std::invalid_argument for a kind of optimizer that
  /// does not exist.
  Learner(Encoder& encoder, std::unique_ptr<Loss> loss, const OptimizerOptions& optimizer = {},
          Precision precision = Precision::fp32);
  Learner(Learner&&) noexcept;
  Learner& operator=(Learner&&) noexcept;
  ~Learner();

  /// The embeddings of a batch, one row of Encoder::dimension() values for each clip, which stay as
  /// they are until the next call. Batch norm takes the statistics of the batch. The batch must
  /// stay as it is until backward(). Throws std::invalid_argument for a batch of another width or
  /// without clips.
  const Matrix& embed(const FeatureBatch& batch);
  const Matrix& embed(FeatureBatch&& batch) = delete;

  /// Takes d(loss)/d(embeddings) of the last embed() and adds the gradient of the weights to what
  /// earlier calls left. Throws std::invalid_argument for a matrix of another shape, and
  /// std::logic_error where embed() was not called before.
  void backward(const Matrix& gradient);

  /// embed(), measure() of the loss by the labels, the number and the teacher of the batch, and
  /// backward().
  LossValue learn(const FeatureBatch& batch);

  /// Between steps Encoder::embed() gives the embeddings of the current weights, with the running
  /// statistics of batch norm.
  ///
  /// Divides the gradient, a sum over `batches` batches, by their number, clips its Euclidean norm
  /// at OptimizerOptions::clip_norm, moves the weights and whatever the loss learns, and sets the
  /// gradient to zero. Returns the norm before clipping; where that is not finite, nothing moves.
  double step(double learning_rate, int batches = 1);

  Loss& loss();  ///< throws std::logic_error where there is none

  /// Sets whether the layers with these names stay as they are, with their running statistics; *
  /// stands for any text. Throws Error (config) for a name that no layer has.
  void freeze(const std::vector<std::string>& names, bool frozen = true);

  /// Writes `model`, whose encoder must be this one, with the state of the optimizer, of the loss
  /// and of the loop: a model file from which the same bytes can go on. Throws Error (io).
  void save(const std::string& path, const Model& model, const LoopState& loop = {}) const;

  /// Reads weights and state back, and returns the loop's. Throws Error, path first, for a file
  /// that is no checkpoint of these layers and this loss.
  LoopState restore(const std::string& path);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace twinear
