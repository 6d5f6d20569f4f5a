// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>

#include "example.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

// A real browser loads the page from disk: every chart is drawn, and the console stays empty, which
// also says that nothing was fetched, since the page's content security policy would complain.
TEST(ReportInABrowser, DrawsEveryChartWithoutAComplaint) {
  if (std::system("command -v chromium >/dev/null") != 0)
    GTEST_SKIP() << "chromium is not installed (tools/setup.sh dev)";
  const TemporaryFolder folder;
  write_example_log(folder / "log.jsonl", 500);
  write_report(folder / "report.html", {.title = "Two systems",
                                        .training_log = folder / "log.jsonl",
                                        .systems = {example_system("</script> \"one\"", 2000, 3),
                                                    example_system("two", 300, 2)},
                                        .threshold = 1.5});

  const std::string command = fmt::format(
      "timeout 100 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage"
      " --user-data-dir={} --enable-logging=stderr --dump-dom file://{} >{} 2>{}",
      folder / "profile", folder / "report.html", folder / "dom", folder / "console");
  ASSERT_EQ(std::system(command.c_str()), 0) << read_file(folder / "console");

  const std::string dom = read_file(folder / "dom");
  EXPECT_TRUE(holds(dom, "data-charts=\"11\""));  // DET, two histograms, eight of training
  EXPECT_FALSE(holds(read_file(folder / "console"), "CONSOLE"));
}

}  // namespace
}  // namespace twinear
