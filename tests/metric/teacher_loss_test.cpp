// SPDX-License-Identifier: Apache-2.0
// The losses that compare with a teacher, and sums of losses.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

#include "base/threads.h"
#include "gradient_check.h"
#include "metric/batch.h"
#include "twinear/error.h"
#include "twinear/loss.h"

namespace twinear {
namespace {

double plain_cosine(std::span<const float> a, std::span<const float> b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    ab += static_cast<double>(a[k]) * b[k];
    aa += static_cast<double>(a[k]) * a[k];
    bb += static_cast<double>(b[k]) * b[k];
  }
  return ab / std::sqrt(aa * bb);
}

/// m W', by the definition.
Matrix mapped(const Matrix& m, const Matrix& map) {
  Matrix result(m.rows(), map.rows());
  for (std::size_t i = 0; i < m.rows(); ++i)
    for (std::size_t j = 0; j < map.rows(); ++j)
      result.row(i)[j] = static_cast<float>(
          std::inner_product(m.row(i).begin(), m.row(i).end(), map.row(j).begin(), 0.0));
  return result;
}

double plain_cosine_loss(const Matrix& e, const Matrix& t) {
  double sum = 0;
  for (std::size_t i = 0; i < e.rows(); ++i) sum += 1 - plain_cosine(e.row(i), t.row(i));
  return sum / static_cast<double>(e.rows());
}

double plain_table_loss(const Matrix& e, const Matrix& t) {
  double sum = 0;
  int pairs = 0;
  for (std::size_t i = 0; i < e.rows(); ++i)
    for (std::size_t j = 0; j < i; ++j, ++pairs)
      sum += std::pow(plain_cosine(e.row(i), e.row(j)) - plain_cosine(t.row(i), t.row(j)), 2);
  return sum / pairs;
}

std::unique_ptr<Loss> taught(const std::string& kind, std::size_t width, std::size_t teacher_width,
                             const Values& keys = {}) {
  return make_loss({.kind = kind, .keys = keys},
                   {.classes = 3, .width = width, .seed = 4, .teacher_width = teacher_width});
}

/// Terms of a sum, from the first one on.
Values terms(const std::vector<Values>& all) { return {{"terms", all}}; }

LossBatch taught_batch(const Matrix& e, const Matrix& t, std::span<const int> labels = {}) {
  return {e, labels, 0, LossBatch::all, &t};
}

TEST(TeacherCosine, IsTheMeanOfOneMinusTheCosine) {
  const Matrix e = noise(7, 5, 1), t = noise(7, 5, 2);
  Matrix gradient(7, 5);
  const auto loss = taught("teacher-cosine", 5, 5);
  const LossValue value = (*loss)(taught_batch(e, t), gradient);
  EXPECT_NEAR(value.mean, plain_cosine_loss(e, t), 1e-12);
  EXPECT_EQ(value.tuples, 7U);
  EXPECT_TRUE(loss->parameters().empty());
  EXPECT_EQ(*loss->toward_teacher(e), e);
  Matrix of_same(7, 5);
  EXPECT_NEAR((*loss)(taught_batch(t, t), of_same).mean, 0, 1e-12);
  for (const float v : of_same.values()) EXPECT_NEAR(v, 0, 1e-7);
}

TEST(TeacherCosine, BringsEmbeddingsOfAnotherWidthThroughALearnedMap) {
  const Matrix e = noise(6, 3, 1), t = noise(6, 5, 2);
  Matrix gradient(6, 3);
  const auto loss = taught("teacher-cosine", 3, 5);
  ASSERT_EQ(loss->parameters().size(), 1U);
  const Matrix& map = loss->parameters()[0]->value;
  EXPECT_EQ(map.rows(), 5U);
  EXPECT_EQ(map.cols(), 3U);
  EXPECT_NEAR((*loss)(taught_batch(e, t), gradient).mean, plain_cosine_loss(mapped(e, map), t),
              1e-6);
  EXPECT_NEAR(plain_cosine_loss(*loss->toward_teacher(e), t), plain_cosine_loss(mapped(e, map), t),
              1e-6);
}

TEST(TeacherTable, IsTheMeanSquaredDifferenceOfTheCosinesOfPairs) {
  const Matrix e = noise(7, 3, 1), t = noise(7, 5, 2);
  Matrix gradient(7, 3);
  const auto loss = taught("teacher-table", 3, 5);
  const LossValue value = (*loss)(taught_batch(e, t), gradient);
  EXPECT_NEAR(value.mean, plain_table_loss(e, t), 1e-12);
  EXPECT_EQ(value.tuples, 21U);
  EXPECT_FALSE(loss->toward_teacher(e).has_value());
  const Matrix one = noise(1, 3), of_one = noise(1, 5);
  Matrix unused(1, 3);
  EXPECT_EQ((*loss)(taught_batch(one, of_one), unused).mean, 0);
}

TEST(TeacherLosses, GradientsAreTheSlopes) {
  const std::vector<int> labels{0, 0, 1, 1, no_label, no_label};
  const Values cosine{{"kind", "teacher-cosine"}, {"weight", 0.5}},
      table{{"kind", "teacher-table"}, {"weight", 5.0}},
      aam{{"kind", "aam-softmax"}, {"weight", 0.25}, {"scale", 4.0}, {"margin", 0.1}};
  for (const auto& [kind, keys] : {std::pair<std::string, Values>("teacher-cosine", {}),
                                   {"teacher-table", {}},
                                   {"sum", terms({cosine, table, aam})}})
    for (const std::size_t teacher_width : {4U, 6U}) {
      Matrix e = noise(6, 4, 1), gradient(6, 4), unused = gradient;
      copy_row(e, 0, 1);  // identical rows
      const Matrix t = noise(6, teacher_width, 2);
      const auto loss = taught(kind, 4, teacher_width, keys);
      const LossBatch batch = taught_batch(e, t, labels);
      (*loss)(batch, gradient);
      std::vector<Matrix> slopes;
      for (const LossParameters* p : loss->parameters()) slopes.push_back(p->gradient);
      const auto value = [&] { return (*loss)(taught_batch(e, t, labels), unused).mean; };
      expect_slope(e.values(), gradient.values(), value, 1e-3F, 1e-3);
      for (std::size_t i = 0; i < slopes.size(); ++i)
        expect_slope(loss->parameters()[i]->value.values(), slopes[i].values(), value, 1e-3F, 1e-3);
    }
}

TEST(TeacherLosses, RowsOfZerosHaveAFiniteGradient) {
  const Matrix e(4, 3), t(4, 3);
  for (const char* kind : {"teacher-cosine", "teacher-table"}) {
    Matrix gradient(4, 3);
    const auto loss = taught(kind, 3, 3);
    EXPECT_TRUE(std::isfinite((*loss)(taught_batch(e, t), gradient).mean)) << kind;
    EXPECT_EQ(gradient, Matrix(4, 3)) << kind;
  }
}

TEST(TeacherLosses, AnyNumberOfThreadsGivesTheSameBits) {
  const Matrix e = noise(90, 33, 1), t = noise(90, 40, 2);
  const auto labels = label_blocks(3, 30);
  const Values all = terms({{{"kind", "teacher-cosine"}},
                            {{"kind", "teacher-table"}, {"weight", 5.0}},
                            {{"kind", "supcon"}}});
  const auto bits = [&](int threads) {
    const ThreadLimit limit(threads);
    const auto loss = taught("sum", 33, 40, all);
    Matrix gradient(90, 33);
    const double mean = (*loss)(taught_batch(e, t, labels), gradient).mean;
    return std::tuple(mean, gradient, loss->parameters()[0]->gradient);
  };
  EXPECT_EQ(bits(1), bits(3));
}

TEST(TeacherLosses, WithoutATeacherAreRefusedByName) {
  const Matrix e = noise(4, 3);
  for (const std::string kind : {"teacher-cosine", "teacher-table"}) {
    EXPECT_THROW(taught(kind, 3, 0), std::invalid_argument);
    Matrix gradient(4, 3), narrow(4, 2);
    const auto loss = taught(kind, 3, 3);
    try {
      (*loss)(e, gradient);
      ADD_FAILURE() << kind;
    } catch (const std::invalid_argument& refused) {
      EXPECT_EQ(refused.what(),
                kind + ": the batch has no embeddings of a teacher (LossBatch::teacher)");
    }
    EXPECT_THROW((*loss)(taught_batch(e, e), narrow), std::invalid_argument);
  }
  const Matrix wide = noise(4, 5), few = noise(3, 3);
  Matrix gradient(4, 3);
  EXPECT_THROW((*taught("teacher-cosine", 3, 3))(taught_batch(e, wide), gradient),
               std::invalid_argument);
  EXPECT_THROW(taught_batch(e, few), std::invalid_argument);
}

TEST(SumLoss, IsTheWeightedSumOfItsTermsAndOfTheirGradients) {
  const Matrix e = noise(6, 4, 1), t = noise(6, 4, 2);
  const std::vector<int> labels = label_blocks(3, 2);
  const auto cosine = taught("teacher-cosine", 4, 4), table = taught("teacher-table", 4, 4);
  const auto sum = taught("sum", 4, 4,
                          terms({{{"kind", "teacher-cosine"}, {"weight", 0.5}},
                                 {{"kind", "teacher-table"}, {"weight", 3.0}}}));
  Matrix a(6, 4), b(6, 4), all(6, 4);
  const LossBatch batch = taught_batch(e, t, labels);
  const double of_cosine = (*cosine)(batch, a).mean, of_table = (*table)(batch, b).mean;
  EXPECT_DOUBLE_EQ((*sum)(batch, all).mean, 0.5 * of_cosine + 3 * of_table);
  for (std::size_t i = 0; i < 24; ++i)
    EXPECT_NEAR(all.values()[i], 0.5F * a.values()[i] + 3 * b.values()[i], 1e-7);
}

TEST(SumLoss, AddsTheGradientsOfWhatItsTermsLearnFromBatchToBatch) {
  const Matrix e = noise(6, 4, 1);
  const std::vector<int> labels = label_blocks(3, 2);
  const auto ge2e = make_loss({.kind = "ge2e"}, {.classes = 3, .width = 4});
  const auto half = make_loss({.kind = "sum", .keys = terms({{{"kind", "ge2e"}, {"weight", 0.5}}})},
                              {.width = 4});
  Matrix unused(6, 4);
  for (int batch = 0; batch < 2; ++batch) {
    (*ge2e)({e, labels}, unused);
    (*half)({e, labels}, unused);
  }
  for (std::size_t k = 0; k < 2; ++k)
    EXPECT_FLOAT_EQ(half->parameters()[0]->gradient.row(0)[k],
                    0.5F * ge2e->parameters()[0]->gradient.row(0)[k]);
}

TEST(SumLoss, NeedsWhatItsTermsNeed) {
  const auto need = [](const std::vector<Values>& all) {
    return make_loss({.kind = "sum", .keys = terms(all)})->needs();
  };
  const BatchNeed teacher = need({{{"kind", "teacher-cosine"}}, {{"kind", "teacher-table"}}});
  EXPECT_EQ(teacher.clips, 1);
  EXPECT_EQ(teacher.labels, LabelUse::none);
  EXPECT_TRUE(teacher.teacher);
  const BatchNeed both = need({{{"kind", "teacher-cosine"}}, {{"kind", "prototypical"}}});
  EXPECT_EQ(both.clips, 2);
  EXPECT_EQ(both.labels, LabelUse::some);
  const BatchNeed labels = need({{{"kind", "ge2e"}}, {{"kind", "prototypical"}, {"shots", 4}}});
  EXPECT_EQ(labels.clips, 5);
  EXPECT_EQ(labels.labels, LabelUse::every);
  EXPECT_FALSE(labels.teacher);
}

TEST(SumLoss, RefusesNoTermsTwoMinersAndASumOfSums) {
  EXPECT_THROW(make_loss({.kind = "sum"}, {.width = 4}), Error);
  EXPECT_THROW(
      make_loss({.kind = "sum", .keys = terms({{{"kind", "triplet"}}, {{"kind", "contrastive"}}})},
                {.width = 4}),
      Error);
  EXPECT_THROW(make_loss({.kind = "sum", .keys = terms({{{"kind", "sum"}}})}), Error);
}

TEST(Measure, HidesRowsWithoutALabelFromALossThatNeedsOne) {
  const Matrix e = noise(7, 4);
  const std::vector<int> labels{no_label, 0, 0, no_label, 1, 1, no_label}, known{0, 0, 1, 1};
  const std::size_t rows[] = {1, 2, 4, 5};
  Matrix some(4, 4), gradient(7, 4), of_some(4, 4);
  for (std::size_t i = 0; i < 4; ++i) std::ranges::copy(e.row(rows[i]), some.row(i).begin());
  for (const auto& kind : losses().names()) {
    const LossOptions options{.kind = kind};
    if (kind == "sum" || make_loss(options)->needs().labels != LabelUse::every) continue;
    const LossContext context{.classes = 2, .width = 4};
    std::ranges::fill(gradient.values(), 0.0F);
    std::ranges::fill(of_some.values(), 0.0F);
    const auto loss = make_loss(options, context), alike = make_loss(options, context);
    EXPECT_EQ(measure(*loss, {e, labels, 5}, gradient).mean,
              (*alike)({some, known, 5}, of_some).mean)
        << kind;
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_TRUE(std::ranges::equal(gradient.row(rows[i]), of_some.row(i))) << kind;
    for (const std::size_t i : {0U, 3U, 6U})
      for (const float v : gradient.row(i)) EXPECT_EQ(v, 0.0F) << kind;
    const std::vector<int> nobody(7, no_label);
    EXPECT_EQ(measure(*loss, {e, nobody}, gradient).tuples, 0U) << kind;
  }
}

TEST(AamSoftmax, SaysWhatItWasNotTold) {
  EXPECT_THROW(make_loss({.kind = "aam-softmax"}, {.width = 4}), std::invalid_argument);
  const Matrix e = noise(2, 4);
  Matrix gradient(2, 4);
  try {
    (*make_loss({.kind = "aam-softmax"}))({e, std::vector{0, 1}}, gradient);
    ADD_FAILURE();
  } catch (const std::invalid_argument& refused) {
    EXPECT_STREQ(refused.what(), "aam-softmax: begin() must be called before the first batch");
  }
}

}  // namespace
}  // namespace twinear
