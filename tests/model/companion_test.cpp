// SPDX-License-Identifier: Apache-2.0
#include "twinear/companion.h"

#include <gtest/gtest.h>

#include <string>

#include "base/files.h"
#include "temporary_folder.h"
#include "twinear/error.h"

namespace twinear {
namespace {

Model model_of(std::uint64_t seed) {
  return {.front_end = {},
          .encoder = Encoder(
              EncoderSpec::compact({.bins = 80, .channels = {8}, .strides = {2}, .embedding = 6}),
              seed)};
}

std::string refusal(Model& model, const std::string& path) {
  try {
    add_companion(model, path);
  } catch (const Error& e) {
    EXPECT_TRUE(std::string(e.what()).starts_with(path)) << e.what();
    return e.what();
  }
  return "accepted";
}

TEST(Companion, GivesTheSameWeightsTheirCalibrationAndSource) {
  const TemporaryFolder folder;
  Model whole = model_of(3);
  whole.source = "speaker";
  whole.calibration = Calibration{.scale = 12.5,
                                  .offset = -3.25,
                                  .source = "a test",
                                  .targets = 10,
                                  .nontargets = 20,
                                  .eer = 0.125,
                                  .thresholds = {{0.1, 0.3, 0.2}}};
  whole.calibration->tail = Tail{0.01, 0.5, 0.0625};
  whole.calibration->lengths = {{1, 0.5, 0.25, -1, 3}, {-1, 0, 0.75, 0, 4}};
  const std::size_t dimension = whole.encoder.dimension();
  whole.adaptation = Adaptation{std::vector<float>(dimension, 0.1F), {}, Matrix(2, dimension)};
  whole.adaptation->removed(0, 1) = whole.adaptation->removed(1, 0) = 1;
  write_companion(whole, folder / "c.json");
  Model bare = model_of(3);
  add_companion(bare, folder / "c.json");
  EXPECT_EQ(bare.adaptation->mean, whole.adaptation->mean);
  EXPECT_EQ(bare.adaptation->removed, whole.adaptation->removed);
  EXPECT_EQ(bare.adaptation->whitening.rows(), 0U);
  EXPECT_EQ(bare.calibration->threshold_at(1e-5), whole.calibration->threshold_at(1e-5));
  EXPECT_EQ(bare.calibration->llr(0.3, {1, 9}), whole.calibration->llr(0.3, {1, 9}));
  EXPECT_EQ(bare.source, "speaker");
  ASSERT_TRUE(bare.calibration);
  EXPECT_EQ(bare.calibration->scale, 12.5);
  EXPECT_EQ(bare.calibration->source, "a test");
}

TEST(Companion, IsRefusedByOtherWeightsWhichStayAsTheyWere) {
  const TemporaryFolder folder;
  Model model = model_of(3);
  model.source = "speaker";
  write_companion(model, folder / "c.json");
  Model other = model_of(4);
  EXPECT_NE(refusal(other, folder / "c.json").find("this is another model"), std::string::npos);
  EXPECT_EQ(other.source, "source");
}

TEST(Companion, OfAnotherFormIsRefused) {
  const TemporaryFolder folder;
  Model model = model_of(3);
  const std::string path = folder / "c.json";
  for (
      const char* text :
      {"", "[]", "{}", R"({"format": 3})", R"({"format": "twinear companion 2"})",
       R"({"format": "twinear companion 1"})",
       R"({"format": "twinear companion 1", "source": "speaker"})",
       R"({"format": "twinear companion 1", "source": "speaker", "selftest": [1, 2]})",
       R"({"format": "twinear companion 1", "source": "speaker", "selftest": ["a","b","c","d","e","f"]})"}) {
    write_file(path, text);
    EXPECT_NE(refusal(model, path), "accepted") << text;
  }
  EXPECT_NE(refusal(model, folder / "missing.json"), "accepted");
}

}  // namespace
}  // namespace twinear
