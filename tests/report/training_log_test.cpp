// SPDX-License-Identifier: Apache-2.0
#include "report/training_log.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "temporary_folder.h"
#include "twinear/error.h"

namespace twinear {
namespace {

TrainingLog read(const std::string& text) {
  const TemporaryFolder folder;
  write_file(folder / "log.jsonl", text);
  return read_training_log(folder / "log.jsonl");
}

TEST(TrainingLog, TellsStepsFromEpochsAndSkipsTheRest) {
  const auto log = read(
      "{\"run\":{\"seed\":1}}\n"
      "{\"step\":10,\"loss\":0.5}\n"
      "{\"epoch\":1,\"step\":10,\"dev_eer\":0.25,\"dev_min_dcf\":0.9,\"best\":true}\n");
  ASSERT_EQ(log.steps.rows.size(), 1U);
  EXPECT_EQ(log.steps.rows[0][0], 10);
  EXPECT_EQ(log.steps.rows[0][1], 0.5);
  ASSERT_EQ(log.epochs.rows.size(), 1U);
  EXPECT_EQ(log.epochs.rows[0], (std::vector<double>{10, 1, 0.25, 0.9, 1}));
}

TEST(TrainingLog, ANumberThatIsMissingOrNullIsNotANumber) {
  const auto log = read("{\"step\":10,\"loss\":null}\n");
  EXPECT_TRUE(std::isnan(log.steps.rows[0][1]));
  EXPECT_TRUE(std::isnan(log.steps.rows[0][2]));
}

TEST(TrainingLog, ALineWhoseStepIsNotANumberIsSkipped) {
  const auto log = read("{\"step\":\"two\"}\n{\"step\":1}\n{\"step\":null,\"epoch\":1}\n");
  ASSERT_EQ(log.steps.rows.size(), 1U);
  EXPECT_EQ(log.steps.rows[0][0], 1);
  EXPECT_TRUE(log.epochs.rows.empty());
}

TEST(TrainingLog, StepsTakenAgainReplaceTheOldOnes) {
  const auto log = read(
      "{\"step\":10,\"loss\":3}\n{\"step\":20,\"loss\":2}\n{\"step\":30,\"loss\":1}\n"
      "{\"step\":20,\"loss\":7}\n");
  ASSERT_EQ(log.steps.rows.size(), 2U);
  EXPECT_EQ(log.steps.rows[0][1], 3);
  EXPECT_EQ(log.steps.rows[1][1], 7);
}

TEST(TrainingLog, ALineThatWasCutByAKillIsLeftOut) {
  EXPECT_EQ(read("{\"step\":10,\"loss\":3}\n{\"step\":20,\"lo").steps.rows.size(), 1U);
}

TEST(TrainingLog, ABadLineIsNamed) {
  try {
    read("{\"step\":10}\nnonsense\n");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::format);
    EXPECT_NE(std::string(error.what()).find("log.jsonl:2: "), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace twinear
