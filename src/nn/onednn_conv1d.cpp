// SPDX-License-Identifier: Apache-2.0
#include "nn/onednn_conv1d.h"

#include <algorithm>
#include <unordered_map>

#include "linalg/lasting_buffers.h"
#include "nn/matrices.h"

namespace twinear::nn {
namespace {

using dnnl::algorithm, dnnl::memory, dnnl::prop_kind;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;
using Tag = memory::format_tag;
using Type = memory::data_type;
using Arguments = std::unordered_map<int, memory>;
using dim = memory::dim;
constexpr auto direct = algorithm::convolution_direct;

/// A kernel of one frame that skips none: a product of matrices.
bool is_matrix(const Conv1dOptions& o) { return o.kernel == 1 && o.stride == 1; }

/// Whether the gradient of the weights is computed as the product of dy and a copy of x that has,
/// beside each output frame, all that its kernel saw. oneDNN's sgemm is a third faster than its f32
/// convolution, and its bf16 convolution is slow for short clips; but sgemm is slower for a copy
/// that is larger than the caches.
bool gathers(const OnednnConv1d::Options& c) {
  constexpr std::size_t short_clip = 128, max_numbers = std::size_t{1} << 20U;
  return !is_matrix(c.sizes) && (c.operands == Number::f32 || c.frames_out <= short_clip) &&
         c.clips * c.frames_out * c.sizes.kernel * c.sizes.in <= max_numbers;
}

/// Makes that copy: rows of kernel x channels numbers.
template <class T>
void gather(const OnednnConv1d::Options& c, const T* x, T* to) {
  const Conv1dOptions& o = c.sizes;
  for (std::size_t clip = 0; clip < c.clips; ++clip, x += c.frames_in * o.in)
    for (std::size_t t = 0; t < c.frames_out; ++t)
      for (std::size_t k = 0; k < o.kernel; ++k, to += o.in) {
        const std::size_t from = t * o.stride + k * o.dilation;  // counted from the padding
        if (from >= c.padding && from - c.padding < c.frames_in)
          std::copy_n(x + (from - c.padding) * o.in, o.in, to);
        else
          std::fill_n(to, o.in, T());
      }
}

/// The parameters of a convolution as oneDNN takes them.
struct Geometry {
  explicit Geometry(const OnednnConv1d::Options& c)
      : in(to_dim(c.sizes.in)),
        out(to_dim(c.sizes.out)),
        kernel(to_dim(c.sizes.kernel)),
        clips(to_dim(c.clips)),
        frames_in(to_dim(c.frames_in)),
        frames_out(to_dim(c.frames_out)),
        stride{to_dim(c.sizes.stride)},
        gap{to_dim(c.sizes.dilation) - 1},
        before{to_dim(c.padding)},
        has_bias(c.sizes.bias) {
    // A kernel of one frame sees no neighbors, so that all clips are passed as one long clip.
    if (is_matrix(c.sizes)) {
      frames_in *= clips;
      frames_out *= clips;
      clips = 1;
    }
    // The padding behind a clip ends with what the last output frame reaches.
    const dim last = (frames_out - 1) * stride[0] + to_dim(c.sizes.dilation) * (kernel - 1) + 1;
    behind = {std::max<dim>(0, last - frames_in - before[0])};
  }

  memory::desc x(Number number) const {
    return {{clips, in, frames_in}, type_of(number), Tag::nwc};
  }
  memory::desc y(Number number) const {
    return {{clips, out, frames_out}, type_of(number), Tag::nwc};
  }
  memory::desc weights(Type type) const { return {{out, in, kernel}, type, Tag::any}; }
  memory::desc bias() const { return has_bias ? f32({out}, Tag::x) : memory::desc(); }

  dim in, out, kernel, clips, frames_in, frames_out;
  memory::dims stride, gap, before, behind;
  bool has_bias;
};

/// What a batch norm does to each output, as oneDNN's post-operations: in order a clamp, a product
/// and a sum per channel, a clamp.
dnnl::post_ops post_operations(const BatchNorm& norm) {
  const auto per_channel = f32({1, to_dim(norm.channels()), 1}, Tag::abc);
  dnnl::post_ops ops;
  if (norm.relu_first()) ops.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
  ops.append_binary(algorithm::binary_mul, per_channel);
  ops.append_binary(algorithm::binary_add, per_channel);
  if (norm.relu()) ops.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
  return ops;
}

}  // namespace

memory::desc plain_weights(const Conv1dOptions& o, std::size_t stride) {
  const dim kernel = to_dim(o.kernel);
  return {
      {to_dim(o.out), to_dim(o.in), kernel}, Type::f32, memory::dims{to_dim(stride), kernel, 1}};
}

void reorder(const memory& from, const memory& to) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::reorder::primitive_desc pd(from, to, attributes);
  execute(dnnl::reorder(pd), {{DNNL_ARG_FROM, from},
                              {DNNL_ARG_TO, to},
                              {DNNL_ARG_SCRATCHPAD, scratchpad(pd.scratchpad_desc())}});
}

memory PackedWeights::get(const memory::desc& desc, const memory& plain, std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  auto packed = std::ranges::find(all_, desc, &Packed::desc);
  if (packed == all_.end()) {
    const LastingBuffers weights;
    all_.push_back({desc, 0, Aligned<std::byte>(desc.get_size())});
    packed = std::prev(all_.end());
  }
  memory result(desc, cpu(), packed->bytes.data());
  if (packed->version != version) reorder(plain, result);
  packed->version = version;
  return result;
}

OnednnConv1d::OnednnConv1d(const Options& options) : options_(options) {
  const Geometry g(options);
  const bool training = options.backward_data || options.backward_weights;
  dnnl::primitive_attr attributes, with_norm;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  with_norm.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (options.norm != nullptr) with_norm.set_post_ops(post_operations(*options.norm));
  forward_pd_ = {{training ? prop_kind::forward_training : prop_kind::forward_inference, direct,
                  g.x(options.operands), g.weights(type_of(options.operands)), g.bias(),
                  g.y(options.operands), g.stride, g.gap, g.before, g.behind},
                 with_norm,
                 cpu()};
  forward_ = Forward(forward_pd_);
  if (training) prepare_backward(options, attributes);
}

void OnednnConv1d::prepare_backward(const Options& options,
                                    const dnnl::primitive_attr& attributes) {
  const Geometry g(options);
  const Conv1dOptions& o = options.sizes;
  const Type type = type_of(options.operands);
  if (options.backward_data) {
    data_pd_ = {{direct, g.x(options.input_gradient), g.weights(type), g.y(options.operands),
                 g.stride, g.gap, g.before, g.behind},
                attributes,
                cpu(),
                forward_pd_};
    data_ = BackwardData(*data_pd_);
  }
  if (!options.backward_weights) return;
  if (!is_matrix(o) && !gathers(options)) {
    weights_pd_ = {{direct, g.x(options.operands), g.weights(Type::f32), g.bias(),
                    g.y(options.operands), g.stride, g.gap, g.before, g.behind},
                   attributes,
                   cpu(),
                   forward_pd_};
    weights_ = BackwardWeights(*weights_pd_);
  } else if (options.operands == Number::bf16) {
    const dim rows = to_dim(options.clips * options.frames_out), columns = to_dim(o.kernel * o.in);
    const memory::desc dy_t({g.out, rows}, type, memory::dims{1, g.out});
    product_pd_ = {{dy_t, {{rows, columns}, type, Tag::ab}, f32({g.out, columns}, Tag::ab)},
                   attributes,
                   cpu()};
    product_ = dnnl::matmul(*product_pd_);
  }
}

void OnednnConv1d::set_weights(PackedWeights& packed, const memory& plain, std::uint64_t version) {
  forward_weights_ = packed.get(forward_pd_.weights_desc(), plain, version);
  if (data_pd_) data_weights_ = packed.get(data_pd_->weights_desc(), plain, version);
}

void OnednnConv1d::forward(const void* x, void* y, const float* bias, const float* scale,
                           const float* shift) const {
  Arguments arguments{{DNNL_ARG_SRC, view(forward_pd_.src_desc(), x)},
                      {DNNL_ARG_WEIGHTS, forward_weights_},
                      {DNNL_ARG_DST, view(forward_pd_.dst_desc(), y)},
                      {DNNL_ARG_SCRATCHPAD, scratchpad(forward_pd_.scratchpad_desc())}};
  if (options_.sizes.bias) arguments[DNNL_ARG_BIAS] = view(forward_pd_.bias_desc(), bias);
  if (options_.norm != nullptr) {
    const auto per_channel = f32({1, to_dim(options_.sizes.out), 1}, Tag::abc);
    const int at = options_.norm->relu_first() ? 1 : 0;
    arguments[DNNL_ARG_ATTR_MULTIPLE_POST_OP(at) | DNNL_ARG_SRC_1] = view(per_channel, scale);
    arguments[DNNL_ARG_ATTR_MULTIPLE_POST_OP(at + 1) | DNNL_ARG_SRC_1] = view(per_channel, shift);
  }
  execute(forward_, arguments);
}

void OnednnConv1d::backward_data(const void* dy, void* dx) const {
  execute(data_, {{DNNL_ARG_DIFF_DST, view(data_pd_->diff_dst_desc(), dy)},
                  {DNNL_ARG_WEIGHTS, data_weights_},
                  {DNNL_ARG_DIFF_SRC, view(data_pd_->diff_src_desc(), dx)},
                  {DNNL_ARG_SCRATCHPAD, scratchpad(data_pd_->scratchpad_desc())}});
}

void OnednnConv1d::backward_weights(const void* x, const void* dy, float* dw, float* db) const {
  const Conv1dOptions& o = options_.sizes;
  if (weights_pd_) {
    Arguments arguments{{DNNL_ARG_SRC, view(weights_pd_->src_desc(), x)},
                        {DNNL_ARG_DIFF_DST, view(weights_pd_->diff_dst_desc(), dy)},
                        {DNNL_ARG_DIFF_WEIGHTS, view(weights_pd_->diff_weights_desc(), dw)},
                        {DNNL_ARG_SCRATCHPAD, scratchpad(weights_pd_->scratchpad_desc())}};
    if (o.bias) arguments[DNNL_ARG_DIFF_BIAS] = view(weights_pd_->diff_bias_desc(), db);
    return execute(weights_, arguments);
  }
  backward_weights_by_product(x, dy, dw, db);
}

void OnednnConv1d::backward_weights_by_product(const void* x, const void* dy, float* dw,
                                               float* db) const {
  const Conv1dOptions& o = options_.sizes;
  const std::size_t rows = options_.clips * options_.frames_out, columns = o.kernel * o.in;
  if (!is_matrix(o))
    x = with_number(options_.operands, [&](auto number) -> const void* {
      using T = decltype(number);
      thread_local Aligned<T> gathered;
      gathered.resize(std::max(gathered.size(), rows * columns));
      gather(options_, static_cast<const T*>(x), gathered.data());
      return gathered.data();
    });
  if (product_pd_)
    execute(product_, {{DNNL_ARG_SRC, view(product_pd_->src_desc(), dy)},
                       {DNNL_ARG_WEIGHTS, view(product_pd_->weights_desc(), x)},
                       {DNNL_ARG_DST, view(product_pd_->dst_desc(), dw)},
                       {DNNL_ARG_SCRATCHPAD, scratchpad(product_pd_->scratchpad_desc())}});
  else  // oneDNN's sgemm beats its f32 convolution and its product
    multiply(matrix(static_cast<const float*>(dy), rows, o.out),
             matrix(static_cast<const float*>(x), rows, columns), result(dw, o.out, columns),
             Transpose::first);
  if (!o.bias) return;
  with_number(options_.operands, [&](auto number) {
    sum_rows(static_cast<const decltype(number)*>(dy), rows, o.out, db);
  });
}

memory::desc OnednnConv1d::weight_gradient() const {
  if (weights_pd_) return weights_pd_->diff_weights_desc();
  const Conv1dOptions& o = options_.sizes;
  if (is_matrix(o)) return plain_weights(o, o.in);
  // For each output the frames of the kernel, and for each frame its channels.
  const dim in = to_dim(o.in), kernel = to_dim(o.kernel);
  return {{to_dim(o.out), in, kernel}, Type::f32, memory::dims{kernel * in, 1, in}};
}

std::vector<std::string> OnednnConv1d::implementations() const {
  std::vector<std::string> names{forward_pd_.impl_info_str()};
  if (data_pd_) names.emplace_back(data_pd_->impl_info_str());
  if (weights_pd_) names.emplace_back(weights_pd_->impl_info_str());
  if (product_pd_) names.emplace_back(product_pd_->impl_info_str());
  return names;
}

}  // namespace twinear::nn
