// SPDX-License-Identifier: Apache-2.0
#include "nn/onednn_conv1d.h"

#include <algorithm>
#include <unordered_map>

#include "linalg/gemm.h"

namespace twinear::nn {
namespace {

using dnnl::algorithm, dnnl::memory, dnnl::prop_kind;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;
using Tag = memory::format_tag;
using Type = memory::data_type;
using Arguments = std::unordered_map<int, memory>;

Type type_of(Number number) { return number == Number::bf16 ? Type::bf16 : Type::f32; }

/// A kernel of one frame that skips none: a product of matrices.
bool is_matrix(const Conv1dOptions& o) { return o.kernel == 1 && o.stride == 1; }

/// Whether the weights' gradient is to be a product of dy with a copy of x that has, beside each
/// output frame, all that its kernel saw: oneDNN's f32 convolution loses a third to its sgemm, and
/// its bf16 one is slow where clips are short. Not where the copy outgrows the caches: there the
/// sgemm is the slower one.
bool gathers(const OnednnConv1d::Options& c) {
  constexpr std::int64_t short_clip = 128, max_numbers = std::int64_t{1} << 20;
  return !is_matrix(c.sizes) && (c.operands == Number::f32 || c.frames_out <= short_clip) &&
         c.clips * c.frames_out * c.sizes.kernel * c.sizes.in <= max_numbers;
}

/// Such a copy: rows of kernel x channels numbers.
template <class T>
void gather(const OnednnConv1d::Options& c, const T* x, T* to) {
  const Conv1dOptions& o = c.sizes;
  for (std::int64_t clip = 0; clip < c.clips; ++clip, x += c.frames_in * o.in)
    for (std::int64_t t = 0; t < c.frames_out; ++t)
      for (std::int64_t k = 0; k < o.kernel; ++k, to += o.in) {
        const std::int64_t from = t * o.stride + k * o.dilation - c.padding;
        if (from >= 0 && from < c.frames_in)
          std::copy_n(x + from * o.in, o.in, to);
        else
          std::fill_n(to, o.in, T());
      }
}

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

}  // namespace

memory::desc plain_weights(const Conv1dOptions& o, std::int64_t stride) {
  return {{o.out, o.in, o.kernel}, Type::f32, memory::dims{stride, o.kernel, 1}};
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
    all_.push_back({desc, 0, Aligned<std::byte>(desc.get_size())});
    packed = std::prev(all_.end());
  }
  memory result(desc, cpu(), packed->bytes.data());
  if (packed->version != version) reorder(plain, result);
  packed->version = version;
  return result;
}

OnednnConv1d::OnednnConv1d(const Options& options) : options_(options) {
  const Conv1dOptions& o = options.sizes;
  std::int64_t clips = options.clips, frames_in = options.frames_in;
  std::int64_t frames_out = options.frames_out;
  // A kernel of one frame sees no neighbors: all clips are one long clip, which oneDNN cuts best.
  if (is_matrix(o)) {
    frames_in *= clips;
    frames_out *= clips;
    clips = 1;
  }
  const memory::dims stride{o.stride}, gap{o.dilation - 1}, pad{options.padding};
  // On the right only what the last output frame reaches: less than `pad` where the stride skips.
  const memory::dims reach{std::max<std::int64_t>(
      0, (frames_out - 1) * o.stride + o.dilation * (o.kernel - 1) + 1 - frames_in - pad[0])};
  const Type type = type_of(options.operands);
  const memory::desc x({clips, o.in, frames_in}, type, Tag::nwc);
  const memory::desc y({clips, o.out, frames_out}, type, Tag::nwc);
  const memory::desc w({o.out, o.in, o.kernel}, type, Tag::any);
  const memory::desc b = o.bias ? f32({o.out}, Tag::x) : memory::desc();
  const auto direct = algorithm::convolution_direct;
  const bool training = options.backward_data || options.backward_weights;
  dnnl::primitive_attr attributes, with_norm;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  with_norm.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (options.norm != nullptr) with_norm.set_post_ops(post_operations(*options.norm));

  forward_pd_ = {{training ? prop_kind::forward_training : prop_kind::forward_inference, direct, x,
                  w, b, y, stride, gap, pad, reach},
                 with_norm,
                 cpu()};
  forward_ = Forward(forward_pd_);
  if (options.backward_data) {
    const memory::desc dx({clips, o.in, frames_in}, type_of(options.input_gradient), Tag::nwc);
    data_pd_ = {{direct, dx, w, y, stride, gap, pad, reach}, attributes, cpu(), forward_pd_};
    data_ = BackwardData(*data_pd_);
  }
  if (!options.backward_weights) return;
  if (!is_matrix(o) && !gathers(options)) {
    const auto dw = f32({o.out, o.in, o.kernel}, Tag::any);
    weights_pd_ = {{direct, x, dw, b, y, stride, gap, pad, reach}, attributes, cpu(), forward_pd_};
    weights_ = BackwardWeights(*weights_pd_);
  } else if (options.operands == Number::bf16) {
    const std::int64_t rows = options.clips * options.frames_out, columns = o.kernel * o.in;
    const memory::desc dy_t({o.out, rows}, type, memory::dims{1, o.out});
    product_pd_ = {{dy_t, {{rows, columns}, type, Tag::ab}, f32({o.out, columns}, Tag::ab)},
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
    const auto per_channel = f32({1, options_.sizes.out, 1}, Tag::abc);
    const int at = options_.norm->relu_first ? 1 : 0;
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
  const std::int64_t rows = options_.clips * options_.frames_out, columns = o.kernel * o.in;
  if (!is_matrix(o))
    x = with_number(options_.operands, [&](auto number) -> const void* {
      using T = decltype(number);
      thread_local Aligned<T> gathered;
      gathered.resize(std::max(gathered.size(), static_cast<std::size_t>(rows * columns)));
      gather(options_, static_cast<const T*>(x), gathered.data());
      return gathered.data();
    });
  if (product_pd_)
    execute(product_, {{DNNL_ARG_SRC, view(product_pd_->src_desc(), dy)},
                       {DNNL_ARG_WEIGHTS, view(product_pd_->weights_desc(), x)},
                       {DNNL_ARG_DST, view(product_pd_->dst_desc(), dw)},
                       {DNNL_ARG_SCRATCHPAD, scratchpad(product_pd_->scratchpad_desc())}});
  else  // oneDNN's sgemm beats its f32 convolution and its product
    multiply({static_cast<const float*>(dy), rows, o.out, o.out},
             {static_cast<const float*>(x), rows, columns, columns}, {dw, o.out, columns, columns},
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
  // Each output's frames of the kernel, their channels.
  return {{o.out, o.in, o.kernel}, Type::f32, memory::dims{o.kernel * o.in, 1, o.in}};
}

std::vector<std::string> OnednnConv1d::implementations() const {
  std::vector<std::string> names{forward_pd_.impl_info_str()};
  if (data_pd_) names.emplace_back(data_pd_->impl_info_str());
  if (weights_pd_) names.emplace_back(weights_pd_->impl_info_str());
  if (product_pd_) names.emplace_back(product_pd_->impl_info_str());
  return names;
}

}  // namespace twinear::nn
