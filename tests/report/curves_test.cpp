// SPDX-License-Identifier: Apache-2.0
#include "report/curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <numeric>

#include "base/files.h"
#include "base/random.h"
#include "base/threads.h"
#include "report/compose.h"
#include "report/principal.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

/// The curve of two normal distributions, one deviation apart.
std::vector<OperatingPoint> smooth_curve(int n) {
  std::vector<OperatingPoint> curve;
  for (int i = 0; i <= n; ++i) {
    const double t = -6 + 12.0 * i / n;
    curve.push_back(
        {t, 0.5 * std::erfc((1 - t) / std::sqrt(2)), 0.5 * std::erfc(t / std::sqrt(2))});
  }
  return curve;
}

TEST(Probit, IsTheQuantileOfTheNormalDistribution) {
  EXPECT_DOUBLE_EQ(probit(0.5), 0);
  EXPECT_NEAR(probit(0.975), 1.959963984540054, 1e-9);
  EXPECT_NEAR(probit(0.1), -1.281551565544600, 1e-9);
  EXPECT_NEAR(probit(0.001), -3.090232306167813, 1e-9);
}

TEST(Probit, IsFiniteAtTheEnds) {
  EXPECT_NEAR(probit(0), -5.199337582, 1e-6);
  EXPECT_NEAR(probit(1), 5.199337582, 1e-6);
}

TEST(Thin, LeavesAShortCurveAsItIs) { EXPECT_EQ(thin(smooth_curve(40), 100).size(), 41U); }

TEST(Thin, KeepsTheEndsAndAtMostTheLimit) {
  const auto curve = smooth_curve(100000);
  const auto kept = thin(curve, 500);
  EXPECT_LE(kept.size(), 500U);
  EXPECT_GE(kept.size(), 450U);
  EXPECT_EQ(kept.front().threshold, curve.front().threshold);
  EXPECT_EQ(kept.back().threshold, curve.back().threshold);
}

TEST(Thin, LeavesNoGapThatAnEyeWouldSee) {
  const auto kept = thin(smooth_curve(100000), 500);
  for (std::size_t i = 1; i < kept.size(); ++i)
    EXPECT_LT(probit(kept[i].miss) - probit(kept[i - 1].miss), 0.05) << kept[i].threshold;
}

TEST(Histogram, SharesOfEachSideSumToOne) {
  const auto shares = histogram({{0.1, 0.4, 0.9}, {-1, -0.5, 0.2, 0.2}}, 7);
  EXPECT_DOUBLE_EQ(shares.low, -1);
  EXPECT_DOUBLE_EQ(shares.low + 7 * shares.width, 0.9);
  EXPECT_DOUBLE_EQ(std::accumulate(shares.target.begin(), shares.target.end(), 0.0), 1);
  EXPECT_DOUBLE_EQ(std::accumulate(shares.nontarget.begin(), shares.nontarget.end(), 0.0), 1);
}

TEST(Histogram, TheHighestScoreIsInTheLastBin) {
  const auto shares = histogram({{1.0}, {0.0, 0.5}}, 4);
  EXPECT_EQ(shares.target, (std::vector<double>{0, 0, 0, 1}));
  EXPECT_EQ(shares.nontarget, (std::vector<double>{0.5, 0, 0.5, 0}));
}

TEST(Histogram, HoldsScoresThatAreAllTheSame) {
  const auto shares = histogram({{2.0}, {2.0}}, 3);
  EXPECT_EQ(shares.target, (std::vector<double>{1, 0, 0}));
  EXPECT_GT(shares.width, 0);
}

TEST(MeantLlrs, AreOfThePoolsOfTheRanking) {
  // 2 of 3 targets and 1 of 4 nontargets share the middle; the ends are of one kind.
  const auto llrs = meant_llrs({.target = {0.4, 0.6, 2}, .nontarget = {-1, 0, 0.1, 0.5}});
  ASSERT_EQ(llrs.size(), 1U);
  EXPECT_EQ(llrs[0].from, 0.4);
  EXPECT_EQ(llrs[0].to, 0.5);
  EXPECT_NEAR(llrs[0].llr, std::log((1.0 / 3) / (1.0 / 4)), 1e-12);
}

// Normal scores of deviation 1 around 1 and -1 are half their own LLR.
TEST(MeantLlrs, FollowTheTrueRatio) {
  Scores scores;
  Random random(1, Purpose::test);
  for (int i = 0; i < 20000; ++i) {
    scores.target.push_back(1 + random.normal());
    scores.nontarget.push_back(-1 + random.normal());
  }
  for (const auto& [from, to, llr] : meant_llrs(scores))
    EXPECT_NEAR(llr, from + to, std::abs(from) < 1 ? 0.5 : 4);
}

TEST(Hardest, AreTheFurthestOnTheWrongSideEachClipOnce) {
  const auto table = make_score_table(std::vector<ScoredTrial>{{{"a", "b", true}, -3},
                                                               {{"a", "c", true}, -2},
                                                               {{"d", "e", true}, -1},
                                                               {{"f", "g", true}, 0},
                                                               {{"h", "i", true}, 5},
                                                               {{"a", "h", false}, 0},
                                                               {{"d", "h", false}, 4},
                                                               {{"f", "i", false}, -4}});
  EXPECT_EQ(hardest_errors(table, 0, 9), (std::vector<std::size_t>{0, 2, 6}));
  EXPECT_EQ(hardest_errors(table, 0.5, 9), (std::vector<std::size_t>{0, 2, 3, 6}));
  EXPECT_EQ(hardest_errors(table, 0, 1), (std::vector<std::size_t>{0, 6}));
}

TEST(SoundUri, IsAWavThatReadsBack) {
  Waveform wave{44100, std::vector<float>(44100 * 2)};
  for (std::size_t i = 0; i < wave.samples.size(); ++i)
    wave.samples[i] = 0.5F * std::sin(0.03F * static_cast<float>(i));
  const std::string uri = sound_uri(wave, 1.5), head = "data:audio/wav;base64,";
  ASSERT_TRUE(uri.starts_with(head));
  EXPECT_EQ(uri.size() % 4, head.size() % 4);
  const TemporaryFolder folder;
  write_file(folder / "b64", uri.substr(head.size()));
  ASSERT_EQ(std::system(("base64 -d " + folder / "b64" + " > " + folder / "s.wav").c_str()), 0);
  const Waveform back = read_audio(folder / "s.wav");
  EXPECT_EQ(back.sample_rate, 16000);
  ASSERT_EQ(back.samples.size(), 24000U);
  const auto expected = resample(std::span(wave.samples).first(66150), 44100, 16000);
  for (std::size_t i = 0; i < 24000; ++i) ASSERT_NEAR(back.samples[i], expected[i], 1e-4);
}

TEST(Principal, FindsTheAxesOfACloud) {
  Matrix rows(500, 3);
  Random random(2, Purpose::test);
  for (std::size_t i = 0; i < 500; ++i) {
    const double along = 3 * random.normal(), across = random.normal();
    rows.row(i)[0] = static_cast<float>(0.8 * along - 0.6 * across + 10);
    rows.row(i)[1] = static_cast<float>(0.6 * along + 0.8 * across - 5);
    rows.row(i)[2] = static_cast<float>(0.1 * random.normal());
  }
  const auto principal = principal_components(rows, 2);
  ASSERT_EQ(principal.rows.cols(), 2U);
  EXPECT_NEAR(principal.shares[0], 0.9, 0.02);
  EXPECT_NEAR(principal.shares[1], 0.1, 0.02);
  for (std::size_t i = 0; i < 500; i += 50)  // distances in the plane stay
    for (std::size_t j = 0; j < i; j += 50) {
      const auto distance = [&](const Matrix& m, std::size_t d) {
        double square = 0;
        for (std::size_t k = 0; k < d; ++k) square += std::pow(m.row(i)[k] - m.row(j)[k], 2);
        return std::sqrt(square);
      };
      EXPECT_NEAR(distance(principal.rows, 2), distance(rows, 2), 0.05);
    }
  const ThreadLimit one(1);
  EXPECT_EQ(principal_components(rows, 2).rows, principal.rows);
}

TEST(Principal, OfFewRowsThereAreFewDirections) {
  EXPECT_EQ(principal_components(Matrix(0, 5), 2).rows.rows(), 0U);
  EXPECT_EQ(principal_components(Matrix(2, 5), 16).rows.cols(), 2U);
  for (const double share : principal_components(Matrix(4, 3), 2).shares) EXPECT_EQ(share, 0);
}

}  // namespace
}  // namespace twinear
