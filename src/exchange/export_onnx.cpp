// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/files.h"
#include "base/settings.h"
#include "base/within.h"
#include "exchange/onnx.h"
#include "features/front_end.h"
#include "model/calibration_json.h"
#include "nn/network.h"
#include "nn/onnx_forms.h"
#include "twinear/exchange.h"
#include "twinear/model.h"

namespace twinear {
namespace {

using Sizes = OnnxBuilder::Sizes;

/// Adds one layer after the other, from the activation `input` on; returns the name of the last.
std::string add_layers(OnnxGraph& graph, const nn::Network& network, const std::string& input) {
  OnnxBuilder::Names activations{input};
  for (const nn::Node& node : network.nodes()) {
    OnnxBuilder::Names inputs;
    for (const std::size_t activation : node.inputs) inputs.push_back(activations[activation]);
    activations.push_back(within(fmt::format("layer \"{}\" ({})", node.name, node.kind),
                                 [&] { return node.layer->to_onnx(graph, node.name, inputs); }));
  }
  return activations.back();
}

/// What Adaptation::apply does.
std::string adapted(OnnxGraph& graph, const Adaptation& a, std::string x, std::size_t dimension) {
  const auto n = static_cast<std::int64_t>(dimension);
  if (a.removed.rows() > 0) {
    std::vector<float> projection(dimension * dimension);
    for (std::size_t i = 0; i < dimension; ++i)
      for (std::size_t j = 0; j < dimension; ++j) {
        double value = i == j ? 1 : 0;
        for (std::size_t k = 0; k < a.removed.rows(); ++k)
          value -= static_cast<double>(a.removed(k, i)) * a.removed(k, j);
        projection[i * dimension + j] = static_cast<float>(value);
      }
    x = graph.node("Conv", {x, graph.constant("adaptation.projection", {n, n, 1}, projection)},
                   "adaptation.projected");
    if (!a.mean.empty()) x = nn::onnx::unit(graph, x, "adaptation.direction");
  }
  if (!a.mean.empty())
    x = graph.node("Sub", {x, graph.constant("adaptation.mean", {n, 1}, a.mean)},
                   "adaptation.centered");
  if (a.whitening.rows() > 0)
    x = graph.node("Conv",
                   {x, graph.constant("adaptation.whitening", {n, n, 1}, a.whitening.values())},
                   "adaptation.whitened");
  return nn::onnx::unit(graph, x, "adaptation");
}

}  // namespace

void export_onnx(const Model& model, const std::string& path) {
  const nn::Network& network = nn::network_of(model.encoder);
  OnnxGraph graph("twinear " + model.encoder.spec().kind);
  graph.input("features", {std::string("clips"), std::string("frames"),
                           static_cast<std::int64_t>(network.bins())});
  graph.output("embedding",
               {std::string("clips"), static_cast<std::int64_t>(model.encoder.dimension())});
  auto last = add_layers(
      graph, network,
      graph.node("Transpose", {"features"}, "features.channels", {{"perm", Sizes{0, 2, 1}}}));
  if (model.adaptation) last = adapted(graph, *model.adaptation, last, model.encoder.dimension());
  graph.node("Flatten", {last}, "embedding", {});

  graph.metadata("front_end", to_json(model.front_end));
  graph.metadata("source", model.source);
  graph.metadata("provenance", model.provenance);
  if (!model.id.empty()) graph.metadata("model_id", model.id);
  if (model.calibration) graph.metadata("calibration", calibration_json(*model.calibration));
  write_file(path,
             graph.bytes("Embeddings of clips by Twinear. \"features\" are what the front end "
                         "in the metadata gives, its normalization over the clip (norm, "
                         "top_db) and its selection of speech (vad) included; clips of a "
                         "batch have as many frames. Scores are cosines of embeddings."));
}

}  // namespace twinear
