// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "base/lanes.h"
#include "nn/layers.h"
#include "nn/matrices.h"
#include "nn/moments.h"
#include "nn/onednn_conv1d.h"
#include "nn/onnx_forms.h"

namespace twinear::nn {
namespace {

template <class T>
TWINEAR_SIMD void add_bias(T* __restrict y, std::size_t rows, std::size_t channels,
                           const float* __restrict bias) {
  for (std::size_t r = 0; r < rows; ++r, y += channels)
    for (std::size_t c = 0; c < channels; ++c) store(load(y[c]) + bias[c], y[c]);
}

/// Adds rows to rows that are `stride` numbers apart.
void add_columns(const float* from, std::size_t rows, std::size_t columns, float* to,
                 std::size_t stride) {
  for (std::size_t r = 0; r < rows; ++r, from += columns, to += stride)
    for (std::size_t c = 0; c < columns; ++c) to[c] += from[c];
}

/// A linear map of each frame beside the mean and deviation of its clip, y[t] = W [x[t]; m; s] + b:
/// the attention of ECAPA-TDNN sees the whole utterance (Desplanques et al. 2020). m and s do not
/// change with t, so that their part of the map is one bias for each clip.
/// Parameters: "weight" [out, 3 channels, 1], "bias" [out].
class ContextConv final : public Layer {
 public:
  void keys(Fields& f) override {
    f.whole({"out", "channels", "width of the output"}, out_, 1, 65536);
    options_.keys(f);
  }
  void build(std::span<const Shape> in) override {
    channels_ = in[0].channels;
    expect_inputs(in, 1, 1);
    expect_range("out", out_, 65536);
    expect_weights(3 * channels_ * out_);
    parameters_ = {make_parameter("weight", {out_, 3 * channels_, 1}, 3 * channels_),
                   make_parameter("bias", {out_}, 3 * channels_)};
  }
  Shape output(std::span<const Shape> in) const override {
    return {in[0].clips, in[0].frames, out_};
  }
  std::span<Parameter> parameters() override { return parameters_; }
  double multiply_adds(std::span<const Shape> in) const override {
    return static_cast<double>(in[0].clips * (in[0].frames + 2) * in[0].channels) *
           static_cast<double>(out_);
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
  std::string to_onnx(OnnxBuilder& graph, const std::string& name,
                      const OnnxBuilder::Names& in) const override;

  Parameter& weight() noexcept { return parameters_[0]; }
  Parameter& bias() noexcept { return parameters_[1]; }
  Deviation deviation() const { return options_.deviation(1e-12); }
  PackedWeights& packed() noexcept { return packed_; }

 private:
  std::size_t channels_ = 0, out_ = 0;
  DeviationOptions options_;
  std::vector<Parameter> parameters_;
  PackedWeights packed_;  // the columns of the weights that multiply x[t]
};

template <class T>
class ContextConvOp final : public Op {
 public:
  ContextConvOp(ContextConv& layer, const Input& in, Activation& out, Mode mode)
      : layer_(layer),
        how_(layer.deviation()),
        x_(in),
        y_(out),
        channels_(x_.channels()),
        width_(y_.channels()),
        context_(x_.shape().clips * 2 * channels_) {
    const std::size_t clips = x_.shape().clips, rest = clips % micro_batch_clips;
    if (clips >= micro_batch_clips) full_.emplace(convolution(micro_batch_clips, mode));
    if (rest > 0) rest_.emplace(convolution(rest, mode));
    if (mode == Mode::inference) return;
    const std::size_t batches = micro_batch_count(x_.shape());
    frame_slots_.resize(batches, width_ * channels_);
    context_slots_.resize(batches, 2 * frame_slots_.size());
    bias_slots_.resize(batches, width_);
  }

  void begin() override {
    if (packed_version_ == layer_.version) return;
    const auto plain = view(plain_weights(frames_only(), 3 * channels_), weight());
    for (auto* c : {&full_, &rest_})
      if (*c) (*c)->set_weights(layer_.packed(), plain, layer_.version);
    packed_version_ = layer_.version;
  }

  void forward(const MicroBatch& batch) override {
    Buffer bias(batch.clips * width_);
    for (std::size_t i = batch.first; i < batch.end(); ++i) {
      pool_moments(x_.value(i), x_.length(i), channels_, how_, context(i), context(i) + channels_);
      std::ranges::copy(layer_.bias().value, bias.data() + (i - batch.first) * width_);
    }
    multiply(contexts(batch), context_weight(), result(bias.data(), batch.clips, width_),
             Transpose::second, true);
    of(batch).forward(x_.value(batch.first), y_.value(batch.first), nullptr);
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      add_bias(y_.value(i), x_.length(i), width_, bias.data() + (i - batch.first) * width_);
    y_.clear_padding(batch);
  }

  void backward(const MicroBatch& batch) override {
    Buffer sums(batch.clips * width_);  // of dy over a clip's frames
    for (std::size_t i = 0; i < batch.clips; ++i)
      sum_rows(y_.gradient(batch.first + i), x_.shape().frames, width_, sums.data() + i * width_);
    const MatrixView dsum = matrix(sums.data(), batch.clips, width_);
    const T* dy = y_.gradient(batch.first);
    of(batch).backward_weights(x_.value(batch.first), dy, frame_slots_.of(batch), nullptr);
    multiply(dsum, contexts(batch), result(context_slots_.of(batch), width_, 2 * channels_),
             Transpose::first);
    sum_rows(dsum.data, dsum.rows, dsum.columns, bias_slots_.of(batch));
    if (x_.wants_gradient()) backward_input(batch, dsum);
  }

  void end() override {
    float* dw = layer_.weight().gradient.data();
    add_columns(frame_slots_.sum(), width_, channels_, dw, 3 * channels_);
    add_columns(context_slots_.sum(), width_, 2 * channels_, dw + channels_, 3 * channels_);
    bias_slots_.add_to(layer_.bias().gradient);
  }

 private:
  OnednnConv1d::Options convolution(std::size_t clips, Mode mode) const {
    return {.sizes = frames_only(),
            .clips = clips,
            .frames_in = x_.shape().frames,
            .frames_out = x_.shape().frames,
            .operands = number_of<T>,
            .input_gradient = number_of<T>,
            .backward_data = mode == Mode::training && x_.wants_gradient(),
            .backward_weights = mode == Mode::training};
  }

  void backward_input(const MicroBatch& batch, const MatrixView& dsum) {
    auto dx = x_.gradient_of(batch);
    Buffer dcontext(batch.clips * 2 * channels_);
    multiply(dsum, context_weight(), result(dcontext.data(), batch.clips, 2 * channels_));
    of(batch).backward_data(y_.gradient(batch.first), dx.data());
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      unpool_moments(x_.value(i), dx.clip(i), x_.length(i), channels_, how_, context(i),
                     dcontext.data() + (i - batch.first) * 2 * channels_, true);
    dx.clear_padding();
  }

  Conv1dOptions frames_only() const { return {.in = channels_, .out = width_, .bias = false}; }
  const float* weight() const { return layer_.weight().value.data(); }
  float* context(std::size_t clip) { return context_.data() + clip * 2 * channels_; }
  MatrixView contexts(const MicroBatch& batch) {
    return matrix(context(batch.first), batch.clips, 2 * channels_);
  }
  MatrixView context_weight() const {
    return columns_of(weight(), width_, channels_, 2 * channels_, 3 * channels_);
  }
  const OnednnConv1d& of(const MicroBatch& batch) const {
    return batch.clips == micro_batch_clips ? *full_ : *rest_;
  }

  ContextConv& layer_;
  Deviation how_;
  InputView<T> x_;
  ActivationView<T> y_;
  std::size_t channels_, width_;
  Buffer context_;                           // mean and deviation of each clip
  std::optional<OnednnConv1d> full_, rest_;  // for a whole micro-batch, for the last one
  std::uint64_t packed_version_ = 0;
  GradientSlots frame_slots_, context_slots_, bias_slots_;
};

std::unique_ptr<Op> ContextConv::prepare(std::span<const Input> in, Activation& out, Mode mode) {
  return make_op<ContextConvOp>(out.number, *this, in[0], out, mode);
}

// W [x; m; s] + b = Wx x + (Wc [m; s] + b), the latter once a clip
std::string ContextConv::to_onnx(OnnxBuilder& graph, const std::string& name,
                                 const OnnxBuilder::Names& in) const {
  const Parameter &weight = parameters_[0], &bias = parameters_[1];
  std::vector<float> of_frame, of_clip;
  for (std::size_t row = 0; row < out_; ++row) {
    const float* w = weight.value.data() + row * 3 * channels_;
    of_frame.insert(of_frame.end(), w, w + channels_);
    of_clip.insert(of_clip.end(), w + channels_, w + 3 * channels_);
  }
  const auto out = static_cast<std::int64_t>(out_), n = static_cast<std::int64_t>(channels_);
  const auto clip =
      onnx::concat(graph, onnx::moments(graph, in[0], deviation(), name), name + ".context");
  const auto clip_weight = graph.constant(name + ".weight.clip", {out, 2 * n, 1}, of_clip);
  const auto clip_bias =
      graph.node("Conv", {clip, clip_weight, onnx::weights(graph, name, bias)}, name + ".clip");
  const auto frame =
      graph.node("Conv", {in[0], graph.constant(name + ".weight.frame", {out, n, 1}, of_frame)},
                 name + ".frame");
  return graph.node("Add", {frame, clip_bias}, name);
}

}  // namespace

LayerKind context_conv_kind() {
  return {"context_conv",
          "a linear map of each frame beside the mean and the deviation of its clip",
          new_layer<ContextConv>};
}

}  // namespace twinear::nn
