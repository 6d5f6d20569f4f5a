// SPDX-License-Identifier: Apache-2.0
// Kinds that a program adds by the public headers alone, and that recipes name.
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "model/safetensors.h"
#include "train/corpus.h"
#include "train/run.h"
#include "twinear/error.h"
#include "twinear/loss.h"
#include "twinear/miner.h"
#include "twinear/optimizer.h"
#include "twinear/trainer.h"

namespace twinear {
namespace {

/// weight times the mean squared distance to a learned center; counts its batches.
class CenterLoss final : public Loss {
 public:
  void keys(Fields& f) override {
    f.number({"weight", "", "factor of the squared distance"}, weight_, 0.1, 10.0);
  }
  BatchNeed needs() const override { return {3, "three clips make a cloud"}; }
  void begin(const LossContext& context) override {
    center_ = {Matrix(1, context.width), Matrix(1, context.width)};
  }
  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    ++batches_;
    const Matrix& e = batch.embeddings();
    const float share = weight_ / static_cast<float>(e.rows());
    LossValue loss{.mean = 0, .tuples = e.rows(), .active = e.rows()};
    for (std::size_t i = 0; i < e.rows(); ++i)
      for (std::size_t k = 0; k < e.cols(); ++k) {
        const float apart = e.row(i)[k] - center_.value.row(0)[k];
        loss.mean += static_cast<double>(share * apart * apart);
        gradient.row(i)[k] += 2 * share * apart;
        center_.gradient.row(0)[k] -= 2 * share * apart;
      }
    return loss;
  }
  std::vector<LossParameters*> parameters() override { return {&center_}; }
  std::map<std::string, Matrix> state() const override {
    Matrix count(1, 1);
    count.row(0)[0] = static_cast<float>(batches_);
    return {{"center.batches", count}};
  }
  void restore(const std::map<std::string, Matrix>& state) override {
    batches_ = static_cast<int>(state.at("center.batches").row(0)[0]);
  }

 private:
  float weight_ = 1;
  int batches_ = 0;
  LossParameters center_;
};

class OwnLoss : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    losses().add(loss_kind<CenterLoss>("center", "the squared distance to a learned center"));
  }
  Recipe recipe() const {
    const Recipe small = small_recipe(folder);
    write_file(folder / "recipe.toml", "[loss]\nkind = \"center\"\nweight = 0.5\n");
    Recipe r = read_recipe(folder / "recipe.toml");
    const LossOptions loss = r.loss;
    r = small;
    r.loss = loss;
    r.train.epochs = 3;
    r.train.stop_on_collapse = false;
    return r;
  }
  TemporaryFolder folder;
};

TEST_F(OwnLoss, IsNamedByARecipeAndItsKeysAreCheckedLikeThoseOfAnyOther) {
  EXPECT_EQ(recipe().loss.kind, "center");
  EXPECT_EQ(recipe().loss.keys, (Values{{"weight", 0.5}}));
  write_file(folder / "wrong.toml", "[loss]\nkind = \"center\"\nwieght = 0.5\n");
  try {
    read_recipe(folder / "wrong.toml");
    ADD_FAILURE() << "read";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()), folder / "wrong.toml" +
                                         ":3: unknown key \"wieght\" in [loss]; did you mean "
                                         "\"weight\"? (the loss is center)");
  }
  Recipe pairs = recipe();
  pairs.sampler.clips = 2;
  EXPECT_NE(refusal(pairs, {.out = folder / "run"}, Fault::config)
                .find("at least 3, found 2: three clips make a cloud"),
            std::string::npos);
}

TEST_F(OwnLoss, IsTrainedWithItsParametersAndResumedToTheSameBytes) {
  train(recipe(), {.out = folder / "unbroken"});
  const SafetensorsFile file(folder / "unbroken/last.safetensors");
  EXPECT_NE(file.tensor("state.loss.learned").values[0], 0.0F);
  EXPECT_EQ(file.tensor("state.center.batches").values[0], 12.0F);

  std::uint64_t left = 5;
  train(recipe(), {.out = folder / "broken", .should_stop = [&] { return --left == 0; }});
  train(recipe(), {.out = folder / "broken", .resume = true});
  for (const char* name : {"/model.safetensors", "/last.safetensors"})
    EXPECT_TRUE(read_file(folder / "broken" + name) == read_file(folder / "unbroken" + name))
        << name;
}

/// The mean of the first numbers of embeddings, whose gradient its author has forgotten.
class ForgetfulLoss final : public Loss {
  LossValue operator()(const LossBatch& batch, Matrix&) override {
    return {.mean = 3, .tuples = batch.embeddings().rows(), .active = batch.embeddings().rows()};
  }
};

TEST_F(OwnLoss, ThatHasNoGradientIsToldOnce) {
  losses().add(loss_kind<ForgetfulLoss>("forgetful", "a loss without a gradient"));
  Recipe forgetful = recipe();
  forgetful.loss = {.kind = "forgetful"};
  std::vector<std::string> lines;
  const auto listen = [&](const std::string& line) { lines.push_back(line); };
  train(forgetful, {.out = folder / "run", .on_warning = listen});
  EXPECT_EQ(lines,
            std::vector<std::string>{"loss.kind = \"forgetful\": step 1 has a loss of 3, but "
                                     "no gradient to learn from"});
  lines.clear();
  train(recipe(), {.out = folder / "run", .on_warning = listen});
  EXPECT_TRUE(lines.empty());
}

/// Draws embeddings toward those of a teacher, number by number.
class NearTeacherLoss final : public Loss {
  BatchNeed needs() const override { return {1, "any clip serves", LabelUse::none, true}; }
  LossValue operator()(const LossBatch& batch, Matrix& gradient) override {
    const Matrix &e = batch.embeddings(), &t = *batch.teacher();
    LossValue loss{.mean = 0, .tuples = e.rows(), .active = e.rows()};
    for (std::size_t i = 0; i < e.rows(); ++i)
      for (std::size_t k = 0; k < e.cols(); ++k) {
        const float apart = e.row(i)[k] - t.row(i)[k];
        loss.mean += static_cast<double>(apart * apart);
        gradient.row(i)[k] += 2 * apart;
      }
    return loss;
  }
  std::optional<Matrix> toward_teacher(const Matrix& embeddings) const override {
    return embeddings;
  }
};

TEST_F(OwnLoss, MayCompareWithATeacher) {
  losses().add(loss_kind<NearTeacherLoss>("near-teacher", "the squared distance to the teacher"));
  Recipe taught = small_recipe(folder);
  train(taught, {.out = folder / "teacher"});
  taught.loss = {.kind = "near-teacher"};
  EXPECT_NE(refusal(taught, {.out = folder / "run"}, Fault::config).find("needs a teacher"),
            std::string::npos);
  taught.teacher.model = folder / "teacher/model.safetensors";
  EXPECT_GT(train(taught, {.out = folder / "run", .seed = 4}).dev_cosine, 0.6);
}

TEST(OwnSchedule, IsChosenByNameAndWarmsUpLikeTheOthers) {
  schedules().add({.name = "inverse-root",
                   .summary = "over the root of the steps",
                   .rate = [](const OptimizerOptions& o, const ScheduleStep& at) {
                     return o.learning_rate / std::sqrt(1 + static_cast<double>(at.step));
                   }});
  OptimizerOptions options{.learning_rate = 0.1, .warmup_steps = 10};
  options.schedule = "inverse-root";
  EXPECT_DOUBLE_EQ(learning_rate(options, {.step = 0, .steps = 100}), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate(options, {.step = 24, .steps = 100}), 0.02);
}

TEST(OwnMiner, IsAskedByTheTripletLossThatNamesIt) {
  triplet_miners().add({.name = "first",
                        .summary = "the first triplet of a batch of two pairs",
                        .mine = [](const LossBatch&, const MiningOptions&) {
                          return std::vector<Triplet>{{0, 1, 2}};
                        }});
  Matrix e(4, 2), gradient(4, 2);
  e.row(1)[0] = 1;
  const std::vector<int> labels{0, 0, 1, 1};
  const auto loss = make_loss({.keys = {{"margin", 0.5}}, .mining = {{"kind", "first"}}}, {});
  const LossValue value = (*loss)({e, labels}, gradient);
  EXPECT_EQ(value.tuples, 1U);
  EXPECT_DOUBLE_EQ(value.mean, 1.5);
}

}  // namespace
}  // namespace twinear
