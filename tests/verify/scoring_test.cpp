// SPDX-License-Identifier: Apache-2.0
#include "twinear/scoring.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/expect_error.h"
#include "base/random.h"
#include "base/threads.h"
#include "temporary_folder.h"
#include "twinear/verifier.h"
#include "verify/voice_files.h"

namespace twinear {
namespace {

// The golden values of AS-norm: s = 0.6 against these cohort scores, population deviation.
TEST(ScoreNorm, IsTheMeanOfBothSidesZScores) {
  const std::vector<double> enroll{0.3, 0.5, 0.1, 0.4, 0.2}, test{-0.1, 0.45, 0.05, -0.2, 0.35};
  const auto at = [&](std::size_t top) {
    return normalized(0.6, cohort_statistics(enroll, top), cohort_statistics(test, top));
  };
  EXPECT_NEAR(at(2), 3.5, 1e-12);
  EXPECT_NEAR(at(3), 2.156296513297963, 1e-12);
  EXPECT_NEAR(at(5), 2.033679473497005, 1e-12);
  EXPECT_EQ(at(0), at(5));
  EXPECT_EQ(at(9), at(5));
}

TEST(ScoreNorm, NeedsACohortThatDiffers) {
  EXPECT_THROW(cohort_statistics({0.5, 0.5, 0.1}, 2), Error);
  EXPECT_THROW(cohort_statistics({0.5}, 0), Error);
}

TEST(Similarity, EuclideanIsTheDistanceNegated) {
  const std::vector<float> a{1, 2, 2}, b{1, -1, 6};
  EXPECT_DOUBLE_EQ(similarity(a, b, Similarity::euclidean), -5);
  EXPECT_DOUBLE_EQ(similarity(a, b, Similarity::cosine), cosine(a, b));
  EXPECT_THROW(similarity(a, std::vector<float>{1}, Similarity::euclidean), std::invalid_argument);
}

TEST(EnrollmentMap, IsReadFromLinesOrCsv) {
  const TemporaryFolder folder;
  const EnrollmentMap map{{"ada", {"a1", "a2"}}, {"bob", {"b1"}}};
  EXPECT_EQ(read_enrollment_map(put(folder / "m", "ada a1 a2\n\nbob b1\n")), map);
  EXPECT_EQ(read_enrollment_map(put(folder / "m.csv", "path,enrollment\na1,ada\nb1,bob\na2,ada\n")),
            map);
  const auto refused = [&](const std::string& name, const std::string& text,
                           const std::string& message) {
    const std::string path = put(folder / name, text);
    expect_error([&] { read_enrollment_map(path); }, Fault::format, path + message);
  };
  refused("m", "ada\n", ":1: expected an enrollment and its clips");
  refused("m", "ada a\nada b\n", ":2: \"ada\" is listed twice");
  refused("m", "ada a a\n", ": a clip of \"ada\" is listed twice");
  refused("m", "", ": no enrollments");
  refused("m.csv", "id,path\n", ":1: expected the columns enrollment,path");
  refused("m.csv", "enrollment,path\nada\n",
          ":2: the number of fields differs from that of the header");
}

Verifier verifier() {
  FrontEnd front_end;
  front_end.norm = Norm::global;
  return Verifier(Model{.front_end = front_end,
                        .encoder = Encoder(EncoderSpec::statistics(80), 0),
                        .calibration = {},
                        .provenance = "{}",
                        .id = {}});
}

/// Two enrolled speakers with two clips each, and a clip of each to test; ten others as cohort.
class Scoring : public ::testing::Test {
 protected:
  Scoring() {
    for (std::size_t i = 0; i < files.clips.size(); ++i)
      if (i >= 8)
        cohort.push_back(files.clips[i]);
      else if (i % 4 < 3)
        clips.push_back(files.clips[i]);
    map = {{"first", {clips[0].name, clips[1].name}}, {"second", {clips[3].name, clips[4].name}}};
    for (const char* enroll : {"first", "second"})
      for (const std::size_t test : {2U, 5U}) trials.push_back({enroll, clips[test].name, false});
  }
  std::vector<float> row(std::size_t clip) const {
    const Matrix e = v.embed(std::span(&clips[clip], 1));
    return {e.values().begin(), e.values().end()};
  }

  const Verifier v = verifier();
  const VoiceFiles files{12, 4};
  std::vector<Clip> clips, cohort;
  EnrollmentMap map;
  std::vector<Trial> trials;
};

TEST_F(Scoring, AnEnrollmentIsTheMeanOfItsEmbeddingsOrOfItsScores) {
  ASSERT_EQ(clips.size(), 6U);
  const auto a = row(0), b = row(1), test = row(2);
  const auto score = [&](Average average, Similarity by) {
    return v
        .score(trials, {.similarity = by, .clips = clips, .enrollments = map, .average = average})
        .front()
        .score;
  };
  EXPECT_NEAR(score(Average::scores, Similarity::cosine), (cosine(a, test) + cosine(b, test)) / 2,
              1e-5);
  EXPECT_NEAR(
      score(Average::scores, Similarity::euclidean),
      (similarity(a, test, Similarity::euclidean) + similarity(b, test, Similarity::euclidean)) / 2,
      1e-3);
  std::vector<float> mean(a.size()), unit_mean(a.size());
  const auto length = [](const std::vector<float>& x) {
    double square = 0;
    for (const float v : x) square += static_cast<double>(v) * v;
    return static_cast<float>(std::sqrt(square));
  };
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean[i] = (a[i] + b[i]) / 2;
    unit_mean[i] = a[i] / length(a) + b[i] / length(b);
  }
  EXPECT_NEAR(score(Average::embeddings, Similarity::cosine), cosine(unit_mean, test), 1e-5);
  EXPECT_NEAR(score(Average::embeddings, Similarity::euclidean),
              similarity(mean, test, Similarity::euclidean), 1e-3);
}

TEST_F(Scoring, NormalizesByTheCohortOnBothSides) {
  const auto scores = v.score(trials, {.clips = clips,
                                       .enrollments = map,
                                       .average = Average::scores,
                                       .cohort = cohort,
                                       .cohort_by_label = false,
                                       .top = 10});
  const auto a = row(0), b = row(1), test = row(2);
  std::vector<double> of_enroll, of_test;
  const Matrix others = v.embed(cohort);
  for (std::size_t i = 0; i < others.rows(); ++i) {
    of_enroll.push_back((cosine(a, others.row(i)) + cosine(b, others.row(i))) / 2);
    of_test.push_back(cosine(test, others.row(i)));
  }
  EXPECT_NEAR(scores[0].score,
              normalized((cosine(a, test) + cosine(b, test)) / 2, cohort_statistics(of_enroll, 10),
                         cohort_statistics(of_test, 10)),
              1e-3);
  const ThreadLimit one(1);
  EXPECT_EQ(v.score(trials, {.clips = clips,
                             .enrollments = map,
                             .average = Average::scores,
                             .cohort = cohort,
                             .cohort_by_label = false,
                             .top = 10})[3]
                .score,
            scores[3].score);
}

TEST_F(Scoring, ACohortByLabelIsOfMeans) {
  const Manifest few = make_manifest(cohort);
  const Matrix means = label_means(v.embed(few.clips), few);
  ASSERT_EQ(means.rows(), few.labels.size());
  std::vector<double> of_test, of_enroll;
  const std::vector<Trial> one{{clips[0].name, clips[2].name, true}};
  for (std::size_t i = 0; i < means.rows(); ++i) {
    of_enroll.push_back(cosine(row(0), means.row(i)));
    of_test.push_back(cosine(row(2), means.row(i)));
  }
  EXPECT_NEAR(v.score(one, {.clips = clips, .cohort = cohort})[0].score,
              normalized(cosine(row(0), row(2)), cohort_statistics(of_enroll, 0),
                         cohort_statistics(of_test, 0)),
              1e-3);
}

TEST_F(Scoring, AClipThatCannotBeReadCostsOnlyItsOwnTrials) {
  std::vector<Trial> more = trials;
  more.insert(more.begin(), {trials[0].enroll, "missing.opus", false});
  const auto whole = v.score(trials, {.clips = clips, .enrollments = map});
  EXPECT_THROW(v.score(more, {.clips = clips, .enrollments = map}), Error);
  std::vector<std::string> told;
  ScoreOptions options{.clips = clips, .enrollments = map};
  options.on_bad_clip = [&](const Error& e) { told.emplace_back(e.what()); };
  const auto rest = v.score(more, options);
  ASSERT_EQ(rest.size(), whole.size());
  for (std::size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(rest[i].score, whole[i].score);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].starts_with("missing.opus: ")) << told[0];
}

TEST_F(Scoring, ACohortWithATestSpeakerIsRefused) {
  const TemporaryFolder folder;
  const auto refused = [&](const Clip& in_cohort, const std::vector<Clip>& known,
                           const std::string& how) {
    auto bad = cohort;
    bad.push_back(in_cohort);
    try {
      v.score(trials,
              {.root = files.folder / "", .clips = known, .enrollments = map, .cohort = bad});
      ADD_FAILURE() << how;
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::mismatch);
      EXPECT_NE(std::string(e.what()).find(in_cohort.path), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(how), std::string::npos) << e.what();
    }
  };
  refused(files.clips[3], clips, "has its label, " + clips[0].label);
  refused(clips[2], {}, "is the same file");
  Clip copy = clips[2];
  copy.path = folder / "copy";
  copy.label = "somebody";
  std::filesystem::copy_file(clips[2].path, copy.path);
  refused(copy, {}, "has the same bytes");
}

TEST_F(Scoring, LikelihoodRatiosNeedACalibration) {
  EXPECT_THROW(v.score(trials, {.clips = clips, .enrollments = map, .llr = true}), Error);
}

/// Embeddings of two labels, apart in the second of three dimensions, around a far mean and with a
/// spread of 100 in the first.
Matrix skewed(std::size_t n) {
  Matrix e(n, 3);
  Random random(9, Purpose::test);
  for (std::size_t i = 0; i < n; ++i) {
    e.row(i)[0] = static_cast<float>(50 + 100 * random.normal());
    e.row(i)[1] = static_cast<float>(20 + (i % 2 == 0 ? 3 : -3) + 0.5 * random.normal());
    e.row(i)[2] = static_cast<float>(-7 + 0.5 * random.normal());
  }
  return e;
}

double eer_of(const Matrix& e) {
  Scores scores;
  for (std::size_t i = 0; i < e.rows(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      (i % 2 == j % 2 ? scores.target : scores.nontarget).push_back(cosine(e.row(i), e.row(j)));
  return eer(scores).rocch;
}

TEST(Adaptation, WhitensTheDomainItIsFittedTo) {
  const Matrix domain = skewed(400);
  const Adaptation a = fit_adaptation(domain, true);
  double sum[3][3]{}, mean[3]{};
  for (std::size_t r = 0; r < domain.rows(); ++r) {
    double white[3]{};
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j)
        white[i] += a.whitening.row(i)[j] * (domain.row(r)[j] - a.mean[j]);
    for (std::size_t i = 0; i < 3; ++i) {
      mean[i] += white[i] / 400;
      for (std::size_t j = 0; j < 3; ++j) sum[i][j] += white[i] * white[j] / 400;
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(mean[i], 0, 1e-4);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NEAR(sum[i][j], 0, 1e-2);
  }
  EXPECT_NEAR(sum[0][0], 1, 0.05);  // the shrinkage holds the small directions back a little
  Matrix unit = domain;
  a.apply(unit);
  for (std::size_t r = 0; r < unit.rows(); ++r) {
    double square = 0;
    for (const float x : unit.row(r)) square += static_cast<double>(x) * x;
    EXPECT_NEAR(square, 1, 1e-5);
  }
}

TEST(Adaptation, FindsWhatThePlainCosineDoesNot) {
  Matrix domain = skewed(200);
  const double before = eer_of(domain);
  fit_adaptation(skewed(400), true).apply(domain);
  EXPECT_GT(before, 0.4);
  EXPECT_LT(eer_of(domain), 0.35);
}

TEST(Adaptation, CenteringAloneIsTheMean) {
  const Adaptation a = fit_adaptation(skewed(50), false);
  EXPECT_EQ(a.whitening.rows(), 0U);
  std::vector<float> e{a.mean[0] + 3, a.mean[1], a.mean[2] - 4};
  a.apply(std::span(e));
  EXPECT_NEAR(e[0], 0.6, 1e-5);
  EXPECT_NEAR(e[2], -0.8, 1e-5);
}

TEST(Adaptation, FewerClipsThanDimensionsServe) {
  Matrix few(8, 192);
  Random random(1, Purpose::test);
  for (float& x : few.values()) x = static_cast<float>(random.normal());
  const Adaptation a = fit_adaptation(few, true);
  for (const float w : a.whitening.values()) EXPECT_TRUE(std::isfinite(w));
  EXPECT_THROW(fit_adaptation(Matrix(1, 4), true), Error);
  EXPECT_THROW(fit_adaptation(Matrix(5, 4), true), Error);  // all the same
}

/// Three sources in four dimensions, each under three conditions; the condition moves along one
/// direction, by more than the sources are apart.
Matrix moved(std::vector<std::size_t>& source) {
  Matrix e(9, 4);
  for (std::size_t i = 0; i < 9; ++i) {
    source.push_back(i / 3);
    e(i, i / 3) = 1;
    e(i, 3) = static_cast<float>(i % 3) * 2;
    e(i, 0) += static_cast<float>(i % 3);
  }
  return e;
}

TEST(Adaptation, RemovesTheDirectionsInWhichConditionsMoveEmbeddings) {
  std::vector<std::size_t> source;
  Matrix e = moved(source), differences(6, 4);
  for (std::size_t i = 0, row = 0; i < 9; ++i) {
    if (i % 3 == 0) continue;
    for (std::size_t k = 0; k < 4; ++k) differences(row, k) = e(i, k) - e(i - i % 3, k);
    ++row;
  }
  const Adaptation a{{}, {}, nuisance_directions(differences, 1)};
  EXPECT_NEAR(a.removed(0, 0), 1 / std::sqrt(5.0), 1e-6);
  EXPECT_NEAR(a.removed(0, 3), 2 / std::sqrt(5.0), 1e-6);
  a.apply(e);
  for (std::size_t i = 0; i < 9; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double score = cosine(e.row(i), e.row(j));
      if (source[i] == source[j]) {
        EXPECT_NEAR(score, 1, 1e-6);
      } else {
        EXPECT_LT(score, 0.5);
      }
    }
  EXPECT_THROW(nuisance_directions(differences, 5), std::invalid_argument);
  differences(0, 0) = NAN;
  EXPECT_THROW(nuisance_directions(differences, 1), Error);
}

TEST(Adaptation, OfADomainKeepsTheDirectionsThatAreRemoved) {
  const TemporaryFolder folder;
  const VoiceFiles files(5, 4);
  const std::span<const Clip> clips = files.clips;
  save_model(verifier().model(), folder / "m");
  Model model = load_model(folder / "m");
  model.adaptation = Adaptation{{}, {}, Matrix(1, model.encoder.dimension())};
  model.adaptation->removed(0, 3) = 1;
  Verifier adapted(std::move(model));
  adapted.adapt(clips, false);
  EXPECT_EQ(adapted.model().adaptation->removed(0, 3), 1);
  EXPECT_EQ(adapted.model().adaptation->mean[3], 0);
  const Matrix embeddings = adapted.embed(clips);
  for (std::size_t i = 0; i < embeddings.rows(); ++i) EXPECT_NEAR(embeddings(i, 3), 0, 1e-6);
}

TEST(Adaptation, TravelsInTheModel) {
  const TemporaryFolder folder;
  const VoiceFiles files(10, 4);
  const std::span<const Clip> clips = files.clips;
  for (const bool whiten : {true, false}) {
    Verifier adapted = verifier();
    const Matrix plain = adapted.embed(clips);
    adapted.adapt(clips, whiten);
    Matrix expected = plain;
    fit_adaptation(plain, whiten).apply(expected);
    save_model(adapted.model(), folder / "m");
    const Matrix loaded = Verifier::load(folder / "m").embed(clips);
    EXPECT_EQ(loaded, adapted.embed(clips));
    for (std::size_t i = 0; i < loaded.values().size(); ++i)
      ASSERT_NEAR(loaded.values()[i], expected.values()[i], 1e-5);
    EXPECT_NE(loaded, plain);
  }
}

}  // namespace
}  // namespace twinear
