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

/// One layer in words: which kind, and the sizes that this kind has (others keep their defaults).
///
/// kinds: conv1d (out, kernel, stride, dilation, bias; zero padding of dilation (kernel - 1) / 2),
/// batch_norm (relu, affine), relu, stats_pool (mean and deviation over a clip's frames),
/// linear (out, bias), l2_normalize.
struct LayerSpec {
  std::string kind;
  std::string name;  ///< first part of its tensors' names in the model file; unique
  int out = 0;       ///< channels
  int kernel = 1;    ///< frames, odd
  int stride = 1;    ///< frames
  int dilation = 1;  ///< frames
  bool bias = true;
  bool relu = false;   ///< clamp at 0 in the same pass
  bool affine = true;  ///< learn a scale and a shift
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

/// An encoder in words. The model file stores exactly this.
struct EncoderSpec {
  std::string kind;  ///< the recipe's word for it: compact, statistics
  int bins = 80;     ///< columns of the features it takes
  std::vector<LayerSpec> layers;

  static EncoderSpec compact(const CompactOptions& options);
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
