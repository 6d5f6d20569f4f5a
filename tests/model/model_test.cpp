// SPDX-License-Identifier: Apache-2.0
#include "twinear/model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "clips/npy.h"
#include "model/model_file.h"
#include "nn/network.h"
#include "temporary_folder.h"
#include "twinear/clip_features.h"
#include "twinear/error.h"

namespace twinear {
namespace {

Model small_model() {
  Model model{
      .front_end = {},
      .encoder = Encoder(
          EncoderSpec::compact({.bins = 80, .channels = {8}, .strides = {2}, .embedding = 6}), 4),
      .calibration = Calibration{.scale = 12.5,
                                 .offset = -3.25,
                                 .source = "a test",
                                 .targets = 10,
                                 .nontargets = 20,
                                 .eer = 0.125,
                                 .thresholds = {{0.1, 0.3, 0.2}}},
      .provenance = R"({"seed":7})",
      .id = {}};
  model.front_end.norm = Norm::global;
  model.front_end.window = Window::hamming;
  return model;
}

std::string refusal(const std::string& path) {
  try {
    load_model(path);
  } catch (const Error& e) {
    EXPECT_TRUE(std::string(e.what()).starts_with(path)) << e.what();
    return e.what();
  }
  return "accepted";
}

TEST(Model, IsSavedWhateverItsVadMakesOfTheTestSignal) {
  const TemporaryFolder folder;
  Model model = small_model();
  model.front_end.vad = Vad::energy;
  model.front_end.vad_options.threshold = 50;  // nothing is so loud
  save_model(model, folder / "m.safetensors");
  EXPECT_EQ(load_model(folder / "m.safetensors").front_end, model.front_end);
  EXPECT_LT(selftest(folder / "m.safetensors"), 1e-6);
}

TEST(Model, ThatCouldNotBeLoadedIsNotSaved) {
  const TemporaryFolder folder;
  const std::string path = folder / "m.safetensors";
  const auto refused = [&](Model& model) -> std::string {
    try {
      save_model(model, path);
    } catch (const Error& e) {
      return e.what();
    }
    return "saved";
  };
  Model named = small_model(), narrow = small_model(), spoiled = small_model();
  named.source = "My Voice";
  EXPECT_TRUE(refused(named).starts_with(path + ": "));
  narrow.front_end.mel_bins = 40;
  EXPECT_EQ(refused(narrow), path + ": the front end has 40 mel bins; the encoder takes 80");
  const auto parameters = nn::network_of(spoiled.encoder).parameters();
  const auto& [key, weights] = parameters.front();
  weights->value[0] = NAN;
  EXPECT_TRUE(refused(spoiled).ends_with("holds a value that is not finite"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Model, SurvivesItsFile) {
  const TemporaryFolder folder;
  Model model = small_model();
  model.source = "speaker";
  save_model(model, folder / "m.safetensors");
  const Model back = load_model(folder / "m.safetensors");
  EXPECT_EQ(back.front_end, model.front_end);
  EXPECT_EQ(back.encoder.spec(), model.encoder.spec());
  EXPECT_EQ(back.provenance, model.provenance);
  EXPECT_EQ(back.source, "speaker");
  ASSERT_TRUE(back.calibration.has_value());
  EXPECT_EQ(back.calibration->scale, 12.5);
  EXPECT_EQ(back.calibration->offset, -3.25);
  EXPECT_EQ(back.calibration->thresholds.at(0).threshold, 0.3);
  EXPECT_EQ(back.id.size(), 16U);
  const auto before = nn::network_of(model.encoder).parameters(),
             after = nn::network_of(back.encoder).parameters();
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(before[i].parameter->value, after[i].parameter->value) << before[i].key;
}

TEST(Model, WithoutItsIdItGivesTheSameEmbedding) {
  const TemporaryFolder folder;
  const std::string path = folder / "m.safetensors";
  save_model(small_model(), path);
  const Model model = load_model(path), without = load_model(path, ModelId::left_empty);
  EXPECT_EQ(without.id, "");
  EXPECT_EQ(selftest_embedding(without), selftest_embedding(model));
}

TEST(Model, TheSameModelGivesTheSameBytes) {
  const TemporaryFolder folder;
  save_model(small_model(), folder / "a.safetensors");
  save_model(load_model(folder / "a.safetensors"), folder / "b.safetensors");
  EXPECT_EQ(read_file(folder / "a.safetensors"), read_file(folder / "b.safetensors"));
}

TEST(Model, SelftestSeesAChangedWeight) {
  const TemporaryFolder folder;
  Model model = small_model();
  save_model(model, folder / "m.safetensors");
  EXPECT_LT(selftest(folder / "m.safetensors"), 1e-6);
  std::string bytes = read_file(folder / "m.safetensors");
  bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 0x40);  // an exponent
  write_file(folder / "m.safetensors", bytes);
  EXPECT_GT(selftest(folder / "m.safetensors"), 1e-4);
}

TEST(Model, ADamagedFileIsRefusedWithOneLine) {
  const TemporaryFolder folder;
  const std::string path = folder / "m.safetensors";
  save_model(small_model(), path);
  const std::string good = read_file(path);
  for (const double share : {0.0, 0.001, 0.5, 0.999}) {
    write_file(path,
               good.substr(0, static_cast<std::size_t>(share * static_cast<double>(good.size()))));
    EXPECT_EQ(refusal(path).find('\n'), std::string::npos);
  }
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string bad = good;
    const auto at = bad.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    bad.replace(at, from.size(), to);
    write_file(path, bad);
    return refusal(path);
  };
  EXPECT_NE(with("twinear 1", "twinear 9").find("twinear 9"), std::string::npos);
  EXPECT_NE(with(R"(\"bins\":80)", R"(\"bins\":81)").find("81 mel bins"), std::string::npos);
  EXPECT_NE(with(R"(\"out\":8)", R"(\"out\":9)").find("shape"), std::string::npos);
  EXPECT_NE(with("conv1.weight", "conv1.waight"), "accepted");
  EXPECT_NE(with("pooled_norm.bias", "pooled_norm.base"), "accepted");
  EXPECT_EQ(with("pooled_norm.bias", "pooled_norm.base").find(path, 1), std::string::npos)
      << "the path stands twice";
}

TEST(Model, FeaturesOfAnotherWidthOrNotFiniteAreRefused) {
  const TemporaryFolder folder;
  const LogMel log_mel;
  const auto refused = [&](const Matrix& features) {
    write_npy(folder / "f.npy", features);
    EXPECT_THROW(clip_features(clip_of_file(folder / "f.npy"), log_mel), Error);
  };
  refused(Matrix(10, 79));
  refused(Matrix(0, 80));
  Matrix bad(10, 80);
  bad.row(3)[4] = NAN;
  refused(bad);
}

TEST(Model, AClipUnderATenthOfASecondIsRefused) {
  const LogMel log_mel;
  Waveform wave;
  wave.samples.assign(800, 0.1F);  // 50 ms
  EXPECT_THROW(clip_features(wave, log_mel), Error);
  wave.samples.assign(1600, 0.1F);
  EXPECT_EQ(clip_features(wave, log_mel).frames.rows(), 8U);
}

}  // namespace
}  // namespace twinear
