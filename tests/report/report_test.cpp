// SPDX-License-Identifier: Apache-2.0
#include "report/report.h"

#include <gtest/gtest.h>

#include "example.h"
#include "report/assets.h"
#include "report/compose.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

/// The page, less its libraries.
std::string page(const ReportContent& content) {
  const TemporaryFolder folder;
  write_report(folder / "report.html", content);
  std::string html = read_file(folder / "report.html");
  const auto library = html.find(chart_js);
  EXPECT_NE(library, std::string::npos);
  html.erase(library, chart_js.size());
  if (const auto umap = umap_js.empty() ? std::string::npos : html.find(umap_js);
      umap != std::string::npos)
    html.erase(umap, umap_js.size());
  return html;
}

TEST(Report, ShowsEachFigureWithItsInterval) {
  auto system = example_system("night shift", 200, 2);
  system.evaluation.eer.rocch = 0.0562;
  system.evaluation.eer_interval = {0.039, 0.076};
  const auto html =
      page({.title = "Doors", .training_log = "", .systems = {system}, .threshold = {}});
  EXPECT_TRUE(holds(html, "<title>Doors</title>"));
  EXPECT_TRUE(holds(html, "<th scope=\"col\">night shift</th>"));
  EXPECT_TRUE(holds(html, "<td>5.62 %<small>3.9 to 7.6 %</small></td>"));
  EXPECT_TRUE(holds(html, "\"training\":null"));
}

/// A system with two groups: one that has figures with LLRs, one that has too few trials.
ReportedScores grouped(const std::string& name) {
  auto system = example_system(name, 50, 1);
  Evaluation e = system.evaluation;
  e.eer.rocch = 0.125;
  e.eer_interval = {0.1, 0.2};
  e.decisions = {.miss = {0.25, {0.2, 0.3}},
                 .false_alarm = {0.0625, {0.05, 0.075}},
                 .wrong_of_sure = {{0.03, {0.01, 0.05}}}};
  system.groups = {
      {"room", {{"<hall>", 40, 60, 7, e}, {"<hall> / loft", 3, 500, 9, std::nullopt}}}};
  return system;
}

TEST(Report, ShowsTheFiguresOfGroups) {
  const auto html =
      page({.title = "Rooms", .training_log = "", .systems = {grouped("a")}, .threshold = {}});
  EXPECT_TRUE(holds(html, "<h3>a, by room</h3>"));
  EXPECT_TRUE(holds(html,
                    "<th scope=\"row\">&lt;hall&gt;</th><td>40</td><td>60</td><td>7</td>"
                    "<td>12.50 %<small>10.0 to 20.0 %</small></td>"));
  EXPECT_TRUE(holds(html, "<td>25.00 %<small>20.0 to 30.0 %</small></td>"));
  EXPECT_TRUE(holds(html,
                    "<th scope=\"row\">&lt;hall&gt; / loft</th><td>3</td><td>500</td><td>9</td>"
                    "<td colspan=\"6\">fewer than 10 of a kind</td>"));
  EXPECT_TRUE(holds(html,
                    "\"groups\":[\"\\u003chall>\"],\"figures\":[{\"name\":\"EER\","
                    "\"values\":[[12.5,10.0,20.0]]},{\"name\":\"misses at even odds\","
                    "\"values\":[[25.0,20.0,30.0]]}"));
}

TEST(Report, PlotsTheReliabilityOfLlrsAndSaysWhereThereIsNone) {
  auto llrs = example_system("llrs", 50, 1);
  llrs.evaluation.reliability = {{0.5, 0.7, 0.6, 20, 30, {0.625, {0.5, 0.75}}},
                                 {0.75, 1, 0.9, 30, 20, {0.875, {0.7, 1}}}};
  const auto html = page({.title = "",
                          .training_log = "",
                          .systems = {llrs, example_system("<cosines>", 50, 1)},
                          .threshold = {}});
  EXPECT_TRUE(holds(html,
                    "\"reliability\":[{\"name\":\"llrs\",\"bins\":[[60.0,62.5,50.0,75.0],"
                    "[90.0,87.5,70.0,100.0]]}]"));
  EXPECT_TRUE(holds(html, "There is no reliability plot of &lt;cosines&gt;: scores that are no "));
}

TEST(Report, ShowsARunWithoutScores) {
  const TemporaryFolder folder;
  write_example_log(folder / "log.jsonl", 200);
  const auto html =
      page({.title = "Run", .training_log = folder / "log.jsonl", .systems = {}, .threshold = {}});
  EXPECT_TRUE(holds(html, "EER 6.27 % after epoch 4 (step 200)"));
  EXPECT_TRUE(holds(html, "\"step\":[10.0,20.0,30.0"));
  EXPECT_TRUE(holds(html, "\"det\":null"));
  EXPECT_FALSE(holds(html, "<table>"));
}

TEST(Report, HostileNamesStayText) {
  const std::string name = "</script><script>alert('x')</script><!--\"&{{data}}\xff";
  const auto html = page({.title = name,
                          .training_log = "",
                          .systems = {example_system(name, 50, 1)},
                          .threshold = {}});
  EXPECT_FALSE(holds(html, "<script>alert"));
  EXPECT_FALSE(holds(html, "<!--"));
  EXPECT_TRUE(holds(html, "<h1>&lt;/script&gt;&lt;script&gt;alert(&#39;x&#39;)"));
  EXPECT_TRUE(holds(html, "\\u003c/script>\\u003cscript>alert('x')"));
  EXPECT_TRUE(holds(html, "&quot;&amp;{{data}}"));
}

TEST(Report, FetchesNothing) {
  const auto html = page({.title = "Offline",
                          .training_log = "",
                          .systems = {example_system("a", 50, 1)},
                          .threshold = {}});
  EXPECT_TRUE(holds(html, "content=\"default-src 'none';"));
  for (const char* word :
       {"http:", "https:", "//www", " src", " href", "url(", "@import", "import(", "fetch("})
    EXPECT_FALSE(holds(html, word)) << word;
}

TEST(Report, ASoundIsInThePageOnce) {
  const std::string sound = sound_uri({16000, std::vector<float>(1600)}, 1);
  const auto html =
      page({.title = "Errors",
            .training_log = "",
            .systems = {example_system("a", 50, 1)},
            .threshold = {},
            .errors = {{true, 0.1, "a", "b", sound, sound}, {false, 0.9, "a", "c", sound, ""}}});
  const auto at = html.find(sound);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(html.find(sound, at + 1), std::string::npos);
  EXPECT_TRUE(holds(html, "\"sounds\":[0,0]"));
  EXPECT_TRUE(holds(html, "\"sounds\":[0,null]"));
}

TEST(Report, CarriesTheLicenceOfChartJs) {
  EXPECT_TRUE(holds(std::string(chart_js.substr(0, 300)), "Released under the MIT License"));
  EXPECT_EQ(chart_js.find("</script"), std::string_view::npos);
}

TEST(Report, DoesNotGrowWithTheTrials) {
  const auto size_of = [](std::size_t n) {
    return page({.title = "",
                 .training_log = "",
                 .systems = {example_system("a", n, 2)},
                 .threshold = 1.0})
        .size();
  };
  EXPECT_LT(size_of(200000), size_of(2000) + 10000);
}

TEST(Report, DoesNotGrowWithTheSteps) {
  const TemporaryFolder folder;
  write_example_log(folder / "log.jsonl", 100000);
  EXPECT_LT(
      page({.title = "", .training_log = folder / "log.jsonl", .systems = {}, .threshold = {}})
          .size(),
      90000U);
}

TEST(Report, OnlyTheFirstSystemHasTheThreshold) {
  const auto html = page({.title = "Two",
                          .training_log = "",
                          .systems = {example_system("a", 50, 1), example_system("b", 50, 2)},
                          .threshold = 0.25});
  const auto first = html.find("\"threshold\":0.25,\"threshold_name\":\"threshold\"");
  ASSERT_NE(first, std::string::npos);
  EXPECT_NE(html.find("\"threshold_name\":\"equal error threshold\"", first), std::string::npos);
}

}  // namespace
}  // namespace twinear
