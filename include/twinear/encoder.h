// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "twinear/matrix.h"

namespace twinear {

namespace nn {
class Network;
}

/// What convolutions over frames compute with and leave behind. In bf16 their sums, all statistics,
/// and everything from the pooling on stay floats, and so do the weights themselves.
enum class Precision { fp32, bf16 };

/// One layer in words: which kind, and the sizes that this kind has (others keep their defaults).
///
/// kinds, with what they have:
/// conv1d (out, kernel, stride, dilation, bias, reflect), linear (out, bias; after the pooling),
/// batch_norm (affine, relu, relu_first), relu, leaky_relu (slope 0.01 below 0), tanh,
/// l2_normalize; stats_pool (min_variance, unbiased): mean and deviation over a clip's frames;
/// attentive_pool (min_variance): the same, weighted; inputs x and logits;
/// context_conv (out, min_variance, unbiased): a map of each frame beside its clip's mean and
/// deviation; squeeze_excite (out: channels of the bottleneck): a gate a channel; a second input is
/// added; slice (from, out): some channels; a second input is added; concat, add: of all inputs.
struct LayerSpec {
  std::string kind;
  std::string name;                      ///< first part of its tensors' names in the file; unique
  std::vector<std::string> inputs = {};  ///< names of layers before it; none means the one before
  int from = 0;                          ///< first channel
  int out = 0;                           ///< channels
  int kernel = 1;                        ///< frames, odd
  int stride = 1;                        ///< frames
  int dilation = 1;                      ///< frames
  bool bias = true;
  bool reflect = false;     ///< beyond a clip's ends are its own frames mirrored, else zeros
  bool relu = false;        ///< clamp at 0 in the same pass
  bool relu_first = false;  ///< clamp the input at 0 in the same pass
  bool affine = true;       ///< learn a scale and a shift
  double min_variance = 0;  ///< under a deviation's root; 0: 1e-5 of stats_pool, else 1e-12
  bool unbiased = false;    ///< a variance of T frames is their squares' sum over T - 1
  bool operator==(const LayerSpec&) const = default;
};

/// The compact encoder: convolutions with batch norm and ReLU (kernels of 5, then 3 frames),
/// statistics, one projection.
struct CompactOptions {
  int bins = 80;                             ///< columns of the features
  std::vector<int> channels{128, 256, 256};  ///< one convolution each
  std::vector<int> strides{1, 2, 1};         ///< frames, as many
  int embedding = 192;
  bool input_norm = false;  ///< each band's mean and deviation over the training set removed
  bool pooled_norm = true;  ///< batch norm on the pooled vector; batch-hard collapses without it
};

/// Who built an ECAPA-TDNN: the paper leaves room.
enum class EcapaDialect {
  speechbrain,  ///< frames mirrored at a clip's ends; a Res2 block passes its first chunk on
  wespeaker,    ///< zeros at the ends; the last chunk; no norm in the attention nor before it
};

/// ECAPA-TDNN (Desplanques et al. 2020), layer by layer as SpeechBrain or WeSpeaker builds it.
struct EcapaOptions {
  int bins = 80;          ///< columns of the features
  int channels = 512;     ///< of each block; a multiple of the scale
  int aggregated = 1536;  ///< channels of the multi-layer aggregation
  int attention = 128;    ///< channels of the attention
  int squeeze = 128;      ///< channels of squeeze and excitation
  int scale = 8;          ///< chunks of a Res2 block
  int embedding = 192;
  bool unit = true;      ///< end on the unit sphere; the published ones do not
  int blocks = 3;        ///< dilated by 2, 3, 4, ...
  int first_kernel = 5;  ///< frames, of the first layer
  int kernel = 3;        ///< frames, within the blocks
  EcapaDialect dialect = EcapaDialect::speechbrain;
  bool context = true;  ///< the attention also sees the clip's mean and deviation
};

/// The x-vector TDNN (Snyder et al. 2018): five layers over time, statistics, two linear layers.
struct XvectorOptions {
  int bins = 80;
  int channels = 512;
  int pooled = 1500;  ///< channels of the last layer before the statistics
  int embedding = 192;
};

/// Residual blocks over time (He et al. 2016, in one dimension): a convolution, then stages of
/// blocks, each two convolutions with batch norm and what came in; every stage but the first
/// halves the frames.
struct ResidualOptions {
  int bins = 80;
  std::vector<int> channels{128, 256, 256};  ///< of each stage
  int blocks = 2;                            ///< in a stage
  int embedding = 192;
};

/// An encoder in words. The model file stores exactly this.
struct EncoderSpec {
  std::string kind;  ///< the recipe's word: compact, xvector, ecapa, resnet, statistics
  int bins = 80;     ///< columns of the features it takes
  std::vector<LayerSpec> layers;

  /// Convolutions with batch norm and ReLU, statistics pooling, one linear layer.
  static EncoderSpec compact(const CompactOptions& options);
  /// ECAPA-TDNN (Desplanques et al. 2020).
  static EncoderSpec ecapa(const EcapaOptions& options);
  /// The x-vector TDNN (Snyder et al. 2018).
  static EncoderSpec xvector(const XvectorOptions& options);
  /// Residual blocks over time.
  static EncoderSpec residual(const ResidualOptions& options);
  /// The untrained baseline: mean and deviation of each band, on the unit sphere.
  static EncoderSpec statistics(int bins);
  bool operator==(const EncoderSpec&) const = default;
};

/// One ear: features in, embedding out. Both clips of a comparison go through the same weights.
class Encoder {
 public:
  /// Weights drawn from `seed` (Kaiming-uniform, as PyTorch's defaults).
  /// Throws Error (config) for layers that do not fit together.
  Encoder(EncoderSpec spec, std::uint64_t seed);
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;
  ~Encoder();

  /// One row of dimension() per clip, each the same as for that clip alone. Clips may differ in
  /// length; each needs min_frames(). Parallel inside; calls may also run in parallel.
  Matrix embed(std::span<const Matrix> clips) const;

  /// What embed() computes with from now on; fp32 when it is born. Returns what it will be: a CPU
  /// without AVX512_BF16 stays at fp32. Not during an embed().
  Precision set_precision(Precision precision);

  std::size_t dimension() const noexcept;
  static constexpr std::size_t min_frames() noexcept { return 1; }
  std::size_t parameter_count() const noexcept;
  /// Multiply-adds for a clip of so many frames.
  double multiply_adds(std::size_t frames) const;
  const EncoderSpec& spec() const noexcept;

  nn::Network& network() noexcept;  ///< for training and storage inside the library
  const nn::Network& network() const noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace twinear
