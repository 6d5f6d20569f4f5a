// SPDX-License-Identifier: Apache-2.0
#include "nn/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/random.h"
#include "base/within.h"
#include "linalg/lasting_buffers.h"
#include "twinear/error.h"

namespace twinear::nn {
namespace {

constexpr std::size_t max_channels = 1 << 16, max_weights = 1 << 26;

[[noreturn]] void refuse(const std::string& why) { throw Error(Fault::config, why); }

/// The output of a layer, as the layers that read it see it.
struct Given {
  std::size_t activation;
  Shape shape;         // for one clip of one frame
  bool pooled;         // whether it has one frame a clip
  std::size_t stride;  // frames of the network's input for each frame
};

/// Makes one layer after the other.
class Builder {
 public:
  Builder(std::size_t bins, std::optional<std::uint64_t> seed)
      : last_{0, {1, 1, bins}, false, 1}, seed_(seed) {}

  void add(const LayerSpec& spec) {
    if (spec.name.empty() || given_.contains(spec.name))
      refuse("its name is empty or taken; each layer needs a name of its own");
    const std::vector<Given> inputs = inputs_of(spec);
    Node node{spec.name, spec.kind, nullptr, {}, false};
    std::vector<Shape> shapes;
    for (const Given& input : inputs) {
      node.inputs.push_back(input.activation);
      shapes.push_back(input.shape);
    }
    node.layer = make_layer(spec.kind, spec.keys, shapes);
    const Place place = node.layer->place();
    const bool pooled = inputs[0].pooled;
    if (!pooled && place == Place::behind_pooling)
      refuse("this kind of layer must come after the pooling layer");
    if (pooled && place == Place::pooling)
      refuse("this is a second pooling layer; an encoder has one");
    node.pooled = pooled || place == Place::pooling;
    draw_weights(*node.layer);
    last_ = {nodes.size() + 1, node.layer->output(shapes), node.pooled,
             inputs[0].stride * node.layer->stride()};
    if (last_.shape.channels > max_channels)
      refuse(fmt::format("expected at most {} channels, found {}", max_channels,
                         last_.shape.channels));
    nodes.push_back(std::move(node));
    given_[spec.name] = last_;
  }

  bool pooled() const noexcept { return last_.pooled; }

  std::vector<Node> nodes;

 private:
  std::vector<Given> inputs_of(const LayerSpec& spec) const {
    std::vector<Given> inputs;
    for (const std::string& name : spec.inputs) {
      const auto found = given_.find(name);
      if (found == given_.end()) refuse("there is no layer \"" + name + "\" before this one");
      if (std::ranges::find(inputs, found->second.activation, &Given::activation) != inputs.end())
        refuse("it reads \"" + name + "\" more than once");
      inputs.push_back(found->second);
    }
    if (inputs.empty()) inputs.push_back(last_);
    for (const Given& input : inputs)
      if (input.pooled != inputs[0].pooled || input.stride != inputs[0].stride)
        refuse("the inputs have different numbers of frames");
    return inputs;
  }

  void draw_weights(Layer& layer) {
    for (std::size_t p = 0; p < layer.parameters().size(); ++p) {
      Parameter& parameter = layer.parameters()[p];
      weights_ += parameter.value.size();
      if (parameter.fan_in == 0 || !seed_) continue;
      const double bound = 1.0 / std::sqrt(static_cast<double>(parameter.fan_in));
      Random random(*seed_, Purpose::weight, static_cast<std::uint32_t>(nodes.size()),
                    static_cast<std::uint32_t>(p));
      for (float& w : parameter.value) w = static_cast<float>(random.uniform(-bound, bound));
    }
    if (weights_ > max_weights)
      refuse(fmt::format("an encoder has at most {} weights; up to this layer there are {}",
                         max_weights, weights_));
  }

  std::map<std::string, Given> given_;
  Given last_;
  std::optional<std::uint64_t> seed_;
  std::size_t weights_ = 0;
};

std::vector<Shape> inputs_of(const Node& node, const std::vector<Shape>& shapes) {
  std::vector<Shape> inputs;
  for (const std::size_t activation : node.inputs) inputs.push_back(shapes[activation]);
  return inputs;
}

std::string place_of(const LayerSpec& layer) {
  return fmt::format("layer \"{}\" ({})", layer.name, layer.kind);
}

}  // namespace

Network::Network(const EncoderSpec& spec, std::optional<std::uint64_t> seed)
    : bins_(static_cast<std::size_t>(spec.bins)) {
  if (spec.bins < 1 || bins_ > max_channels)
    refuse(fmt::format("encoder: bins: expected 1 to {}, found {}", max_channels, spec.bins));
  if (spec.layers.empty()) refuse("encoder: it has no layers");
  const LastingBuffers weights;
  Builder builder(bins_, seed);
  for (const LayerSpec& layer : spec.layers) within(place_of(layer), [&] { builder.add(layer); });
  if (!builder.pooled())
    refuse("encoder: it has no pooling layer, so its output would have one vector per frame");
  nodes_ = std::move(builder.nodes);
  std::vector<bool> read(nodes_.size() + 1);
  for (const Node& node : nodes_)
    for (const std::size_t activation : node.inputs) read[activation] = true;
  for (std::size_t i = 0; i + 1 < nodes_.size(); ++i)
    if (!read[i + 1]) refuse(place_of(spec.layers[i]) + ": no layer reads it");
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
        refuse(
            fmt::format("layer \"{}\" mixes a bf16 and an fp32 input; this encoder works in fp32 "
                        "only",
                        node.name));
    all.push_back(node.pooled ? Number::f32 : node.layer->stored_as(first, of_frames));
  }
  return all;
}

double Network::multiply_adds(Shape input) const {
  const std::vector<Shape> all = shapes(input);
  double sum = 0;
  for (const Node& node : nodes_) sum += node.layer->multiply_adds(inputs_of(node, all));
  return sum;
}

void Network::want_gradients() {
  for (const auto& [key, parameter] : parameters()) parameter->want_gradient();
}

void Network::zero_gradients() {
  for (const auto& [key, parameter] : parameters()) std::ranges::fill(parameter->gradient, 0.0F);
}

void Network::weights_changed() {
  for (const Node& node : nodes_) ++node.layer->version;
}

}  // namespace twinear::nn
