// SPDX-License-Identifier: Apache-2.0
// What published encoders call their tensors, after speechbrain/lobes/models/ECAPA_TDNN.py and
// Xvector.py, and wespeaker/models/ecapa_tdnn.py; sizes are read off the tensors' shapes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "base/settings.h"
#include "base/within.h"
#include "exchange/translation.h"
#include "nn/network.h"
#include "twinear/exchange.h"
#include "twinear/model.h"

namespace twinear {
namespace {

Translation speechbrain_ecapa(const Shapes& shapes) {
  const auto res2 = [](int block, int i) {
    return fmt::format("blocks.{}.res2net_block.blocks.{}", block, i);
  };
  EcapaOptions o{.bins = shapes.size("blocks.0.conv.conv.weight", 1),
                 .channels = shapes.size("blocks.0.conv.conv.weight", 0),
                 .aggregated = shapes.size("mfa.conv.conv.weight", 0),
                 .attention = shapes.size("asp.conv.conv.weight", 1),
                 .squeeze = shapes.size("blocks.1.se_block.conv1.conv.weight", 0),
                 .scale = 1 + shapes.count([&](int i) { return res2(1, i) + ".conv.conv.weight"; }),
                 .embedding = shapes.size("fc.conv.weight", 0),
                 .unit = false,
                 .blocks = shapes.count(
                     [](int b) { return fmt::format("blocks.{}.tdnn1.conv.conv.weight", b); }, 1),
                 .first_kernel = shapes.size("blocks.0.conv.conv.weight", 2),
                 .kernel = shapes.size(res2(1, 0) + ".conv.conv.weight", 2)};
  o.context = shapes.size("asp.tdnn.conv.conv.weight", 1) == 3 * o.aggregated;
  Translation t{EncoderSpec::ecapa(o),
                {{"attention.context", "asp.tdnn.conv.conv"},
                 {"attention.norm", "asp.tdnn.norm.norm"},
                 {"attention.conv", "asp.conv.conv"},
                 {"pooled_norm", "asp_bn.norm"},
                 {"projection", "fc.conv"}},
                front_end_preset("speechbrain"),
                {}};
  const auto tdnn = [&t](const std::string& ours, const std::string& theirs) {
    t.layers[ours + ".conv"] = theirs + ".conv.conv";
    t.layers[ours + ".norm"] = theirs + ".norm.norm";
  };
  tdnn("block0", "blocks.0");
  tdnn("mfa", "mfa");
  for (int b = 1; b <= o.blocks; ++b) {
    const auto ours = fmt::format("block{}", b), theirs = fmt::format("blocks.{}", b);
    tdnn(ours + ".tdnn1", theirs + ".tdnn1");
    tdnn(ours + ".tdnn2", theirs + ".tdnn2");
    for (int i = 1; i < o.scale; ++i) tdnn(fmt::format("{}.res2.{}", ours, i), res2(b, i - 1));
    t.layers[ours + ".se.reduce"] = theirs + ".se_block.conv1.conv";
    t.layers[ours + ".se.expand"] = theirs + ".se_block.conv2.conv";
  }
  return t;
}

Translation wespeaker_ecapa(const Shapes& shapes) {
  const auto part = [](int block, const std::string& rest) {
    return fmt::format("layer{}.se_res2block.{}", block + 1, rest);
  };
  EcapaOptions o{.bins = shapes.size("layer1.conv.weight", 1),
                 .channels = shapes.size("layer1.conv.weight", 0),
                 .aggregated = shapes.size("conv.weight", 0),
                 .attention = shapes.size("pool.linear1.weight", 0),
                 .squeeze = shapes.size(part(1, "3.linear1.weight"), 0),
                 .scale = 1 + shapes.count([&](int i) {
                   return part(1, fmt::format("1.convs.{}.weight", i));
                 }),
                 .embedding = shapes.size("linear.weight", 0),
                 .unit = false,
                 .blocks = shapes.count([&](int b) { return part(b, "0.conv.weight"); }, 1),
                 .first_kernel = shapes.size("layer1.conv.weight", 2),
                 .kernel = shapes.size(part(1, "1.convs.0.weight"), 2),
                 .dialect = EcapaDialect::wespeaker};
  o.context = shapes.size("pool.linear1.weight", 1) == 3 * o.aggregated;
  Translation t{EncoderSpec::ecapa(o),
                {{"block0.conv", "layer1.conv"},
                 {"block0.norm", "layer1.bn"},
                 {"mfa.conv", "conv"},
                 {"attention.context", "pool.linear1"},
                 {"attention.conv", "pool.linear2"},
                 {"pooled_norm", "bn"},
                 {"projection", "linear"}},
                front_end_preset("wespeaker"),
                "projection."};
  t.front_end.norm = Norm::per_bin;  // its CMN
  for (int b = 1; b <= o.blocks; ++b) {
    const auto ours = fmt::format("block{}.", b);
    for (const auto& [tdnn, number] : {std::pair{"tdnn1", 0}, {"tdnn2", 2}}) {
      t.layers[ours + tdnn + ".conv"] = part(b, fmt::format("{}.conv", number));
      t.layers[ours + tdnn + ".norm"] = part(b, fmt::format("{}.bn", number));
    }
    for (int i = 0; i + 1 < o.scale; ++i) {
      t.layers[fmt::format("{}res2.{}.conv", ours, i)] = part(b, fmt::format("1.convs.{}", i));
      t.layers[fmt::format("{}res2.{}.norm", ours, i)] = part(b, fmt::format("1.bns.{}", i));
    }
    t.layers[ours + "se.reduce"] = part(b, "3.linear1");
    t.layers[ours + "se.expand"] = part(b, "3.linear2");
  }
  if (shapes.has("bn2.weight")) {
    t.spec.layers.push_back({.kind = "batch_norm", .name = "embedding_norm"});
    t.layers["embedding_norm"] = "bn2";
  }
  return t;
}

/// Dilations have no shape: they are 1, 2, 3, ... as in SpeechBrain's recipe, where a kernel has
/// more than one frame.
Translation speechbrain_xvector(const Shapes& shapes) {
  const auto conv = [](int i) { return fmt::format("blocks.{}.conv.weight", 3 * i); };
  const int frames = shapes.count(conv);
  const std::string projection = fmt::format("blocks.{}.w", 3 * frames + 1);
  Translation t{{.kind = "xvector", .bins = shapes.size(conv(0), 1), .layers = {}},
                {{"projection", projection}},
                front_end_preset("speechbrain"),
                {}};
  for (int i = 0; i < frames; ++i) {
    const int kernel = shapes.size(conv(i), 2);
    const std::string frame = fmt::format("frame{}", i + 1), norm = fmt::format("norm{}", i + 1);
    t.spec.layers.push_back({.kind = "conv1d",
                             .name = frame,
                             .keys = {{"out", shapes.size(conv(i), 0)},
                                      {"kernel", kernel},
                                      {"dilation", kernel > 1 ? i + 1 : 1},
                                      {"reflect", kernel > 1}}});
    t.spec.layers.push_back({.kind = "leaky_relu", .name = fmt::format("activation{}", i + 1)});
    t.spec.layers.push_back({.kind = "batch_norm", .name = norm});
    t.layers[frame] = fmt::format("blocks.{}.conv", 3 * i);
    t.layers[norm] = fmt::format("blocks.{}.norm", 3 * i + 2);
  }
  t.spec.layers.push_back({.kind = "stats_pool",
                           .name = "pool",
                           .keys = {{"min_variance", 1e-12}, {"unbiased", true}}});
  t.spec.layers.push_back({.kind = "linear",
                           .name = "projection",
                           .keys = {{"out", shapes.size(projection + ".weight", 0)}}});
  return t;
}

// SpeechBrain's StatisticsPooling adds 1e-5 to each deviation and to each mean noise that is drawn
// anew for every clip, 5e-5 on average. Through the projection both are a shift of its bias.
void add_pooling_noise(nn::Network& network) {
  nn::Parameter *weight = nullptr, *bias = nullptr;
  for (const auto& [key, parameter] : network.parameters()) {
    if (key == "projection.weight") weight = parameter;
    if (key == "projection.bias") bias = parameter;
  }
  const std::size_t columns = weight->shape[1];
  for (std::size_t row = 0; row < bias->value.size(); ++row)
    for (std::size_t c = 0; c < columns; ++c)
      bias->value[row] += (c < columns / 2 ? 5e-5F : 1e-5F) * weight->value[row * columns + c];
}

/// Sizes but those of 1: a linear layer is a convolution of one frame.
template <class T>
std::vector<std::size_t> essential(const std::vector<T>& shape) {
  std::vector<std::size_t> sizes;
  for (const T n : shape)
    if (n != 1) sizes.push_back(static_cast<std::size_t>(n));
  return sizes;
}

/// Every weight of the network from the checkpoint, and every tensor of the checkpoint used.
void copy_weights(const TorchCheckpoint& checkpoint, const Translation& t, nn::Network& network) {
  std::set<std::string> left;
  for (const TorchTensor& tensor : checkpoint.tensors()) left.insert(tensor.name);
  for (const auto& [key, parameter] : network.parameters()) {
    const std::size_t dot = key.rfind('.');
    const std::string name = t.layers.at(key.substr(0, dot)) + key.substr(dot);
    const TorchTensor* tensor = checkpoint.find(name);
    if (tensor == nullptr)
      throw Error(Fault::format,
                  fmt::format("it has no tensor \"{}\"; another architecture?", name));
    if (essential(tensor->shape) != essential(parameter->shape))
      throw Error(Fault::format,
                  fmt::format("tensor \"{}\": expected {} numbers, [{}]; found [{}]", name,
                              parameter->value.size(), fmt::join(parameter->shape, ", "),
                              fmt::join(tensor->shape, ", ")));
    const std::vector<float> values = checkpoint.values(*tensor);
    if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
      throw Error(Fault::format, fmt::format("tensor \"{}\": a value is not finite", name));
    std::ranges::copy(values, parameter->value.begin());
    left.erase(name);
  }
  std::erase_if(left, [&](const std::string& name) {
    return name.ends_with(".num_batches_tracked") ||
           (!t.ignored.empty() && name.starts_with(t.ignored));
  });
  if (!left.empty())
    throw Error(Fault::format,
                fmt::format("tensor \"{}\" has no place in this architecture", *left.begin()));
}

}  // namespace

Model import_model(const std::string& architecture, const std::string& path) {
  const std::map<std::string, Translation (*)(const Shapes&)> known{
      {"speechbrain-ecapa", speechbrain_ecapa},
      {"speechbrain-xvector", speechbrain_xvector},
      {"wespeaker-ecapa", wespeaker_ecapa},
      {"3dspeaker-campplus", campplus_of_3dspeaker},
      {"wespeaker-campplus", campplus_of_wespeaker}};
  const auto translate = known.find(architecture);
  if (translate == known.end())
    throw Error(Fault::config, fmt::format("import: unknown architecture \"{}\"; known are {}",
                                           architecture, fmt::join(import_architectures, ", ")));
  const FileMap file(path);
  return within(path, [&] {
    const TorchCheckpoint checkpoint(file.bytes());
    const Translation t = translate->second(Shapes(checkpoint));
    FrontEnd front_end = t.front_end;
    front_end.mel_bins = t.spec.bins;
    LogMel check(front_end);  // refuses what no front end gives
    Model model{.front_end = front_end,
                .encoder = Encoder(t.spec, std::nullopt),
                .calibration = {},
                .provenance = {},
                .id = {},
                .adaptation = {},
                .source = "speaker"};
    copy_weights(checkpoint, t, nn::network_of(model.encoder));
    if (architecture == "speechbrain-xvector") add_pooling_noise(nn::network_of(model.encoder));
    nn::network_of(model.encoder).weights_changed();
    const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()),
                                 file.bytes().size());
    model.provenance =
        nlohmann::ordered_json{{"imported", architecture},
                               {"checkpoint", std::filesystem::path(path).filename().string()},
                               {"checkpoint_id", hex(hash(bytes))},
                               {"tensors", checkpoint.tensors().size()}}
            .dump();
    return model;
  });
}

}  // namespace twinear
