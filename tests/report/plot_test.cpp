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

TEST(Plot, FrequenciesLieAmongTheBands) {
  // 3000 Hz is 1876.44 mel; 82 points lie evenly from 31.75 (20 Hz) to 2840.02 (8000 Hz).
  const Picture picture = plot(ramp(100), {}, "");
  const auto label = std::ranges::find_if(
      picture.words, [](const Picture::Words& words) { return words.text == "3000"; });
  ASSERT_NE(label, picture.words.end());
  const double band = (1876.44 - 31.75) / ((2840.02 - 31.75) / 81) - 1;  // counted from 0
  const auto& map = picture.maps.at(0);
  EXPECT_NEAR(label->y, map.y + map.height - map.height * (band + 0.5) / 80, 1.0);
}

TEST(Plot, TimeRunsRightAndFrequencyUpFromDarkToBright) {
  Matrix frames(4, 3);  // of FrontEnd::mel_bins = 3
  frames.row(3)[2] = 9;
  FrontEnd front_end;
  front_end.mel_bins = 3;
  const auto map = plot(frames, front_end, "").maps.at(0);
  ASSERT_EQ(map.rows, 3U);
  ASSERT_EQ(map.cols, 4U);
  EXPECT_EQ(map.levels, (std::vector<std::uint8_t>{0, 0, 0, 253, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Plot, NoTickIsMinusNought) {
  FrontEnd centered;
  centered.snip_edges = false;
  centered.frame_alignment = FrameAlignment::hop_start;
  Matrix around(200, 80);
  for (std::size_t i = 0; i < around.values().size(); ++i)
    around.values()[i] = static_cast<float>(i % 21) - 10.0F;
  for (const auto& text : words_of(plot(around, centered, ""))) EXPECT_NE(text, "-0");
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

TEST(Characters, AreThoseOfUtf8AndWhatIsNotIsReplaced) {
  EXPECT_EQ(characters("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\xB5"), U"aé€🎵");
  EXPECT_EQ(characters("\xff"
                       "a\x80\xC3"),
            U"\uFFFDa\uFFFD\uFFFD");
  EXPECT_EQ(characters("\xC0\xAF"), U"\uFFFD\uFFFD");            // longer than need be
  EXPECT_EQ(characters("\xED\xA0\x80"), U"\uFFFD\uFFFD\uFFFD");  // half of a pair
  EXPECT_EQ(characters("\xF4\x90\x80\x80").size(), 4U);          // beyond the last
}

}  // namespace
}  // namespace twinear
