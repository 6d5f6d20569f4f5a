// SPDX-License-Identifier: Apache-2.0
#include "nn/conv1d.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "nn/batch_norm.h"
#include "nn/gradient_slots.h"
#include "nn/linear_algebra.h"
#include "nn/onednn.h"

namespace twinear::nn {
namespace {

using dnnl::algorithm, dnnl::memory, dnnl::prop_kind;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;
using Tag = memory::format_tag;

/// Frames that a kernel reaches to each side of its middle.
std::int64_t margin(const Conv1dOptions& o) { return o.dilation * (o.kernel - 1) / 2; }

/// A kernel of one frame that skips none: a product of matrices.
bool is_matrix(const Conv1dOptions& o) { return o.kernel == 1 && o.stride == 1; }

/// One primitive of each direction for a number of clips.
struct Primitives {
  Forward::primitive_desc forward_pd;
  Forward forward;
  std::optional<BackwardData::primitive_desc> data_pd;
  BackwardData data;
  std::optional<BackwardWeights::primitive_desc> weights_pd;
  BackwardWeights weights;
};

/// What a batch norm does to each output, as oneDNN's post-operations: in order a clamp, a product
/// and a sum per channel, a clamp.
dnnl::post_ops post_operations(const BatchNorm::Options& norm) {
  const auto per_channel = f32({1, norm.channels, 1}, Tag::abc);
  dnnl::post_ops ops;
  if (norm.relu_first) ops.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
  ops.append_binary(algorithm::binary_mul, per_channel);
  ops.append_binary(algorithm::binary_add, per_channel);
  if (norm.relu) ops.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
  return ops;
}

Primitives make_primitives(const Conv1dOptions& o, const BatchNorm* norm, Shape in, Shape out,
                           Mode mode, bool input_gradient) {
  // A kernel of one frame sees no neighbours: all clips are one long clip, which oneDNN cuts best.
  if (is_matrix(o)) {
    in = {1, in.clips * in.frames, in.channels};
    out = {1, out.clips * out.frames, out.channels};
  }
  const memory::dims stride{o.stride}, gap{o.dilation - 1}, pad{o.reflect ? 0 : margin(o)};
  // On the right only what the last output frame reaches: less than `pad` where the stride skips.
  const memory::dims reach{std::max<std::int64_t>(
      0, (out.frames - 1) * o.stride + o.dilation * (o.kernel - 1) + 1 - in.frames - pad[0])};
  const auto x = f32({in.clips, o.in, in.frames}, Tag::nwc);
  const auto y = f32({out.clips, o.out, out.frames}, Tag::nwc);
  const auto w = f32({o.out, o.in, o.kernel}, Tag::any);
  const auto b = f32({o.out}, Tag::x);
  const auto direct = algorithm::convolution_direct;
  const auto direction =
      mode == Mode::training ? prop_kind::forward_training : prop_kind::forward_inference;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (norm != nullptr) attributes.set_post_ops(post_operations(norm->options()));

  Primitives p;
  const auto forward = o.bias
                           ? Forward::desc(direction, direct, x, w, b, y, stride, gap, pad, reach)
                           : Forward::desc(direction, direct, x, w, y, stride, gap, pad, reach);
  p.forward_pd = {forward, attributes, cpu()};
  p.forward = Forward(p.forward_pd);
  if (mode == Mode::inference) return p;
  if (input_gradient) {
    p.data_pd = {{direct, x, w, y, stride, gap, pad, reach}, attributes, cpu(), p.forward_pd};
    p.data = BackwardData(*p.data_pd);
  }
  if (is_matrix(o)) return p;
  const auto backward = o.bias ? BackwardWeights::desc(direct, x, w, b, y, stride, gap, pad, reach)
                               : BackwardWeights::desc(direct, x, w, y, stride, gap, pad, reach);
  p.weights_pd = {backward, attributes, cpu(), p.forward_pd};
  p.weights = BackwardWeights(*p.weights_pd);
  return p;
}

void reorder(const memory& from, const memory& to) {
  dnnl::reorder(from, to).execute(stream(), const_cast<memory&>(from), const_cast<memory&>(to));
  stream().wait();
}

/// The weights as a primitive wants them.
struct Packed {
  memory::desc desc;
  Buffer values;
  memory as_memory() const { return view(desc, values.data()); }

  void pack(const memory::desc& as, const memory& plain) {
    desc = as;
    values.resize(as.get_size() / sizeof(float));
    reorder(plain, as_memory());
  }
};

/// The frame of a clip of `length` frames that a mirror at both ends shows at `t`.
std::int64_t mirrored(std::int64_t t, std::int64_t length) {
  if (length == 1) return 0;
  while (t < 0 || t >= length) t = t < 0 ? -t : 2 * (length - 1) - t;
  return t;
}

class Conv1dStep final : public Step {
 public:
  Conv1dStep(Conv1d& layer, BatchNorm* norm, const Edge& in, Flow& out, Mode mode)
      : layer_(layer), norm_(norm), edge_(in), in_(*in.flow), out_(out), seen_(in_.shape) {
    const Conv1dOptions& o = layer.options();
    if (o.reflect) {
      seen_.frames += 2 * margin(o);
      mirrored_.resize(static_cast<std::size_t>(seen_.size()));
    }
    const auto primitives = [&](std::int64_t clips) {
      Shape x = seen_, y = out.shape;
      x.clips = y.clips = clips;
      return make_primitives(o, norm, x, y, mode, edge_.wants_gradient());
    };
    const std::int64_t clips = in_.shape.clips, rest = clips % clips_per_part;
    if (clips >= clips_per_part) full_ = primitives(clips_per_part);
    if (rest > 0) rest_ = primitives(rest);
    if (mode == Mode::training) {
      std::size_t size = layer.parameters()[0].value.size();
      for (const auto* p : {&full_, &rest_})
        if (*p && (*p)->weights_pd)
          size = std::max(size, (*p)->weights_pd->diff_weights_desc().get_size() / sizeof(float));
      weight_slots_.resize(part_count(in_.shape), size);
      if (o.bias) bias_slots_.resize(part_count(in_.shape), static_cast<std::size_t>(o.out));
    }
  }

  void begin() override {
    if (norm_ != nullptr && folded_version_ != norm_->version) {
      scale_.resize(static_cast<std::size_t>(out_.shape.channels));
      shift_.resize(scale_.size());
      norm_->fold(scale_, shift_);
      folded_version_ = norm_->version;
    }
    if (packed_version_ == layer_.version) return;
    const memory plain = view(plain_desc(), layer_.parameters()[0].value.data());
    if (full_) full_forward_.pack(full_->forward_pd.weights_desc(), plain);
    if (rest_) rest_forward_.pack(rest_->forward_pd.weights_desc(), plain);
    if (full_ && full_->data_pd) full_back_.pack(full_->data_pd->weights_desc(), plain);
    if (rest_ && rest_->data_pd) rest_back_.pack(rest_->data_pd->weights_desc(), plain);
    packed_version_ = layer_.version;
  }

  void forward(const Part& part) override {
    const Primitives& p = of(part);
    if (layer_.options().reflect) mirror(part);
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, view(p.forward_pd.src_desc(), seen(part))},
        {DNNL_ARG_WEIGHTS, (whole_part(part) ? full_forward_ : rest_forward_).as_memory()},
        {DNNL_ARG_DST, view(p.forward_pd.dst_desc(), out_.clip(part.first))},
        {DNNL_ARG_SCRATCHPAD, scratchpad(p.forward_pd.scratchpad_desc())}};
    if (layer_.options().bias)
      arguments[DNNL_ARG_BIAS] =
          view(p.forward_pd.bias_desc(), layer_.parameters()[1].value.data());
    if (norm_ != nullptr) {
      const auto per_channel = f32({1, out_.shape.channels, 1}, Tag::abc);
      const int at = norm_->options().relu_first ? 1 : 0;
      arguments[DNNL_ARG_ATTR_MULTIPLE_POST_OP(at) | DNNL_ARG_SRC_1] =
          view(per_channel, scale_.data());
      arguments[DNNL_ARG_ATTR_MULTIPLE_POST_OP(at + 1) | DNNL_ARG_SRC_1] =
          view(per_channel, shift_.data());
    }
    p.forward.execute(stream(), arguments);
    stream().wait();
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      std::fill(out_.clip(i) + out_.length(i) * out_.shape.channels,
                out_.clip(i) + out_.shape.clip_size(), 0.0F);
  }

  void backward(const Part& part) override {
    if (is_matrix(layer_.options()))
      multiply_gradients(part);
    else
      convolve_gradients(part);
    if (!edge_.wants_gradient()) return;

    const Primitives& p = of(part);
    const float* dy = out_.clip_gradient(part.first);
    InputGradient gradient(edge_, part);
    thread_local Buffer of_mirrored;
    float* dx = gradient.data();
    if (layer_.options().reflect) {
      of_mirrored.resize(static_cast<std::size_t>(part.clips * seen_.clip_size()));
      dx = of_mirrored.data();
    }
    p.data.execute(stream(),
                   {{DNNL_ARG_DIFF_DST, view(p.data_pd->diff_dst_desc(), dy)},
                    {DNNL_ARG_WEIGHTS, (whole_part(part) ? full_back_ : rest_back_).as_memory()},
                    {DNNL_ARG_DIFF_SRC, view(p.data_pd->diff_src_desc(), dx)},
                    {DNNL_ARG_SCRATCHPAD, scratchpad(p.data_pd->scratchpad_desc())}});
    stream().wait();
    if (layer_.options().reflect) fold(part, of_mirrored, gradient);
    gradient.clear_padding();
  }

  void end() override {
    Parameter& weight = layer_.parameters()[0];
    if (layer_.options().bias) bias_slots_.add_to(layer_.parameters()[1].gradient);
    if (is_matrix(layer_.options())) return weight_slots_.add_to(weight.gradient);
    // Parts whose primitive packs the gradient in another way are brought to the first's.
    if (full_ && rest_ &&
        rest_->weights_pd->diff_weights_desc() != full_->weights_pd->diff_weights_desc()) {
      Packed copy;
      copy.desc = rest_->weights_pd->diff_weights_desc();
      copy.values.assign(weight_slots_.last(), weight_slots_.last() + weight_slots_.size());
      reorder(copy.as_memory(), view(full_->weights_pd->diff_weights_desc(), weight_slots_.last()));
    }
    plain_.resize(weight.gradient.size());
    reorder(view(any().weights_pd->diff_weights_desc(), weight_slots_.sum()),
            view(plain_desc(), plain_.data()));
    for (std::size_t i = 0; i < plain_.size(); ++i) weight.gradient[i] += plain_[i];
  }

 private:
  void convolve_gradients(const Part& part) {
    const Primitives& p = of(part);
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, view(p.weights_pd->src_desc(), seen(part))},
        {DNNL_ARG_DIFF_DST, view(p.weights_pd->diff_dst_desc(), out_.clip_gradient(part.first))},
        {DNNL_ARG_DIFF_WEIGHTS, view(p.weights_pd->diff_weights_desc(), weight_slots_.of(part))},
        {DNNL_ARG_SCRATCHPAD, scratchpad(p.weights_pd->scratchpad_desc())}};
    if (layer_.options().bias)
      arguments[DNNL_ARG_DIFF_BIAS] = view(p.weights_pd->diff_bias_desc(), bias_slots_.of(part));
    p.weights.execute(stream(), arguments);
    stream().wait();
  }

  /// The same for one product of matrices, where oneDNN's sgemm beats its convolution.
  void multiply_gradients(const Part& part) {
    const auto& o = layer_.options();
    const MatrixView dy{out_.clip_gradient(part.first), part.clips * out_.shape.frames, o.out,
                        o.out};
    multiply(dy, {in_.clip(part.first), dy.rows, o.in, o.in},
             {weight_slots_.of(part), o.out, o.in, o.in}, Transpose::first);
    if (o.bias) sum_rows(dy, bias_slots_.of(part));
  }

  /// What the primitive reads for a part: the input, or the input with its margins.
  const float* seen(const Part& part) {
    return layer_.options().reflect ? mirrored_.data() + part.first * seen_.clip_size()
                                    : in_.clip(part.first);
  }

  /// Writes each clip of the part between margins that mirror it, zeros behind them.
  void mirror(const Part& part) {
    const std::int64_t width = seen_.channels, side = margin(layer_.options());
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      const float* x = in_.clip(i);
      float* to = mirrored_.data() + i * seen_.clip_size();
      for (std::int64_t t = -side; t < in_.length(i) + side; ++t, to += width)
        std::copy_n(x + mirrored(t, in_.length(i)) * width, width, to);
      std::fill(to, mirrored_.data() + (i + 1) * seen_.clip_size(), 0.0F);
    }
  }

  /// The way back of mirror(): each frame gets the gradients of all its images.
  void fold(const Part& part, const Buffer& from, InputGradient& gradient) {
    const std::int64_t width = seen_.channels, side = margin(layer_.options());
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i) {
      const float* d = from.data() + (i - part.first) * seen_.clip_size();
      float* dx = gradient.clip(i);
      std::copy_n(d + side * width, in_.length(i) * width, dx);
      for (std::int64_t t = -side; t < in_.length(i) + side; ++t) {
        if (t == 0) t = in_.length(i);
        float* to = dx + mirrored(t, in_.length(i)) * width;
        for (std::int64_t c = 0; c < width; ++c) to[c] += d[(t + side) * width + c];
      }
    }
  }

  memory::desc plain_desc() const {
    const auto& o = layer_.options();
    return f32({o.out, o.in, o.kernel}, Tag::oiw);
  }
  static bool whole_part(const Part& part) { return part.clips == clips_per_part; }
  const Primitives& of(const Part& part) const { return whole_part(part) ? *full_ : *rest_; }
  const Primitives& any() const { return full_ ? *full_ : *rest_; }

  Conv1d& layer_;
  BatchNorm* norm_;  // taken into the primitive, or none
  Edge edge_;
  Flow& in_;
  Flow& out_;
  Shape seen_;       // by the primitives: the input's, with margins where they mirror
  Buffer mirrored_;  // empty where the margins are zeros
  std::optional<Primitives> full_, rest_;  // for whole parts, and for the last that is not
  Packed full_forward_, rest_forward_, full_back_, rest_back_;
  std::uint64_t packed_version_ = 0, folded_version_ = 0;
  Buffer scale_, shift_;  // the batch norm's
  GradientSlots weight_slots_, bias_slots_;
  Buffer plain_;  // the gradient in PyTorch's order
};

}  // namespace

Conv1d::Conv1d(const Conv1dOptions& options, bool linear) : options_(options), linear_(linear) {
  parameters_.push_back(
      make_parameter("weight", linear ? std::vector{options.out, options.in}
                                      : std::vector{options.out, options.in, options.kernel}));
  if (options.bias) parameters_.push_back(make_parameter("bias", {options.out}));
}

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

std::unique_ptr<Step> Conv1d::prepare(std::span<const Edge> in, Flow& out, Mode mode) {
  return std::make_unique<Conv1dStep>(*this, nullptr, in[0], out, mode);
}

std::unique_ptr<Step> Conv1d::prepare_with(Layer& next, std::span<const Edge> in, Flow& out) {
  auto* norm = dynamic_cast<BatchNorm*>(&next);
  if (norm == nullptr) return nullptr;
  return std::make_unique<Conv1dStep>(*this, norm, in[0], out, Mode::inference);
}

}  // namespace twinear::nn
