// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <string>

#include "base/files.h"
#include "base/threads.h"
#include "gradient_check.h"
#include "metric/batch.h"
#include "twinear/loss_functions.h"

namespace twinear {
namespace {

using Rows = std::vector<std::vector<double>>;
using LossFunction = std::function<LossValue(const Matrix&, Matrix&)>;

/// Every loss with every miner that it takes, by the name that the golden file gives it.
std::map<std::string, LossFunction> losses_of(const std::vector<int>& labels, float margin,
                                              const LossParameters& classes) {
  const auto triplets = [=](TripletForm form, Distance distance,
                            const std::string& mining) -> LossFunction {
    return [=](const Matrix& e, Matrix& gradient) {
      return triplet_loss(
          e, mine_triplets({e, labels}, mining, {.margin = margin, .distance = distance}),
          {.form = form, .margin = margin, .distance = distance}, gradient);
    };
  };
  const auto batch_all = [=](TripletForm form, TripletMean mean) -> LossFunction {
    return [=](const Matrix& e, Matrix& gradient) {
      return batch_all_triplet_loss({e, labels}, {.form = form, .margin = margin}, mean, gradient);
    };
  };
  const auto pairs = [=](const std::string& mining) -> LossFunction {
    return [=](const Matrix& e, Matrix& gradient) {
      return contrastive_loss(e, mine_pairs({e, labels}, mining), 2 * margin, gradient);
    };
  };
  const auto on_logits = [=](auto loss) -> LossFunction {
    return [=](const Matrix& e, Matrix& gradient) {
      LossParameters logit = logit_parameters();
      return loss(e, labels, logit, gradient);
    };
  };
  const LossFunction prototypical = [=](const Matrix& e, Matrix& gradient) {
    return prototypical_loss(e, labels, {}, gradient);
  };
  const LossFunction aam = [=](const Matrix& e, Matrix& gradient) {
    LossParameters copy = classes;
    return aam_softmax_loss(e, labels, {}, copy, gradient);
  };
  const LossFunction supervised_contrastive = [=](const Matrix& e, Matrix& gradient) {
    return supervised_contrastive_loss(e, labels, 0.1F, gradient);
  };
  using enum Distance;
  using enum TripletForm;
  return {
      {"contrastive margin=1", pairs("all")},
      {"contrastive balanced", pairs("balanced")},
      {"contrastive hard", pairs("hard")},
      {"triplet batch_hard margin=0.5", triplets(hinge, euclidean, "batch-hard")},
      {"triplet batch_hard margin=0.5 squared", triplets(hinge, squared, "batch-hard")},
      {"triplet batch_hard soft", triplets(soft, euclidean, "batch-hard")},
      {"triplet semi_hard margin=0.5", triplets(hinge, euclidean, "semi-hard")},
      {"triplet semi_hard soft squared", triplets(soft, squared, "semi-hard")},
      {"triplet batch_all margin=0.5 mean_over=all", batch_all(hinge, TripletMean::all)},
      {"triplet batch_all margin=0.5 mean_over=nonzero", batch_all(hinge, TripletMean::nonzero)},
      {"triplet batch_all soft", batch_all(soft, TripletMean::all)},
      {"triplet distance_weighted", triplets(hinge, cosine, "distance-weighted")},
      {"angular_prototypical w=10 b=-5", on_logits(angular_prototypical_loss)},
      {"ge2e w=10 b=-5", on_logits(ge2e_loss)},
      {"prototypical", prototypical},
      {"aam margin=0.2 scale=30", aam},
      {"supcon tau=0.1", supervised_contrastive},
  };
}

/// The same with classes of our own.
std::map<std::string, LossFunction> losses_of(const std::vector<int>& labels, float margin,
                                              std::size_t width) {
  const auto classes = static_cast<std::size_t>(std::ranges::max(labels)) + 1;
  return losses_of(labels, margin, class_parameters(classes, 1, width, 7));
}

/// The goldens' losses begin with raw rows; ours with their directions, here in double.
struct UnitRows {
  explicit UnitRows(const Rows& raw) : directions(raw), rounded(raw.size(), raw.front().size()) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
      double square = 0;
      for (const double v : raw[i]) square += v * v;
      norms.push_back(std::sqrt(square));
      for (std::size_t k = 0; k < raw[i].size(); ++k) {
        directions[i][k] /= norms[i];
        rounded.row(i)[k] = static_cast<float>(directions[i][k]);
      }
    }
  }

  /// (g - e <e, g>) / |x|
  std::vector<double> raw_gradient(std::size_t i, const Matrix& gradient) const {
    double along = 0;
    for (std::size_t k = 0; k < gradient.cols(); ++k)
      along += directions[i][k] * gradient.row(i)[k];
    std::vector<double> result;
    for (std::size_t k = 0; k < gradient.cols(); ++k)
      result.push_back((gradient.row(i)[k] - directions[i][k] * along) / norms[i]);
    return result;
  }

  Rows directions;
  std::vector<double> norms;
  Matrix rounded;
};

TEST(Loss, ValuesAndGradientsAreThoseOfAutogradInDouble) {
  const auto golden = nlohmann::json::parse(
      read_file(TWINEAR_SOURCE_DIR "/tests/golden/losses.json"));  // by make_losses.py
  std::size_t compared = 0;
  for (const char* batch : {"small", "batch"}) {
    const UnitRows rows(golden[batch]["x"].get<Rows>());
    const UnitRows classes(golden["batch"]["aam_weights"].get<Rows>());
    const auto labels = golden[batch]["y"].get<std::vector<int>>();
    for (const auto& [name, loss] :
         losses_of(labels, 0.5F, {classes.rounded, Matrix(classes.rounded)})) {
      const auto expected = golden[batch]["losses"].find(name);
      if (expected == golden[batch]["losses"].end()) continue;
      Matrix gradient(rows.rounded.rows(), rows.rounded.cols());
      const double value = (*expected)["value"];
      EXPECT_NEAR(loss(rows.rounded, gradient).mean, value, 1e-6 * value) << batch << " " << name;

      const auto slopes = (*expected)["gradient"].get<Rows>();
      double largest = 0;
      for (const auto& row : slopes)
        for (const double v : row) largest = std::max(largest, std::abs(v));
      for (std::size_t i = 0; i < slopes.size(); ++i) {
        const auto ours = rows.raw_gradient(i, gradient);
        for (std::size_t k = 0; k < ours.size(); ++k)
          EXPECT_NEAR(ours[k], slopes[i][k], 1e-6 * largest) << batch << " " << name << " " << i;
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 21U);
}

TEST(Loss, FourRowsByHand) {
  Matrix e(4, 2), gradient(4, 2);
  std::ranges::copy(std::vector<float>{1, 0, .8F, .6F, 0, 1, -.6F, .8F}, e.values().begin());
  const std::vector<int> labels{0, 0, 1, 1};
  const auto pairs = mine_pairs({e, labels}, "all");
  EXPECT_NEAR(contrastive_loss(e, pairs, 1, gradient).mean, 0.067595468, 1e-8);

  const auto hardest = mine_triplets({e, labels}, "batch-hard");
  const auto soft = triplet_loss(e, hardest, {.form = TripletForm::soft}, gradient);
  EXPECT_NEAR(soft.mean, 0.473753695, 1e-7);
  EXPECT_EQ(soft.active, 4U);
  const auto hinge = triplet_loss(e, hardest, {.margin = 0.2F}, gradient);
  EXPECT_EQ(hinge.mean, 0);
  EXPECT_EQ(hinge.tuples, 4U);
  EXPECT_EQ(hinge.active, 0U);
}

/// As expect_slope, of the loss over the tuples that were mined at `e`: mining jumps. Only the
/// first `anchors` rows learn.
void expect_slopes(Matrix e, const std::vector<int>& labels, std::size_t anchors) {
  constexpr float margin = 1.3F;
  const auto expect = [&](const LossFunction& loss) {
    Matrix gradient(anchors, e.cols()), unused = gradient;
    EXPECT_GT(loss(e, gradient).active, 0U);
    expect_slope(
        e.values().first(gradient.values().size()), gradient.values(),
        [&] { return loss(e, unused).mean; }, 1e-3F, 1e-4);
  };
  for (const std::string mining : {"all", "balanced", "hard"})
    expect([&, pairs = mine_pairs({e, labels, 0, anchors}, mining)](auto& at, auto& slope) {
      return contrastive_loss(at, pairs, margin, slope);
    });
  for (const auto form : {TripletForm::hinge, TripletForm::soft})
    for (const auto kind : {Distance::euclidean, Distance::squared, Distance::cosine}) {
      const TripletOptions options{.form = form, .margin = margin, .distance = kind};
      const MiningOptions wanted{.margin = margin, .distance = kind};
      for (const std::string mining : {"batch-hard", "semi-hard", "distance-weighted"})
        expect([&, triplets = mine_triplets({e, labels, 0, anchors}, mining, wanted)](
                   auto& at, auto& slope) { return triplet_loss(at, triplets, options, slope); });
      for (const auto mean : {TripletMean::all, TripletMean::nonzero})
        expect([&](auto& at, auto& slope) {
          return batch_all_triplet_loss({at, labels}, options, mean, slope);
        });
    }
}

Matrix with_identical_rows() {
  Matrix e = noise(9, 4, 1);
  for (float& v : e.values())
    v *= 0.6F;        // some are near, and no hinge is within a step of its kink
  copy_row(e, 0, 1);  // of one label
  copy_row(e, 0, 5);  // of another
  copy_row(e, 3, 4);
  return e;
}

TEST(Loss, GradientIsTheSlope) {
  expect_slopes(noise(9, 4), {0, 0, 0, 1, 1, 2, 2, 2, 3}, 9);
  expect_slopes(with_identical_rows(), {0, 0, 0, 1, 1, 2, 2, 2, 3}, 9);
}

TEST(Loss, GradientIsTheSlopeOfTheRowsThatLearn) {
  expect_slopes(noise(9, 4), {0, 0, 0, 1, 1, 2, 2, 2, 3}, 5);
  expect_slopes(with_identical_rows(), {0, 0, 0, 1, 1, 2, 2, 2, 3}, 4);
}

TEST(Loss, RowsOfAMemoryAreTheBatchsOwnButForWhatTheyLearn) {
  const Matrix e = noise(12, 4);
  const auto labels = label_blocks(4, 3);
  Matrix all(12, 4), first(6, 4);
  const auto triplets = mine_triplets({e, labels, 0, 6}, "batch-hard");
  EXPECT_EQ(triplets.size(), 6U);
  EXPECT_EQ(triplet_loss(e, triplets, {}, first).mean, triplet_loss(e, triplets, {}, all).mean);
  EXPECT_TRUE(std::ranges::equal(first.values(), all.values().first(24)));
}

TEST(TripletLoss, CosineIsOneLessTheProductOfUnitRows) {
  Matrix e = noise(4, 8), gradient(4, 8);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto row = e.row(i);
    const float norm = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0F));
    for (float& v : row) v /= norm;
  }
  const auto product = [&](std::size_t i, std::size_t j) {
    return std::inner_product(e.row(i).begin(), e.row(i).end(), e.row(j).begin(), 0.0);
  };
  const std::vector<Triplet> triplet{{0, 1, 2}};
  const auto loss =
      triplet_loss(e, triplet, {.margin = 2.0F, .distance = Distance::cosine}, gradient);
  EXPECT_NEAR(loss.mean, 2 - product(0, 1) + product(0, 2), 1e-6);
}

bool has(const std::string& name, const char* word) { return name.find(word) != std::string::npos; }

TEST(Loss, ACollapsedBatchLosesTheMarginAndIsNotPulledAnywhere) {
  Matrix e(8, 3);
  std::ranges::fill(e.values(), 0.5F);
  for (const auto& [name, loss] : losses_of(label_blocks(4, 2), 0.5F, 3)) {
    if (name.starts_with("aam")) continue;  // its classes pull
    Matrix gradient(8, 3);
    const auto value = loss(e, gradient);
    for (const float v : gradient.values()) EXPECT_NEAR(v, 0, 1e-12) << name;
    if (!name.starts_with("triplet")) continue;
    const double margin = has(name, "soft") ? std::numbers::ln2 : 0.5;
    EXPECT_DOUBLE_EQ(value.mean, has(name, "semi_hard") ? 0 : margin) << name;
  }
}

TEST(Loss, NoTuplesIsNoLossAndLeavesTheGradient) {
  const Matrix e = noise(4, 3);
  Matrix gradient = noise(4, 3, 1);
  const std::vector<int> labels{0, 1, 2, 3};
  EXPECT_EQ(contrastive_loss(e, {}, 1, gradient).mean, 0);
  EXPECT_EQ(triplet_loss(e, {}, {}, gradient).mean, 0);
  EXPECT_EQ(batch_all_triplet_loss({e, labels}, {}, TripletMean::nonzero, gradient).mean, 0);
  EXPECT_EQ(gradient, noise(4, 3, 1));
}

TEST(Loss, GradientsAreAddedToWhatIsThere) {
  const Matrix e = noise(12, 5);
  for (const auto& [name, loss] : losses_of(label_blocks(4, 3), 0.5F, 5)) {
    Matrix alone(12, 5), added = noise(12, 5, 1);
    loss(e, alone);
    loss(e, added);
    for (std::size_t i = 0; i < alone.values().size(); ++i)
      EXPECT_NEAR(added.values()[i], noise(12, 5, 1).values()[i] + alone.values()[i], 1e-6) << name;
  }
}

TEST(Loss, AnyNumberOfThreadsGivesTheSameBits) {
  Matrix e = noise(90, 33);
  for (float& v : e.values()) v *= 0.15F;  // about unit rows
  for (const auto& [name, loss] : losses_of(label_blocks(18, 5), 4.0F, 33)) {
    Matrix many(90, 33), single(90, 33);
    const auto value = loss(e, many);
    EXPECT_GT(value.active, 0U) << name;
    const ThreadLimit one(1);
    EXPECT_EQ(loss(e, single).mean, value.mean) << name;
    EXPECT_EQ(single, many) << name;
  }
}

TEST(BatchAll, IsTheTripletLossOverEveryTriplet) {
  const Matrix e = noise(15, 4);
  const auto labels = label_blocks(5, 3);
  const auto triplets = every_triplet(labels);
  for (const auto form : {TripletForm::hinge, TripletForm::soft}) {
    const TripletOptions options{.form = form, .margin = 0.4F, .distance = Distance::squared};
    Matrix listed(15, 4), all(15, 4), nonzero(15, 4);
    const auto expected = triplet_loss(e, triplets, options, listed);
    const auto value = batch_all_triplet_loss({e, labels}, options, TripletMean::all, all);
    const auto share = batch_all_triplet_loss({e, labels}, options, TripletMean::nonzero, nonzero);
    EXPECT_NEAR(value.mean, expected.mean, 1e-12);
    EXPECT_EQ(value.tuples, 15U * 2 * 12);
    EXPECT_EQ(value.active, expected.active);
    EXPECT_NEAR(share.mean * static_cast<double>(share.active),
                value.mean * static_cast<double>(value.tuples), 1e-9);
    for (std::size_t i = 0; i < listed.values().size(); ++i)
      EXPECT_NEAR(all.values()[i], listed.values()[i], 1e-6);
  }
}

TEST(BatchAll, CountsFiftyMillionTriplets) {
  const auto labels = label_blocks(2, 300);  // 600 x 299 x 300 triplets
  Matrix e = noise(600, 2), gradient(600, 2);
  const auto value = batch_all_triplet_loss({e, labels}, {}, TripletMean::all, gradient);
  EXPECT_EQ(value.tuples, 53'820'000U);
}

TEST(Loss, RefusesRowsOutsideTheBatchAndOtherShapes) {
  const Matrix e = noise(3, 2);
  Matrix gradient(3, 2), narrow(3, 1);
  const std::vector<Pair> pairs{{0, 3, PairLabel::same}};
  const std::vector<Triplet> triplets{{0, 1, 3}};
  EXPECT_THROW(contrastive_loss(e, pairs, 1, gradient), std::invalid_argument);
  EXPECT_THROW(triplet_loss(e, triplets, {}, gradient), std::invalid_argument);
  Matrix only_first(1, 2), more(4, 2);
  const std::vector<Pair> memory_with_memory{{1, 2, PairLabel::same}};
  EXPECT_THROW(contrastive_loss(e, memory_with_memory, 1, only_first), std::invalid_argument);
  EXPECT_THROW(contrastive_loss(e, {}, 1, more), std::invalid_argument);
  EXPECT_THROW(contrastive_loss(e, {}, 1, narrow), std::invalid_argument);
  EXPECT_THROW(triplet_loss(e, {}, {}, narrow), std::invalid_argument);
  EXPECT_THROW(batch_all_triplet_loss({e, label_blocks(3, 1)}, {}, TripletMean::all, narrow),
               std::invalid_argument);
  EXPECT_THROW(batch_all_triplet_loss({e, label_blocks(2, 1)}, {}, TripletMean::all, gradient),
               std::invalid_argument);
}

}  // namespace
}  // namespace twinear
