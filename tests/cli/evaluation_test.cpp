// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/program.h"

namespace twinear {
namespace {

using Json = nlohmann::json;

TEST(Eval, AnswersAnyTask) {
  const TemporaryFolder folder;
  write_file(folder / "s", "a b 2 target\nc d -1 target\na c -1 nontarget\nb d -2 nontarget\n");
  const Outcome outcome = run({"eval", folder / "s", "--task", "0.5", "--task", "0.01,10,1",
                               "--json", "--resamples", "50"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto tasks = Json::parse(outcome.out)["tasks"];
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0]["p_target"], 0.5);
  EXPECT_EQ(tasks[0]["c_miss"], 1.0);
  EXPECT_DOUBLE_EQ(tasks[0]["min_dcf"], 0.5);
  EXPECT_DOUBLE_EQ(tasks[0]["act_dcf"], 0.5);
  EXPECT_EQ(tasks[1]["c_miss"], 10.0);
  EXPECT_DOUBLE_EQ(tasks[1]["min_dcf"], 0.5);
  EXPECT_LE(tasks[1]["min_dcf_interval"][0], 0.5);
  EXPECT_NE(run({"eval", folder / "s", "--task", "0.01,10,1"}).out.find("minDCF (0.01,10,1)"),
            std::string::npos);
}

TEST(Eval, RefusesATaskThatIsNone) {
  const TemporaryFolder folder;
  write_file(folder / "s", "a b 2 target\na c -1 nontarget\n");
  for (const char* task :
       {"0", "1", "x", "", "0.1,", "0.1,1", "0.1,1,0", "0.1,1,1,1", "0.1,inf,1", "0.1,1,-1"})
    EXPECT_TRUE(is_refusal(run({"eval", folder / "s", "--task", task}), "P,C_MISS,C_FALSE_ALARM"))
        << task;
}

}  // namespace
}  // namespace twinear
