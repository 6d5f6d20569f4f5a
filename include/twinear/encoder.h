// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twinear/fields.h"
#include "twinear/matrix.h"
#include "twinear/registry.h"

namespace twinear {

namespace nn {
struct EncoderAccess;
}

/// What convolutions over frames compute with and leave behind. In bf16 their sums, all statistics,
/// and everything from the pooling on stay floats, and so do the weights themselves.
enum class Precision { fp32, bf16 };

/// One layer in words: its kind (nn::layers() has them all, docs/recipe_keys.md lists them), and
/// the options of this kind; an option that is not given has its default.
struct LayerSpec {
  std::string kind;
  std::string name;                      ///< first part of its tensors' names in the file; unique
  std::vector<std::string> inputs = {};  ///< names of layers before it; none means the one before
  Values keys = {};                      ///< such as {{"out", 128}, {"kernel", 5}}
  bool operator==(const LayerSpec&) const = default;
};

/// The compact encoder: convolutions with batch norm and ReLU (kernels of 5, then 3 frames),
/// statistics, one projection.
struct CompactOptions {
  int bins = 80;                             ///< columns of the features
  std::vector<int> channels{128, 256, 256};  ///< one convolution each
  std::vector<int> strides{1, 2, 1};         ///< frames, as many
  int embedding = 192;
  bool input_norm = false;  ///< batch norm without scale and shift on the features
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
  bool context = true;      ///< the attention also sees the clip's mean and deviation
  bool input_norm = false;  ///< batch norm without scale and shift on the features
};

/// The x-vector TDNN (Snyder et al. 2018): five layers over time, statistics, two linear layers.
struct XvectorOptions {
  int bins = 80;
  int channels = 512;
  int pooled = 1500;  ///< channels of the last layer before the statistics
  int embedding = 192;
  bool input_norm = false;  ///< batch norm without scale and shift on the features
};

/// Residual blocks over time (He et al. 2016, in one dimension): a convolution, then stages of
/// blocks, each two convolutions with batch norm and what came in; every stage but the first
/// halves the frames.
struct ResidualOptions {
  int bins = 80;
  std::vector<int> channels{128, 256, 256};  ///< of each stage
  int blocks = 2;                            ///< in a stage
  int embedding = 192;
  bool input_norm = false;  ///< batch norm without scale and shift on the features
};

/// CAM++ (Wang et al. 2023), layer by layer as 3D-Speaker and WeSpeaker build it: 2-D convolutions
/// with residual blocks, then dense blocks of convolutions over time, each followed by a context
/// mask.
struct CampplusOptions {
  int bins = 80;
  int maps = 32;                        ///< of the 2-D convolutions
  std::vector<int> front_blocks{2, 2};  ///< residual blocks of each stage, which halves the bands
  int channels = 128;                   ///< of the first convolution over time, which halves frames
  int growth = 32;                      ///< channels that a layer of a dense block adds
  int bottleneck = 128;                 ///< channels within such a layer
  int context = 64;                     ///< channels of the hidden layer of a context mask
  int segment = 100;                    ///< frames of a segment of the masks, after the halving
  std::vector<int> layers{12, 24, 16};  ///< of each dense block; the channels are halved behind it
  std::vector<int> dilations{1, 2, 2};  ///< frames, as many
  int embedding = 192;
  bool unit = true;         ///< end on the unit sphere; the published ones do not
  int first_kernel = 5;     ///< frames, of the first convolution over time
  int kernel = 3;           ///< frames, within the dense blocks
  double pooled_eps = 0;    ///< added to the pooled variance; 1e-7 in WeSpeaker
  bool input_norm = false;  ///< batch norm without scale and shift on the features
};

/// An encoder in words. The model file stores exactly this.
struct EncoderSpec {
  std::string kind;               ///< name of its architecture
  int bins = 80;                  ///< columns of the features that it takes
  std::vector<LayerSpec> layers;  ///< each reads layers before it; exactly one pools

  /// Convolutions with batch norm and ReLU, statistics pooling, one linear layer.
  static EncoderSpec compact(const CompactOptions& options);
  /// ECAPA-TDNN (Desplanques et al. 2020).
  static EncoderSpec ecapa(const EcapaOptions& options);
  /// The x-vector TDNN (Snyder et al. 2018).
  static EncoderSpec xvector(const XvectorOptions& options);
  /// CAM++ (Wang et al. 2023).
  static EncoderSpec campplus(const CampplusOptions& options);
  /// Residual blocks over time.
  static EncoderSpec residual(const ResidualOptions& options);
  /// The untrained baseline: mean and deviation of each band, on the unit sphere.
  static EncoderSpec statistics(int bins);
  bool operator==(const EncoderSpec&) const = default;
};

/// A family of encoders with options of its own.
class Architecture {
 public:
  virtual ~Architecture() = default;
  /// Visits the options: names, ranges and values, as the table [encoder] of a recipe has them.
  virtual void keys(Fields&) {}
  /// The encoder for features of `bins` columns. Throws Error (config) for options that do not fit
  /// together.
  virtual EncoderSpec spec(int bins) const = 0;
};

/// A kind of architecture, as recipes name it.
struct ArchitectureKind {
  std::string name;
  std::string summary;                                  ///< a phrase, without a full stop
  std::function<std::unique_ptr<Architecture>()> make;  ///< with the defaults of its options
};

/// The architectures that there are: compact, ecapa, campplus, resnet, xvector, statistics,
/// layers (any layers, listed one by one), and those that the program adds before it reads recipes.
Registry<ArchitectureKind>& architectures();

/// The table [encoder] of a recipe: an architecture and its options; an option that is not given
/// has its default.
struct EncoderOptions {
  std::string kind = "compact";
  Values keys = {};  ///< such as {{"embedding", 256}}
  bool operator==(const EncoderOptions&) const = default;
};

/// The encoder of these options. Throws Error (config) for an unknown architecture, an option that
/// it does not have, and values that do not fit together.
EncoderSpec encoder_spec(const EncoderOptions& options, int bins);

/// An encoder: features in, embedding out. Both clips of a comparison go through the same weights.
class Encoder {
 public:
  /// Draws the weights from `seed` (Kaiming-uniform, as PyTorch does by default). Without a seed
  /// they are 0, for the library to read them from a file.
  /// Throws Error (config) for layers that do not fit together.
  Encoder(EncoderSpec spec, std::optional<std::uint64_t> seed);
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

 private:
  friend struct nn::EncoderAccess;  // for training and storage inside the library
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace twinear
