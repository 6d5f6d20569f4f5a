// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "nn/architectures.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// ECAPA-TDNN's blocks, in SpeechBrain's and WeSpeaker's order.
class EcapaBuilder : public SpecBuilder {
 public:
  explicit EcapaBuilder(const EcapaOptions& o)
      : SpecBuilder("ecapa", o.bins, o.input_norm),
        options_(o),
        wespeaker_(o.dialect == EcapaDialect::wespeaker) {}

  /// Convolution, ReLU, batch norm.
  std::string tdnn(const std::string& name, const std::string& input, int out, int kernel = 1,
                   int dilation = 1) {
    conv1d(name + ".conv", input,
           {{"out", out},
            {"kernel", kernel},
            {"dilation", dilation},
            {"reflect", !wespeaker_ && kernel > 1}});
    return add("batch_norm", name + ".norm", {}, {{"relu_first", true}});
  }

  /// tdnn1, Res2, tdnn2, squeeze and excitation, and the input once more.
  std::string block(const std::string& name, const std::string& input, int dilation) {
    const std::string wide = tdnn(name + ".tdnn1", input, options_.channels);
    add("concat", name + ".res2", res2(name, wide, dilation));
    const std::string narrow = tdnn(name + ".tdnn2", name + ".res2", options_.channels);
    return add("squeeze_excite", name + ".se", {narrow, input}, {{"out", options_.squeeze}});
  }

  /// The multi-layer aggregation of all blocks.
  std::string aggregate(const std::vector<std::string>& blocks) {
    const std::string all = add("concat", "blocks", blocks);
    if (!wespeaker_) return tdnn("mfa", all, options_.aggregated);
    conv1d("mfa.conv", all, {{"out", options_.aggregated}});
    return add("relu", "mfa");
  }

  /// Attentive pooling of `frames`.
  void pool(const std::string& frames) {
    const double min_variance = wespeaker_ ? 1e-7 : 0;
    if (options_.context)
      add("context_conv", "attention.context", {frames},
          {{"out", options_.attention}, {"min_variance", min_variance}, {"unbiased", wespeaker_}});
    else
      conv1d("attention.context", frames, {{"out", options_.attention}});
    if (!wespeaker_) add("batch_norm", "attention.norm", {}, {{"relu_first", true}});
    add("tanh", "attention.tanh");
    const std::string logits = conv1d("attention.conv", "", {{"out", options_.aggregated}});
    add("attentive_pool", "pool", {frames, logits}, {{"min_variance", min_variance}});
  }

 private:
  /// The chunks of a Res2 block: each goes through a convolution after it was added to the result
  /// of the chunk before. One is passed on as it is: SpeechBrain's first, WeSpeaker's last.
  std::vector<std::string> res2(const std::string& name, const std::string& wide, int dilation) {
    const int scale = options_.scale, width = options_.channels / scale;
    const int passed = wespeaker_ ? scale - 1 : 0, first = wespeaker_ ? 0 : 1;
    std::vector<std::string> chunks;
    for (int i = 0; i < scale; ++i) {
      std::vector<std::string> inputs{wide};
      if (i != passed && i != first) inputs.push_back(chunks.back());
      chunks.push_back(add("slice", fmt::format("{}.res2.{}.in", name, i), std::move(inputs),
                           {{"from", i * width}, {"out", width}}));
      if (i != passed)
        chunks.back() = tdnn(fmt::format("{}.res2.{}", name, i), chunks.back(), width,
                             options_.kernel, dilation);
    }
    return chunks;
  }

  const EcapaOptions& options_;
  bool wespeaker_;
};

}  // namespace

void fields(Fields& f, EcapaOptions& o) {
  embedding_field(f, o.embedding);
  input_norm_field(f, o.input_norm);
  channels_field(f, "width", o.channels, "output channels of each block; a multiple of the scale");
  channels_field(f, "aggregated", o.aggregated, "output channels of the multi-layer aggregation");
  channels_field(f, "attention", o.attention, "channels of the attention");
  channels_field(f, "squeeze", o.squeeze, "channels of squeeze and excitation");
  f.whole({"scale", "", "number of chunks of a Res2 block"}, o.scale, 2, 64);
}

EncoderSpec EncoderSpec::ecapa(const EcapaOptions& o) {
  if (o.scale < 2 || o.channels % o.scale != 0)
    throw Error(Fault::config, fmt::format("ecapa: {} channels cannot be divided into {} chunks",
                                           o.channels, o.scale));
  if (o.blocks < 2)
    throw Error(Fault::config,
                fmt::format("ecapa: expected at least 2 blocks, found {}", o.blocks));
  EcapaBuilder b(o);
  std::string last = b.tdnn("block0", "", o.channels, o.first_kernel);
  std::vector<std::string> blocks;
  for (int i = 1; i <= o.blocks; ++i) {
    last = b.block(fmt::format("block{}", i), last, i + 1);
    blocks.push_back(last);
  }
  b.pool(b.aggregate(blocks));
  b.add("batch_norm", "pooled_norm");
  return b.end(o.embedding, o.unit);
}

ArchitectureKind ecapa_architecture() {
  return architecture_kind<EcapaOptions, EncoderSpec::ecapa>(
      "ecapa", "ECAPA-TDNN (Desplanques et al. 2020)");
}

}  // namespace twinear
