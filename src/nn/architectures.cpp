// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "twinear/encoder.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// Adds layers to a description; says which one came last.
class Builder {
 public:
  explicit Builder(EncoderSpec& spec, bool reflect = true) : spec_(spec), reflect_(reflect) {}

  std::string add(LayerSpec layer) {
    spec_.layers.push_back(std::move(layer));
    return spec_.layers.back().name;
  }

  /// OnednnConv1d, ReLU, batch norm, in SpeechBrain's and WeSpeaker's order.
  std::string tdnn(const std::string& name, const std::string& input, int out, int kernel = 1,
                   int dilation = 1) {
    add({.kind = "conv1d",
         .name = name + ".conv",
         .inputs = input.empty() ? std::vector<std::string>{} : std::vector{input},
         .out = out,
         .kernel = kernel,
         .dilation = dilation,
         .reflect = reflect_ && kernel > 1});
    return add({.kind = "batch_norm", .name = name + ".norm", .relu_first = true});
  }

  /// OnednnConv1d and batch norm; a ReLU where asked for.
  std::string normed(const std::string& name, const std::string& input, int out, int kernel,
                     int stride, bool relu) {
    add({.kind = "conv1d",
         .name = name + ".conv",
         .inputs = input.empty() ? std::vector<std::string>{} : std::vector{input},
         .out = out,
         .kernel = kernel,
         .stride = stride,
         .bias = false});
    return add({.kind = "batch_norm", .name = name + ".norm", .relu = relu});
  }

  /// max(0, f(x) + x); where shapes differ, x goes through a convolution of one frame.
  std::string residual(const std::string& name, const std::string& input, int from, int out,
                       int stride) {
    const std::string skip =
        from == out && stride == 1 ? input : normed(name + ".skip", input, out, 1, stride, false);
    const std::string first = normed(name + ".first", input, out, 3, stride, true);
    const std::string second = normed(name + ".second", first, out, 3, 1, false);
    add({.kind = "add", .name = name + ".sum", .inputs = {second, skip}});
    return add({.kind = "relu", .name = name});
  }

  /// tdnn1, Res2, tdnn2, squeeze and excitation, and the input once more.
  std::string se_res2(const std::string& name, const std::string& input, const EcapaOptions& o,
                      int dilation) {
    const int width = o.channels / o.scale;
    const std::string wide = tdnn(name + ".tdnn1", input, o.channels);
    const bool first_passes = o.dialect == EcapaDialect::speechbrain;
    const int passes = first_passes ? 0 : o.scale - 1, first = first_passes ? 1 : 0;
    std::vector<std::string> chunks;
    for (int i = 0; i < o.scale; ++i) {
      LayerSpec slice{.kind = "slice",
                      .name = fmt::format("{}.res2.{}.in", name, i),
                      .inputs = {wide},
                      .from = i * width,
                      .out = width};
      if (i != passes && i != first) slice.inputs.push_back(chunks.back());
      chunks.push_back(add(std::move(slice)));
      if (i != passes)
        chunks.back() =
            tdnn(fmt::format("{}.res2.{}", name, i), chunks.back(), width, o.kernel, dilation);
    }
    const std::string joined =
        add({.kind = "concat", .name = name + ".res2", .inputs = std::move(chunks)});
    return add({.kind = "squeeze_excite",
                .name = name + ".se",
                .inputs = {tdnn(name + ".tdnn2", joined, o.channels), input},
                .out = o.squeeze});
  }

 private:
  EncoderSpec& spec_;
  bool reflect_;
};

}  // namespace

EncoderSpec EncoderSpec::compact(const CompactOptions& options) {
  if (options.channels.empty() || options.channels.size() != options.strides.size())
    throw Error(Fault::config, fmt::format("compact encoder: {} channels and {} strides; as many "
                                           "of each are needed, at least one",
                                           options.channels.size(), options.strides.size()));
  EncoderSpec spec{.kind = "compact", .bins = options.bins, .layers = {}};
  auto& layers = spec.layers;
  if (options.input_norm)
    layers.push_back({.kind = "batch_norm", .name = "input_norm", .affine = false});
  for (std::size_t i = 0; i < options.channels.size(); ++i) {
    layers.push_back({.kind = "conv1d",
                      .name = fmt::format("conv{}", i + 1),
                      .out = options.channels[i],
                      .kernel = i == 0 ? 5 : 3,
                      .stride = options.strides[i],
                      .bias = false});  // the norm has one
    layers.push_back({.kind = "batch_norm", .name = fmt::format("norm{}", i + 1), .relu = true});
  }
  layers.push_back({.kind = "stats_pool", .name = "pool"});
  if (options.pooled_norm) layers.push_back({.kind = "batch_norm", .name = "pooled_norm"});
  layers.push_back({.kind = "linear", .name = "projection", .out = options.embedding});
  layers.push_back({.kind = "l2_normalize", .name = "sphere"});
  return spec;
}

EncoderSpec EncoderSpec::statistics(int bins) {
  return {.kind = "statistics",
          .bins = bins,
          .layers = {{.kind = "stats_pool", .name = "pool"},
                     {.kind = "l2_normalize", .name = "sphere"}}};
}

EncoderSpec EncoderSpec::ecapa(const EcapaOptions& o) {
  if (o.scale < 2 || o.channels % o.scale != 0)
    throw Error(Fault::config,
                fmt::format("ecapa: {} channels do not fall into {} chunks", o.channels, o.scale));
  if (o.blocks < 2)
    throw Error(Fault::config, fmt::format("ecapa: {} blocks; at least 2 are needed", o.blocks));
  const bool wespeaker = o.dialect == EcapaDialect::wespeaker;
  const double min_variance = wespeaker ? 1e-7 : 0;
  EncoderSpec spec{.kind = "ecapa", .bins = o.bins, .layers = {}};
  Builder b(spec, !wespeaker);
  std::string last = b.tdnn("block0", "", o.channels, o.first_kernel);
  std::vector<std::string> blocks;
  for (int i = 1; i <= o.blocks; ++i) {
    last = b.se_res2(fmt::format("block{}", i), last, o, i + 1);
    blocks.push_back(last);
  }
  const std::string all = b.add({.kind = "concat", .name = "blocks", .inputs = blocks});
  std::string mfa;
  if (wespeaker) {
    b.add({.kind = "conv1d", .name = "mfa.conv", .inputs = {all}, .out = o.aggregated});
    mfa = b.add({.kind = "relu", .name = "mfa"});
  } else {
    mfa = b.tdnn("mfa", all, o.aggregated);
  }
  if (o.context)
    b.add({.kind = "context_conv",
           .name = "attention.context",
           .inputs = {mfa},
           .out = o.attention,
           .min_variance = min_variance,
           .unbiased = wespeaker});
  else
    b.add({.kind = "conv1d", .name = "attention.context", .inputs = {mfa}, .out = o.attention});
  if (!wespeaker) b.add({.kind = "batch_norm", .name = "attention.norm", .relu_first = true});
  b.add({.kind = "tanh", .name = "attention.tanh"});
  const std::string logits =
      b.add({.kind = "conv1d", .name = "attention.conv", .out = o.aggregated});
  b.add({.kind = "attentive_pool",
         .name = "pool",
         .inputs = {mfa, logits},
         .min_variance = min_variance});
  b.add({.kind = "batch_norm", .name = "pooled_norm"});
  b.add({.kind = "linear", .name = "projection", .out = o.embedding});
  if (o.unit) b.add({.kind = "l2_normalize", .name = "sphere"});
  return spec;
}

EncoderSpec EncoderSpec::residual(const ResidualOptions& o) {
  if (o.channels.empty() || o.blocks < 1)
    throw Error(Fault::config,
                fmt::format("resnet: {} stages of {} blocks; at least one of each is needed",
                            o.channels.size(), o.blocks));
  EncoderSpec spec{.kind = "resnet", .bins = o.bins, .layers = {}};
  Builder b(spec);
  std::string last = b.normed("stem", "", o.channels[0], 5, 1, true);
  int width = o.channels[0];
  for (std::size_t stage = 0; stage < o.channels.size(); ++stage)
    for (int block = 0; block < o.blocks; ++block) {
      last = b.residual(fmt::format("stage{}.{}", stage + 1, block + 1), last, width,
                        o.channels[stage], stage > 0 && block == 0 ? 2 : 1);
      width = o.channels[stage];
    }
  b.add({.kind = "stats_pool", .name = "pool"});
  b.add({.kind = "batch_norm", .name = "pooled_norm"});
  b.add({.kind = "linear", .name = "projection", .out = o.embedding});
  b.add({.kind = "l2_normalize", .name = "sphere"});
  return spec;
}

EncoderSpec EncoderSpec::xvector(const XvectorOptions& o) {
  EncoderSpec spec{.kind = "xvector", .bins = o.bins, .layers = {}};
  Builder b(spec);
  struct Frame {
    int out, kernel, dilation;
  };
  const Frame frames[] = {{o.channels, 5, 1},
                          {o.channels, 3, 2},
                          {o.channels, 3, 3},
                          {o.channels, 1, 1},
                          {o.pooled, 1, 1}};
  int number = 0;
  for (const auto& [out, kernel, dilation] : frames) {
    ++number;
    b.add({.kind = "conv1d",
           .name = fmt::format("frame{}", number),
           .out = out,
           .kernel = kernel,
           .dilation = dilation,
           .bias = false});
    b.add({.kind = "batch_norm", .name = fmt::format("norm{}", number), .relu = true});
  }
  b.add({.kind = "stats_pool", .name = "pool"});
  b.add({.kind = "batch_norm", .name = "pooled_norm"});
  b.add({.kind = "linear", .name = "segment6", .out = o.channels, .bias = false});
  b.add({.kind = "batch_norm", .name = "norm6", .relu = true});
  b.add({.kind = "linear", .name = "projection", .out = o.embedding});
  b.add({.kind = "l2_normalize", .name = "sphere"});
  return spec;
}

}  // namespace twinear
