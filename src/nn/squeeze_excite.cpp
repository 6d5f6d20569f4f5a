// SPDX-License-Identifier: Apache-2.0
#include "nn/squeeze_excite.h"

#include <algorithm>

#include "base/exponential.h"
#include "base/lanes.h"
#include "linalg/gemm.h"
#include "nn/gradient_slots.h"

namespace twinear::nn {
namespace {

template <class T>
TWINEAR_SIMD void mean_rows(const T* __restrict x, std::int64_t rows, std::int64_t channels,
                            float* __restrict mean) {
  std::fill(mean, mean + channels, 0.0F);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c) mean[c] += load(x[r * channels + c]);
  for (std::int64_t c = 0; c < channels; ++c) mean[c] /= static_cast<float>(rows);
}

/// y = x gate, plus `other` where there is one.
template <class T>
TWINEAR_SIMD void gate_rows(const T* __restrict x, const T* __restrict other, T* __restrict y,
                            std::int64_t rows, std::int64_t channels,
                            const float* __restrict gate) {
  if (other == nullptr) {
    for (std::int64_t r = 0; r < rows * channels; r += channels)
      for (std::int64_t c = 0; c < channels; ++c) store(load(x[r + c]) * gate[c], y[r + c]);
    return;
  }
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c)
      store(load(x[r + c]) * gate[c] + load(other[r + c]), y[r + c]);
}

/// sum[c] = sum over rows of x dy
template <class T>
TWINEAR_SIMD void dot_rows(const T* __restrict x, const T* __restrict dy, std::int64_t rows,
                           std::int64_t channels, float* __restrict sum) {
  std::fill(sum, sum + channels, 0.0F);
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c) sum[c] += load(x[r + c]) * load(dy[r + c]);
}

/// dx = dy gate + shift
template <class T>
TWINEAR_SIMD void ungate_rows(const T* __restrict dy, T* __restrict dx, std::int64_t rows,
                              std::int64_t channels, const float* __restrict gate,
                              const float* __restrict shift) {
  for (std::int64_t r = 0; r < rows * channels; r += channels)
    for (std::int64_t c = 0; c < channels; ++c)
      store(load(dy[r + c]) * gate[c] + shift[c], dx[r + c]);
}

template <class T>
class SqueezeExciteOp final : public Op {
 public:
  SqueezeExciteOp(std::span<Parameter> parameters, std::span<const Input> in, Activation& out,
                  Mode mode)
      : parameters_(parameters),
        edges_(in.begin(), in.end()),
        x_(*in[0].flow),
        out_(out),
        channels_(x_.shape.channels),
        bottleneck_(parameters[0].shape[0]) {
    const auto clips = static_cast<std::size_t>(x_.shape.clips);
    mean_.resize(clips * static_cast<std::size_t>(channels_));
    gate_.resize(mean_.size());
    hidden_.resize(clips * static_cast<std::size_t>(bottleneck_));
    if (mode == Mode::training)
      for (std::size_t p = 0; p < 4; ++p)
        slots_[p].resize(micro_batch_count(x_.shape), parameters[p].value.size());
  }

  void forward(const MicroBatch& part) override {
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      mean_rows(x_.template clip<T>(i), x_.length(i), channels_, mean(i));
      std::ranges::copy(parameters_[1].value, hidden(i));
      std::ranges::copy(parameters_[3].value, gate(i));
    }
    const MutableMatrixView h{hidden(part.first), part.clips, bottleneck_, bottleneck_};
    const MutableMatrixView g{gate(part.first), part.clips, channels_, channels_};
    multiply({mean(part.first), part.clips, channels_, channels_}, reduce(), h, Transpose::second,
             true);
    for (std::int64_t k = 0; k < part.clips * bottleneck_; ++k)
      h.data[k] = std::max(h.data[k], 0.0F);
    multiply({h.data, h.rows, h.columns, h.stride}, expand(), g, Transpose::second, true);
    for (std::int64_t k = 0; k < part.clips * channels_; ++k) g.data[k] = fast_sigmoid(g.data[k]);
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      gate_rows(x_.template clip<T>(i),
                edges_.size() > 1 ? edges_[1].flow->template clip<T>(i) : nullptr,
                out_.template clip<T>(i), x_.shape.frames, channels_, gate(i));
  }

  // dg = sum over frames of x dy; back through sigmoid, W2, ReLU, W1 to dm; dx = dy g + dm / T.
  void backward(const MicroBatch& part) override {
    const auto clips = static_cast<std::size_t>(part.clips);
    const auto channels = static_cast<std::size_t>(channels_);
    Buffer dgate(clips * channels), dmean(clips * channels);
    Buffer dhidden(clips * static_cast<std::size_t>(bottleneck_));
    for (std::int64_t i = 0; i < part.clips; ++i) {
      float* d = dgate.data() + i * channels_;
      const float* g = gate(part.first + i);
      dot_rows(x_.template clip<T>(part.first + i), out_.template clip_gradient<T>(part.first + i),
               x_.length(part.first + i), channels_, d);
      for (std::int64_t c = 0; c < channels_; ++c) d[c] *= g[c] * (1.0F - g[c]);
    }
    const MatrixView dg{dgate.data(), part.clips, channels_, channels_};
    const float* h = hidden(part.first);
    multiply(dg, {h, part.clips, bottleneck_, bottleneck_},
             {slots_[2].of(part), channels_, bottleneck_, bottleneck_}, Transpose::first);
    sum_rows(dg.data, dg.rows, dg.columns, slots_[3].of(part));
    multiply(dg, expand(), {dhidden.data(), part.clips, bottleneck_, bottleneck_});
    for (std::size_t k = 0; k < dhidden.size(); ++k)
      if (h[k] <= 0.0F) dhidden[k] = 0.0F;
    const MatrixView dh{dhidden.data(), part.clips, bottleneck_, bottleneck_};
    multiply(dh, {mean(part.first), part.clips, channels_, channels_},
             {slots_[0].of(part), bottleneck_, channels_, channels_}, Transpose::first);
    sum_rows(dh.data, dh.rows, dh.columns, slots_[1].of(part));
    multiply(dh, reduce(), {dmean.data(), part.clips, channels_, channels_});

    if (edges_[0].wants_gradient()) {
      InputGradient<T> dx(edges_[0], part);
      for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
        float* shift = dmean.data() + (i - part.first) * channels_;
        for (std::int64_t c = 0; c < channels_; ++c) shift[c] /= static_cast<float>(x_.length(i));
        ungate_rows(out_.template clip_gradient<T>(i), dx.clip(i), x_.length(i), channels_, gate(i),
                    shift);
      }
      dx.clear_padding();
    }
    if (edges_.size() > 1 && edges_[1].wants_gradient()) {
      InputGradient<T> gradient(edges_[1], part);
      std::copy_n(out_.template clip_gradient<T>(part.first), part.clips * out_.shape.clip_size(),
                  gradient.data());
    }
  }

  void end() override {
    for (std::size_t p = 0; p < 4; ++p) slots_[p].add_to(parameters_[p].gradient);
  }

 private:
  float* mean(std::int64_t clip) { return mean_.data() + clip * channels_; }
  float* gate(std::int64_t clip) { return gate_.data() + clip * channels_; }
  float* hidden(std::int64_t clip) { return hidden_.data() + clip * bottleneck_; }
  MatrixView reduce() const {
    return {parameters_[0].value.data(), bottleneck_, channels_, channels_};
  }
  MatrixView expand() const {
    return {parameters_[2].value.data(), channels_, bottleneck_, bottleneck_};
  }

  std::span<Parameter> parameters_;
  std::vector<Input> edges_;
  Activation& x_;
  Activation& out_;
  std::int64_t channels_, bottleneck_;
  Buffer mean_, hidden_, gate_;  // a row a clip
  GradientSlots slots_[4];
};

}  // namespace

SqueezeExcite::SqueezeExcite(std::int64_t channels, std::int64_t bottleneck) {
  const auto add = [&](const char* name, std::vector<std::int64_t> shape) {
    parameters_.push_back(make_parameter(name, std::move(shape)));
  };
  add("reduce.weight", {bottleneck, channels, 1});
  add("reduce.bias", {bottleneck});
  add("expand.weight", {channels, bottleneck, 1});
  add("expand.bias", {channels});
}

double SqueezeExcite::multiply_adds(std::span<const Shape> in) const {
  return static_cast<double>(in[0].clips * in[0].channels * 2 * parameters_[0].shape[0]);
}

std::unique_ptr<Op> SqueezeExcite::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return with_number(out.number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<SqueezeExciteOp<decltype(number)>>(parameters_, in, out, mode);
  });
}

}  // namespace twinear::nn
