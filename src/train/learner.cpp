// SPDX-License-Identifier: Apache-2.0
#include "twinear/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/threads.h"
#include "base/within.h"
#include "linalg/onednn_info.h"
#include "nn/execution.h"
#include "nn/network.h"
#include "nn/optimizer.h"
#include "train/checkpoint.h"
#include "train/loss_state.h"
#include "train/warm_start.h"

namespace twinear {
namespace {

nn::AdamOptions adam_options(const OptimizerOptions& o) {
  if (o.kind != "adamw" && o.kind != "adam")
    throw std::invalid_argument("Learner: there is no optimizer \"" + o.kind +
                                "\"; expected adamw or adam");
  return {.weight_decay = o.weight_decay,
          .decoupled = o.kind == "adamw",
          .beta1 = o.beta1,
          .beta2 = o.beta2,
          .epsilon = o.epsilon};
}

/// The memory of a batch, from which a pass reads.
nn::ArenaSlice slice_of(const FeatureBatch& batch) {
  const auto part = nn::micro_batch_clips * batch.frames() * batch.bins();
  auto* values = const_cast<float*>(batch.clip(0).data());  // an input is not written to
  return {reinterpret_cast<std::byte*>(values), part * sizeof(float)};
}

}  // namespace

struct Learner::Parts {
  Parts(Encoder& e, std::unique_ptr<Loss> l, const OptimizerOptions& o, Precision precision)
      : encoder(e),
        network(nn::network_of(e)),
        loss(std::move(l)),
        options(o),
        numbers(precision == Precision::bf16 && has_bf16() ? nn::Number::bf16 : nn::Number::f32),
        adam(network, adam_options(o), loss ? learned(*loss) : std::vector<nn::Learned>()) {}

  /// Makes a pass for batches of this shape, unless there is one.
  void prepare(const FeatureBatch& batch) {
    const nn::Shape shape{batch.clips(), batch.frames(), batch.bins()};
    if (shape.size() == 0 || shape.channels != network.bins())
      throw std::invalid_argument(fmt::format(
          "Learner::embed: {} clips of {} x {} features; expected at least one clip with frames of "
          "{} values",
          shape.clips, shape.frames, shape.channels, network.bins()));
    for (const std::size_t length : batch.lengths)
      if (length == 0 || length > batch.frames())
        throw std::invalid_argument(fmt::format(
            "Learner::embed: a clip of {} frames; expected 1 to {}", length, batch.frames()));
    if (pass && pass->input().shape == shape) return;
    pass.emplace(network, shape, nn::Mode::training, nn::ExecutionOptions{.numbers = numbers});
    pass->input().value = {};  // the batches' own memory is read
    embeddings = Matrix(batch.clips(), encoder.dimension());
  }

  Encoder& encoder;
  nn::Network& network;
  std::unique_ptr<Loss> loss;
  OptimizerOptions options;
  nn::Number numbers;
  nn::Adam adam;
  std::optional<nn::Execution> pass;
  Matrix embeddings;
};

Learner::Learner(Encoder& encoder, std::unique_ptr<Loss> loss, const OptimizerOptions& optimizer,
                 Precision precision)
    : parts_(std::make_unique<Parts>(encoder, std::move(loss), optimizer, precision)) {}
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;
Learner::~Learner() = default;

const Matrix& Learner::embed(const FeatureBatch& batch) {
  parts_->prepare(batch);
  nn::Execution& pass = *parts_->pass;
  pass.input().value_slice = slice_of(batch);
  pass.input().lengths = batch.lengths;
  isolated([&] { pass.forward(); });
  std::ranges::copy(pass.output().value, parts_->embeddings.values().begin());
  return parts_->embeddings;
}

void Learner::backward(const Matrix& gradient) {
  Parts& p = *parts_;
  if (!p.pass) throw std::logic_error("Learner::backward: embed() was not called before");
  if (gradient.rows() != p.embeddings.rows() || gradient.cols() != p.embeddings.cols())
    throw std::invalid_argument(
        fmt::format("Learner::backward: a gradient of {} x {}; expected "
                    "{} x {}",
                    gradient.rows(), gradient.cols(), p.embeddings.rows(), p.embeddings.cols()));
  nn::Buffer& to = p.pass->output().gradient;
  if (to.empty()) return;  // the whole encoder is frozen
  std::ranges::copy(gradient.values(), to.begin());
  isolated([&] { p.pass->backward(); });
}

LossValue Learner::learn(const FeatureBatch& batch) {
  const Matrix& embeddings = embed(batch);
  Matrix gradient(embeddings.rows(), embeddings.cols());
  LossValue value;
  isolated([&] {
    value = measure(
        loss(), {embeddings, batch.labels, batch.number, LossBatch::all, &batch.teacher}, gradient);
  });
  backward(gradient);
  return value;
}

Loss& Learner::loss() {
  if (!parts_->loss) throw std::logic_error("Learner: the learner was made without a loss");
  return *parts_->loss;
}

double Learner::step(double learning_rate, int batches) {
  const double norm = parts_->adam.clip(parts_->options.clip_norm, batches);
  if (std::isfinite(norm))
    parts_->adam.step(learning_rate);
  else
    parts_->adam.drop_gradient();
  return norm;
}

void Learner::freeze(const std::vector<std::string>& names, bool frozen) {
  twinear::freeze(parts_->network, names, frozen);
  parts_->pass.reset();  // which layers move is settled where a pass is made
}

void Learner::save(const std::string& path, const Model& model, const LoopState& loop) const {
  if (&model.encoder != &parts_->encoder)
    throw std::invalid_argument("Learner::save: the model has another encoder");
  LoopState all = loop;
  if (parts_->loss) all.tensors.merge(state_of(*parts_->loss));
  save_checkpoint(path, model, parts_->adam, all);
}

LoopState Learner::restore(const std::string& path) {
  LoopState loop = load_checkpoint(path, parts_->encoder, parts_->adam);
  if (parts_->loss) within(path, [&] { twinear::restore(*parts_->loss, loop.tensors); });
  return loop;
}

}  // namespace twinear
