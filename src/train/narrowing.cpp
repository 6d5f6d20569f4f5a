// SPDX-License-Identifier: Apache-2.0
#include "train/narrowing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <string_view>
#include <vector>

#include "twinear/error.h"

namespace twinear {
namespace {

using nn::Network;
using nn::Node;
using nn::Parameter;

/// A channel of the wide network, known by the layer that made it; a band of it, where maps were
/// flattened, and its mean (2 i) or deviation (2 i + 1), where they were pooled.
struct Channel {
  std::size_t maker = 0, index = 0, part = 0;
  auto operator<=>(const Channel&) const = default;
};
using Channels = std::vector<Channel>;
using Positions = std::vector<std::size_t>;

/// What a kind of layer does with channels.
enum class Does {
  make,     ///< new ones, by weights [out, in, ...]
  keep,     ///< one by one
  join,     ///< side by side
  sum,      ///< those of the last input, which those of the others are added to
  flatten,  ///< bands side by side
  pool,     ///< means, then deviations
  gate,     ///< those of the first input, by the second
  other,    ///< unknown: its inputs must be whole
};

Does does(const std::string& kind) {
  static const std::map<std::string_view, Does> known{
      {"conv1d", Does::make},       {"conv2d", Does::make},    {"linear", Does::make},
      {"batch_norm", Does::keep},   {"relu", Does::keep},      {"leaky_relu", Does::keep},
      {"gelu", Does::keep},         {"tanh", Does::keep},      {"l2_normalize", Does::keep},
      {"concat", Does::join},       {"add", Does::sum},        {"flatten", Does::flatten},
      {"context_mask", Does::gate}, {"stats_pool", Does::pool}};
  const auto found = known.find(kind);
  return found == known.end() ? Does::other : found->second;
}

const Parameter& parameter(const Node& node, std::string_view name) {
  return *std::ranges::find(node.layer->parameters(), name, &Parameter::name);
}

/// Where each of `some` stands in `all`.
Positions positions(const Channels& some, const Channels& all, const std::string& layer) {
  std::map<Channel, std::size_t> places;
  for (std::size_t i = 0; i < all.size(); ++i) places[all[i]] = i;
  Positions found;
  for (const Channel& channel : some) {
    const auto place = places.find(channel);
    if (place == places.end())
      throw Error(Fault::mismatch,
                  fmt::format("layer \"{}\" reads other layers than the recipe's", layer));
    found.push_back(place->second);
  }
  return found;
}

/// Copies the part [rows][columns] of [.., columns, ..] numbers; no columns: [rows] alone.
void copy_part(const Parameter& from, Parameter& to, const Positions& rows,
               const Positions* columns = nullptr) {
  const std::size_t wide = columns != nullptr ? from.shape[1] : 1;
  const std::size_t each = from.value.size() / (from.shape[0] * wide);
  auto out = to.value.begin();
  const auto copy = [&](std::size_t place) {
    out = std::copy_n(from.value.begin() + static_cast<std::ptrdiff_t>(place * each), each, out);
  };
  for (const std::size_t row : rows) {
    if (columns == nullptr)
      copy(row);
    else
      for (const std::size_t column : *columns) copy(row * wide + column);
  }
}

/// The squared weights of [rows, columns, ...] numbers, summed by column or by row.
std::vector<double> squares(const Parameter& p, bool by_column) {
  const std::size_t rows = p.shape[0], columns = p.shape[1],
                    each = p.value.size() / (rows * columns);
  std::vector<double> sums(by_column ? columns : rows);
  for (std::size_t i = 0; i < p.value.size(); ++i) {
    const double w = p.value[i];
    sums[by_column ? i / each % columns : i / each / columns] += w * w;
  }
  return sums;
}

/// The mean square of max(0, x) for x with this mean and deviation, as batch norm leaves them.
double mean_square_above_zero(double mean, double deviation) {
  const double d = std::max(std::abs(deviation), 1e-9), z = mean / d;
  const double below = 0.5 * std::erfc(-z / std::numbers::sqrt2);
  const double density = std::exp(-z * z / 2) / std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  return (mean * mean + d * d) * below + mean * d * density;
}

/// The `count` greatest of the values, the first ones where they are equal, in order.
Positions greatest(const std::vector<double>& values, std::size_t count) {
  Positions order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return values[i]; });
  order.resize(count);
  std::ranges::sort(order);
  return order;
}

/// The channels of every activation of a network.
class ChannelMap {
 public:
  explicit ChannelMap(const Network& network)
      : network_(network), shapes_(network.shapes({1, 1000, network.bins()})) {
    const nn::Shape& in = shapes_[0];
    channels_.push_back(made(0, in.bands == 0 ? in.channels : in.maps()));
  }

  const Channels& input(const Node& node, std::size_t which = 0) const {
    return channels_[node.inputs[which]];
  }
  const Channels& of(std::size_t activation) const { return channels_[activation]; }
  /// The channels or, with bands, the maps that node `i` gives.
  std::size_t width(std::size_t i) const { return shapes_[i + 1].maps(); }

  static Channels made(std::size_t maker, std::size_t count) {
    Channels channels(count);
    for (std::size_t i = 0; i < count; ++i) channels[i] = {maker, i, 0};
    return channels;
  }

  /// Adds node `i`'s, unless it makes new ones, which `chosen` gives.
  void add(std::size_t i, Channels chosen) {
    const Node& node = network_.nodes()[i];
    Channels out;
    switch (does(node.kind)) {
      case Does::keep:
      case Does::gate:
        out = input(node);
        break;
      case Does::sum:
        out = input(node, node.inputs.size() - 1);
        break;
      case Does::join:
        for (std::size_t k = 0; k < node.inputs.size(); ++k)
          out.insert(out.end(), input(node, k).begin(), input(node, k).end());
        break;
      case Does::flatten:
        for (const Channel& c : input(node))
          for (std::size_t band = 0; band < shapes_[node.inputs[0]].bands; ++band)
            out.push_back({c.maker, c.index, band});
        break;
      case Does::pool:
        for (const std::size_t second : {0U, 1U})
          for (const Channel& c : input(node))
            out.push_back({c.maker, c.index, 2 * c.part + second});
        break;
      default:
        out = std::move(chosen);
    }
    channels_.push_back(std::move(out));
  }

 private:
  const Network& network_;
  std::vector<nn::Shape> shapes_;
  std::vector<Channels> channels_;
};

class Narrowing {
 public:
  Narrowing(const Network& from, Network& to) : from_(from), to_(to), wide_(from), narrow_(to) {
    for (std::size_t i = 0; i < from_.nodes().size(); ++i) {
      numbers_[from_.nodes()[i].name] = i;
      wide_.add(i, ChannelMap::made(i + 1, wide_.width(i)));
    }
    for (const Node& node : from_.nodes()) tie(node);
    for (const Node& node : from_.nodes()) weigh(node);
  }

  void copy(const std::function<bool(const std::string&)>& anew) {
    for (std::size_t i = 0; i < to_.nodes().size(); ++i) {
      const Node& node = to_.nodes()[i];
      const auto found = numbers_.find(node.name);
      if (found == numbers_.end() && does(node.kind) == Does::keep &&
          node.layer->parameters().empty()) {
        narrow_.add(i, {});  // such as the norm of unit embeddings
        continue;
      }
      if (found == numbers_.end() || from_.nodes()[found->second].kind != node.kind)
        throw Error(Fault::mismatch,
                    fmt::format("it has no layer \"{}\" of the kind {}", node.name, node.kind));
      const std::size_t whole = found->second;
      const Positions kept = chosen(i, whole);
      Channels out;
      for (const std::size_t index : kept) out.push_back({whole + 1, index, 0});
      narrow_.add(i, std::move(out));
      if (!anew(node.name)) fill(from_.nodes()[whole], node, kept);
    }
    to_.weights_changed();
  }

 private:
  /// Adds to the weights of the channels that `node` reads.
  void weigh(const Node& node) {
    if (does(node.kind) != Does::make) return;
    auto used = squares(node.layer->parameters()[0], true);
    if (node.inputs[0] > 0 && from_.nodes()[node.inputs[0] - 1].kind == "batch_norm") {
      const Node& norm = from_.nodes()[node.inputs[0] - 1];
      if (norm.layer->parameters().size() == 4)
        for (std::size_t c = 0; c < used.size(); ++c)
          used[c] *= mean_square_above_zero(parameter(norm, "bias").value[c],
                                            parameter(norm, "weight").value[c]);
    }
    const double all = std::accumulate(used.begin(), used.end(), 0.0);
    const Channels& read = wide_.input(node);
    for (std::size_t c = 0; c < used.size(); ++c)
      weights_[leader({read[c].maker, read[c].index, 0})] += used[c] / all;
  }

  /// Channels that a layer adds are kept or left out together, as the last of them is.
  void tie(const Node& node) {
    if (does(node.kind) != Does::sum) return;
    const Channels& last = wide_.input(node, node.inputs.size() - 1);
    for (std::size_t k = 0; k + 1 < node.inputs.size(); ++k)
      for (std::size_t c = 0; c < last.size(); ++c)
        if (leader(wide_.input(node, k)[c]) != leader(last[c]))
          leaders_[leader(wide_.input(node, k)[c])] = leader(last[c]);
  }

  Channel leader(Channel channel) const {
    for (auto next = leaders_.find(channel); next != leaders_.end(); next = leaders_.find(channel))
      channel = next->second;
    return channel;
  }

  /// Which channels of the wide node `whole` are those of the narrow node `i`.
  Positions chosen(std::size_t i, std::size_t whole) const {
    const Node& node = to_.nodes()[i];
    const std::size_t had = wide_.width(whole), wanted = narrow_.width(i);
    if (wanted > had)
      throw Error(Fault::mismatch, fmt::format("its layer \"{}\" has {} channels, the recipe's {}",
                                               node.name, had, wanted));
    std::vector<double> values(had);
    for (std::size_t c = 0; c < had; ++c) {
      const auto found = weights_.find(leader({whole + 1, c, 0}));
      if (found != weights_.end()) values[c] = found->second;
    }
    return greatest(values, wanted);
  }

  void fill(const Node& wide, const Node& node, const Positions& kept) const {
    const auto read = [&](std::size_t k) {
      return positions(narrow_.input(node, k), wide_.input(wide, k), node.name);
    };
    const auto part = [&](const char* name, const Positions& rows,
                          const Positions* columns = nullptr) {
      copy_part(parameter(wide, name),
                *std::ranges::find(node.layer->parameters(), name, &Parameter::name), rows,
                columns);
    };
    switch (does(node.kind)) {
      case Does::make: {
        // A convolution over frames and mel bins reads them as the one map of the features.
        const bool one_map = parameter(wide, "weight").shape[1] == 1;
        const Positions columns = one_map ? Positions{0} : read(0);
        part("weight", kept, &columns);
        if (node.layer->parameters().size() > 1) part("bias", kept);
        break;
      }
      case Does::keep: {
        const Positions columns = read(0);
        for (const Parameter& p : node.layer->parameters()) part(p.name.c_str(), columns);
        break;
      }
      case Does::gate: {
        const Positions gated = read(0), columns = read(1);
        auto hidden = squares(parameter(wide, "reduce.weight"), false);
        const auto given = squares(parameter(wide, "expand.weight"), true);
        for (std::size_t h = 0; h < hidden.size(); ++h) hidden[h] *= given[h];
        const Positions some = greatest(hidden, parameter(node, "reduce.bias").value.size());
        part("reduce.weight", some, &columns);
        part("reduce.bias", some);
        part("expand.weight", gated, &some);
        part("expand.bias", gated);
        break;
      }
      case Does::sum:
        for (std::size_t k = 1; k < node.inputs.size(); ++k)
          if (read(k) != read(0)) refuse(node);
        break;
      case Does::other:
        for (std::size_t k = 0; k < node.inputs.size(); ++k)
          if (narrow_.input(node, k) != wide_.input(wide, k)) refuse(node);
        for (Parameter& p : node.layer->parameters()) {
          const Parameter& source = parameter(wide, p.name);
          if (source.shape != p.shape) refuse(node);
          std::ranges::copy(source.value, p.value.begin());
        }
        break;
      default:
        break;
    }
  }

  [[noreturn]] static void refuse(const Node& node) {
    throw Error(Fault::mismatch, fmt::format("layer \"{}\" of the kind {} cannot be narrowed",
                                             node.name, node.kind));
  }

  const Network& from_;
  Network& to_;
  ChannelMap wide_, narrow_;
  std::map<std::string, std::size_t> numbers_;  ///< of the nodes of the wide network
  std::map<Channel, Channel> leaders_;
  std::map<Channel, double> weights_;
};

}  // namespace

void narrow(const Network& from, Network& to, const std::function<bool(const std::string&)>& anew) {
  Narrowing(from, to).copy(anew);
}

}  // namespace twinear
