// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/models.h"
#include "cli/program.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

const std::vector<std::string> commands{"verify",  "features",  "train",   "embed",   "score",
                                        "eval",    "calibrate", "adapt",   "fewshot", "info",
                                        "augment", "enroll",    "identify"};

TEST(Usage, HelpOfEveryCommandShowsItsOptions) {
  for (const auto& command : commands) {
    const Outcome help = run({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_EQ(help.err, "") << command;
    for (const char* option :
         {"--json", "--threads N=0", "--log-level error|warning|info|debug=info", "--quiet"})
      EXPECT_NE(help.out.find(option), std::string::npos) << command << ' ' << option;
  }
}

TEST(Usage, HelpOfTheProgramNamesEveryCommandAndExitCode) {
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const auto& command : commands) EXPECT_NE(help.out.find(command), std::string::npos);
  EXPECT_NE(help.out.find("3 internal failure"), std::string::npos);
}

TEST(Usage, VersionNamesWhatItRunsOn) {
  const Outcome version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(version.out.starts_with("twinear "));
  for (const char* library : {"\noneDNN ", "\nKissFFT ", "\nlibsndfile ", "\nTBB "})
    EXPECT_NE(version.out.find(library), std::string::npos) << library;
}

TEST(Usage, WordsThatAreNotUnderstoodAreRefused) {
  EXPECT_TRUE(is_refusal(run({}), "a command is needed"));
  EXPECT_TRUE(is_refusal(run({"verfy", "a", "b"}), "did you mean \"verify\"?"));
  EXPECT_TRUE(is_refusal(run({"--vesion"}), "did you mean \"--version\"?"));
  EXPECT_TRUE(is_refusal(run({"verify", "a"}), "two clips are needed"));
  EXPECT_TRUE(is_refusal(run({"db"}), "a command is needed (see twinear db --help)"));
  EXPECT_TRUE(is_refusal(run({"db", "lst"}), "did you mean \"list\"? (see twinear db --help)"));
  EXPECT_TRUE(is_refusal(run({"db", "list", "--bd=x"}), "did you mean \"--db\"?"));
  EXPECT_TRUE(is_refusal(run({"db", "list"}), "--db is required (see twinear db list --help)"));
  EXPECT_TRUE(is_refusal(run({"verify", "a", "b", "c"}), "unexpected argument \"c\""));
  EXPECT_TRUE(is_refusal(run({"verify", "a", "b", "--treshold=1"}),
                         "unknown option \"--treshold\"; did you mean \"--threshold\"?"));
  EXPECT_TRUE(is_refusal(run({"info", "m", "--threads", "-1"}), "--threads"));
  EXPECT_TRUE(is_refusal(run({"info", "m", "--log-level", "loud"}), "loud"));
}

TEST(Usage, OptionsThatExcludeEachOtherAreRefused) {
  EXPECT_TRUE(
      is_refusal(run({"verify", "a", "b", "--threshold", "0", "--at-fpr", "0.1"}), "excludes"));
  EXPECT_TRUE(is_refusal(run({"embed", "a", "--manifest", "c", "--model", "m", "-o", "o"}),
                         "FILE excludes --manifest"));
  EXPECT_TRUE(is_refusal(run({"features", "a", "--recipe", "r", "--front-end", "kaldi", "-o", "o"}),
                         "excludes"));
}

TEST(Usage, EmbeddingNothingIsRefused) {
  EXPECT_TRUE(is_refusal(run({"embed", "--model", "m", "-o", "out"}), "--manifest"));
}

TEST(Usage, AModelThatShipsIsFoundBesideTheInstalledProgram) {
  const TemporaryFolder folder;
  const std::string none = "/dev/null", program = folder / "bin/twinear",
                    models = folder / "share/twinear/models";
  std::filesystem::create_directories(folder / "bin");
  std::filesystem::copy(TWINEAR_PROGRAM, program);
  EXPECT_TRUE(
      is_refusal(run({"verify", "a", "b"}, none, program), "no model \"speaker\" is at hand"));
  EXPECT_TRUE(is_refusal(run({"info", "sound"}, none, program),
                         "no model \"sound\" is at hand; there is none in "));

  std::filesystem::create_directories(models);
  write_small_model(models + "/sound.safetensors");
  EXPECT_EQ(run({"info", "sound"}, none, program).code, 0);
  EXPECT_TRUE(
      is_refusal(run({"verify", "a", "b", "--model", "sound"}, none, program), "a: No such file"));
}

TEST(Usage, ALineBreakInANameDoesNotBreakTheLine) {
  EXPECT_TRUE(is_refusal(run({"info", "a\nb\x1b[31m"}), "a?b?[31m: "));
}

TEST(Usage, AResultThatCannotBeWrittenIsAFailure) {
  const std::string command = std::string(TWINEAR_PROGRAM) + " --help > /dev/full 2> /dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2);
}

}  // namespace
}  // namespace twinear
