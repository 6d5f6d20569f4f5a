// SPDX-License-Identifier: Apache-2.0
// Published encoders as the reference: tests/golden/make_published.py
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/expect_error.h"
#include "base/files.h"
#include "made_voice.h"
#include "model/safetensors.h"
#include "nn/network.h"
#include "temporary_folder.h"
#include "twinear/exchange.h"
#include "twinear/model.h"
#include "twinear/verifier.h"

namespace twinear {
namespace {

std::string published(const std::string& name) {
  return TWINEAR_SOURCE_DIR "/tests/golden/published/" + name;
}

struct Golden {
  const char *name, *architecture, *expected, *prefix;
  std::vector<std::string> frames;
};

const Golden goldens[] = {
    {"speechbrain_ecapa", "speechbrain-ecapa", "../ecapa", "eval.", {"40", "200", "301"}},
    {"speechbrain_xvector", "speechbrain-xvector", "speechbrain_xvector", "", {"12", "50", "131"}},
    {"wespeaker_ecapa", "wespeaker-ecapa", "wespeaker_ecapa", "", {"12", "50", "131"}},
    {"wespeaker_ecapa_glob", "wespeaker-ecapa", "wespeaker_ecapa_glob", "", {"12", "50", "131"}},
};

class Published : public ::testing::TestWithParam<Golden> {};

TEST_P(Published, EncodersEmbedAsTheirMakersDo) {
  const Golden& golden = GetParam();
  const Model model =
      import_model(golden.architecture, published(golden.name + std::string(".ckpt")));
  const SafetensorsFile expected(published(golden.expected + std::string(".safetensors")));
  std::vector<Matrix> clips;
  for (const auto& frames : golden.frames) {
    const auto& features = expected.tensor(golden.prefix + ("features_" + frames));
    clips.emplace_back(features.shape[0], features.shape[1]);
    std::ranges::copy(features.values, clips.back().values().begin());
  }
  const Matrix together = model.encoder.embed(clips);
  double worst = 0;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto& values = expected.tensor(golden.prefix + ("embedding_" + golden.frames[i])).values;
    ASSERT_EQ(values.size(), together.cols());
    for (std::size_t c = 0; c < values.size(); ++c)
      worst = std::max(worst, std::abs(static_cast<double>(together.row(i)[c]) - values[c]));
  }
  EXPECT_LT(worst, 1e-4);
  RecordProperty("largest_difference", fmt::format("{:.1e}", worst));
}

TEST_P(Published, EncodersAreModelsLikeAnyOther) {
  const TemporaryFolder folder;
  const Model made =
      import_model(GetParam().architecture, published(GetParam().name + std::string(".ckpt")));
  save_model(made, folder / "model.safetensors");
  EXPECT_LT(selftest(folder / "model.safetensors"), 1e-6);
  const Verifier verifier = Verifier::load(folder / "model.safetensors");
  EXPECT_EQ(verifier.model().source, "speaker");
  EXPECT_EQ(verifier.model().front_end, made.front_end);
  EXPECT_EQ(verifier.model().encoder.spec(), made.encoder.spec());
  EXPECT_NE(made.provenance.find(std::string("\"imported\":\"") + GetParam().architecture),
            std::string::npos);
  const Waveform sound{16000, made_voice(1.5, 120)};
  EXPECT_NEAR(verifier.compare(sound, sound, Acceptance::at_score(0.5)).score, 1.0, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(, Published, ::testing::ValuesIn(goldens),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Import, SetsTheFrontEndOfTheMaker) {
  FrontEnd speechbrain = front_end_preset("speechbrain");
  EXPECT_EQ(import_model("speechbrain-ecapa", published("speechbrain_ecapa.ckpt")).front_end,
            speechbrain);
  EXPECT_EQ(speechbrain.norm, Norm::per_bin);
  speechbrain.mel_bins = 16;
  EXPECT_EQ(import_model("speechbrain-xvector", published("speechbrain_xvector.ckpt")).front_end,
            speechbrain);
  const FrontEnd wespeaker =
      import_model("wespeaker-ecapa", published("wespeaker_ecapa.ckpt")).front_end;
  EXPECT_EQ(wespeaker.window, Window::hamming);
  EXPECT_EQ(wespeaker.norm, Norm::per_bin);
  EXPECT_EQ(wespeaker.dither, 0.0);
  EXPECT_EQ(wespeaker.mel_bins, 20);
}

TEST(Import, RefusesAnotherArchitecture) {
  const std::string path = published("speechbrain_ecapa.ckpt");
  expect_error([&] { import_model("wespeaker-ecapa", path); }, Fault::format,
               path + ": it has no tensor \"layer1.conv.weight\"; another architecture?");
  expect_error([&] { import_model("speechbrain-xvector", path); }, Fault::format,
               path + ": it has no tensor \"blocks.0.conv.weight\"; another architecture?");
  expect_error([&] { import_model("ecapa", path); }, Fault::config,
               "import: unknown architecture \"ecapa\"; known are speechbrain-ecapa, "
               "speechbrain-xvector, wespeaker-ecapa, 3dspeaker-campplus, wespeaker-campplus");
  expect_error([&] { import_model("speechbrain-ecapa", published("kinds.ckpt")); }, Fault::format,
               published("kinds.ckpt") + ": it has no tensor*");
}

/// Refuses `bytes` with one line that begins with the path, or gives a model: whether it did.
bool is_refused(const std::string& path, const std::string& bytes) {
  put(path, bytes);
  try {
    import_model("wespeaker-ecapa", path);
    return false;
  } catch (const Error& e) {
    const std::string said = e.what();
    EXPECT_TRUE(said.starts_with(path + ": ")) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
    return true;
  }
}

TEST(Import, RefusesACheckpointCutAnywhere) {
  const TemporaryFolder folder;
  const std::string whole = read_file(published("wespeaker_ecapa.ckpt"));
  for (std::size_t size = 0; size < whole.size(); size += 97)
    EXPECT_TRUE(is_refused(folder / "cut.ckpt", whole.substr(0, size))) << size;
}

TEST(Import, ADamagedByteIsRefusedOrChangesNoWeight) {
  const TemporaryFolder folder;
  const std::string path = folder / "damaged.ckpt",
                    whole = read_file(published("wespeaker_ecapa.ckpt"));
  const auto weights = [](const Model& model) {
    std::vector<float> all;
    for (const auto& [key, p] : nn::network_of(model.encoder).parameters())
      all.insert(all.end(), p->value.begin(), p->value.end());
    return all;
  };
  const auto expected = weights(import_model("wespeaker-ecapa", published("wespeaker_ecapa.ckpt")));
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += 97) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    if (is_refused(path, bytes))
      ++refused;
    else  // padding between entries, a date, a count of batches
      EXPECT_EQ(weights(import_model("wespeaker-ecapa", path)), expected) << at;
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace twinear
