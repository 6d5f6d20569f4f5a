// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "base/threads.h"
#include "nn/conv1d.h"
#include "nn/conv_gradients.h"
#include "nn/padded_clips.h"
#include "nn/tiles.h"

namespace twinear::nn {
namespace {

/// The input stores numbers of type In; the primitives compute with T, which the output stores.
template <class In, class T>
class Conv1dOp final : public Op {
 public:
  Conv1dOp(Conv1d& layer, const BatchNorm* norm, const Input& in, Activation& out, Mode mode)
      : layer_(layer),
        options_(layer.options()),
        norm_(norm),
        x_(in),
        y_(out),
        tile_(tile_frames(out.shape, mode)),
        margin_(options_.reflect || tile_ > 0 ? options_.margin() : 0),
        padded_(x_, margin_, options_.reflect) {
    const std::size_t frames = out.shape.frames, clips = out.shape.clips;
    if (tile_ > 0) {
      full_.emplace(convolution(1, tile_, mode));
      if (frames % tile_ > 0) rest_.emplace(convolution(1, frames % tile_, mode));
    } else {
      const std::size_t rest = clips % micro_batch_clips;
      if (clips >= micro_batch_clips) full_.emplace(convolution(micro_batch_clips, frames, mode));
      if (rest > 0) rest_.emplace(convolution(rest, frames, mode));
    }
    if (mode == Mode::inference) return;
    ConvGradients::Layouts layouts{plain_desc()};
    if (full_) layouts.full = full_->weight_gradient();
    if (rest_) layouts.rest = rest_->weight_gradient();
    gradients_.prepare(micro_batch_count(x_.shape()), std::move(layouts), layer.weight(),
                       options_.bias ? &layer.bias() : nullptr);
  }

  void begin() override {
    if (norm_ != nullptr && folded_version_ != norm_->version) {
      scale_.resize(options_.out);
      shift_.resize(options_.out);
      norm_->fold(scale_, shift_);
      folded_version_ = norm_->version;
    }
    if (packed_version_ == layer_.version) return;
    const auto plain = view(plain_desc(), layer_.weight().value.data());
    for (auto* c : {&full_, &rest_})
      if (*c) (*c)->set_weights(layer_.packed(), plain, layer_.version);
    packed_version_ = layer_.version;
  }

  void forward(const MicroBatch& batch) override {
    padded_.fill(batch);
    const T* x = padded_.clip(batch.first);
    T* y = y_.value(batch.first);
    const float* bias = options_.bias ? layer_.bias().value.data() : nullptr;
    if (tile_ == 0)
      of(batch).forward(x, y, bias, scale_.data(), shift_.data());
    else
      forward_tiles(x, y, bias);
    y_.clear_padding(batch);
  }

  void backward(const MicroBatch& batch) override {
    const T* dy = y_.gradient(batch.first);
    of(batch).backward_weights(padded_.clip(batch.first), dy, gradients_.weight(batch),
                               gradients_.bias(batch));
    if (!x_.wants_gradient()) return;
    auto gradient = x_.gradient_of(batch);
    if (margin_ > 0) {
      thread_local Aligned<In> with_margins;
      with_margins.resize(batch.clips * padded_.shape().clip_size());
      of(batch).backward_data(dy, with_margins.data());
      padded_.fold(batch, with_margins.data(), gradient);
    } else {
      of(batch).backward_data(dy, gradient.data());
    }
    gradient.clear_padding();
  }

  void end() override {
    gradients_.add_to(layer_.weight(), options_.bias ? &layer_.bias() : nullptr);
  }

 private:
  OnednnConv1d::Options convolution(std::size_t clips, std::size_t frames, Mode mode) const {
    const std::size_t tile_in = (frames - 1) * options_.stride + 2 * margin_ + 1;
    return {.sizes = options_,
            .clips = clips,
            .frames_in = tile_ > 0 ? tile_in : padded_.shape().frames,
            .frames_out = frames,
            .padding = options_.margin() - margin_,
            .operands = number_of<T>,
            .input_gradient = number_of<In>,
            .norm = norm_,
            .backward_data = mode == Mode::training && x_.wants_gradient(),
            .backward_weights = mode == Mode::training};
  }

  void forward_tiles(const T* x, T* y, const float* bias) {
    const std::size_t frames = y_.shape().frames;
    const auto convolve = [&](std::size_t t) {
      const std::size_t from = t * tile_;
      const OnednnConv1d& tile = frames - from < tile_ ? *rest_ : *full_;
      tile.forward(x + from * options_.stride * options_.in, y + from * options_.out, bias,
                   scale_.data(), shift_.data());
    };
    isolated([&] { parallel_for((frames - 1) / tile_ + 1, convolve); });
  }

  dnnl::memory::desc plain_desc() const {
    return plain_weights(options_, options_.in * options_.kernel);
  }
  const OnednnConv1d& of(const MicroBatch& batch) const {
    return batch.clips == micro_batch_clips ? *full_ : *rest_;
  }

  Conv1d& layer_;
  const Conv1dOptions& options_;
  const BatchNorm* norm_;  // taken into the primitive, or nullptr
  InputView<In> x_;
  ActivationView<T> y_;
  std::size_t tile_;    // output frames that one task computes; 0: a micro-batch's clips at once
  std::size_t margin_;  // frames around a clip in the copy
  PaddedClips<In, T> padded_;
  std::optional<OnednnConv1d> full_, rest_;  // for a whole micro-batch or tile, for the last one
  Buffer scale_, shift_;                     // norm_, folded
  std::uint64_t packed_version_ = 0, folded_version_ = 0;
  ConvGradients gradients_;
};

}  // namespace

std::unique_ptr<Op> make_conv1d_op(Conv1d& layer, const BatchNorm* norm, const Input& in,
                                   Activation& out, Mode mode) {
  return make_conv_op<Conv1dOp>(in, out, layer, norm, in, out, mode);
}

}  // namespace twinear::nn
