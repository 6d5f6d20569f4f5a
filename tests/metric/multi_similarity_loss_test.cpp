// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/files.h"
#include "base/threads.h"
#include "gradient_check.h"
#include "metric/batch.h"
#include "twinear/error.h"
#include "twinear/loss.h"

namespace twinear {
namespace {

std::unique_ptr<Loss> multi_similarity(const Values& keys = {}) {
  return make_loss({.kind = "multi-similarity", .keys = keys}, {});
}

const std::vector<int> labels{0, 2, 1, 1, 0, 2, 2, 1, 0, 0};

TEST(MultiSimilarity, ValuesAndGradientsAreThoseOfThePapersFormulaInDouble) {
  const auto golden =
      nlohmann::json::parse(read_file(TWINEAR_SOURCE_DIR "/tests/golden/multi_similarity.json"));
  Matrix e(10, 5);
  for (std::size_t i = 0; i < 50; ++i) e.values()[i] = golden["x"][i / 5][i % 5];
  ASSERT_EQ(golden["labels"], labels);
  for (const auto& expected : golden["cases"]) {
    Values keys;
    for (const char* key : {"alpha", "beta", "lambda", "epsilon"})
      keys.emplace_back(key, expected[key].get<double>());
    Matrix gradient(10, 5);
    EXPECT_NEAR((*multi_similarity(keys))({e, labels}, gradient).mean, expected["value"], 1e-12);
    for (std::size_t i = 0; i < 50; ++i)
      EXPECT_NEAR(gradient.values()[i], expected["gradient"][i / 5][i % 5].get<double>(), 1e-7);
  }
}

TEST(MultiSimilarity, GradientIsTheSlope) {
  for (const std::uint32_t stream : {0U, 1U}) {
    Matrix e = noise(10, 5, stream), gradient(10, 5), unused = gradient;
    if (stream == 1) {
      copy_row(e, 0, 4);  // of one label
      copy_row(e, 0, 1);  // of another
    }
    const auto loss = multi_similarity({{"beta", 4.0}, {"epsilon", 0.5}});
    EXPECT_EQ((*loss)({e, labels}, gradient).active, 10U);
    expect_slope(
        e.values(), gradient.values(),
        [&] {
          return (*loss)({e, labels}, unused).mean;
        },
        1e-3F, 1e-4);
  }
}

TEST(MultiSimilarity, ASinglePointHasTheValueThatIsTold) {
  Matrix e(12, 3), gradient(12, 3);
  for (float& v : e.values()) v = 0.5F;
  const auto loss = multi_similarity();
  EXPECT_NEAR((*loss)({e, label_blocks(4, 3)}, gradient).mean, loss->value_at_collapse(4, 3),
              1e-12);
  for (const float v : gradient.values()) EXPECT_NEAR(v, 0, 1e-12);
}

TEST(MultiSimilarity, LabelsThatAreFarApartAreNoLoss) {
  Matrix e(4, 2), gradient(4, 2);
  e.row(0)[0] = e.row(1)[0] = 1;
  e.row(2)[0] = e.row(3)[0] = -1;
  const auto value = (*multi_similarity())({e, label_blocks(2, 2)}, gradient);
  EXPECT_EQ(value.mean, 0);
  EXPECT_EQ(value.tuples, 4U);
  EXPECT_EQ(value.active, 0U);
  EXPECT_EQ(gradient, Matrix(4, 2));
}

TEST(MultiSimilarity, AnyNumberOfThreadsGivesTheSameBits) {
  const Matrix e = noise(90, 33);
  const auto many_labels = label_blocks(18, 5);
  const auto loss = multi_similarity();
  Matrix many(90, 33), single(90, 33);
  const double mean = (*loss)({e, many_labels}, many).mean;
  const ThreadLimit one(1);
  EXPECT_EQ((*loss)({e, many_labels}, single).mean, mean);
  EXPECT_EQ(single, many);
}

TEST(MultiSimilarity, RefusesBatchesAndOptionsThatItCannotUse) {
  const Matrix e = noise(3, 2);
  Matrix gradient(3, 2), narrow(3, 1);
  const auto loss = multi_similarity();
  EXPECT_EQ(loss->needs().clips, 2);
  EXPECT_THROW((*loss)({e, label_blocks(3, 1)}, narrow), std::invalid_argument);
  EXPECT_THROW((*loss)({e, label_blocks(2, 1)}, gradient), std::invalid_argument);
  EXPECT_THROW(multi_similarity({{"alpha", 0.0}}), Error);
  EXPECT_THROW(multi_similarity({{"margin", 0.5}}), Error);
  Matrix none(0, 2);
  EXPECT_EQ((*loss)(Matrix(0, 2), none).mean, 0);
}

}  // namespace
}  // namespace twinear
