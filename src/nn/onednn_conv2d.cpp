// SPDX-License-Identifier: Apache-2.0
#include "nn/onednn_conv2d.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace twinear::nn {
namespace {

using dnnl::algorithm, dnnl::memory, dnnl::prop_kind;
using Tag = memory::format_tag;
using Type = memory::data_type;
using Arguments = std::unordered_map<int, memory>;
using dim = memory::dim;
constexpr auto direct = algorithm::convolution_direct;

/// A convolution in oneDNN's words: frames are its height, bands its width.
struct Geometry {
  explicit Geometry(const OnednnConv2d::Options& o)
      : sizes(o.sizes),
        clips(to_dim(o.clips)),
        frames_in(to_dim(o.frames_in)),
        frames_out(to_dim(o.frames_out())),
        stride{1, to_dim(sizes.stride)},
        before{to_dim(o.before), to_dim(sizes.margin())} {
    // Beyond the bands only what the last output band reaches.
    const dim last = (bands_out() - 1) * stride[1] + to_dim(sizes.kernel);
    behind = {to_dim(o.behind), std::max<dim>(0, last - to_dim(sizes.bands) - before[1])};
  }

  dim bands_out() const { return to_dim(sizes.bands_out()); }
  memory::desc x(Number number) const {
    return {{clips, to_dim(sizes.in), frames_in, to_dim(sizes.bands)}, type_of(number), Tag::nhwc};
  }
  memory::desc y(Number number) const {
    return {{clips, to_dim(sizes.out), frames_out, bands_out()}, type_of(number), Tag::nhwc};
  }
  memory::desc weights(Type type) const {
    const dim kernel = to_dim(sizes.kernel);
    return {{to_dim(sizes.out), to_dim(sizes.in), kernel, kernel}, type, Tag::any};
  }
  memory::desc bias() const {
    return sizes.bias ? f32({to_dim(sizes.out)}, Tag::x) : memory::desc();
  }

  const Conv2dOptions& sizes;
  dim clips, frames_in, frames_out;
  memory::dims stride, before, behind;
};

}  // namespace

bool OnednnConv2d::Options::operator==(const Options& other) const {
  const auto all = [](const Options& o) {
    return std::tuple(o.sizes.in, o.sizes.out, o.sizes.bands, o.sizes.kernel, o.sizes.stride,
                      o.sizes.bias, o.clips, o.frames_in, o.before, o.behind, o.operands,
                      o.input_gradient, o.relu, o.backward_data, o.backward_weights);
  };
  return all(*this) == all(other);
}

memory::desc plain_weights(const Conv2dOptions& o) {
  const dim in = to_dim(o.in), kernel = to_dim(o.kernel);
  return {{to_dim(o.out), in, kernel, kernel},
          Type::f32,
          memory::dims{in * kernel * kernel, kernel * kernel, 1, kernel}};
}

OnednnConv2d::OnednnConv2d(const Options& options) : options_(options) {
  const Conv2dOptions& o = options_.sizes;
  if (o.kernel > 1 || o.stride > 1 || !options.backward_weights) {
    prepare();
    return;
  }
  const std::size_t rows = options.frames_in * o.bands;  // a band of a frame sees no neighbors
  rows_.emplace(OnednnConv1d::Options{.sizes = {.in = o.in, .out = o.out, .bias = o.bias},
                                      .clips = options.clips,
                                      .frames_in = rows,
                                      .frames_out = rows,
                                      .operands = options.operands,
                                      .input_gradient = options.input_gradient,
                                      .backward_data = options.backward_data,
                                      .backward_weights = true});
}

void OnednnConv2d::prepare() {
  const Options& options = options_;
  const Geometry g(options_);
  const Type type = type_of(options.operands);
  const bool training = options.backward_data || options.backward_weights;
  dnnl::primitive_attr attributes, with_relu;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  with_relu.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (options.relu) {
    dnnl::post_ops relu;
    relu.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
    with_relu.set_post_ops(relu);
  }
  forward_pd_ = {{training ? prop_kind::forward_training : prop_kind::forward_inference, direct,
                  g.x(options.operands), g.weights(type), g.bias(), g.y(options.operands), g.stride,
                  g.before, g.behind},
                 with_relu,
                 cpu()};
  forward_ = dnnl::convolution_forward(forward_pd_);
  if (options.backward_data) {
    data_pd_ = {{direct, g.x(options.input_gradient), g.weights(type), g.y(options.operands),
                 g.stride, g.before, g.behind},
                attributes,
                cpu(),
                forward_pd_};
    data_ = dnnl::convolution_backward_data(*data_pd_);
  }
  if (options.backward_weights) {
    weights_pd_ = {{direct, g.x(options.operands), g.weights(Type::f32), g.bias(),
                    g.y(options.operands), g.stride, g.before, g.behind},
                   attributes,
                   cpu(),
                   forward_pd_};
    weights_ = dnnl::convolution_backward_weights(*weights_pd_);
  }
}

void OnednnConv2d::set_weights(PackedWeights& packed, const memory& plain, std::uint64_t version) {
  if (rows_) {
    const Conv1dOptions o{.in = options_.sizes.in, .out = options_.sizes.out};
    return rows_->set_weights(packed, view(plain_weights(o, o.in), plain.get_data_handle()),
                              version);
  }
  forward_weights_ = packed.get(forward_pd_.weights_desc(), plain, version);
  if (data_pd_) data_weights_ = packed.get(data_pd_->weights_desc(), plain, version);
}

void OnednnConv2d::forward(const void* x, void* y, const float* bias) const {
  if (rows_) return rows_->forward(x, y, bias);
  Arguments arguments{{DNNL_ARG_SRC, view(forward_pd_.src_desc(), x)},
                      {DNNL_ARG_WEIGHTS, forward_weights_},
                      {DNNL_ARG_DST, view(forward_pd_.dst_desc(), y)},
                      {DNNL_ARG_SCRATCHPAD, scratchpad(forward_pd_.scratchpad_desc())}};
  if (options_.sizes.bias) arguments[DNNL_ARG_BIAS] = view(forward_pd_.bias_desc(), bias);
  execute(forward_, arguments);
}

void OnednnConv2d::backward_data(const void* dy, void* dx) const {
  if (rows_) return rows_->backward_data(dy, dx);
  execute(data_, {{DNNL_ARG_DIFF_DST, view(data_pd_->diff_dst_desc(), dy)},
                  {DNNL_ARG_WEIGHTS, data_weights_},
                  {DNNL_ARG_DIFF_SRC, view(data_pd_->diff_src_desc(), dx)},
                  {DNNL_ARG_SCRATCHPAD, scratchpad(data_pd_->scratchpad_desc())}});
}

void OnednnConv2d::backward_weights(const void* x, const void* dy, float* dw, float* db) const {
  if (rows_) return rows_->backward_weights(x, dy, dw, db);
  Arguments arguments{{DNNL_ARG_SRC, view(weights_pd_->src_desc(), x)},
                      {DNNL_ARG_DIFF_DST, view(weights_pd_->diff_dst_desc(), dy)},
                      {DNNL_ARG_DIFF_WEIGHTS, view(weights_pd_->diff_weights_desc(), dw)},
                      {DNNL_ARG_SCRATCHPAD, scratchpad(weights_pd_->scratchpad_desc())}};
  if (options_.sizes.bias) arguments[DNNL_ARG_DIFF_BIAS] = view(weights_pd_->diff_bias_desc(), db);
  execute(weights_, arguments);
}

memory::desc OnednnConv2d::weight_gradient() const {
  return rows_ ? plain_weights(options_.sizes) : weights_pd_->diff_weights_desc();
}

std::vector<std::string> OnednnConv2d::implementations() const {
  if (rows_) return rows_->implementations();
  std::vector<std::string> names{forward_pd_.impl_info_str()};
  if (data_pd_) names.emplace_back(data_pd_->impl_info_str());
  if (weights_pd_) names.emplace_back(weights_pd_->impl_info_str());
  return names;
}

}  // namespace twinear::nn
