// SPDX-License-Identifier: Apache-2.0
// The models in data/models are what their cards say.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "samples.h"
#include "twinear/metrics.h"
#include "twinear/verifier.h"

namespace twinear {
namespace {

const std::string models = TWINEAR_SOURCE_DIR "/data/models/";

class ShippedModel : public ::testing::TestWithParam<const char*> {};

TEST_P(ShippedModel, IsSmallCalibratedAndEmbedsAsWhereItWasMade) {
  const std::string file = models + GetParam() + ".safetensors";
  EXPECT_LE(std::filesystem::file_size(file), 15'000'000U);
  EXPECT_LT(selftest(file), 1e-4);
  const Model model = load_model(file);
  EXPECT_EQ(model.source, GetParam());
  ASSERT_TRUE(model.calibration.has_value());
  EXPECT_GT(model.calibration->scale, 0);
  EXPECT_EQ(model.calibration->source.find('/'), std::string::npos);  // words, not a path
  EXPECT_TRUE(std::filesystem::exists(models + GetParam() + ".md"));
}

INSTANTIATE_TEST_SUITE_P(All, ShippedModel, ::testing::Values("speaker", "sound"),
                         [](const auto& info) { return info.param; });

// It was not trained on the test speakers of the samples. No evidence costs a bit.
TEST(ShippedSpeakerModel, TellsSpeakersApartAndItsEvidenceIsWorthHaving) {
  SKIP_WITHOUT_SAMPLES();
  const auto verifier = Verifier::load(models + "speaker.safetensors");
  const auto trials = read_trials(samples + "trials.txt");
  ScoreOptions options;
  options.root = samples;
  options.llr = true;
  const Scores llrs = split_scores(verifier.score(trials, options));
  EXPECT_LT(eer(llrs).rocch, 0.02);
  EXPECT_LT(cllr(llrs), 0.5);
}

}  // namespace
}  // namespace twinear
