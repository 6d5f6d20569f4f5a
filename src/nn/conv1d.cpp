// SPDX-License-Identifier: Apache-2.0
#include "nn/conv1d.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "base/lanes.h"
#include "nn/batch_norm.h"
#include "nn/gradient_slots.h"
#include "nn/onednn_conv1d.h"

namespace twinear::nn {
namespace {

/// Frames that a kernel reaches to each side of its middle.
std::int64_t margin(const Conv1dOptions& o) { return o.dilation * (o.kernel - 1) / 2; }

/// The frame of a clip of `length` frames that a mirror at both ends shows at `t`.
std::int64_t mirrored(std::int64_t t, std::int64_t length) {
  if (length == 1) return 0;
  while (t < 0 || t >= length) t = t < 0 ? -t : 2 * (length - 1) - t;
  return t;
}

template <class From, class To>
TWINEAR_SIMD void copy(const From* __restrict from, To* __restrict to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) store(load(from[i]), to[i]);
}

template <class T>
TWINEAR_SIMD void add(const T* __restrict x, T* __restrict y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) store(load(y[i]) + load(x[i]), y[i]);
}

/// Output frames of one task where a batch is a single clip, so that its latency has the use of
/// more than one core; 0 where it is too short for that. The cut does not depend on the number of
/// threads, so neither does the result.
std::int64_t tile_frames(const Shape& out, Mode mode) {
  constexpr std::int64_t least = 64;
  if (mode == Mode::training || out.clips != 1 || out.frames < 2 * least) return 0;
  const auto tiles =
      std::min<std::uint64_t>(16, std::bit_floor(static_cast<std::uint64_t>(out.frames / least)));
  return (out.frames - 1) / static_cast<std::int64_t>(tiles) + 1;
}

/// From numbers of type In to numbers of type T, which the primitives compute with.
template <class In, class T>
class Conv1dOp final : public Op {
 public:
  Conv1dOp(Conv1d& layer, BatchNorm* norm, const Input& in, Activation& out, Mode mode)
      : layer_(layer),
        norm_(norm),
        edge_(in),
        in_(*in.flow),
        out_(out),
        tile_(tile_frames(out.shape, mode)),
        margin_(layer.options().reflect || tile_ > 0 ? margin(layer.options()) : 0),
        seen_(in_.shape) {
    const Conv1dOptions& o = layer.options();
    seen_.frames += 2 * margin_;
    if (margin_ > 0 || !std::is_same_v<In, T>)
      copied_.resize(static_cast<std::size_t>(seen_.size()));
    const auto make = [&](std::optional<OnednnConv1d>& to, std::int64_t clips,
                          std::int64_t frames) {
      to.emplace(OnednnConv1d::Options{
          .sizes = o,
          .clips = clips,
          .frames_in = tile_ > 0 ? (frames - 1) * o.stride + 2 * margin_ + 1 : seen_.frames,
          .frames_out = frames,
          .padding = margin(o) - margin_,
          .operands = out.number,
          .input_gradient = in_.number,
          .norm = norm == nullptr ? nullptr : &norm->options(),
          .backward_data = mode == Mode::training && edge_.wants_gradient(),
          .backward_weights = mode == Mode::training});
    };
    const std::int64_t frames = out.shape.frames, clips = out.shape.clips;
    if (tile_ > 0) {
      make(full_, 1, tile_);
      if (frames % tile_ > 0) make(rest_, 1, frames % tile_);
    } else {
      if (clips >= micro_batch_clips) make(full_, micro_batch_clips, frames);
      if (clips % micro_batch_clips > 0) make(rest_, clips % micro_batch_clips, frames);
    }
    if (mode == Mode::inference) return;
    std::size_t size = layer.parameters()[0].value.size();
    for (const auto* c : {&full_, &rest_})
      if (*c) size = std::max(size, (*c)->weight_gradient().get_size() / sizeof(float));
    weight_slots_.resize(micro_batch_count(in_.shape), size);
    if (o.bias) bias_slots_.resize(micro_batch_count(in_.shape), static_cast<std::size_t>(o.out));
  }

  void begin() override {
    if (norm_ != nullptr && folded_version_ != norm_->version) {
      scale_.resize(static_cast<std::size_t>(out_.shape.channels));
      shift_.resize(scale_.size());
      norm_->fold(scale_, shift_);
      folded_version_ = norm_->version;
    }
    if (packed_version_ == layer_.version) return;
    const auto plain = view(plain_desc(), layer_.parameters()[0].value.data());
    for (auto* c : {&full_, &rest_})
      if (*c) (*c)->set_weights(layer_.packed(), plain, layer_.version);
    packed_version_ = layer_.version;
  }

  void forward(const MicroBatch& part) override {
    if (!copied_.empty()) copy_clips(part);
    const T* x = seen(part);
    T* y = out_.template clip<T>(part.first);
    const float* bias = layer_.options().bias ? layer_.parameters()[1].value.data() : nullptr;
    if (tile_ == 0) {
      of(part).forward(x, y, bias, scale_.data(), shift_.data());
    } else {
      const std::int64_t frames = out_.shape.frames;
      const auto tiles = static_cast<std::size_t>((frames - 1) / tile_ + 1);
      const auto convolve = [&](std::size_t t) {
        const std::int64_t from = static_cast<std::int64_t>(t) * tile_;
        const OnednnConv1d& tile = frames - from < tile_ ? *rest_ : *full_;
        tile.forward(x + from * layer_.options().stride * seen_.channels,
                     y + from * out_.shape.channels, bias, scale_.data(), shift_.data());
      };
      isolated([&] { parallel_for(tiles, convolve); });
    }
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      std::fill(out_.template clip<T>(i) + out_.length(i) * out_.shape.channels,
                out_.template clip<T>(i) + out_.shape.clip_size(), T());
  }

  void backward(const MicroBatch& part) override {
    const T* dy = out_.template clip_gradient<T>(part.first);
    of(part).backward_weights(seen(part), dy, weight_slots_.of(part),
                              layer_.options().bias ? bias_slots_.of(part) : nullptr);
    if (!edge_.wants_gradient()) return;
    InputGradient<In> gradient(edge_, part);
    if (margin_ > 0) {
      thread_local Aligned<In> of_margins;
      of_margins.resize(static_cast<std::size_t>(part.clips * seen_.clip_size()));
      of(part).backward_data(dy, of_margins.data());
      fold(part, of_margins.data(), gradient);
    } else {
      of(part).backward_data(dy, gradient.data());
    }
    gradient.clear_padding();
  }

  void end() override {
    Parameter& weight = layer_.parameters()[0];
    if (layer_.options().bias) bias_slots_.add_to(layer_.parameters()[1].gradient);
    const auto packed = (full_ ? full_ : rest_)->weight_gradient();
    // Parts whose primitive packs the gradient in another way are brought to the first's.
    if (full_ && rest_ && rest_->weight_gradient() != packed) {
      Buffer copy(weight_slots_.last(), weight_slots_.last() + weight_slots_.size());
      reorder(view(rest_->weight_gradient(), copy.data()), view(packed, weight_slots_.last()));
    }
    if (packed == plain_desc()) return weight_slots_.add_to(weight.gradient);
    plain_.resize(weight.gradient.size());
    reorder(view(packed, weight_slots_.sum()), view(plain_desc(), plain_.data()));
    add(plain_.data(), weight.gradient.data(), static_cast<std::int64_t>(plain_.size()));
  }

 private:
  /// What the primitive reads for a part: the input, or a copy in its own numbers and margins.
  const T* seen(const MicroBatch& part) {
    if constexpr (std::is_same_v<In, T>)
      if (copied_.empty()) return in_.template clip<In>(part.first);
    return copied_.data() + part.first * seen_.clip_size();
  }

  /// Writes each clip of the part between margins, which mirror it or are zeros; zeros behind them.
  void copy_clips(const MicroBatch& part) {
    const std::int64_t width = seen_.channels;
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      const std::int64_t length = in_.length(i);
      const In* x = in_.template clip<In>(i);
      T* first = copied_.data() + i * seen_.clip_size();
      T* last = copied_.data() + (i + 1) * seen_.clip_size();
      T* middle = first + margin_ * width;
      copy(x, middle, length * width);
      if (layer_.options().reflect) {
        for (std::int64_t t = 1; t <= margin_; ++t) {
          copy(x + mirrored(-t, length) * width, middle - t * width, width);
          copy(x + mirrored(length - 1 + t, length) * width, middle + (length - 1 + t) * width,
               width);
        }
        std::fill(middle + (length + margin_) * width, last, T());
      } else {
        std::fill(first, middle, T());
        std::fill(middle + length * width, last, T());
      }
    }
  }

  /// The way back of copy_clips() with a mirror: each frame gets the gradients of all its images.
  void fold(const MicroBatch& part, const In* from, InputGradient<In>& gradient) {
    const std::int64_t width = seen_.channels;
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      const std::int64_t length = in_.length(i);
      const In* middle = from + (i - part.first) * seen_.clip_size() + margin_ * width;
      In* dx = gradient.clip(i);
      std::copy_n(middle, length * width, dx);
      for (std::int64_t t = 1; t <= margin_; ++t) {
        add(middle - t * width, dx + mirrored(-t, length) * width, width);
        add(middle + (length - 1 + t) * width, dx + mirrored(length - 1 + t, length) * width,
            width);
      }
    }
  }

  dnnl::memory::desc plain_desc() const {
    const auto& o = layer_.options();
    return plain_weights(o, o.in * o.kernel);
  }
  const OnednnConv1d& of(const MicroBatch& part) const {
    return part.clips == micro_batch_clips ? *full_ : *rest_;
  }

  Conv1d& layer_;
  BatchNorm* norm_;  // taken into the primitive, or none
  Input edge_;
  Activation& in_;
  Activation& out_;
  std::int64_t tile_;    // output frames that one task computes; 0: a part's clips at once
  std::int64_t margin_;  // frames around a clip in the copy
  Shape seen_;           // by the primitives: the input's, with its margins
  Aligned<T> copied_;
  std::optional<OnednnConv1d> full_, rest_;  // of a whole part or tile, of the last one
  Buffer scale_, shift_;                     // of norm_
  std::uint64_t packed_version_ = 0, folded_version_ = 0;
  GradientSlots weight_slots_, bias_slots_;
  Buffer plain_;
};

std::unique_ptr<Op> make_op(Conv1d& layer, BatchNorm* norm, const Input& in, Activation& out,
                            Mode mode) {
  if (in.flow->number == Number::bf16)
    return std::make_unique<Conv1dOp<BFloat16, BFloat16>>(layer, norm, in, out, mode);
  if (out.number == Number::bf16)
    return std::make_unique<Conv1dOp<float, BFloat16>>(layer, norm, in, out, mode);
  return std::make_unique<Conv1dOp<float, float>>(layer, norm, in, out, mode);
}

}  // namespace

Conv1d::Conv1d(const Conv1dOptions& options, bool linear)
    : options_(options), linear_(linear), packed_(std::make_unique<PackedWeights>()) {
  parameters_.push_back(
      make_parameter("weight", linear ? std::vector{options.out, options.in}
                                      : std::vector{options.out, options.in, options.kernel}));
  if (options.bias) parameters_.push_back(make_parameter("bias", {options.out}));
}

Conv1d::Conv1d(Conv1d&&) noexcept = default;
Conv1d::~Conv1d() = default;

Shape Conv1d::output(std::span<const Shape> inputs) const {
  return {inputs[0].clips, output_length(inputs[0].frames), options_.out};
}

std::int64_t Conv1d::output_length(std::int64_t length) const {
  return (length - 1) / options_.stride + 1;
}

double Conv1d::multiply_adds(std::span<const Shape> inputs) const {
  const Shape y = output(inputs);
  return static_cast<double>(y.size()) * static_cast<double>(options_.in * options_.kernel);
}

std::unique_ptr<Op> Conv1d::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return make_op(*this, nullptr, in[0], out, mode);
}

std::unique_ptr<Op> Conv1d::prepare_fused(Layer& next, std::span<const Input> in, Activation& out) {
  auto* norm = dynamic_cast<BatchNorm*>(&next);
  if (norm == nullptr) return nullptr;
  return make_op(*this, norm, in[0], out, Mode::inference);
}

}  // namespace twinear::nn
