// SPDX-License-Identifier: Apache-2.0
// CAM++ as PyTorch computes it in double precision: tests/golden/make_campplus.py
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/expect_error.h"
#include "base/files.h"
#include "exchange/translation.h"
#include "model/safetensors.h"
#include "nn/execution.h"
#include "temporary_folder.h"
#include "twinear/exchange.h"
#include "twinear/model.h"

namespace twinear {
namespace {

const std::string folder = TWINEAR_SOURCE_DIR "/tests/golden/campplus/";

/// The largest difference of an embedding, of a clip alone and of all clips together.
double largest_difference(const Encoder& encoder, const SafetensorsFile& golden) {
  std::vector<Matrix> clips;
  std::vector<NamedTensor> expected;
  for (const StoredTensor& stored : golden.tensors()) {
    if (!stored.name.starts_with("features_")) continue;
    const NamedTensor features = golden.tensor(stored.name);
    clips.emplace_back(features.shape[0], features.shape[1]);
    std::ranges::copy(features.values, clips.back().values().begin());
    expected.push_back(golden.tensor("embedding_" + stored.name.substr(9)));
  }
  EXPECT_GE(clips.size(), 4U);
  double worst = 0;
  const Matrix together = encoder.embed(clips);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const Matrix alone = encoder.embed(std::span(&clips[i], 1));
    for (std::size_t c = 0; c < expected[i].values.size(); ++c)
      for (const float found : {together.row(i)[c], alone.row(0)[c]})
        worst = std::max(worst, std::abs(static_cast<double>(found) - expected[i].values[c]));
  }
  return worst;
}

TEST(Campplus, OfOtherWidthsEmbedsAsPyTorchDoes) {
  const Model model = import_model("3dspeaker-campplus", folder + "small.pt");
  EXPECT_EQ(model.encoder.spec().bins, 40);
  const double worst =
      largest_difference(model.encoder, SafetensorsFile(folder + "small_eval.safetensors"));
  EXPECT_LT(worst, 2e-5);
  RecordProperty("largest_difference", fmt::format("{:.1e}", worst));
}

/// |found - reference| over the larger of |reference| and 1e-3.
double difference(std::span<const float> found, std::span<const float> reference) {
  EXPECT_EQ(found.size(), reference.size());
  double apart = 0, length = 0;
  for (std::size_t i = 0; i < std::min(found.size(), reference.size()); ++i) {
    apart += std::pow(static_cast<double>(found[i]) - reference[i], 2);
    length += std::pow(static_cast<double>(reference[i]), 2);
  }
  return std::sqrt(apart) / std::max(std::sqrt(length), 1e-3);
}

TEST(Campplus, ATrainingStepIsPyTorchs) {
  const std::string checkpoint = folder + "small.pt";
  Model model = import_model("3dspeaker-campplus", checkpoint);
  const FileMap file(checkpoint);
  const TorchCheckpoint tensors(file.bytes());
  const Translation names = campplus_of_3dspeaker(Shapes(tensors));
  const SafetensorsFile golden(folder + "small_train.safetensors");
  nn::Network& network = nn::network_of(model.encoder);
  nn::Execution pass(network, {6, 120, 40}, nn::Mode::training);
  std::ranges::copy(golden.tensor("features").values, pass.input().value.begin());
  pass.forward();
  double worst = difference(pass.output().value, golden.tensor("embeddings").values);
  EXPECT_LT(worst, 1e-4);
  const auto weights = golden.tensor("weights").values;
  for (std::size_t i = 0; i < weights.size(); ++i)
    pass.output().gradient[i] = weights[i] / 6;  // a mean over the batch
  pass.backward();
  double of_gradients = 0, of_statistics = 0;
  for (const auto& [key, parameter] : network.parameters()) {
    const std::size_t dot = key.rfind('.');
    const std::string name = names.layers.at(key.substr(0, dot)) + key.substr(dot);
    const double apart = parameter->learned()
                             ? difference(parameter->gradient, golden.tensor("grad." + name).values)
                             : difference(parameter->value, golden.tensor("after." + name).values);
    double& largest = parameter->learned() ? of_gradients : of_statistics;
    largest = std::max(largest, apart);
    // In front a ReLU of half a million may go the other way, where its input is but rounding.
    EXPECT_LT(apart, key.starts_with("front.") ? 2e-2 : 1e-3) << key;
  }
  RecordProperty("embeddings", fmt::format("{:.1e}", worst));
  RecordProperty("gradients", fmt::format("{:.1e}", of_gradients));
  RecordProperty("statistics", fmt::format("{:.1e}", of_statistics));
}

/// The published checkpoint, or "" where it is missing.
std::string published() {
  const char* said = std::getenv("TWINEAR_CAMPPLUS");
  const std::string path =
      said != nullptr ? said : TWINEAR_SOURCE_DIR "/build/campplus/campplus_cn_en_common.pt";
  return std::filesystem::exists(path) ? path : "";
}

TEST(Campplus, AsPublishedEmbedsAsPyTorchDoes) {
  const std::string checkpoint = published();
  if (checkpoint.empty())
    GTEST_SKIP() << "the published checkpoint campplus_cn_en_common.pt is not in build/campplus, "
                    "and TWINEAR_CAMPPLUS does not name another place";
  Model model = import_model("3dspeaker-campplus", checkpoint);
  EXPECT_EQ(model.encoder.dimension(), 192U);
  const char* all = std::getenv("TWINEAR_CAMPPLUS_GOLDEN");
  const SafetensorsFile golden(all != nullptr ? all : folder + "published.safetensors");
  const double worst = largest_difference(model.encoder, golden);
  EXPECT_LT(worst, 1e-4);
  RecordProperty("largest_difference", fmt::format("{:.1e}", worst));

  Matrix clip(298, 80);
  std::ranges::copy(golden.tensor("features_298").values, clip.values().begin());
  const auto wide = golden.tensor("embedding_298").values;
  if (model.encoder.set_precision(Precision::bf16) == Precision::fp32) return;  // by this CPU
  const Matrix narrow = model.encoder.embed(std::span(&clip, 1));
  double both = 0, first = 0, second = 0;
  for (std::size_t c = 0; c < wide.size(); ++c) {
    both += static_cast<double>(wide[c]) * narrow.row(0)[c];
    first += static_cast<double>(wide[c]) * wide[c];
    second += static_cast<double>(narrow.row(0)[c]) * narrow.row(0)[c];
  }
  const double cosine = both / std::sqrt(first * second);
  EXPECT_GT(cosine, 0.999);
  RecordProperty("cosine_in_bf16", fmt::format("{:.6f}", cosine));
}

TEST(Campplus, HasTheFrontEndOfItsMaker) {
  const FrontEnd theirs = import_model("3dspeaker-campplus", folder + "small.pt").front_end;
  EXPECT_EQ(theirs.window, Window::povey);
  EXPECT_EQ(theirs.scale, 1.0);
  EXPECT_EQ(theirs.norm, Norm::per_bin);
  EXPECT_EQ(theirs.mel_bins, 40);
  const Model wespeaker = import_model("wespeaker-campplus", folder + "small.pt");
  EXPECT_EQ(wespeaker.front_end.window, Window::hamming);
  EXPECT_EQ(wespeaker.front_end.scale, 32768.0);
  EXPECT_EQ(wespeaker.front_end.norm, Norm::per_bin);
  for (const LayerSpec& layer : wespeaker.encoder.spec().layers)
    if (layer.kind == "stats_pool") {
      EXPECT_EQ(std::get<double>(layer.keys.back().second), 1e-7);
    }
}

TEST(Campplus, OfAnotherCheckpointIsRefused) {
  const std::string path = TWINEAR_SOURCE_DIR "/tests/golden/published/wespeaker_ecapa.ckpt";
  expect_error([&] { import_model("3dspeaker-campplus", path); }, Fault::format,
               path + ": it has no tensor \"head.conv1.weight\"; another architecture?");
}

TEST(Campplus, IsAModelLikeAnyOther) {
  const TemporaryFolder out;
  for (const char* kind : {"3dspeaker-campplus", "wespeaker-campplus"}) {
    save_model(import_model(kind, folder + "small.pt"), out / "model.safetensors");
    EXPECT_LT(selftest(out / "model.safetensors"), 1e-6) << kind;
  }
}

}  // namespace
}  // namespace twinear
