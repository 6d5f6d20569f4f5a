// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "nn/architectures.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// CAM++'s parts, in 3D-Speaker's order.
class CampplusBuilder : public SpecBuilder {
 public:
  explicit CampplusBuilder(const CampplusOptions& o)
      : SpecBuilder("campplus", o.bins, o.input_norm), options_(o) {}

  /// Maps of the features, whose bands every stage and the last convolution halve.
  void front() {
    std::string last = normed_maps("front.conv1", {}, 3, 1, true);
    for (std::size_t stage = 0; stage < options_.front_blocks.size(); ++stage)
      for (int block = 0; block < options_.front_blocks[stage]; ++block)
        last = residual(fmt::format("front.stage{}.{}", stage + 1, block + 1), last,
                        block == 0 ? 2 : 1);
    normed_maps("front.conv2", {}, 3, 2, true);
    add("flatten", "front");
  }

  /// Each layer sees what came in and what the layers before it gave. Returns the channels.
  int dense_block(std::size_t index, int channels) {
    std::string all = last_;
    for (int layer = 1; layer <= options_.layers[index]; ++layer) {
      const std::string name = fmt::format("block{}.{}", index + 1, layer);
      add("batch_norm", name + ".norm1", {all}, {{"relu", true}});
      conv1d(name + ".conv1", {}, {{"out", options_.bottleneck}, {"bias", false}});
      const std::string x = add("batch_norm", name + ".norm2", {}, {{"relu", true}});
      const std::string local = conv1d(name + ".local", {},
                                       {{"out", options_.growth},
                                        {"kernel", options_.kernel},
                                        {"dilation", options_.dilations[index]},
                                        {"bias", false}});
      const std::string mask = add("context_mask", fmt::format("{}.mask", name), {local, x},
                                   {{"out", options_.context}, {"segment", options_.segment}});
      all = add("concat", name, {all, mask});
    }
    last_ = all;
    return channels + options_.layers[index] * options_.growth;
  }

  /// Halves the channels. Returns them.
  int transit(std::size_t index, int channels) {
    const std::string name = fmt::format("transit{}", index + 1);
    add("batch_norm", name + ".norm", {}, {{"relu", true}});
    last_ = conv1d(name + ".conv", {}, {{"out", channels / 2}, {"bias", false}});
    return channels / 2;
  }

  void stem() {
    last_ = normed("stem", {},
                   {{"out", options_.channels}, {"kernel", options_.first_kernel}, {"stride", 2}},
                   true);
  }

 private:
  /// A 2-D convolution and its batch norm.
  std::string normed_maps(const std::string& name, const std::string& input, int kernel, int stride,
                          bool relu) {
    std::vector<std::string> inputs;
    if (!input.empty()) inputs.push_back(input);
    add("conv2d", name + ".conv", std::move(inputs),
        {{"out", options_.maps}, {"kernel", kernel}, {"stride", stride}, {"bias", false}});
    return add("batch_norm", name + ".norm", {}, {{"relu", relu}});
  }

  std::string residual(const std::string& name, const std::string& input, int stride) {
    const std::string skip =
        stride == 1 ? input : normed_maps(name + ".skip", input, 1, stride, false);
    const std::string first = normed_maps(name + ".first", input, 3, stride, true);
    const std::string second = normed_maps(name + ".second", first, 3, 1, false);
    add("add", name + ".sum", {second, skip});
    return add("relu", name);
  }

  const CampplusOptions& options_;
  std::string last_;
};

}  // namespace

void fields(Fields& f, CampplusOptions& o) {
  embedding_field(f, o.embedding);
  input_norm_field(f, o.input_norm);
  channels_field(f, "maps", o.maps, "of the 2-D convolutions");
  f.numbers({"front_blocks", "", "residual blocks of each stage of 2-D convolutions"},
            o.front_blocks, 1, 64);
  channels_field(f, "width", o.channels, "of the first convolution over time");
  channels_field(f, "growth", o.growth, "that a layer of a dense block adds");
  channels_field(f, "bottleneck", o.bottleneck, "between the two convolutions of such a layer");
  channels_field(f, "context", o.context, "of the hidden layer of a context mask");
  f.whole({"segment", "frames", "of the masks, after the stride of 2"}, o.segment, 1, 65536);
  f.numbers({"layers", "", "layers of each dense block"}, o.layers, 1, 64);
  f.numbers({"dilations", "frames", "of each dense block"}, o.dilations, 1, 1023);
}

EncoderSpec EncoderSpec::campplus(const CampplusOptions& o) {
  if (o.layers.empty() || o.layers.size() != o.dilations.size())
    throw Error(Fault::config, fmt::format("expected layers and a dilation for each dense block, "
                                           "found {} numbers of layers and {} dilations",
                                           o.layers.size(), o.dilations.size()));
  CampplusBuilder b(o);
  b.front();
  b.stem();
  int channels = o.channels;
  for (std::size_t i = 0; i < o.layers.size(); ++i)
    channels = b.transit(i, b.dense_block(i, channels));
  b.add("batch_norm", "out_norm", {}, {{"relu", true}});
  b.add("stats_pool", "pool", {},
        {{"min_variance", 1e-12}, {"unbiased", true}, {"eps", o.pooled_eps}});
  b.add("linear", "projection", {}, {{"out", o.embedding}, {"bias", false}});
  return b.normed_end(o.unit);
}

ArchitectureKind campplus_architecture() {
  return architecture_kind<CampplusOptions, EncoderSpec::campplus>("campplus",
                                                                   "CAM++ (Wang et al. 2023)");
}

}  // namespace twinear
