// SPDX-License-Identifier: Apache-2.0
// Exported models as ONNX Runtime reads them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/files.h"
#include "base/random.h"
#include "nn/network.h"
#include "temporary_folder.h"
#include "twinear/error.h"
#include "twinear/exchange.h"
#include "twinear/model.h"

namespace twinear {
namespace {

const std::string source = TWINEAR_SOURCE_DIR;

/// A model whose norms have seen something.
Model made(const EncoderSpec& spec) {
  FrontEnd front_end;
  front_end.mel_bins = spec.bins;
  Model model{.front_end = front_end,
              .encoder = Encoder(spec, 3),
              .calibration = Calibration{.scale = 10.0, .offset = -5.0, .source = "by hand"},
              .provenance = "{}",
              .id = {}};
  Random random(4, Purpose::selftest);
  for (const auto& [key, p] : nn::network_of(model.encoder).parameters())
    if (!p->learned())
      for (float& v : p->value)
        v = static_cast<float>(random.uniform(0.5, 1.5) - (key.ends_with("mean") ? 1.0 : 0.0));
  nn::network_of(model.encoder).weights_changed();
  return model;
}

Model imported(const char* architecture, const std::string& name) {
  return import_model(architecture, source + "/tests/golden/published/" + name + ".ckpt");
}

Model adapted() {
  Model model = made(EncoderSpec::statistics(20));
  Matrix embeddings(60, model.encoder.dimension());
  Random random(5, Purpose::selftest);
  for (float& v : embeddings.values()) v = static_cast<float>(random.normal());
  model.adaptation = fit_adaptation(embeddings, true);
  model.adaptation->removed = nuisance_directions(embeddings, 2);
  return model;
}

struct Case {
  const char* name;
  Model (*make)();
};

const Case cases[] = {
    {"Compact",
     [] {
       return made(EncoderSpec::compact({.bins = 20,
                                         .channels = {8, 12, 12},
                                         .strides = {1, 2, 1},
                                         .embedding = 10,
                                         .input_norm = true}));
     }},
    {"Ecapa",
     [] {
       return made(EncoderSpec::ecapa(
           {.bins = 20, .channels = 16, .aggregated = 24, .attention = 6, .squeeze = 4}));
     }},
    {"Xvector",
     [] { return made(EncoderSpec::xvector({.bins = 20, .channels = 12, .pooled = 20})); }},
    {"Resnet",
     [] {
       return made(EncoderSpec::residual({.bins = 20, .channels = {8, 12}, .blocks = 2}));
     }},
    {"Campplus",
     [] {
       return made(EncoderSpec::campplus({.bins = 20,
                                          .maps = 4,
                                          .channels = 8,
                                          .growth = 4,
                                          .bottleneck = 8,
                                          .context = 6,
                                          .layers = {2, 2, 1},
                                          .embedding = 10}));
     }},
    {"Campplus3dSpeaker",
     [] { return import_model("3dspeaker-campplus", source + "/tests/golden/campplus/small.pt"); }},
    {"CampplusWespeaker",
     [] { return import_model("wespeaker-campplus", source + "/tests/golden/campplus/small.pt"); }},
    {"Statistics", [] { return made(EncoderSpec::statistics(20)); }},
    {"Gelu",
     [] {
       return made({.kind = "layers",
                    .bins = 20,
                    .layers = {{.kind = "conv1d", .name = "conv", .keys = {{"out", 8}}},
                               {.kind = "gelu", .name = "gelu"},
                               {.kind = "stats_pool", .name = "pool"}}});
     }},
    {"Adapted", adapted},
    {"SpeechbrainEcapa", [] { return imported("speechbrain-ecapa", "speechbrain_ecapa"); }},
    {"SpeechbrainXvector", [] { return imported("speechbrain-xvector", "speechbrain_xvector"); }},
    {"WespeakerEcapa", [] { return imported("wespeaker-ecapa", "wespeaker_ecapa"); }},
    {"WespeakerEcapaGlob", [] { return imported("wespeaker-ecapa", "wespeaker_ecapa_glob"); }},
};

class ExportOnnx : public ::testing::TestWithParam<Case> {};

TEST_P(ExportOnnx, GivesTheSameEmbeddingsInOnnxRuntime) {
  const std::string modules = source + "/build/onnxruntime/node_modules";
  if (!std::filesystem::exists(modules + "/onnxruntime-node"))
    GTEST_SKIP() << "onnxruntime-node is not installed (tools/setup.sh dev)";
  const TemporaryFolder folder;
  const Model model = GetParam().make();
  export_onnx(model, folder / "model.onnx");

  const auto bins = static_cast<std::size_t>(model.encoder.spec().bins);
  Random random(6, Purpose::selftest);
  std::string input;
  std::vector<float> expected;
  for (const std::size_t frames :
       {std::size_t{7}, std::size_t{100}, std::size_t{201}, std::size_t{331}})
    for (const std::size_t clips : {std::size_t{1}, std::size_t{3}}) {
      for (const std::size_t size : {clips, frames, bins}) {
        const auto n = static_cast<std::int32_t>(size);
        input.append(reinterpret_cast<const char*>(&n), sizeof n);
      }
      std::vector<Matrix> batch(clips, Matrix(frames, bins));
      for (Matrix& clip : batch) {
        for (float& v : clip.values()) v = static_cast<float>(random.normal());
        input.append(reinterpret_cast<const char*>(clip.values().data()),
                     clip.values().size_bytes());
      }
      Matrix embeddings = model.encoder.embed(batch);
      if (model.adaptation) model.adaptation->apply(embeddings);
      expected.insert(expected.end(), embeddings.values().begin(), embeddings.values().end());
    }
  write_file(folder / "in", input);
  const std::string command = "NODE_PATH=" + modules + " node " + source +
                              "/tests/exchange/run_onnx.js " + (folder / "model.onnx") + " " +
                              (folder / "in") + " " + (folder / "out") + " >" + (folder / "said") +
                              " 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << read_file(folder / "said");
  EXPECT_EQ(read_file(folder / "said"), "features embedding\n");
  const std::string out = read_file(folder / "out");
  ASSERT_EQ(out.size(), expected.size() * sizeof(float));
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    float value = 0;
    std::memcpy(&value, out.data() + i * sizeof value, sizeof value);
    worst = std::max(worst, std::abs(static_cast<double>(value) - expected[i]));
  }
  EXPECT_LT(worst, 1e-4);
  RecordProperty("largest_difference", fmt::format("{:.1e}", worst));
}

TEST_P(ExportOnnx, GivesTheSameBytesTwice) {
  const TemporaryFolder folder;
  const Model model = GetParam().make();
  export_onnx(model, folder / "a");
  export_onnx(model, folder / "b");
  EXPECT_EQ(read_file(folder / "a"), read_file(folder / "b"));
}

INSTANTIATE_TEST_SUITE_P(, ExportOnnx, ::testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ExportedModel, OfALayerWithoutAnOnnxFormIsRefused) {
  class Secret final : public nn::Layer {
    std::unique_ptr<nn::Op> prepare(std::span<const nn::Input>, nn::Activation&,
                                    nn::Mode) override {
      return nullptr;
    }
  };
  nn::layers().add({"secret", "a layer without an ONNX form", nn::new_layer<Secret>});
  const TemporaryFolder folder;
  const Model model{.front_end = {},
                    .encoder = Encoder({.kind = "test",
                                        .bins = 80,
                                        .layers = {{.kind = "secret", .name = "x"},
                                                   {.kind = "stats_pool", .name = "pool"}}},
                                       0),
                    .calibration = {},
                    .provenance = "{}",
                    .id = {}};
  try {
    export_onnx(model, folder / "model.onnx");
    FAIL() << "exported";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "layer \"x\" (secret): this kind of layer has no ONNX form");
  }
}

TEST(ExportedModel, SaysWhichFrontEndItNeedsAndWhatScoresMean) {
  const TemporaryFolder folder;
  export_onnx(made(EncoderSpec::statistics(20)), folder / "model.onnx");
  const std::string bytes = read_file(folder / "model.onnx");
  for (const char* said : {"\"mel_bins\":20", "\"preset\":\"kaldi\"", "calibration", "by hand",
                           "clips", "frames", "normalization over the clip"})
    EXPECT_NE(bytes.find(said), std::string::npos) << said;
}

}  // namespace
}  // namespace twinear
