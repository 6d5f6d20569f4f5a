// SPDX-License-Identifier: Apache-2.0
#include "nn/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "base/lanes.h"
#include "nn/layers.h"
#include "nn/onnx_forms.h"

namespace twinear::nn {
namespace {

constexpr double momentum = 0.1, epsilon = 1e-5;

double inverse_deviation(double variance) { return 1.0 / std::sqrt(variance + epsilon); }

/// The valid frames of a clip.
template <class T>
struct ClipRows {
  const T* __restrict x;
  std::size_t rows, channels;
};

/// y = scale x + shift for each channel.
struct ChannelLine {
  const float* __restrict scale;
  const float* __restrict shift;
};

/// Clamps x and y from below; -infinity clamps nothing.
struct Floor {
  float x, y;
};

/// dx = a g + b x + c for each channel, where g is the gradient that passes the clamp of y.
struct GradientLine {
  const float* __restrict a;
  const float* __restrict b;
  const float* __restrict c;
};

/// Adds, per channel, the sums of x and of x^2 over the rows to first and second.
template <class T>
TWINEAR_SIMD void add_moments(ClipRows<T> in, Floor floor, float* __restrict first,
                              float* __restrict second) {
  const T* __restrict x = in.x;
  const std::size_t n = in.channels;
  for (std::size_t r = 0; r + 4 <= in.rows; r += 4, x += 4 * n)
    for (std::size_t c = 0; c < n; ++c) {
      const float x0 = std::max(load(x[c]), floor.x);
      const float x1 = std::max(load(x[c + n]), floor.x);
      const float x2 = std::max(load(x[c + 2 * n]), floor.x);
      const float x3 = std::max(load(x[c + 3 * n]), floor.x);
      first[c] += (x0 + x1) + (x2 + x3);
      second[c] += (x0 * x0 + x1 * x1) + (x2 * x2 + x3 * x3);
    }
  for (std::size_t r = in.rows - in.rows % 4; r < in.rows; ++r, x += n)
    for (std::size_t c = 0; c < n; ++c) {
      const float x0 = std::max(load(x[c]), floor.x);
      first[c] += x0;
      second[c] += x0 * x0;
    }
}

/// y = scale x + shift, both clamped.
template <class T>
TWINEAR_SIMD void scale_rows(ClipRows<T> in, ChannelLine line, Floor floor, T* __restrict y) {
  const T* __restrict x = in.x;
  const float* __restrict scale = line.scale, * __restrict shift = line.shift;
  for (std::size_t r = 0; r < in.rows; ++r, x += in.channels, y += in.channels)
    for (std::size_t c = 0; c < in.channels; ++c)
      store(std::max(std::max(load(x[c]), floor.x) * scale[c] + shift[c], floor.y), y[c]);
}

/// Adds, per channel, the sums of g and of g (x - center) over the rows, where g are the gradients
/// that pass the clamp of y.
template <class T>
TWINEAR_SIMD void add_gradient_moments(ClipRows<T> in, const T* __restrict dy,
                                       const float* __restrict center, ChannelLine line,
                                       Floor floor, float* __restrict first,
                                       float* __restrict second) {
  const T* __restrict x = in.x;
  const float* __restrict scale = line.scale, * __restrict shift = line.shift;
  const std::size_t n = in.channels;
  for (std::size_t r = 0; r + 2 <= in.rows; r += 2, x += 2 * n, dy += 2 * n)
    for (std::size_t c = 0; c < n; ++c) {
      const float x0 = std::max(load(x[c]), floor.x), x1 = std::max(load(x[c + n]), floor.x);
      const float g0 = x0 * scale[c] + shift[c] > floor.y ? load(dy[c]) : 0.0F;
      const float g1 = x1 * scale[c] + shift[c] > floor.y ? load(dy[c + n]) : 0.0F;
      first[c] += g0 + g1;
      second[c] += g0 * (x0 - center[c]) + g1 * (x1 - center[c]);
    }
  if (in.rows % 2 == 1)
    for (std::size_t c = 0; c < n; ++c) {
      const float x0 = std::max(load(x[c]), floor.x);
      const float g = x0 * scale[c] + shift[c] > floor.y ? load(dy[c]) : 0.0F;
      first[c] += g;
      second[c] += g * (x0 - center[c]);
    }
}

/// Writes dx.
template <class T>
TWINEAR_SIMD void gradient_rows(ClipRows<T> in, const T* __restrict dy, ChannelLine line,
                                Floor floor, GradientLine gradient, T* __restrict dx) {
  const T* __restrict x = in.x;
  const float* __restrict scale = line.scale, * __restrict shift = line.shift;
  const float* __restrict a = gradient.a, * __restrict b = gradient.b, * __restrict c0 = gradient.c;
  const std::size_t n = in.channels;
  for (std::size_t r = 0; r < in.rows; ++r, x += n, dy += n, dx += n)
    for (std::size_t c = 0; c < n; ++c) {
      const float x0 = std::max(load(x[c]), floor.x);
      const float g = x0 * scale[c] + shift[c] > floor.y ? load(dy[c]) : 0.0F;
      store(load(x[c]) > floor.x ? a[c] * g + b[c] * x0 + c0[c] : 0.0F, dx[c]);
    }
}

template <class T>
class BatchNormOp final : public Op {
 public:
  BatchNormOp(BatchNorm& layer, const Input& in, Activation& out, Mode mode)
      : layer_(layer),
        x_(in),
        y_(out),
        by_batch_(mode == Mode::training && !layer.mean().frozen),
        channels_(x_.shape().maps()),
        rows_per_frame_(x_.channels() / channels_),
        floor_{layer.relu_first() ? 0.0F : -INFINITY, layer.relu() ? 0.0F : -INFINITY} {
    for (auto* numbers : {&mean_, &inverse_}) numbers->resize(channels_);
    for (Buffer* numbers : {&center_, &scale_, &shift_}) numbers->resize(channels_);
    if (mode == Mode::training)
      for (Buffer* numbers : {&a_, &b_, &c_}) numbers->resize(channels_);
    if (by_batch_) sums_.resize(micro_batch_count(x_.shape()), std::vector<double>(2 * channels_));
    lengths_ = &in.activation->lengths;
  }

  bool needs_batch() const override { return by_batch_; }

  void begin() override {
    if (by_batch_) {
      count_ = 0;
      for (const std::size_t length : *lengths_)
        count_ += static_cast<double>(length * rows_per_frame_);
    } else if (folded_version_ != layer_.version) {
      layer_.fold(scale_, shift_);
      if (!a_.empty()) a_ = scale_;  // the statistics are constants: a line has one slope
      folded_version_ = layer_.version;
    }
  }

  void collect(const MicroBatch& batch) override {
    sum_clips(batch, [&](std::size_t i, const Run& run, float* first, float* second) {
      add_moments(part(x_.value(i), run), floor_, first, second);
    });
  }

  void reduce() override {
    const std::vector<double> total = sum_micro_batches();
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

  void forward(const MicroBatch& batch) override {
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      scale_rows(rows(x_.value(i), i), line(), floor_, y_.value(i));
    y_.clear_padding(batch);
  }

  void collect_backward(const MicroBatch& batch) override {
    sum_clips(batch, [&](std::size_t i, const Run& run, float* first, float* second) {
      add_gradient_moments(part(x_.value(i), run), y_.gradient(i) + run.first * channels_,
                           center_.data(), line(), floor_, first, second);
    });
  }

  // With x^ = (x - mean) / deviation and g the gradient behind the clamp:
  // dx = scale (g - mean(g) - x^ mean(g x^)), the means over the batch's valid frames.
  void reduce_backward() override {
    const std::vector<double> total = sum_micro_batches();
    for (std::size_t c = 0; c < channels_; ++c) {
      const double g = total[c], gx = total[channels_ + c] * inverse_[c];
      const auto a = static_cast<double>(scale_[c]);
      const double b = -a * inverse_[c] * gx / count_;
      a_[c] = static_cast<float>(a);
      b_[c] = static_cast<float>(b);
      c_[c] = static_cast<float>(-a * g / count_ - b * mean_[c]);
      if (!layer_.affine()) continue;
      layer_.scale().gradient[c] += static_cast<float>(gx);
      layer_.shift().gradient[c] += static_cast<float>(g);
    }
  }

  void backward(const MicroBatch& batch) override {
    if (!x_.wants_gradient()) return;
    auto dx = x_.gradient_of(batch);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      gradient_rows(rows(x_.value(i), i), y_.gradient(i), line(), floor_,
                    {a_.data(), b_.data(), c_.data()}, dx.clip(i));
    dx.clear_padding();
  }

 private:
  ChannelLine line() const { return {scale_.data(), shift_.data()}; }
  /// Rows of a clip that are summed in floats.
  struct Run {
    std::size_t first, count;
  };
  ClipRows<T> part(const T* x, const Run& run) const {
    return {x + run.first * channels_, run.count, channels_};
  }
  std::size_t row_count(std::size_t clip) const { return x_.length(clip) * rows_per_frame_; }
  ClipRows<T> rows(const T* x, std::size_t clip) const { return {x, row_count(clip), channels_}; }

  void fold(std::size_t c, double mean, double variance) {
    mean_[c] = mean;
    center_[c] = static_cast<float>(mean);
    inverse_[c] = inverse_deviation(variance);
    layer_.fold(c, mean, variance, scale_[c], shift_[c]);
  }

  /// Two sums per channel over a micro-batch: floats within a clip (of maps, whose rows are many,
  /// within a thousand rows), doubles across.
  template <class Add>
  void sum_clips(const MicroBatch& batch, Add add) {
    std::vector<double>& sums = sums_[batch.index];
    std::ranges::fill(sums, 0.0);
    Buffer of_run(2 * channels_);
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      const std::size_t all = row_count(i), most = x_.shape().bands > 0 ? 1024 : all;
      for (std::size_t first = 0; first < all; first += most) {
        std::ranges::fill(of_run, 0.0F);
        add(i, Run{first, std::min(most, all - first)}, of_run.data(), of_run.data() + channels_);
        for (std::size_t c = 0; c < 2 * channels_; ++c) sums[c] += of_run[c];
      }
    }
  }

  std::vector<double> sum_micro_batches() const {
    std::vector<double> total(2 * channels_);
    for (const auto& sums : sums_)
      for (std::size_t c = 0; c < total.size(); ++c) total[c] += sums[c];
    return total;
  }

  BatchNorm& layer_;
  InputView<T> x_;
  ActivationView<T> y_;
  bool by_batch_;  // by the statistics of the batch, not by the running ones
  std::size_t channels_, rows_per_frame_;
  Floor floor_;
  const std::vector<std::size_t>* lengths_;
  double count_ = 0;  // valid frames of the batch
  std::uint64_t folded_version_ = 0;
  std::vector<double> mean_, inverse_;     // the batch's
  Buffer center_, scale_, shift_;          // the mean in floats; y = scale x + shift
  Buffer a_, b_, c_;                       // dx = a g + b x + c
  std::vector<std::vector<double>> sums_;  // of each micro-batch
};

}  // namespace

void BatchNorm::keys(Fields& f) {
  f.flag({"relu", "", "clamp the output at 0 from below"}, relu_);
  f.flag({"relu_first", "", "clamp the input at 0 from below"}, relu_first_);
  f.flag({"affine", "", "learn a scale and a shift for each channel"}, affine_);
}

void BatchNorm::build(std::span<const Shape> in) {
  expect_inputs(in, 1, 1, Maps::taken);
  const std::size_t n = in[0].maps();
  const auto add = [&](const char* name, float value, bool statistic) {
    parameters_.push_back(
        {.name = name, .shape = {n}, .value = Buffer(n, value), .statistic = statistic});
  };
  add("running_mean", 0, true);
  add("running_var", 1, true);
  if (!affine_) return;
  add("weight", 1, false);
  add("bias", 0, false);
}

void BatchNorm::fold(std::size_t c, double mean, double variance, float& scale,
                     float& shift) const {
  const double weight = affine_ ? parameters_[2].value[c] : 1.0F;
  const double bias = affine_ ? parameters_[3].value[c] : 0.0F;
  const double factor = weight * inverse_deviation(variance);
  scale = static_cast<float>(factor);
  shift = static_cast<float>(bias - factor * mean);
}

void BatchNorm::fold(Buffer& scale, Buffer& shift) const {
  for (std::size_t c = 0; c < scale.size(); ++c)
    fold(c, static_cast<double>(mean().value[c]), static_cast<double>(variance().value[c]),
         scale[c], shift[c]);
}

std::unique_ptr<Op> BatchNorm::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return make_op<BatchNormOp>(out.number, *this, in[0], out, mode);
}

std::string BatchNorm::to_onnx(OnnxBuilder& graph, const std::string& name,
                               const OnnxBuilder::Names& in) const {
  const std::string x = relu_first_ ? graph.node("Relu", {in[0]}, name + ".relu") : in[0];
  const auto learned = [&](std::size_t p, const char* what, float otherwise) {
    if (affine_) return onnx::weights(graph, name, parameters_[p]);
    const auto n = static_cast<std::int64_t>(channels());
    return graph.constant(name + what, {n}, Buffer(channels(), otherwise));
  };
  const OnnxBuilder::Names inputs{x, learned(2, ".weight", 1), learned(3, ".bias", 0),
                                  onnx::weights(graph, name, mean()),
                                  onnx::weights(graph, name, variance())};
  const std::string norm = graph.node("BatchNormalization", inputs, relu_ ? name + ".norm" : name,
                                      {{"epsilon", static_cast<float>(epsilon)}});
  return relu_ ? graph.node("Relu", {norm}, name) : norm;
}

LayerKind batch_norm_kind() {
  return {"batch_norm", "each channel made standard over the batch's frames", new_layer<BatchNorm>};
}

}  // namespace twinear::nn
