// SPDX-License-Identifier: Apache-2.0
#include "report/plot.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "temporary_folder.h"
#include "twinear/error.h"

namespace twinear {
namespace {

Matrix ramp(std::size_t frames) {
  Matrix m(frames, 80);
  for (std::size_t i = 0; i < m.values().size(); ++i) m.values()[i] = static_cast<float>(i % 97);
  return m;
}

std::vector<std::string> words_of(const Picture& picture) {
  std::vector<std::string> all;
  for (const auto& words : picture.words) all.push_back(words.text);
  return all;
}

TEST(Plot, HasAxesInSecondsAndHertzAndNamesTheClip) {
  const auto words = words_of(plot(ramp(298), {}, "a.wav"));
  for (const char* expected : {"a.wav", "time (s)", "frequency (Hz)", "1", "2", "1000", "4000"})
    EXPECT_NE(std::ranges::find(words, expected), words.end()) << expected;
}

TEST(Plot, IsNoLargerForALongClip) {
  const Picture hour = plot(ramp(360000), {}, "hour");
  EXPECT_LE(hour.maps.at(0).cols, 800U);
  const auto words = words_of(hour);
  EXPECT_NE(std::ranges::find(words, "time (min)"), words.end());
}

TEST(Plot, OfOneConstantFrameIsDrawn) {
  EXPECT_FALSE(svg(plot(Matrix(1, 80), {}, "one")).empty());
  EXPECT_FALSE(png(plot(Matrix(1, 80), {}, "one")).empty());
}

TEST(Plot, IsWrittenAsItsNameEnds) {
  const TemporaryFolder folder;
  const Picture picture = plot(ramp(50), {}, "<script>&\xff");
  write_plot(folder / "p.svg", picture);
  write_plot(folder / "p.png", picture);
  const std::string text = read_file(folder / "p.svg");
  EXPECT_TRUE(text.starts_with("<svg")) << text.substr(0, 40);
  EXPECT_EQ(text.find("<script"), std::string::npos);
  EXPECT_TRUE(read_file(folder / "p.png").starts_with("\x89PNG\r\n"));
  EXPECT_THROW(write_plot(folder / "p.gif", picture), Error);
  EXPECT_THROW(check_plot_path("p.jpg"), Error);
}

}  // namespace
}  // namespace twinear
