// SPDX-License-Identifier: Apache-2.0
#include "nn/conv1d.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/threads.h"
#include "nn/onednn.h"

namespace twinear::nn {
namespace {

using dnnl::algorithm, dnnl::memory, dnnl::prop_kind;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;
using Tag = memory::format_tag;

/// One primitive of each direction for a number of clips.
struct Primitives {
  Forward::primitive_desc forward_pd;
  Forward forward;
  std::optional<BackwardData::primitive_desc> data_pd;
  BackwardData data;
  std::optional<BackwardWeights::primitive_desc> weights_pd;
  BackwardWeights weights;
};

Primitives make_primitives(const Conv1dOptions& o, Shape in, Shape out, Mode mode,
                           bool input_gradient) {
  // A kernel of one frame sees no neighbours: all clips are one long clip, which oneDNN cuts best.
  if (o.kernel == 1 && o.stride == 1) {
    in = {1, in.clips * in.frames, in.channels};
    out = {1, out.clips * out.frames, out.channels};
  }
  const memory::dims stride{o.stride}, gap{o.dilation - 1}, pad{o.dilation * (o.kernel - 1) / 2};
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
  dnnl::primitive_attr own_scratch;
  own_scratch.set_scratchpad_mode(dnnl::scratchpad_mode::user);

  Primitives p;
  const auto forward = o.bias
                           ? Forward::desc(direction, direct, x, w, b, y, stride, gap, pad, reach)
                           : Forward::desc(direction, direct, x, w, y, stride, gap, pad, reach);
  p.forward_pd = {forward, own_scratch, cpu()};
  p.forward = Forward(p.forward_pd);
  if (mode == Mode::inference) return p;
  if (input_gradient) {
    p.data_pd = {{direct, x, w, y, stride, gap, pad, reach}, own_scratch, cpu(), p.forward_pd};
    p.data = BackwardData(*p.data_pd);
  }
  const auto backward = o.bias ? BackwardWeights::desc(direct, x, w, b, y, stride, gap, pad, reach)
                               : BackwardWeights::desc(direct, x, w, y, stride, gap, pad, reach);
  p.weights_pd = {backward, own_scratch, cpu(), p.forward_pd};
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

/// Sets the frames from each clip's length on to zero.
void clear_padding(float* clip, std::int64_t length, const Shape& shape) {
  std::fill(clip + length * shape.channels, clip + shape.clip_size(), 0.0F);
}

class Conv1dStep final : public Step {
 public:
  Conv1dStep(Conv1d& layer, Flow& in, Flow& out, Mode mode)
      : layer_(layer), in_(in), out_(out), input_gradient_(!in.gradient.empty()) {
    const auto primitives = [&](std::int64_t clips) {
      Shape x = in.shape, y = out.shape;
      x.clips = y.clips = clips;
      return make_primitives(layer.options(), x, y, mode, input_gradient_);
    };
    const std::int64_t clips = in.shape.clips, rest = clips % clips_per_part;
    if (clips >= clips_per_part) full_ = primitives(clips_per_part);
    if (rest > 0) rest_ = primitives(rest);
    if (mode == Mode::training) {
      const auto parts = static_cast<std::size_t>((clips + clips_per_part - 1) / clips_per_part);
      for (const auto* p : {&full_, &rest_})
        if (*p)
          slot_size_ = std::max(slot_size_,
                                (*p)->weights_pd->diff_weights_desc().get_size() / sizeof(float));
      weight_slots_.resize(parts * slot_size_);
      if (layer.options().bias)
        bias_slots_.resize(parts * static_cast<std::size_t>(layer.options().out));
    }
  }

  void begin() override {
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
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, view(p.forward_pd.src_desc(), in_.clip(part.first))},
        {DNNL_ARG_WEIGHTS, (whole_part(part) ? full_forward_ : rest_forward_).as_memory()},
        {DNNL_ARG_DST, view(p.forward_pd.dst_desc(), out_.clip(part.first))},
        {DNNL_ARG_SCRATCHPAD, scratchpad(p.forward_pd.scratchpad_desc())}};
    if (layer_.options().bias)
      arguments[DNNL_ARG_BIAS] =
          view(p.forward_pd.bias_desc(), layer_.parameters()[1].value.data());
    p.forward.execute(stream(), arguments);
    stream().wait();
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      clear_padding(out_.clip(i), out_.lengths[static_cast<std::size_t>(i)], out_.shape);
  }

  void backward(const Part& part) override {
    const Primitives& p = of(part);
    const float* dy = out_.clip_gradient(part.first);
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, view(p.weights_pd->src_desc(), in_.clip(part.first))},
        {DNNL_ARG_DIFF_DST, view(p.weights_pd->diff_dst_desc(), dy)},
        {DNNL_ARG_DIFF_WEIGHTS,
         view(p.weights_pd->diff_weights_desc(), &weight_slots_[part.index * slot_size_])},
        {DNNL_ARG_SCRATCHPAD, scratchpad(p.weights_pd->scratchpad_desc())}};
    if (layer_.options().bias)
      arguments[DNNL_ARG_DIFF_BIAS] =
          view(p.weights_pd->diff_bias_desc(),
               &bias_slots_[part.index * static_cast<std::size_t>(layer_.options().out)]);
    p.weights.execute(stream(), arguments);
    stream().wait();
    if (!input_gradient_) return;

    p.data.execute(
        stream(),
        {{DNNL_ARG_DIFF_DST, view(p.data_pd->diff_dst_desc(), dy)},
         {DNNL_ARG_WEIGHTS, (whole_part(part) ? full_back_ : rest_back_).as_memory()},
         {DNNL_ARG_DIFF_SRC, view(p.data_pd->diff_src_desc(), in_.clip_gradient(part.first))},
         {DNNL_ARG_SCRATCHPAD, scratchpad(p.data_pd->scratchpad_desc())}});
    stream().wait();
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      clear_padding(in_.clip_gradient(i), in_.lengths[static_cast<std::size_t>(i)], in_.shape);
  }

  void end() override {
    // Parts whose primitive packs the gradient in another way are brought to the first's.
    if (full_ && rest_ &&
        rest_->weights_pd->diff_weights_desc() != full_->weights_pd->diff_weights_desc()) {
      float* last = weight_slots_.data() + weight_slots_.size() - slot_size_;
      Packed copy;
      copy.desc = rest_->weights_pd->diff_weights_desc();
      copy.values.assign(last, last + slot_size_);
      reorder(copy.as_memory(), view(full_->weights_pd->diff_weights_desc(), last));
    }
    sum_slots(weight_slots_, slot_size_);
    Parameter& weight = layer_.parameters()[0];
    Buffer plain(weight.gradient.size());
    reorder(view(any().weights_pd->diff_weights_desc(), weight_slots_.data()),
            view(plain_desc(), plain.data()));
    for (std::size_t i = 0; i < plain.size(); ++i) weight.gradient[i] += plain[i];
    if (!layer_.options().bias) return;
    Parameter& bias = layer_.parameters()[1];
    sum_slots(bias_slots_, bias.gradient.size());
    for (std::size_t i = 0; i < bias.gradient.size(); ++i) bias.gradient[i] += bias_slots_[i];
  }

 private:
  memory::desc plain_desc() const {
    const auto& o = layer_.options();
    return f32({o.out, o.in, o.kernel}, Tag::oiw);
  }
  static bool whole_part(const Part& part) { return part.clips == clips_per_part; }
  const Primitives& of(const Part& part) const { return whole_part(part) ? *full_ : *rest_; }
  const Primitives& any() const { return full_ ? *full_ : *rest_; }

  /// Adds every slot to the first, in the order of the parts whatever thread does it.
  static void sum_slots(Buffer& slots, std::size_t size) {
    constexpr std::size_t block = 16384;
    parallel_for((size + block - 1) / block, [&](std::size_t b) {
      const std::size_t begin = b * block, end = std::min(begin + block, size);
      for (std::size_t at = size; at < slots.size(); at += size)
        for (std::size_t i = begin; i < end; ++i) slots[i] += slots[at + i];
    });
  }

  Conv1d& layer_;
  Flow& in_;
  Flow& out_;
  bool input_gradient_;
  std::optional<Primitives> full_, rest_;  // for whole parts, and for the last that is not
  Packed full_forward_, rest_forward_, full_back_, rest_back_;
  std::uint64_t packed_version_ = 0;
  std::size_t slot_size_ = 0;
  Buffer weight_slots_, bias_slots_;  // each part's gradient
};

}  // namespace

Conv1d::Conv1d(const Conv1dOptions& options, bool linear) : options_(options), linear_(linear) {
  const auto parameter = [](std::string name, std::vector<std::int64_t> shape) {
    std::size_t size = 1;
    for (const std::int64_t n : shape) size *= static_cast<std::size_t>(n);
    return Parameter{std::move(name), std::move(shape), Buffer(size), Buffer(size)};
  };
  parameters_.push_back(linear ? parameter("weight", {options.out, options.in})
                               : parameter("weight", {options.out, options.in, options.kernel}));
  if (options.bias) parameters_.push_back(parameter("bias", {options.out}));
}

Shape Conv1d::output(Shape input) const {
  return {input.clips, output_length(input.frames), options_.out};
}

std::int64_t Conv1d::output_length(std::int64_t length) const {
  return (length - 1) / options_.stride + 1;
}

double Conv1d::multiply_adds(Shape input) const {
  const Shape y = output(input);
  return static_cast<double>(y.size()) * static_cast<double>(options_.in * options_.kernel);
}

std::unique_ptr<Step> Conv1d::prepare(Flow& in, Flow& out, Mode mode) {
  return std::make_unique<Conv1dStep>(*this, in, out, mode);
}

}  // namespace twinear::nn
