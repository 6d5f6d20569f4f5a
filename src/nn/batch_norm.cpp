// SPDX-License-Identifier: Apache-2.0
#include "nn/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "base/lanes.h"
#include "nn/gradient_slots.h"

namespace twinear::nn {
namespace {

constexpr double momentum = 0.1;

double inverse_deviation(double variance) { return 1.0 / std::sqrt(variance + 1e-5); }

// Both sides may be clamped: x from below at `floor`, y at `least`; -infinity clamps nothing.

/// Per channel: sums of x and of x^2 over the rows, added to first and second.
template <class T>
TWINEAR_SIMD void add_moments(const T* __restrict x, std::int64_t rows, std::int64_t channels,
                              float floor, float* __restrict first, float* __restrict second) {
  for (std::int64_t r = 0; r + 4 <= rows; r += 4, x += 4 * channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float x0 = std::max(load(x[c]), floor);
      const float x1 = std::max(load(x[c + channels]), floor);
      const float x2 = std::max(load(x[c + 2 * channels]), floor);
      const float x3 = std::max(load(x[c + 3 * channels]), floor);
      first[c] += (x0 + x1) + (x2 + x3);
      second[c] += (x0 * x0 + x1 * x1) + (x2 * x2 + x3 * x3);
    }
  for (std::int64_t r = rows - rows % 4; r < rows; ++r, x += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float x0 = std::max(load(x[c]), floor);
      first[c] += x0;
      second[c] += x0 * x0;
    }
}

/// y = x scale + shift, both clamped.
template <class T>
TWINEAR_SIMD void scale_rows(const T* __restrict x, T* __restrict y, std::int64_t rows,
                             std::int64_t channels, const float* __restrict scale,
                             const float* __restrict shift, float floor, float least) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, y += channels)
    for (std::int64_t c = 0; c < channels; ++c)
      store(std::max(std::max(load(x[c]), floor) * scale[c] + shift[c], least), y[c]);
}

/// Per channel, of the gradients that pass the clamp: sums of g and of g (x - mean).
template <class T>
TWINEAR_SIMD void add_gradient_moments(const T* __restrict x, const T* __restrict dy,
                                       std::int64_t rows, std::int64_t channels,
                                       const float* __restrict mean, const float* __restrict scale,
                                       const float* __restrict shift, float floor, float least,
                                       float* __restrict first, float* __restrict second) {
  for (std::int64_t r = 0; r + 2 <= rows; r += 2, x += 2 * channels, dy += 2 * channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float x0 = std::max(load(x[c]), floor), x1 = std::max(load(x[c + channels]), floor);
      const float g0 = x0 * scale[c] + shift[c] > least ? load(dy[c]) : 0.0F;
      const float g1 = x1 * scale[c] + shift[c] > least ? load(dy[c + channels]) : 0.0F;
      first[c] += g0 + g1;
      second[c] += g0 * (x0 - mean[c]) + g1 * (x1 - mean[c]);
    }
  if (rows % 2 == 1)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float x0 = std::max(load(x[c]), floor);
      const float g = x0 * scale[c] + shift[c] > least ? load(dy[c]) : 0.0F;
      first[c] += g;
      second[c] += g * (x0 - mean[c]);
    }
}

/// dx = a g + b x + c, where g is the gradient that passes the clamp.
template <class T>
TWINEAR_SIMD void gradient_rows(const T* __restrict x, const T* __restrict dy, T* __restrict dx,
                                std::int64_t rows, std::int64_t channels,
                                const float* __restrict scale, const float* __restrict shift,
                                float floor, float least, const float* __restrict a,
                                const float* __restrict b, const float* __restrict c0) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, dy += channels, dx += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float x0 = std::max(load(x[c]), floor);
      const float g = x0 * scale[c] + shift[c] > least ? load(dy[c]) : 0.0F;
      store(load(x[c]) > floor ? a[c] * g + b[c] * x0 + c0[c] : 0.0F, dx[c]);
    }
}

template <class T>
class BatchNormOp final : public Op {
 public:
  BatchNormOp(BatchNorm& layer, const Input& in, Activation& out, Mode mode)
      : layer_(layer),
        edge_(in),
        in_(*in.flow),
        out_(out),
        training_(mode == Mode::training && !layer.mean().frozen),
        channels_(static_cast<std::size_t>(in_.shape.channels)),
        floor_(layer.options().relu_first ? 0.0F : -INFINITY),
        least_(layer.options().relu ? 0.0F : -INFINITY),
        mean_(channels_),
        inverse_(channels_),
        narrow_mean_(channels_),
        scale_(channels_),
        shift_(channels_) {
    if (mode == Mode::training)
      for (Buffer* buffer : {&a_, &b_, &c_}) buffer->resize(channels_);
    if (training_) sums_.resize(micro_batch_count(in_.shape), std::vector<double>(2 * channels_));
  }

  bool needs_batch() const override { return training_; }

  void begin() override {
    if (training_) {
      count_ = 0;
      for (const std::int64_t length : in_.lengths) count_ += static_cast<double>(length);
    } else if (folded_version_ != layer_.version) {
      layer_.fold(scale_, shift_);
      if (!a_.empty()) a_ = scale_;  // frozen: a straight line has one slope
      folded_version_ = layer_.version;
    }
  }

  void collect(const MicroBatch& part) override {
    sum_clips(part, [&](std::int64_t i, std::int64_t rows, float* first, float* second) {
      add_moments(in_.template clip<T>(i), rows, in_.shape.channels, floor_, first, second);
    });
  }

  void reduce() override {
    const std::vector<double> total = sum_parts();
    Parameter &mean = layer_.mean(), &variance = layer_.variance();
    const double unbiased = count_ > 1 ? count_ / (count_ - 1) : 1.0;
    for (std::size_t c = 0; c < channels_; ++c) {
      const double m = total[c] / count_;
      const double v = std::max(0.0, total[channels_ + c] / count_ - m * m);
      fold(c, m, v);
      mean.value[c] = static_cast<float>((1 - momentum) * mean.value[c] + momentum * m);
      variance.value[c] =
          static_cast<float>((1 - momentum) * variance.value[c] + momentum * v * unbiased);
    }
  }

  void forward(const MicroBatch& part) override {
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      const std::int64_t rows = in_.length(i), size = in_.shape.clip_size();
      scale_rows(in_.template clip<T>(i), out_.template clip<T>(i), rows, in_.shape.channels,
                 scale_.data(), shift_.data(), floor_, least_);
      std::fill(out_.template clip<T>(i) + rows * in_.shape.channels,
                out_.template clip<T>(i) + size, T());
    }
  }

  void collect_backward(const MicroBatch& part) override {
    sum_clips(part, [&](std::int64_t i, std::int64_t rows, float* first, float* second) {
      add_gradient_moments(in_.template clip<T>(i), out_.template clip_gradient<T>(i), rows,
                           in_.shape.channels, narrow_mean_.data(), scale_.data(), shift_.data(),
                           floor_, least_, first, second);
    });
  }

  // With x^ = (x - mean) / deviation and g the gradient behind the clamp:
  // dx = scale (g - mean(g) - x^ mean(g x^)), the means over the batch's valid frames.
  void reduce_backward() override {
    const std::vector<double> total = sum_parts();
    for (std::size_t c = 0; c < channels_; ++c) {
      const double g = total[c];
      const double gx = total[channels_ + c] * inverse_[c];
      const auto a = static_cast<double>(scale_[c]);
      const double b = -a * inverse_[c] * gx / count_;
      a_[c] = static_cast<float>(a);
      b_[c] = static_cast<float>(b);
      c_[c] = static_cast<float>(-a * g / count_ - b * mean_[c]);
      if (!layer_.options().affine) continue;
      layer_.scale().gradient[c] += static_cast<float>(gx);
      layer_.shift().gradient[c] += static_cast<float>(g);
    }
  }

  void backward(const MicroBatch& part) override {
    if (!edge_.wants_gradient()) return;
    InputGradient<T> gradient(edge_, part);
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      gradient_rows(in_.template clip<T>(i), out_.template clip_gradient<T>(i), gradient.clip(i),
                    in_.length(i), in_.shape.channels, scale_.data(), shift_.data(), floor_, least_,
                    a_.data(), b_.data(), c_.data());
    gradient.clear_padding();
  }

 private:
  void fold(std::size_t c, double mean, double variance) {
    mean_[c] = mean;
    narrow_mean_[c] = static_cast<float>(mean);
    inverse_[c] = inverse_deviation(variance);
    layer_.fold(c, mean, variance, scale_[c], shift_[c]);
  }

  /// Two sums per channel over a part: floats within a clip, doubles across.
  template <class Add>
  void sum_clips(const MicroBatch& part, Add add) {
    std::vector<double>& sums = sums_[part.index];
    std::ranges::fill(sums, 0.0);
    Buffer of_clip(2 * channels_);
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      std::ranges::fill(of_clip, 0.0F);
      add(i, in_.length(i), of_clip.data(), of_clip.data() + channels_);
      for (std::size_t c = 0; c < 2 * channels_; ++c) sums[c] += of_clip[c];
    }
  }

  std::vector<double> sum_parts() const {
    std::vector<double> total(2 * channels_);
    for (const auto& sums : sums_)
      for (std::size_t c = 0; c < total.size(); ++c) total[c] += sums[c];
    return total;
  }

  BatchNorm& layer_;
  Input edge_;
  Activation& in_;
  Activation& out_;
  bool training_;  // by the statistics of the batch
  std::size_t channels_;
  float floor_, least_;
  double count_ = 0;
  std::uint64_t folded_version_ = 0;
  std::vector<double> mean_, inverse_;     // of the batch, or the running ones
  Buffer narrow_mean_, scale_, shift_;     // y = scale x + shift
  Buffer a_, b_, c_;                       // dx = a g + b x + c
  std::vector<std::vector<double>> sums_;  // each part's
};

}  // namespace

BatchNorm::BatchNorm(const Options& options) : options_(options) {
  const auto n = static_cast<std::size_t>(options.channels);
  const std::vector<std::int64_t> shape{options.channels};
  parameters_.push_back({"running_mean", shape, Buffer(n), {}});
  parameters_.push_back({"running_var", shape, Buffer(n, 1.0F), {}});
  if (!options.affine) return;
  parameters_.push_back({"weight", shape, Buffer(n, 1.0F), Buffer(n)});
  parameters_.push_back({"bias", shape, Buffer(n), Buffer(n)});
}

void BatchNorm::fold(std::size_t c, double mean, double variance, float& scale,
                     float& shift) const {
  const double weight = options_.affine ? parameters_[2].value[c] : 1.0F;
  const double bias = options_.affine ? parameters_[3].value[c] : 0.0F;
  const double factor = weight * inverse_deviation(variance);
  scale = static_cast<float>(factor);
  shift = static_cast<float>(bias - factor * mean);
}

void BatchNorm::fold(Buffer& scale, Buffer& shift) const {
  for (std::size_t c = 0; c < scale.size(); ++c)
    fold(c, static_cast<double>(parameters_[0].value[c]),
         static_cast<double>(parameters_[1].value[c]), scale[c], shift[c]);
}

std::unique_ptr<Op> BatchNorm::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<BatchNormOp<decltype(number)>>(*this, in[0], out, mode);
  });
}

}  // namespace twinear::nn
