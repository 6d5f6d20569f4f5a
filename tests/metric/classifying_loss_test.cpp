// SPDX-License-Identifier: Apache-2.0
// The losses that classify a row among prototypes, centroids, classes or other rows. Their values
// and gradients by autograd, threads and collapse are in loss_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <string>

#include "gradient_check.h"
#include "metric/batch.h"
#include "twinear/loss_functions.h"

namespace twinear {
namespace {

Matrix four_rows() {
  Matrix e(4, 2);
  std::ranges::copy(std::vector<float>{1, 0, .8F, .6F, 0, 1, -.6F, .8F}, e.values().begin());
  return e;
}
const std::vector<int> two_labels{0, 0, 1, 1};

TEST(ClassifyingLoss, FourRowsByHand) {
  const Matrix e = four_rows();
  Matrix gradient(4, 2);
  LossParameters logit = logit_parameters();
  EXPECT_NEAR(angular_prototypical_loss(e, two_labels, logit, gradient).mean, 0.063464421, 1e-8);
  EXPECT_NEAR(ge2e_loss(e, two_labels, logit, gradient).mean, 0.003954023, 1e-8);
  EXPECT_NEAR(supervised_contrastive_loss(e, two_labels, 0.1F, gradient).mean, 0.063779840, 1e-7);
  // Queries are rows 1 and 3, prototypes rows 0 and 2: squared distances .4 .8 and 3.2 .4.
  EXPECT_NEAR(prototypical_loss(e, two_labels, {.shots = 1, .scale = 1}, gradient).mean,
              (std::log1p(std::exp(-0.4)) + std::log1p(std::exp(-2.8))) / 2, 1e-7);
}

/// Three classes at cosines `own`, .2 and -.1 from the first axis.
double aam_of_cosine(double own) {
  LossParameters classes{Matrix(3, 4), Matrix(3, 4)};
  const std::vector<double> cosines{own, 0.2, -0.1};
  for (std::size_t c = 0; c < 3; ++c) {
    classes.value.row(c)[0] = static_cast<float>(cosines[c]);
    classes.value.row(c)[c + 1] = static_cast<float>(std::sqrt(1 - cosines[c] * cosines[c]));
  }
  Matrix e(1, 4), gradient(1, 4);
  e.row(0)[0] = 1;
  const std::vector<int> label{0};
  return aam_softmax_loss(e, label, {}, classes, gradient).mean;
}

TEST(AamSoftmax, OneRowByHandOnBothSidesOfTheHalfTurn) {
  EXPECT_NEAR(aam_of_cosine(0.7), 3.28046e-05, 1e-9);
  const double target = -1.034734;  // of a cosine of -.995
  const double expected =
      std::log(std::exp(30 * target) + std::exp(6.0) + std::exp(-3.0)) - 30 * target;
  EXPECT_NEAR(aam_of_cosine(-0.995), expected, 3e-5);
}

TEST(AamSoftmax, OfTheSubCentersTheNearestCounts) {
  const auto labels = label_blocks(3, 2);
  LossParameters one = class_parameters(3, 1, 5, 1);
  LossParameters two{Matrix(6, 5), Matrix(6, 5)};  // each center and its opposite
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t k = 0; k < 5; ++k) {
      two.value.row(2 * c)[k] = -one.value.row(c)[k];
      two.value.row(2 * c + 1)[k] = one.value.row(c)[k];
    }
  Matrix folded(6, 5), plain(6, 5);
  // Near all three no cosine is negative: the opposite centers are never the nearest.
  Matrix near(6, 5);
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t k = 0; k < 5; ++k)
      near.row(i)[k] = one.value.row(0)[k] + one.value.row(1)[k] + one.value.row(2)[k];
  const auto expected = aam_softmax_loss(near, labels, {}, one, plain);
  const auto value = aam_softmax_loss(near, labels, {.sub_centers = 2}, two, folded);
  EXPECT_EQ(value.mean, expected.mean);
  EXPECT_EQ(folded, plain);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_TRUE(std::ranges::equal(two.gradient.row(2 * c + 1), one.gradient.row(c)));
    EXPECT_TRUE(std::ranges::equal(two.gradient.row(2 * c), std::vector<float>(5)));
  }
}

/// A loss with what it learns.
struct Case {
  std::string name;
  LossParameters parameters;
  std::function<LossValue(const Matrix&, const std::vector<int>&, LossParameters&, Matrix&)> loss;
};

std::vector<Case> cases(std::size_t width) {
  const auto aam = [](AamOptions options) {
    return [=](auto& e, auto& labels, auto& classes, auto& gradient) {
      return aam_softmax_loss(e, labels, options, classes, gradient);
    };
  };
  const auto prototypical = [](int shots) {
    return [=](auto& e, auto& labels, auto&, auto& gradient) {
      return prototypical_loss(e, labels, {.shots = shots, .scale = 2.0F}, gradient);
    };
  };
  const LogitOptions gentle{.scale = 3.0F, .offset = -1.0F};  // so that no loss is saturated
  return {
      {"angular prototypical", logit_parameters(gentle), angular_prototypical_loss},
      {"ge2e", logit_parameters(gentle), ge2e_loss},
      {"prototypical, 1 shot", {}, prototypical(1)},
      {"prototypical, 2 shots", {}, prototypical(2)},
      {"aam", class_parameters(3, 1, width, 1), aam({.margin = 0.2F, .scale = 4.0F})},
      {"aam, sub-centers", class_parameters(3, 3, width, 1),
       aam({.margin = 0.5F, .scale = 4.0F, .sub_centers = 3})},
      {"supervised contrastive",
       {},
       [](auto& e, auto& labels, auto&, auto& gradient) {
         return supervised_contrastive_loss(e, labels, 0.5F, gradient);
       }},
  };
}

void expect_slopes(Matrix e) {
  const std::vector<int> labels{0, 2, 1, 1, 0, 2, 2, 1, 0, 0};
  for (Case& c : cases(e.cols())) {
    SCOPED_TRACE(c.name);
    Matrix gradient(e.rows(), e.cols()), unused = gradient;
    c.loss(e, labels, c.parameters, gradient);
    const Matrix along_parameters = c.parameters.gradient;
    const auto value = [&] { return c.loss(e, labels, c.parameters, unused).mean; };
    expect_slope(e.values(), gradient.values(), value, 1e-3F, 1e-4);
    expect_slope(c.parameters.value.values(), along_parameters.values(), value, 1e-3F, 1e-4);
  }
}

TEST(ClassifyingLoss, GradientIsTheSlopeOfRowsAndParameters) { expect_slopes(noise(10, 5)); }

TEST(ClassifyingLoss, GradientIsTheSlopeWithIdenticalRows) {
  Matrix e = noise(10, 5, 1);
  copy_row(e, 0, 4);  // of one label
  copy_row(e, 0, 1);  // of another
  copy_row(e, 2, 3);
  copy_row(e, 2, 7);  // all of a label
  expect_slopes(e);
}

bool all_finite(const Matrix& m) {
  return std::ranges::all_of(m.values(), [](float v) { return std::isfinite(v); });
}

TEST(ClassifyingLoss, RowsOfZerosOppositeRowsAndRowsAtACenterGiveFiniteGradients) {
  Matrix e = noise(10, 5, 2);
  std::ranges::fill(e.row(0), 0.0F);
  for (std::size_t k = 0; k < 5; ++k) e.row(5)[k] = -e.row(1)[k];  // their sum has no direction
  for (Case& c : cases(5)) {
    if (c.name == "aam")
      for (std::size_t k = 0; k < 5; ++k) {
        c.parameters.value.row(1)[k] = e.row(2)[k];
        c.parameters.value.row(2)[k] = -e.row(6)[k];
      }
    Matrix gradient(10, 5);
    const std::vector<int> labels{0, 2, 1, 1, 0, 2, 2, 1, 0, 0};
    EXPECT_TRUE(std::isfinite(c.loss(e, labels, c.parameters, gradient).mean)) << c.name;
    EXPECT_TRUE(all_finite(gradient)) << c.name;
    EXPECT_TRUE(all_finite(c.parameters.gradient)) << c.name;
  }
}

TEST(ClassifyingLoss, CosinesDoNotSeeTheLengthOfARow) {
  const Matrix e = noise(10, 5);
  Matrix longer = e;
  for (float& v : longer.values()) v *= 4;
  const std::vector<int> labels{0, 2, 1, 1, 0, 2, 2, 1, 0, 0};
  for (Case& c : cases(5)) {
    Matrix gradient(10, 5);
    const double near = c.loss(e, labels, c.parameters, gradient).mean;
    const double far = c.loss(longer, labels, c.parameters, gradient).mean;
    if (c.name.starts_with("prototypical"))
      EXPECT_NE(far, near) << c.name;
    else
      EXPECT_NEAR(far, near, 1e-12) << c.name;
  }
}

TEST(ClassifyingLoss, ASinglePointIsAsGoodAsGuessing) {
  Matrix e(8, 3), gradient(8, 3);
  std::ranges::fill(e.values(), 0.5F);
  const auto labels = label_blocks(4, 2);
  LossParameters logit = logit_parameters();
  EXPECT_NEAR(angular_prototypical_loss(e, labels, logit, gradient).mean, std::log(4.0), 1e-12);
  EXPECT_NEAR(ge2e_loss(e, labels, logit, gradient).mean, std::log(4.0), 1e-12);
  EXPECT_NEAR(prototypical_loss(e, labels, {}, gradient).mean, std::log(4.0), 1e-12);
  EXPECT_NEAR(supervised_contrastive_loss(e, labels, 0.1F, gradient).mean, std::log(7.0), 1e-12);
}

TEST(ClassifyingLoss, RowsWithoutPositivesAreOnlyOthersToSupervisedContrast) {
  const Matrix e = noise(5, 3);
  Matrix gradient(5, 3);
  EXPECT_EQ(supervised_contrastive_loss(e, std::vector<int>{0, 0, 1, 2, 3}, 0.1F, gradient).tuples,
            2U);
  Matrix none(5, 3);
  EXPECT_EQ(supervised_contrastive_loss(e, label_blocks(5, 1), 0.1F, none).mean, 0);
  EXPECT_EQ(none, Matrix(5, 3));
}

TEST(ClassifyingLoss, NoRowsAreNoLoss) {
  for (Case& c : cases(5)) {
    Matrix gradient(0, 5);
    EXPECT_EQ(c.loss(Matrix(0, 5), {}, c.parameters, gradient).mean, 0) << c.name;
  }
}

TEST(LossParameters, TheScaleOfALogitIsPositiveHoweverFarItIsStepped) {
  Matrix gradient(4, 2);
  LossParameters logit = logit_parameters({.scale = 10, .offset = 0});
  logit.value.row(0)[0] -= 20;
  EXPECT_NEAR(ge2e_loss(four_rows(), two_labels, logit, gradient).mean, std::numbers::ln2, 1e-6);
  EXPECT_LT(logit.gradient.row(0)[0], 0);  // a larger scale is better
  EXPECT_THROW(logit_parameters({.scale = 0}), std::invalid_argument);
}

TEST(LossParameters, ClassesAreDrawnFromTheSeed) {
  EXPECT_EQ(class_parameters(4, 2, 8, 1).value.rows(), 8U);
  EXPECT_EQ(class_parameters(4, 2, 8, 1).value, class_parameters(4, 2, 8, 1).value);
  EXPECT_NE(class_parameters(4, 2, 8, 1).value, class_parameters(4, 2, 8, 2).value);
}

TEST(ClassifyingLoss, RefusesBatchesThatItCannotUse) {
  const Matrix e = noise(4, 2);
  Matrix gradient(4, 2), short_one(3, 2);
  LossParameters logit = logit_parameters(), classes = class_parameters(2, 1, 2, 0);
  LossParameters wide = class_parameters(2, 1, 3, 0);
  const std::vector<int> lonely{0, 0, 0, 1}, three{0, 0, 2, 1}, below{0, 0, -1, 1};
  const auto refused = [](auto loss) { EXPECT_THROW(loss(), std::invalid_argument); };
  refused([&] { angular_prototypical_loss(e, lonely, logit, gradient); });
  refused([&] { ge2e_loss(e, lonely, logit, gradient); });
  refused([&] { ge2e_loss(e, two_labels, classes, gradient); });
  refused([&] { prototypical_loss(e, two_labels, {.shots = 2}, gradient); });
  refused([&] { prototypical_loss(e, two_labels, {.shots = 0}, gradient); });
  refused([&] { aam_softmax_loss(e, three, {}, classes, gradient); });
  refused([&] { aam_softmax_loss(e, below, {}, classes, gradient); });
  refused([&] { aam_softmax_loss(e, two_labels, {}, wide, gradient); });
  refused([&] { aam_softmax_loss(e, two_labels, {.sub_centers = 3}, classes, gradient); });
  refused([&] { supervised_contrastive_loss(e, two_labels, 0, gradient); });
  refused([&] { supervised_contrastive_loss(e, two_labels, 0.1F, short_one); });
  refused([&] { supervised_contrastive_loss(e, label_blocks(3, 1), 0.1F, gradient); });
}

}  // namespace
}  // namespace twinear
