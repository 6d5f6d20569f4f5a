// SPDX-License-Identifier: Apache-2.0
// What CAM++'s tensors are called, after speakerlab/models/campplus/DTDNN.py of 3D-Speaker and
// wespeaker/models/campplus.py.
#include <fmt/format.h>

#include "exchange/translation.h"

namespace twinear {
namespace {

std::string block(int index, int layer, const std::string& rest) {
  return fmt::format("xvector.block{}.tdnnd{}.{}", index, layer, rest);
}

std::string front_block(int stage, int index, const std::string& rest) {
  return fmt::format("head.layer{}.{}.{}", stage, index, rest);
}

/// The sizes, which follow from the shapes but for the dilations and the segments of the masks:
/// those are 1, 2, 2 and 100 frames wherever CAM++ was published.
CampplusOptions sizes(const Shapes& shapes) {
  const auto count_of = [&](const auto& name, int from) { return shapes.count(name, from); };
  const std::string local = block(1, 1, "cam_layer.linear_local.weight");
  CampplusOptions o{.maps = shapes.size("head.conv1.weight", 0),
                    .front_blocks = {},
                    .channels = shapes.size("xvector.tdnn.linear.weight", 0),
                    .growth = shapes.size(local, 0),
                    .bottleneck = shapes.size(local, 1),
                    .context = shapes.size(block(1, 1, "cam_layer.linear1.weight"), 0),
                    .layers = {},
                    .dilations = {},
                    .embedding = shapes.size("xvector.dense.linear.weight", 0),
                    .unit = false,
                    .first_kernel = shapes.size("xvector.tdnn.linear.weight", 2),
                    .kernel = shapes.size(local, 2)};
  const int stages = count_of([](int stage) { return front_block(stage, 0, "conv1.weight"); }, 1);
  for (int stage = 1; stage <= stages; ++stage)
    o.front_blocks.push_back(
        count_of([&](int i) { return front_block(stage, i, "conv1.weight"); }, 0));
  const int blocks = count_of([](int index) { return block(index, 1, "linear1.weight"); }, 1);
  for (int index = 1; index <= blocks; ++index) {
    o.layers.push_back(
        count_of([&](int layer) { return block(index, layer, "linear1.weight"); }, 1));
    o.dilations.push_back(index == 1 ? 1 : 2);
  }
  // Each stage and the last convolution halve the bands.
  constexpr int max_stages = 8;
  if (stages > max_stages)
    throw Error(Fault::format, fmt::format("expected at most {} stages \"head.layerN\", found {}",
                                           max_stages, stages));
  const int flat = shapes.size("xvector.tdnn.linear.weight", 1);
  if (flat % o.maps != 0)
    throw Error(Fault::format,
                fmt::format("tensor \"xvector.tdnn.linear.weight\": expected channels that are a "
                            "multiple of {} maps, found {}",
                            o.maps, flat));
  o.bins = flat / o.maps * (1 << (stages + 1));
  return o;
}

Translation translated(const CampplusOptions& o, FrontEnd front_end) {
  front_end.norm = Norm::per_bin;
  Translation t{EncoderSpec::campplus(o),
                {{"front.conv1.conv", "head.conv1"},
                 {"front.conv1.norm", "head.bn1"},
                 {"front.conv2.conv", "head.conv2"},
                 {"front.conv2.norm", "head.bn2"},
                 {"stem.conv", "xvector.tdnn.linear"},
                 {"stem.norm", "xvector.tdnn.nonlinear.batchnorm"},
                 {"out_norm", "xvector.out_nonlinear.batchnorm"},
                 {"projection", "xvector.dense.linear"},
                 {"embedding_norm", "xvector.dense.nonlinear.batchnorm"}},
                std::move(front_end),
                "projection."};
  for (std::size_t stage = 0; stage < o.front_blocks.size(); ++stage)
    for (int i = 0; i < o.front_blocks[stage]; ++i) {
      const auto ours = fmt::format("front.stage{}.{}", stage + 1, i + 1);
      const auto theirs = front_block(static_cast<int>(stage) + 1, i, "");
      for (const auto& [part, number] : {std::pair{"first", 1}, {"second", 2}}) {
        t.layers[fmt::format("{}.{}.conv", ours, part)] = fmt::format("{}conv{}", theirs, number);
        t.layers[fmt::format("{}.{}.norm", ours, part)] = fmt::format("{}bn{}", theirs, number);
      }
      t.layers[ours + ".skip.conv"] = theirs + "shortcut.0";
      t.layers[ours + ".skip.norm"] = theirs + "shortcut.1";
    }
  for (std::size_t b = 0; b < o.layers.size(); ++b) {
    const int index = static_cast<int>(b) + 1;
    for (int layer = 1; layer <= o.layers[b]; ++layer) {
      const auto ours = fmt::format("block{}.{}", index, layer);
      t.layers[ours + ".norm1"] = block(index, layer, "nonlinear1.batchnorm");
      t.layers[ours + ".conv1"] = block(index, layer, "linear1");
      t.layers[ours + ".norm2"] = block(index, layer, "nonlinear2.batchnorm");
      t.layers[ours + ".local"] = block(index, layer, "cam_layer.linear_local");
      t.layers[ours + ".mask.reduce"] = block(index, layer, "cam_layer.linear1");
      t.layers[ours + ".mask.expand"] = block(index, layer, "cam_layer.linear2");
    }
    t.layers[fmt::format("transit{}.norm", index)] =
        fmt::format("xvector.transit{}.nonlinear.batchnorm", index);
    t.layers[fmt::format("transit{}.conv", index)] = fmt::format("xvector.transit{}.linear", index);
  }
  return t;
}

}  // namespace

Translation campplus_of_3dspeaker(const Shapes& shapes) {
  FrontEnd front_end = front_end_preset("kaldi");
  front_end.scale = 1.0;  // torchaudio.load's samples, as they are
  return translated(sizes(shapes), front_end);
}

Translation campplus_of_wespeaker(const Shapes& shapes) {
  CampplusOptions o = sizes(shapes);
  o.pooled_eps = 1e-7;
  return translated(o, front_end_preset("wespeaker"));
}

}  // namespace twinear
