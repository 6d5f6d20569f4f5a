// SPDX-License-Identifier: Apache-2.0
#include "nn/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "base/random.h"
#include "nn/batch_norm.h"
#include "nn/conv1d.h"
#include "nn/l2_normalize.h"
#include "nn/relu.h"
#include "nn/stats_pool.h"
#include "twinear/error.h"

namespace twinear::nn {
namespace {

constexpr std::int64_t most_channels = 1 << 16, most_weights = 1 << 26;

[[noreturn]] void refuse(const LayerSpec& spec, const std::string& why) {
  throw Error(Fault::config, fmt::format("layer \"{}\" ({}): {}", spec.name, spec.kind, why));
}

void expect_range(const LayerSpec& spec, const char* what, std::int64_t value, std::int64_t most) {
  if (value < 1 || value > most)
    refuse(spec, fmt::format("{}: expected 1 to {}, found {}", what, most, value));
}

std::unique_ptr<Layer> make_layer(const LayerSpec& spec, std::int64_t channels) {
  if (spec.kind == "conv1d" || spec.kind == "linear") {
    expect_range(spec, "out", spec.out, most_channels);
    expect_range(spec, "kernel", spec.kernel, 1023);
    expect_range(spec, "stride", spec.stride, 1024);
    expect_range(spec, "dilation", spec.dilation, 1024);
    if (spec.kernel % 2 == 0)
      refuse(spec, fmt::format("kernel: expected an odd number, found {}", spec.kernel));
    const bool linear = spec.kind == "linear";
    if (linear && (spec.kernel != 1 || spec.stride != 1))
      refuse(spec, "kernel and stride must be 1");
    if (channels * spec.out * spec.kernel > most_weights)
      refuse(spec, fmt::format("more than {} weights", most_weights));
    return std::make_unique<Conv1d>(Conv1dOptions{.in = channels,
                                                  .out = spec.out,
                                                  .kernel = spec.kernel,
                                                  .stride = spec.stride,
                                                  .dilation = spec.dilation,
                                                  .bias = spec.bias},
                                    linear);
  }
  if (spec.kind == "batch_norm")
    return std::make_unique<BatchNorm>(
        BatchNorm::Options{.channels = channels, .affine = spec.affine, .relu = spec.relu});
  if (spec.kind == "relu") return std::make_unique<Relu>();
  if (spec.kind == "stats_pool") return std::make_unique<StatsPool>();
  if (spec.kind == "l2_normalize") return std::make_unique<L2Normalize>();
  refuse(spec,
         "unknown kind; known are conv1d, batch_norm, relu, stats_pool, linear, l2_normalize");
}

void draw_weights(Layer& layer, std::uint64_t seed, std::size_t number) {
  if (layer.kind() != "conv1d" && layer.kind() != "linear") return;
  const auto& shape = layer.parameters()[0].shape;
  std::int64_t fan_in = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  for (std::size_t p = 0; p < layer.parameters().size(); ++p) {
    Random random(seed, Purpose::weight, static_cast<std::uint32_t>(number),
                  static_cast<std::uint32_t>(p));
    for (float& w : layer.parameters()[p].value)
      w = static_cast<float>(random.uniform(-bound, bound));
  }
}

}  // namespace

Network::Network(const EncoderSpec& spec, std::uint64_t seed) : bins_(spec.bins) {
  if (spec.bins < 1 || spec.bins > most_channels)
    throw Error(Fault::config,
                fmt::format("encoder: bins: expected 1 to {}, found {}", most_channels, spec.bins));
  if (spec.layers.empty()) throw Error(Fault::config, "encoder: no layers");
  std::set<std::string> names;
  bool pooled = false;
  std::int64_t weights = 0;
  Shape shape{1, 1, spec.bins};
  for (const LayerSpec& layer : spec.layers) {
    if (layer.name.empty() || !names.insert(layer.name).second)
      refuse(layer, "each layer needs a name of its own");
    if (!pooled && layer.kind == "linear") refuse(layer, "stands before the pooling");
    if (pooled && layer.kind == "stats_pool") refuse(layer, "a second pooling");
    pooled = pooled || layer.kind == "stats_pool";
    layers_.push_back(make_layer(layer, shape.channels));
    names_.push_back(layer.name);
    draw_weights(*layers_.back(), seed, layers_.size() - 1);
    for (const Parameter& p : layers_.back()->parameters())
      weights += static_cast<std::int64_t>(p.value.size());
    if (weights > most_weights) refuse(layer, "too many weights by here");
    shape = layers_.back()->output(shape);
    if (shape.channels > most_channels) refuse(layer, "too many channels");
  }
  if (!pooled) throw Error(Fault::config, "encoder: no stats_pool: clips would keep their frames");
}

std::vector<NamedParameter> Network::parameters() const {
  std::vector<NamedParameter> all;
  for (std::size_t i = 0; i < layers_.size(); ++i)
    for (Parameter& p : layers_[i]->parameters()) all.push_back({names_[i] + "." + p.name, &p});
  return all;
}

Shape Network::output(Shape shape) const {
  for (const auto& layer : layers_) shape = layer->output(shape);
  return shape;
}

double Network::multiply_adds(Shape shape) const {
  double sum = 0;
  for (const auto& layer : layers_) {
    sum += layer->multiply_adds(shape);
    shape = layer->output(shape);
  }
  return sum;
}

void Network::zero_gradients() {
  for (const auto& [key, parameter] : parameters()) std::ranges::fill(parameter->gradient, 0.0F);
}

void Network::weights_changed() {
  for (const auto& layer : layers_) ++layer->version;
}

}  // namespace twinear::nn
