// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "example.h"
#include "report/assets.h"
#include "report/compose.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

// The page's policy lets nothing be fetched, and what is tried or fails shows in the console.
class ReportInABrowser : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (std::system("command -v chromium >/dev/null") != 0)
      GTEST_SKIP() << "chromium is not installed (tools/setup.sh dev)";
  }

  /// The page as a browser leaves it in a frame of this width: no window is as narrow as a phone.
  std::string dom_of(const ReportContent& content, int width) const {
    write_report(folder / "report.html", content);
    write_file(
        folder / "frame.html",
        fmt::format("<iframe src=report.html style='width:{}px;height:900px;border:0' onload='"
                    "const page = this.contentDocument.documentElement;"
                    "page.dataset.width = this.contentWindow.innerWidth;"
                    "page.dataset.overflow = page.scrollWidth > page.dataset.width;"
                    "document.documentElement.replaceWith(page)'></iframe>",
                    width));
    const std::string command = fmt::format(
        "timeout 100 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage"
        " --allow-file-access-from-files --user-data-dir={} --enable-logging=stderr"
        " --window-size=1400,900 --dump-dom file://{} >{} 2>{}",
        folder / "profile", folder / "frame.html", folder / "dom", folder / "console");
    EXPECT_EQ(std::system(command.c_str()), 0) << read_file(folder / "console");
    EXPECT_FALSE(holds(read_file(folder / "console"), "CONSOLE")) << read_file(folder / "console");
    return read_file(folder / "dom");
  }

  TemporaryFolder folder;
};

INSTANTIATE_TEST_SUITE_P(OfADeskAndAPhone, ReportInABrowser, ::testing::Values(1300, 390));

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST_P(ReportInABrowser, DrawsEveryChartWithoutAComplaint) {
  write_example_log(folder / "log.jsonl", 500);
  ReportContent content{
      .title = "Two systems",
      .training_log = folder / "log.jsonl",
      .systems = {example_system("</script> \"one\"", 2000, 3), example_system("two", 300, 2)},
      .threshold = 1.5,
      .calibration = Calibration{.scale = 3, .offset = -4.5},
      .embeddings = example_embeddings(4, 10)};
  const std::string sound = sound_uri({8000, std::vector<float>(8000, 0.1F)}, 1);
  content.systems[0].evaluation.reliability = {
      {0.5, 0.8, 0.7, 20, 30, {0.72, {0.6, 0.8}}},
      {0.8, 1, 0.95, 30, 20, {0.4, {std::nan(""), std::nan("")}}}};
  Evaluation of_group = content.systems[0].evaluation;
  of_group.decisions = {
      .miss = {0.25, {0.2, 0.3}}, .false_alarm = {0, {0, 0.1}}, .wrong_of_sure = {}};
  content.systems[0].groups = {
      {"</script> \"column\"", {{"<b>one", 40, 60, 7, of_group}, {"two", 30, 60, 7, of_group}}},
      {"few", {{"none", 3, 60, 7, std::nullopt}}}};
  content.errors = {{true, -1.5, "<i>a</i>.wav", "b.wav", sound, sound},
                    {false, 2.5, "c.wav", "d.wav", "", sound}};
  const std::string dom = dom_of(content, GetParam());
  // DET, two histograms, two calibrations, reliability, groups, the maps, eight of training
  const int charts = umap_js.empty() ? 16 : 17;
  EXPECT_TRUE(holds(dom, fmt::format("data-charts=\"{}\"", charts)));
  EXPECT_EQ(count(dom, "<audio controls"), 3U);
  EXPECT_TRUE(holds(dom, "&lt;i&gt;a&lt;/i&gt;.wav"));
  EXPECT_TRUE(holds(dom, fmt::format("data-width=\"{}\"", GetParam())));
  EXPECT_TRUE(holds(dom, "data-overflow=\"false\""));
}

}  // namespace
}  // namespace twinear
