// SPDX-License-Identifier: Apache-2.0
// Inside the graph a flow is [clips, channels, frames], one frame from the pooling on.
#include <fmt/format.h>

#include <map>

#include "base/files.h"
#include "base/settings.h"
#include "exchange/onnx.h"
#include "features/front_end.h"
#include "model/calibration_json.h"
#include "nn/network.h"
#include "twinear/error.h"
#include "twinear/exchange.h"
#include "twinear/model.h"

namespace twinear {
namespace {

using Strings = std::vector<std::string>;
using Ints = std::vector<std::int64_t>;

constexpr float min_norm = 1e-6F;

/// Writes one layer after the other.
class Exporter {
 public:
  Exporter(OnnxGraph& graph, const Encoder& encoder) : graph_(graph), encoder_(encoder) {
    for (const auto& [key, parameter] : encoder.network().parameters())
      parameters_[key] = parameter;
  }

  /// From the flow `input` to the network's last, whose name it gives.
  std::string layers(const std::string& input) {
    const auto& network = encoder_.network();
    const auto& specs = encoder_.spec().layers;
    const auto shapes = network.shapes({1, 1, network.bins()});
    Strings flows{input};
    for (std::size_t i = 0; i < specs.size(); ++i) {
      Strings inputs;
      for (const std::size_t flow : network.nodes()[i].inputs) inputs.push_back(flows[flow]);
      channels_ = shapes[network.nodes()[i].inputs[0]].channels;
      flows.push_back(layer(specs[i], inputs));
    }
    return flows.back();
  }

  /// Vectors of [clips, n, 1] made unit vectors; what is all but 0 stays as small.
  std::string unit(const std::string& x, const std::string& name) {
    const auto length = graph_.node("ReduceL2", {x}, name + ".length", {{"axes", Ints{1}}});
    return graph_.node("Div", {x, at_least(length, min_norm, name + ".length.least")}, name);
  }

 private:
  const nn::Parameter& parameter(const std::string& key) const { return *parameters_.at(key); }
  std::string vector(const std::string& key) {
    const nn::Parameter& p = parameter(key);
    return graph_.constant(key, p.shape, p.value);
  }
  std::string number(const std::string& name, float value) {
    return graph_.constant(name, Ints{1}, std::span<const float>(&value, 1));
  }
  std::string at_least(const std::string& x, double least, const std::string& name) {
    return graph_.node("Max", {x, number(name + ".bound", static_cast<float>(least))}, name);
  }
  std::string relu(const std::string& x, const std::string& name) {
    return graph_.node("Relu", {x}, name);
  }
  std::string mean(const std::string& x, const std::string& name) {
    return graph_.node("ReduceMean", {x}, name, {{"axes", Ints{2}}});
  }

  /// A map of each frame alone.
  std::string map(const std::string& x, const std::string& layer, const std::string& name) {
    const nn::Parameter& weight = parameter(layer + ".weight");
    const auto w =
        graph_.constant(layer + ".weight", Ints{weight.shape[0], weight.shape[1], 1}, weight.value);
    return graph_.node("Conv", {x, w, vector(layer + ".bias")}, name);
  }

  std::string layer(const LayerSpec& spec, const Strings& in) {
    const std::string &name = spec.name, &x = in[0];
    if (spec.kind == "conv1d" || spec.kind == "linear") return convolution(spec, x);
    if (spec.kind == "batch_norm") return batch_norm(spec, x);
    if (spec.kind == "relu") return relu(x, name);
    if (spec.kind == "leaky_relu") return graph_.node("LeakyRelu", {x}, name, {{"alpha", 0.01F}});
    if (spec.kind == "tanh") return graph_.node("Tanh", {x}, name);
    if (spec.kind == "add") return graph_.node("Sum", in, name);
    if (spec.kind == "concat") return join(in, name);
    if (spec.kind == "slice") return slice(spec, in);
    if (spec.kind == "squeeze_excite") return squeeze_excite(spec, in);
    if (spec.kind == "stats_pool") return join(moments(spec, x, 1e-5), name);
    if (spec.kind == "attentive_pool") return attentive_pool(spec, in);
    if (spec.kind == "context_conv") return context_conv(spec, x);
    if (spec.kind == "l2_normalize") return unit(x, name);
    throw Error(Fault::config, fmt::format("layer \"{}\" ({}): no ONNX for it", name, spec.kind));
  }

  std::string join(const Strings& in, const std::string& name) {
    return graph_.node("Concat", in, name, {{"axis", std::int64_t{1}}});
  }

  std::string convolution(const LayerSpec& spec, const std::string& input) {
    const nn::Parameter& weight = parameter(spec.name + ".weight");
    const std::int64_t margin = spec.dilation * (spec.kernel - 1) / 2;
    std::string x = input;
    if (spec.reflect && margin > 0)
      x = graph_.node(
          "Pad", {input, graph_.constant(spec.name + ".margins", {0, 0, margin, 0, 0, margin})},
          spec.name + ".pad", {{"mode", std::string("reflect")}});
    Strings inputs{
        x, graph_.constant(spec.name + ".weight",
                           Ints{weight.shape[0], weight.shape[1], spec.kernel}, weight.value)};
    if (spec.bias) inputs.push_back(vector(spec.name + ".bias"));
    const std::int64_t pad = spec.reflect ? 0 : margin;
    return graph_.node("Conv", inputs, spec.name,
                       {{"strides", Ints{spec.stride}},
                        {"dilations", Ints{spec.dilation}},
                        {"pads", Ints{pad, pad}}});
  }

  std::string batch_norm(const LayerSpec& spec, std::string x) {
    const std::string& name = spec.name;
    if (spec.relu_first) x = relu(x, name + ".relu");
    std::string scale, shift;
    if (spec.affine) {
      scale = vector(name + ".weight");
      shift = vector(name + ".bias");
    } else {
      const std::vector<float> ones(static_cast<std::size_t>(channels_), 1.0F), zeros(ones.size());
      scale = graph_.constant(name + ".weight", Ints{channels_}, ones);
      shift = graph_.constant(name + ".bias", Ints{channels_}, zeros);
    }
    const Strings inputs{x, scale, shift, vector(name + ".running_mean"),
                         vector(name + ".running_var")};
    const OnnxGraph::NamedAttribute epsilon{"epsilon", 1e-5F};
    if (!spec.relu) return graph_.node("BatchNormalization", inputs, name, {epsilon});
    return relu(graph_.node("BatchNormalization", inputs, name + ".norm", {epsilon}), name);
  }

  std::string slice(const LayerSpec& spec, const Strings& in) {
    const auto bound = [&](const char* what, std::int64_t value) {
      return graph_.constant(spec.name + what, {value});
    };
    const Strings inputs{in[0], bound(".from", spec.from), bound(".to", spec.from + spec.out),
                         bound(".axis", 1)};
    if (in.size() == 1) return graph_.node("Slice", inputs, spec.name);
    return graph_.node("Add", {graph_.node("Slice", inputs, spec.name + ".chunk"), in[1]},
                       spec.name);
  }

  std::string squeeze_excite(const LayerSpec& spec, const Strings& in) {
    const std::string& name = spec.name;
    const auto hidden = relu(map(mean(in[0], name + ".mean"), name + ".reduce", name + ".reduced"),
                             name + ".hidden");
    const auto gate =
        graph_.node("Sigmoid", {map(hidden, name + ".expand", name + ".expanded")}, name + ".gate");
    if (in.size() == 1) return graph_.node("Mul", {in[0], gate}, name);
    return graph_.node("Add", {graph_.node("Mul", {in[0], gate}, name + ".gated"), in[1]}, name);
  }

  /// sqrt(max(variance, least))
  std::string deviation(const LayerSpec& spec, const std::string& variance, double otherwise) {
    const double least = spec.min_variance > 0 ? spec.min_variance : otherwise;
    return graph_.node("Sqrt", {at_least(variance, least, spec.name + ".variance.least")},
                       spec.name + ".deviation");
  }

  /// Mean and deviation over the frames.
  Strings moments(const LayerSpec& spec, const std::string& x, double otherwise) {
    const std::string& name = spec.name;
    const auto m = mean(x, name + ".mean");
    const auto d = graph_.node("Sub", {x, m}, name + ".apart");
    const auto squares =
        graph_.node("ReduceSumSquare", {d}, name + ".squares", {{"axes", Ints{2}}});
    const auto frames = graph_.node("Cast",
                                    {graph_.node("Gather",
                                                 {graph_.node("Shape", {x}, name + ".shape"),
                                                  graph_.constant(name + ".time", {2})},
                                                 name + ".length")},
                                    name + ".frames", {{"to", std::int64_t{1}}});  // to float
    auto share = frames;
    if (spec.unbiased) {
      const auto less =
          graph_.node("Sub", {frames, number(name + ".one", 1.0F)}, name + ".frames.less");
      share = at_least(less, 1, name + ".frames.least");
    }
    return {m,
            deviation(spec, graph_.node("Div", {squares, share}, name + ".variance"), otherwise)};
  }

  std::string attentive_pool(const LayerSpec& spec, const Strings& in) {
    const std::string& name = spec.name;
    const auto time = graph_.constant(name + ".time", {2});
    const auto weights =
        graph_.node("Softmax", {in[1]}, name + ".weights", {{"axis", std::int64_t{2}}});
    const auto weighted = [&](const std::string& x, const std::string& what) {
      const auto product = graph_.node("Mul", {weights, x}, what + ".weighted");
      return graph_.node("ReduceSum", {product, time}, what);
    };
    const auto m = weighted(in[0], name + ".mean");
    const auto d = graph_.node("Sub", {in[0], m}, name + ".apart");
    const auto variance =
        weighted(graph_.node("Mul", {d, d}, name + ".squares"), name + ".variance");
    return join({m, deviation(spec, variance, 1e-12)}, name);
  }

  // W [x; m; s] + b = Wx x + (Wc [m; s] + b), the latter once a clip
  std::string context_conv(const LayerSpec& spec, const std::string& x) {
    const std::string& name = spec.name;
    const nn::Parameter& weight = parameter(name + ".weight");
    const std::int64_t out = weight.shape[0], all = weight.shape[1];
    std::vector<float> of_frame, of_clip;
    for (std::int64_t row = 0; row < out; ++row) {
      const float* w = weight.value.data() + row * all;
      of_frame.insert(of_frame.end(), w, w + channels_);
      of_clip.insert(of_clip.end(), w + channels_, w + all);
    }
    const auto clip = join(moments(spec, x, 1e-12), name + ".context");
    const auto bias = graph_.node(
        "Conv",
        {clip, graph_.constant(name + ".weight.clip", Ints{out, all - channels_, 1}, of_clip),
         vector(name + ".bias")},
        name + ".clip");
    const auto frame = graph_.node(
        "Conv", {x, graph_.constant(name + ".weight.frame", Ints{out, channels_, 1}, of_frame)},
        name + ".frame");
    return graph_.node("Add", {frame, bias}, name);
  }

  OnnxGraph& graph_;
  const Encoder& encoder_;
  std::map<std::string, const nn::Parameter*> parameters_;
  std::int64_t channels_ = 0;  // of the layer's first input
};

/// The unit vector along W (e - m), as Verifier makes it.
std::string adapted(OnnxGraph& graph, Exporter& exporter, const Adaptation& a,
                    const std::string& embedding) {
  const auto n = static_cast<std::int64_t>(a.mean.size());
  std::string x =
      graph.node("Sub", {embedding, graph.constant("adaptation.mean", Ints{n, 1}, a.mean)},
                 "adaptation.centered");
  if (a.whitening.rows() > 0)
    x = graph.node("Conv",
                   {x, graph.constant("adaptation.whitening", Ints{n, n, 1}, a.whitening.values())},
                   "adaptation.whitened");
  return exporter.unit(x, "adaptation");
}

}  // namespace

void export_onnx(const Model& model, const std::string& path) {
  OnnxGraph graph("twinear " + model.encoder.spec().kind);
  graph.input("features",
              {std::string("clips"), std::string("frames"), model.encoder.network().bins()});
  graph.output("embedding",
               {std::string("clips"), static_cast<std::int64_t>(model.encoder.dimension())});
  Exporter exporter(graph, model.encoder);
  auto last = exporter.layers(
      graph.node("Transpose", {"features"}, "features.channels", {{"perm", Ints{0, 2, 1}}}));
  if (model.adaptation) last = adapted(graph, exporter, *model.adaptation, last);
  graph.node("Flatten", {last}, "embedding");

  graph.metadata("front_end", to_json(model.front_end));
  graph.metadata("source", model.source);
  graph.metadata("provenance", model.provenance);
  if (!model.id.empty()) graph.metadata("model_id", model.id);
  if (model.calibration) graph.metadata("calibration", calibration_json(*model.calibration));
  write_file(
      path, graph.bytes("Embeddings of clips by Twinear. \"features\" are what the front end in "
                        "the metadata gives, "
                        "its normalization over the clip (norm, top_db) and its selection of "
                        "speech (vad) included; "
                        "clips of a batch have as many frames. Scores are cosines of embeddings."));
}

}  // namespace twinear
