// SPDX-License-Identifier: Apache-2.0
#include "nn/context_conv.h"

#include <algorithm>
#include <optional>

#include "base/lanes.h"
#include "linalg/gemm.h"
#include "nn/gradient_slots.h"
#include "nn/moments.h"
#include "nn/onednn_conv1d.h"

namespace twinear::nn {
namespace {

template <class T>
TWINEAR_SIMD void add_bias(T* __restrict y, std::int64_t rows, std::int64_t channels,
                           const float* __restrict bias) {
  for (std::int64_t r = 0; r < rows; ++r, y += channels)
    for (std::int64_t c = 0; c < channels; ++c) store(load(y[c]) + bias[c], y[c]);
}

/// to[row] += from[row], each row `stride` numbers after the other in `to`.
void add_columns(const float* from, std::int64_t rows, std::int64_t columns, float* to,
                 std::int64_t stride) {
  for (std::int64_t r = 0; r < rows; ++r, from += columns, to += stride)
    for (std::int64_t c = 0; c < columns; ++c) to[c] += from[c];
}

template <class T>
class ContextConvOp final : public Op {
 public:
  ContextConvOp(ContextConv& layer, PackedWeights& packed, const Input& in, Activation& out,
                Mode mode)
      : layer_(layer),
        packed_(packed),
        edge_(in),
        x_(*in.flow),
        out_(out),
        channels_(x_.shape.channels),
        width_(out.shape.channels),
        context_(static_cast<std::size_t>(x_.shape.clips * 2 * channels_)) {
    const auto make = [&](std::optional<OnednnConv1d>& to, std::int64_t clips) {
      to.emplace(
          OnednnConv1d::Options{.sizes = frames_only(),
                                .clips = clips,
                                .frames_in = x_.shape.frames,
                                .frames_out = x_.shape.frames,
                                .operands = out.number,
                                .input_gradient = out.number,
                                .backward_data = mode == Mode::training && edge_.wants_gradient(),
                                .backward_weights = mode == Mode::training});
    };
    if (x_.shape.clips >= micro_batch_clips) make(full_, micro_batch_clips);
    if (x_.shape.clips % micro_batch_clips > 0) make(rest_, x_.shape.clips % micro_batch_clips);
    if (mode == Mode::inference) return;
    const auto parts = micro_batch_count(x_.shape), out_channels = static_cast<std::size_t>(width_);
    frame_slots_.resize(parts, out_channels * static_cast<std::size_t>(channels_));
    context_slots_.resize(parts, 2 * frame_slots_.size());
    bias_slots_.resize(parts, out_channels);
  }

  void begin() override {
    if (packed_version_ == layer_.version) return;
    const auto plain = view(plain_weights(frames_only(), 3 * channels_), weight());
    for (auto* c : {&full_, &rest_})
      if (*c) (*c)->set_weights(packed_, plain, layer_.version);
    packed_version_ = layer_.version;
  }

  void forward(const MicroBatch& part) override {
    Buffer bias(static_cast<std::size_t>(part.clips * width_));
    for (std::int64_t i = 0; i < part.clips; ++i) {
      const std::int64_t clip = part.first + i;
      pool_moments(x_.template clip<T>(clip), x_.length(clip), channels_, layer_.deviation(),
                   context(clip), context(clip) + channels_);
      std::ranges::copy(layer_.parameters()[1].value, bias.data() + i * width_);
    }
    multiply(contexts(part), context_weight(), {bias.data(), part.clips, width_, width_},
             Transpose::second, true);
    of(part).forward(x_.template clip<T>(part.first), out_.template clip<T>(part.first), nullptr);
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      T* y = out_.template clip<T>(i);
      add_bias(y, x_.length(i), width_, bias.data() + (i - part.first) * width_);
      std::fill(y + x_.length(i) * width_, y + out_.shape.clip_size(), T());
    }
  }

  void backward(const MicroBatch& part) override {
    Buffer sums(static_cast<std::size_t>(part.clips * width_));  // of dy over a clip's frames
    for (std::int64_t i = 0; i < part.clips; ++i)
      sum_rows(out_.template clip_gradient<T>(part.first + i), x_.shape.frames, width_,
               sums.data() + i * width_);
    const MatrixView dsum{sums.data(), part.clips, width_, width_};
    const T* dy = out_.template clip_gradient<T>(part.first);
    of(part).backward_weights(x_.template clip<T>(part.first), dy, frame_slots_.of(part), nullptr);
    multiply(dsum, contexts(part), {context_slots_.of(part), width_, 2 * channels_, 2 * channels_},
             Transpose::first);
    sum_rows(sums.data(), part.clips, width_, bias_slots_.of(part));
    if (!edge_.wants_gradient()) return;

    InputGradient<T> gradient(edge_, part);
    Buffer dcontext(static_cast<std::size_t>(part.clips * 2 * channels_));
    multiply(dsum, context_weight(), {dcontext.data(), part.clips, 2 * channels_, 2 * channels_});
    of(part).backward_data(dy, gradient.data());
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      unpool_moments(x_.template clip<T>(i), gradient.clip(i), x_.length(i), channels_,
                     layer_.deviation(), context(i),
                     dcontext.data() + (i - part.first) * 2 * channels_, true);
    gradient.clear_padding();
  }

  void end() override {
    float* dw = layer_.parameters()[0].gradient.data();
    add_columns(frame_slots_.sum(), width_, channels_, dw, 3 * channels_);
    add_columns(context_slots_.sum(), width_, 2 * channels_, dw + channels_, 3 * channels_);
    bias_slots_.add_to(layer_.parameters()[1].gradient);
  }

 private:
  Conv1dOptions frames_only() const { return {.in = channels_, .out = width_, .bias = false}; }
  const float* weight() const { return layer_.parameters()[0].value.data(); }
  float* context(std::int64_t clip) { return context_.data() + clip * 2 * channels_; }
  MatrixView contexts(const MicroBatch& part) {
    return {context(part.first), part.clips, 2 * channels_, 2 * channels_};
  }
  MatrixView context_weight() const {
    return {weight() + channels_, width_, 2 * channels_, 3 * channels_};
  }
  const OnednnConv1d& of(const MicroBatch& part) const {
    return part.clips == micro_batch_clips ? *full_ : *rest_;
  }

  ContextConv& layer_;
  PackedWeights& packed_;
  Input edge_;
  Activation& x_;
  Activation& out_;
  std::int64_t channels_, width_;
  Buffer context_;                           // mean and deviation of each clip
  std::optional<OnednnConv1d> full_, rest_;  // of a whole part, of the last one
  std::uint64_t packed_version_ = 0;
  GradientSlots frame_slots_, context_slots_, bias_slots_;
};

}  // namespace

ContextConv::ContextConv(std::int64_t channels, std::int64_t out, const Deviation& deviation)
    : deviation_(deviation), packed_(std::make_unique<PackedWeights>()) {
  parameters_.push_back(make_parameter("weight", {out, 3 * channels, 1}));
  parameters_.push_back(make_parameter("bias", {out}));
}

ContextConv::~ContextConv() = default;

Shape ContextConv::output(std::span<const Shape> in) const {
  return {in[0].clips, in[0].frames, parameters_[0].shape[0]};
}

double ContextConv::multiply_adds(std::span<const Shape> in) const {
  return static_cast<double>(in[0].clips * (in[0].frames + 2) * in[0].channels) *
         static_cast<double>(parameters_[0].shape[0]);
}

std::unique_ptr<Op> ContextConv::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<ContextConvOp<decltype(number)>>(*this, *packed_, in[0], out, mode);
  });
}

}  // namespace twinear::nn
