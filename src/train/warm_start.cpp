// SPDX-License-Identifier: Apache-2.0
#include "train/warm_start.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <map>

#include "base/settings.h"
#include "base/within.h"
#include "features/front_end.h"
#include "train/narrowing.h"
#include "twinear/error.h"
#include "twinear/model_store.h"

namespace twinear {
namespace {

bool matches(const std::string& name, const std::vector<std::string>& patterns) {
  return std::ranges::any_of(
      patterns, [&](const auto& p) { return fnmatch(p.c_str(), name.c_str(), 0) == 0; });
}

std::vector<std::string> layers_with_tensors(const nn::Network& network) {
  std::vector<std::string> names;
  for (const nn::Node& node : network.nodes())
    if (!node.layer->parameters().empty()) names.push_back(node.name);
  return names;
}

/// Each pattern must name one of `layers`.
void check_names(const char* key, const std::vector<std::string>& patterns,
                 const std::vector<std::string>& layers) {
  for (const auto& pattern : patterns)
    if (std::ranges::none_of(layers, [&](const auto& l) { return matches(l, {pattern}); }))
      throw Error(Fault::config, fmt::format("train.{}: no layer is named \"{}\"; there are {}",
                                             key, pattern, fmt::join(layers, ", ")));
}

struct LayerTensor {
  std::string layer;
  nn::Parameter* parameter;
};

/// Tensors by their keys, but for those of the layers that begin anew.
std::map<std::string, LayerTensor> tensors(const nn::Network& network,
                                           const std::vector<std::string>& reinit) {
  std::map<std::string, LayerTensor> found;
  for (const nn::Node& node : network.nodes())
    for (nn::Parameter& p : node.layer->parameters())
      if (!matches(node.name, reinit)) found[node.name + "." + p.name] = {node.name, &p};
  return found;
}

}  // namespace

std::string warm_start(Model& to, const TrainOptions& options) {
  const std::string path = find_model(options.init);
  const Model from = load_model(path);
  const std::vector<std::string>& reinit = options.reinit;
  const auto refuse = [&](Fault fault, const std::string& reason) {
    throw Error(fault, path + ": " + reason);
  };
  if (from.front_end.mel_bins != to.front_end.mel_bins ||
      (!options.narrow && to_json(from.front_end) != to_json(to.front_end)))
    refuse(Fault::mismatch, "its front end is not the recipe's; `twinear info` shows it");
  auto layers = layers_with_tensors(nn::network_of(to.encoder));
  const auto old = layers_with_tensors(nn::network_of(from.encoder));
  layers.insert(layers.end(), old.begin(), old.end());
  std::ranges::sort(layers);
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  check_names("reinit", reinit, layers);
  if (options.narrow) {
    within(path, [&] {
      narrow(nn::network_of(from.encoder), nn::network_of(to.encoder),
             [&](const std::string& layer) { return matches(layer, reinit); });
    });
    return from.id;
  }

  const auto theirs = tensors(nn::network_of(from.encoder), reinit);
  const auto ours = tensors(nn::network_of(to.encoder), reinit);
  const auto differ = [&](const std::string& key, const std::string& layer,
                          const std::string& how) {
    refuse(Fault::mismatch,
           fmt::format("tensor \"{}\" {}; train.reinit = [\"{}\"] lets the layer begin anew", key,
                       how, layer));
  };
  for (const auto& [key, tensor] : theirs)
    if (!ours.contains(key)) differ(key, tensor.layer, "has no place in the recipe's encoder");
  for (const auto& [key, tensor] : ours) {
    const auto found = theirs.find(key);
    if (found == theirs.end()) differ(key, tensor.layer, "is missing");
    const nn::Parameter& source = *found->second.parameter;
    if (source.shape != tensor.parameter->shape)
      differ(key, tensor.layer,
             fmt::format("is {}, the recipe's {}", fmt::join(source.shape, " x "),
                         fmt::join(tensor.parameter->shape, " x ")));
    std::ranges::copy(source.value, tensor.parameter->value.begin());
  }
  nn::network_of(to.encoder).weights_changed();
  return from.id;
}

void freeze(nn::Network& network, const std::vector<std::string>& names, bool frozen) {
  check_names("freeze", names, layers_with_tensors(network));
  for (const nn::Node& node : network.nodes())
    if (matches(node.name, names))
      for (nn::Parameter& p : node.layer->parameters()) p.frozen = frozen;
}

}  // namespace twinear
