// SPDX-License-Identifier: Apache-2.0
#include "nn/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/random.h"
#include "nn/attentive_pool.h"
#include "nn/batch_norm.h"
#include "nn/channels.h"
#include "nn/context_conv.h"
#include "nn/conv1d.h"
#include "nn/elementwise.h"
#include "nn/l2_normalize.h"
#include "nn/squeeze_excite.h"
#include "nn/stats_pool.h"
#include "twinear/error.h"

namespace twinear::nn {
namespace {

constexpr std::int64_t max_channels = 1 << 16, max_weights = 1 << 26;

[[noreturn]] void refuse(const LayerSpec& spec, const std::string& why) {
  throw Error(Fault::config, fmt::format("layer \"{}\" ({}): {}", spec.name, spec.kind, why));
}

void expect_range(const LayerSpec& spec, const char* what, std::int64_t value, std::int64_t most) {
  if (value < 1 || value > most)
    refuse(spec, fmt::format("{}: expected 1 to {}, found {}", what, most, value));
}

/// Before they are allocated: a description can ask for any number.
void expect_weights(const LayerSpec& spec, std::int64_t count) {
  if (count > max_weights) refuse(spec, fmt::format("more than {} weights", max_weights));
}

float min_variance(const LayerSpec& spec, double otherwise) {
  return static_cast<float>(spec.min_variance > 0 ? spec.min_variance : otherwise);
}

std::unique_ptr<Layer> make_layer(const LayerSpec& spec, std::span<const Shape> in) {
  const std::int64_t channels = in[0].channels;
  const auto expect_inputs = [&](std::size_t least, std::size_t most) {
    if (in.size() < least || in.size() > most)
      refuse(spec, fmt::format("takes {} to {} inputs, found {}", least, most, in.size()));
  };
  const auto expect_same_channels = [&](std::int64_t wanted) {
    for (const Shape& other : in.subspan(1))
      if (other.channels != wanted) refuse(spec, "its inputs' channels do not fit");
  };
  if (spec.kind == "slice") {
    expect_inputs(1, 2);
    expect_range(spec, "out", spec.out, channels);
    if (spec.from < 0 || spec.from + spec.out > channels)
      refuse(spec, fmt::format("from {} on: its input has {} channels", spec.from, channels));
    expect_same_channels(spec.out);
    return std::make_unique<Slice>(spec.from, spec.out);
  }
  if (spec.kind == "concat") {
    expect_inputs(2, 64);
    return std::make_unique<Concat>();
  }
  if (spec.kind == "add") {
    expect_inputs(2, 64);
    expect_same_channels(channels);
    return std::make_unique<Add>();
  }
  if (spec.kind == "squeeze_excite") {
    expect_inputs(1, 2);
    expect_range(spec, "out", spec.out, max_channels);
    expect_same_channels(channels);
    expect_weights(spec, 2 * channels * spec.out);
    return std::make_unique<SqueezeExcite>(channels, spec.out);
  }
  if (spec.kind == "attentive_pool") {
    expect_inputs(2, 2);
    expect_same_channels(channels);
    return std::make_unique<AttentivePool>(min_variance(spec, 1e-12));
  }
  expect_inputs(1, 1);
  if (spec.kind == "context_conv") {
    expect_range(spec, "out", spec.out, max_channels);
    expect_weights(spec, 3 * channels * spec.out);
    return std::make_unique<ContextConv>(channels, spec.out,
                                         Deviation{min_variance(spec, 1e-12), spec.unbiased});
  }
  if (spec.kind == "conv1d" || spec.kind == "linear") {
    expect_range(spec, "out", spec.out, max_channels);
    expect_range(spec, "kernel", spec.kernel, 1023);
    expect_range(spec, "stride", spec.stride, 1024);
    expect_range(spec, "dilation", spec.dilation, 1024);
    if (spec.kernel % 2 == 0)
      refuse(spec, fmt::format("kernel: expected an odd number, found {}", spec.kernel));
    const bool linear = spec.kind == "linear";
    if (linear && (spec.kernel != 1 || spec.stride != 1))
      refuse(spec, "kernel and stride must be 1");
    expect_weights(spec, channels * spec.out * spec.kernel);
    return std::make_unique<Conv1d>(Conv1dOptions{.in = channels,
                                                  .out = spec.out,
                                                  .kernel = spec.kernel,
                                                  .stride = spec.stride,
                                                  .dilation = spec.dilation,
                                                  .bias = spec.bias,
                                                  .reflect = spec.reflect},
                                    linear);
  }
  if (spec.kind == "batch_norm")
    return std::make_unique<BatchNorm>(BatchNorm::Options{.channels = channels,
                                                          .affine = spec.affine,
                                                          .relu = spec.relu,
                                                          .relu_first = spec.relu_first});
  if (spec.kind == "relu") return std::make_unique<Elementwise>(Elementwise::Kind::relu);
  if (spec.kind == "leaky_relu")
    return std::make_unique<Elementwise>(Elementwise::Kind::leaky_relu);
  if (spec.kind == "tanh") return std::make_unique<Elementwise>(Elementwise::Kind::tanh);
  if (spec.kind == "stats_pool")
    return std::make_unique<StatsPool>(Deviation{min_variance(spec, 1e-5), spec.unbiased});
  if (spec.kind == "l2_normalize") return std::make_unique<L2Normalize>();
  refuse(
      spec,
      "unknown kind; known are conv1d, linear, batch_norm, relu, leaky_relu, tanh, "
      "stats_pool, attentive_pool, context_conv, squeeze_excite, slice, concat, add, l2_normalize");
}

/// Weights and the biases that follow them, from +-1 / sqrt(fan-in). Norms are born as they are.
void draw_weights(Layer& layer, std::uint64_t seed, std::size_t number) {
  if (layer.kind() == "batch_norm") return;
  double bound = 0;
  for (std::size_t p = 0; p < layer.parameters().size(); ++p) {
    Parameter& parameter = layer.parameters()[p];
    if (parameter.shape.size() > 1)
      bound = 1.0 / std::sqrt(static_cast<double>(parameter.value.size()) /
                              static_cast<double>(parameter.shape[0]));
    Random random(seed, Purpose::weight, static_cast<std::uint32_t>(number),
                  static_cast<std::uint32_t>(p));
    for (float& w : parameter.value) w = static_cast<float>(random.uniform(-bound, bound));
  }
}

std::vector<Shape> inputs_of(const Node& node, const std::vector<Shape>& shapes) {
  std::vector<Shape> inputs;
  for (const std::size_t flow : node.inputs) inputs.push_back(shapes[flow]);
  return inputs;
}

bool pools(std::string_view kind) { return kind == "stats_pool" || kind == "attentive_pool"; }

}  // namespace

Network::Network(const EncoderSpec& spec, std::uint64_t seed) : bins_(spec.bins) {
  if (spec.bins < 1 || spec.bins > max_channels)
    throw Error(Fault::config,
                fmt::format("encoder: bins: expected 1 to {}, found {}", max_channels, spec.bins));
  if (spec.layers.empty()) throw Error(Fault::config, "encoder: no layers");
  struct Made {
    std::size_t flow;
    Shape shape;
    bool pooled;  // one frame a clip
    std::int64_t stride;
  };
  std::map<std::string, Made> made;
  Made last{0, {1, 1, spec.bins}, false, 1};
  std::int64_t weights = 0;
  for (const LayerSpec& layer : spec.layers) {
    if (layer.name.empty() || made.contains(layer.name))
      refuse(layer, "each layer needs a name of its own");
    std::vector<Made> inputs;
    for (const std::string& name : layer.inputs) {
      const auto found = made.find(name);
      if (found == made.end()) refuse(layer, "no layer \"" + name + "\" stands before it");
      if (std::ranges::find(inputs, found->second.flow, &Made::flow) != inputs.end())
        refuse(layer, "takes \"" + name + "\" twice");
      inputs.push_back(found->second);
    }
    if (inputs.empty()) inputs.push_back(last);
    last = inputs[0];
    for (const Made& input : inputs)
      if (input.pooled != last.pooled || input.stride != last.stride)
        refuse(layer, "its inputs differ in their frames");
    if (!last.pooled && layer.kind == "linear") refuse(layer, "stands before the pooling");
    if (last.pooled && pools(layer.kind)) refuse(layer, "a second pooling");

    Node node{layer.name, nullptr, {}, last.pooled || pools(layer.kind)};
    std::vector<Shape> shapes;
    for (const Made& input : inputs) {
      node.inputs.push_back(input.flow);
      shapes.push_back(input.shape);
    }
    node.layer = make_layer(layer, shapes);
    draw_weights(*node.layer, seed, nodes_.size());
    for (const Parameter& p : node.layer->parameters())
      weights += static_cast<std::int64_t>(p.value.size());
    if (weights > max_weights) refuse(layer, "too many weights by here");
    last = {nodes_.size() + 1, node.layer->output(shapes), last.pooled || pools(layer.kind),
            last.stride * (layer.kind == "conv1d" ? layer.stride : 1)};
    if (last.shape.channels > max_channels) refuse(layer, "too many channels");
    nodes_.push_back(std::move(node));
    made[layer.name] = last;
  }
  if (!last.pooled)
    throw Error(Fault::config, "encoder: no pooling: clips would keep their frames");
  std::vector<bool> read(nodes_.size() + 1);
  for (const Node& node : nodes_)
    for (const std::size_t flow : node.inputs) read[flow] = true;
  for (std::size_t i = 0; i + 1 < nodes_.size(); ++i)
    if (!read[i + 1]) refuse(spec.layers[i], "no layer reads it");
}

std::vector<NamedParameter> Network::parameters() const {
  std::vector<NamedParameter> all;
  for (const Node& node : nodes_)
    for (Parameter& p : node.layer->parameters()) all.push_back({node.name + "." + p.name, &p});
  return all;
}

std::vector<Shape> Network::shapes(Shape input) const {
  std::vector<Shape> all{input};
  for (const Node& node : nodes_) all.push_back(node.layer->output(inputs_of(node, all)));
  return all;
}

std::vector<Number> Network::numbers(Number of_frames) const {
  std::vector<Number> all{Number::f32};
  for (const Node& node : nodes_) {
    const Number first = all[node.inputs[0]];
    for (const std::size_t input : node.inputs)
      if (all[input] != first)
        throw Error(Fault::config,
                    fmt::format("layer \"{}\" joins bf16 with features as they came; "
                                "train and use this encoder in fp32",
                                node.name));
    const bool convolves = node.layer->kind() == "conv1d";
    all.push_back(node.pooled ? Number::f32 : convolves ? of_frames : first);
  }
  return all;
}

double Network::multiply_adds(Shape input) const {
  const std::vector<Shape> all = shapes(input);
  double sum = 0;
  for (const Node& node : nodes_) sum += node.layer->multiply_adds(inputs_of(node, all));
  return sum;
}

void Network::zero_gradients() {
  for (const auto& [key, parameter] : parameters()) std::ranges::fill(parameter->gradient, 0.0F);
}

void Network::weights_changed() {
  for (const Node& node : nodes_) ++node.layer->version;
}

}  // namespace twinear::nn
