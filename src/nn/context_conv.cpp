// SPDX-License-Identifier: Apache-2.0
#include "nn/context_conv.h"

#include <algorithm>

#include "nn/gradient_slots.h"
#include "nn/linear_algebra.h"
#include "nn/moments.h"

namespace twinear::nn {
namespace {

constexpr float least_variance = 1e-12F;

class ContextConvStep final : public Step {
 public:
  ContextConvStep(std::span<Parameter> parameters, const Edge& in, Flow& out, Mode mode)
      : parameters_(parameters),
        edge_(in),
        x_(*in.flow),
        out_(out),
        channels_(x_.shape.channels),
        width_(out.shape.channels),
        context_(static_cast<std::size_t>(x_.shape.clips * 2 * channels_)) {
    if (mode == Mode::training)
      for (std::size_t p = 0; p < 2; ++p)
        slots_[p].resize(part_count(x_.shape), parameters[p].value.size());
  }

  void forward(const Part& part) override {
    Buffer bias(static_cast<std::size_t>(part.clips * width_));
    for (std::int64_t i = 0; i < part.clips; ++i) {
      const std::int64_t clip = part.first + i;
      pool_moments(x_.clip(clip), x_.length(clip), channels_, least_variance, context(clip),
                   context(clip) + channels_);
      std::ranges::copy(parameters_[1].value, bias.data() + i * width_);
    }
    multiply(contexts(part), context_weight(), {bias.data(), part.clips, width_, width_},
             Transpose::second, true);
    for (std::int64_t i = 0; i < part.clips; ++i) {
      const std::int64_t clip = part.first + i, rows = x_.length(clip);
      float* y = out_.clip(clip);
      for (std::int64_t t = 0; t < rows; ++t)
        std::copy_n(bias.data() + i * width_, width_, y + t * width_);
      multiply({x_.clip(clip), rows, channels_, channels_}, frame_weight(),
               {y, rows, width_, width_}, Transpose::second, true);
      std::fill(y + rows * width_, y + out_.shape.clip_size(), 0.0F);
    }
  }

  void backward(const Part& part) override {
    Buffer sums(static_cast<std::size_t>(part.clips * width_));  // of dy over a clip's frames
    const std::int64_t rows = part.clips * x_.shape.frames;
    const MatrixView dy{out_.clip_gradient(part.first), rows, width_, width_};
    for (std::int64_t r = 0; r < rows; ++r) {
      float* sum = sums.data() + r / x_.shape.frames * width_;
      for (std::int64_t c = 0; c < width_; ++c) sum[c] += dy.data[r * width_ + c];
    }
    const MatrixView dsum{sums.data(), part.clips, width_, width_};
    float* dw = slots_[0].of(part);
    multiply(dy, {x_.clip(part.first), rows, channels_, channels_},
             {dw, width_, channels_, 3 * channels_}, Transpose::first);
    multiply(dsum, contexts(part), {dw + channels_, width_, 2 * channels_, 3 * channels_},
             Transpose::first);
    std::fill_n(slots_[1].of(part), width_, 0.0F);
    for (std::int64_t k = 0; k < part.clips * width_; ++k)
      slots_[1].of(part)[k % width_] += sums[static_cast<std::size_t>(k)];
    if (!edge_.wants_gradient()) return;

    InputGradient gradient(edge_, part);
    Buffer dcontext(static_cast<std::size_t>(part.clips * 2 * channels_));
    multiply(dsum, context_weight(), {dcontext.data(), part.clips, 2 * channels_, 2 * channels_});
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      unpool_moments(x_.clip(i), gradient.clip(i), x_.length(i), channels_, least_variance,
                     context(i), dcontext.data() + (i - part.first) * 2 * channels_);
    gradient.clear_padding();  // dy is 0 there
    multiply(dy, frame_weight(), {gradient.data(), rows, channels_, channels_}, Transpose::none,
             true);
  }

  void end() override {
    for (std::size_t p = 0; p < 2; ++p) slots_[p].add_to(parameters_[p].gradient);
  }

 private:
  float* context(std::int64_t clip) { return context_.data() + clip * 2 * channels_; }
  MatrixView contexts(const Part& part) {
    return {context(part.first), part.clips, 2 * channels_, 2 * channels_};
  }
  MatrixView frame_weight() const {
    return {parameters_[0].value.data(), width_, channels_, 3 * channels_};
  }
  MatrixView context_weight() const {
    return {parameters_[0].value.data() + channels_, width_, 2 * channels_, 3 * channels_};
  }

  std::span<Parameter> parameters_;
  Edge edge_;
  Flow& x_;
  Flow& out_;
  std::int64_t channels_, width_;
  Buffer context_;  // mean and deviation of each clip
  GradientSlots slots_[2];
};

}  // namespace

ContextConv::ContextConv(std::int64_t channels, std::int64_t out) {
  parameters_.push_back(make_parameter("weight", {out, 3 * channels, 1}));
  parameters_.push_back(make_parameter("bias", {out}));
}

Shape ContextConv::output(std::span<const Shape> in) const {
  return {in[0].clips, in[0].frames, parameters_[0].shape[0]};
}

double ContextConv::multiply_adds(std::span<const Shape> in) const {
  return static_cast<double>(in[0].clips * (in[0].frames + 2) * in[0].channels) *
         static_cast<double>(parameters_[0].shape[0]);
}

std::unique_ptr<Step> ContextConv::prepare(std::span<const Edge> in, Flow& out, Mode mode) {
  return std::make_unique<ContextConvStep>(parameters_, in[0], out, mode);
}

}  // namespace twinear::nn
