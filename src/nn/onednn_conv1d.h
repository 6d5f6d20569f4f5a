// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "linalg/onednn.h"
#include "nn/batch_norm.h"

namespace twinear::nn {

using onednn::cpu, onednn::execute, onednn::f32, onednn::scratchpad, onednn::view;

inline dnnl::memory::dim to_dim(std::size_t n) { return static_cast<dnnl::memory::dim>(n); }

inline dnnl::memory::data_type type_of(Number number) {
  return number == Number::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

/// The sizes of a convolution over time.
struct Conv1dOptions {
  std::size_t in = 0, out = 0;  ///< channels
  std::size_t kernel = 1;       ///< frames, odd
  std::size_t stride = 1;       ///< frames
  std::size_t dilation = 1;     ///< frames
  bool bias = true;
  bool reflect = false;  ///< beyond a clip's ends its own frames are mirrored, else there are zeros

  /// Frames that the kernel reaches to each side of its middle.
  std::size_t margin() const { return dilation * (kernel - 1) / 2; }
};

/// The weights of a layer in the layouts that primitives ask for, which are made again when the
/// weights have changed. The ops of a layer share it; calls for one version may run in parallel.
class PackedWeights {
 public:
  /// `plain` is f32 [out, in, kernel], in any strides. The result lives as long as this.
  dnnl::memory get(const dnnl::memory::desc& desc, const dnnl::memory& plain,
                   std::uint64_t version);

 private:
  struct Packed {
    dnnl::memory::desc desc;
    std::uint64_t version;
    Aligned<std::byte> bytes;
  };
  std::mutex mutex_;
  std::list<Packed> all_;
};

/// oneDNN's primitives of a convolution over time for a fixed number of clips and frames, one of
/// each direction. Calls may run in parallel.
class OnednnConv1d {
 public:
  struct Options {
    Conv1dOptions sizes;
    std::size_t clips = 0;
    std::size_t frames_in = 0, frames_out = 0;  ///< of a clip
    std::size_t padding = 0;                    ///< frames of zeros before each clip
    Number operands = Number::f32;              ///< stores x, y and dy; all sums are floats
    Number input_gradient = Number::f32;        ///< stores dx
    const BatchNorm* norm = nullptr;            ///< follows in the same primitive
    bool backward_data = false, backward_weights = false;
  };
  explicit OnednnConv1d(const Options& options);

  /// To be called before the others, and after each change of the weights.
  void set_weights(PackedWeights& packed, const dnnl::memory& plain, std::uint64_t version);

  /// scale and shift are those of the norm that it was made with.
  void forward(const void* x, void* y, const float* bias, const float* scale = nullptr,
               const float* shift = nullptr) const;
  void backward_data(const void* dy, void* dx) const;
  /// dw has the layout that weight_gradient() describes; db is written only if there is a bias.
  void backward_weights(const void* x, const void* dy, float* dw, float* db) const;
  dnnl::memory::desc weight_gradient() const;

  /// oneDNN's names of the implementations that it chose, one for each direction.
  std::vector<std::string> implementations() const;

 private:
  void prepare_backward(const Options& options, const dnnl::primitive_attr& attributes);
  void backward_weights_by_product(const void* x, const void* dy, float* dw, float* db) const;

  Options options_;
  dnnl::convolution_forward::primitive_desc forward_pd_;
  dnnl::convolution_forward forward_;
  std::optional<dnnl::convolution_backward_data::primitive_desc> data_pd_;
  dnnl::convolution_backward_data data_;
  std::optional<dnnl::convolution_backward_weights::primitive_desc> weights_pd_;
  dnnl::convolution_backward_weights weights_;
  std::optional<dnnl::matmul::primitive_desc> product_pd_;  // instead of weights_, in bf16
  dnnl::matmul product_;
  dnnl::memory forward_weights_, data_weights_;
};

/// f32 weights [out, in, kernel] in a row-major matrix whose rows are `stride` numbers apart.
dnnl::memory::desc plain_weights(const Conv1dOptions& options, std::size_t stride);

void reorder(const dnnl::memory& from, const dnnl::memory& to);

}  // namespace twinear::nn
