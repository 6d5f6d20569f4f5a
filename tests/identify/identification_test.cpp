// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "temporary_folder.h"
#include "twinear/enrollment.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// An embedding of somebody: a direction that all share, and noise of its own.
std::vector<float> direction(unsigned clip) {
  Random shared(1, Purpose::test), own(2, Purpose::test, clip);
  std::vector<float> v(160);
  for (float& x : v) x = static_cast<float>(shared.normal() + 2.0 * own.normal());
  return v;
}

TEST(Identification, DecidesAsTheVerifierDoesWithTheLengthsOfBothSides) {
  const TemporaryFolder folder;
  Model by{
      .front_end = {},
      .encoder = Encoder(EncoderSpec::statistics(80), 0),
      .calibration = Calibration{.scale = 10, .offset = -5, .source = "a test", .thresholds = {}},
      .provenance = "{}",
      .id = "0123456789abcdef"};
  by.calibration->lengths = {{1, 0, std::log(2.0), -9, 9}, {}};
  const Verifier verifier(std::move(by));
  Enrollment people(folder / "people.sqlite", verifier.model_id());
  const auto known = [](unsigned number, double seconds) {
    return ClipEmbedding{.embedding = direction(number), .seconds = seconds};
  };
  const ClipEmbedding one = known(0, 3);
  people.enroll("ada", std::span(&one, 1));
  const ClipEmbedding silent{.status = ClipEmbedding::Status::silent,
                             .error = Error(Fault::format, "silence")};
  const ClipEmbedding asked[] = {known(1, 1), known(1, 9), silent};
  const auto answers = people.identify(verifier, asked);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(answers[i].candidates.size(), 1u);
    const Verdict &got = answers[i].candidates[0].verdict,
                  expected = verifier.decide(one, asked[i], Acceptance::per_search(0.01));
    EXPECT_NEAR(got.score, expected.score, 1e-6);
    EXPECT_NEAR(*got.llr, *expected.llr, 1e-5);
    EXPECT_DOUBLE_EQ(got.threshold, expected.threshold);
    EXPECT_EQ(answers[i].known() != nullptr, expected.same);
  }
  EXPECT_NE(answers[0].candidates[0].verdict.threshold, answers[1].candidates[0].verdict.threshold);
  EXPECT_EQ(answers[2].doubt, "silence");
  EXPECT_TRUE(answers[2].candidates.empty());
  EXPECT_EQ(answers[2].known(), nullptr);
  EXPECT_NE(people.identify(verifier, asked, Acceptance::at_score(-1)).front().known(), nullptr);
  EXPECT_EQ(people.identify(verifier, asked, Acceptance::at_score(1)).front().known(), nullptr);
}

}  // namespace
}  // namespace twinear
