// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nn/onednn_conv1d.h"

namespace twinear::nn {

/// The sizes of a convolution over frames and bands.
struct Conv2dOptions {
  std::size_t in = 0, out = 0;  ///< maps
  std::size_t bands = 0;        ///< of each map of the input
  std::size_t kernel = 3;       ///< frames and bands, odd
  std::size_t stride = 1;       ///< bands; over frames it is 1
  bool bias = true;

  /// Frames and bands that the kernel reaches to each side of its middle.
  std::size_t margin() const { return (kernel - 1) / 2; }
  std::size_t bands_out() const { return (bands - 1) / stride + 1; }
};

/// oneDNN's primitives of a convolution over frames and bands for a fixed number of clips and
/// frames, one of each direction. Calls may run in parallel.
class OnednnConv2d {
 public:
  struct Options {
    Conv2dOptions sizes;  ///< with `bias` also where forward() has one of a batch norm
    std::size_t clips = 0;
    std::size_t frames_in = 0;            ///< of a clip
    std::size_t before = 0, behind = 0;   ///< frames of zeros around each clip
    Number operands = Number::f32;        ///< stores x, y and dy; all sums are floats
    Number input_gradient = Number::f32;  ///< stores dx
    bool relu = false;                    ///< clamps what forward() gives
    bool backward_data = false, backward_weights = false;

    bool operator==(const Options& other) const;
    std::size_t frames_out() const { return frames_in + before + behind + 1 - sizes.kernel; }
  };
  explicit OnednnConv2d(const Options& options);

  const Options& options() const noexcept { return options_; }

  /// To be called before the others, and after each change of the weights.
  void set_weights(PackedWeights& packed, const dnnl::memory& plain, std::uint64_t version);

  void forward(const void* x, void* y, const float* bias) const;
  void backward_data(const void* dy, void* dx) const;
  /// dw is packed as oneDNN likes: weight_gradient() describes it. db only where there is a bias.
  void backward_weights(const void* x, const void* dy, float* dw, float* db) const;
  dnnl::memory::desc weight_gradient() const;

  /// oneDNN's names of the implementations that it chose, one for each direction.
  std::vector<std::string> implementations() const;

 private:
  void prepare();

  Options options_;
  // With a kernel of one band that skips none, in training: products of matrices.
  std::optional<OnednnConv1d> rows_;
  dnnl::convolution_forward::primitive_desc forward_pd_;
  dnnl::convolution_forward forward_;
  std::optional<dnnl::convolution_backward_data::primitive_desc> data_pd_;
  dnnl::convolution_backward_data data_;
  std::optional<dnnl::convolution_backward_weights::primitive_desc> weights_pd_;
  dnnl::convolution_backward_weights weights_;
  dnnl::memory forward_weights_, data_weights_;
};

/// f32 weights [out, in, kernel over bands, kernel over frames], as the layer has them.
dnnl::memory::desc plain_weights(const Conv2dOptions& options);

}  // namespace twinear::nn
