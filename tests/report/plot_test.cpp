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

std::vector<std::string> texts_of(const Picture& picture) {
  std::vector<std::string> all;
  for (const auto& text : picture.texts) all.push_back(text.text);
  return all;
}

TEST(Plot, HasAxesInSecondsAndHertzAndNamesTheClip) {
  const auto texts = texts_of(plot(ramp(298), {}, "a.wav"));
  for (const char* expected : {"a.wav", "time (s)", "frequency (Hz)", "1", "2", "1000", "4000"})
    EXPECT_NE(std::ranges::find(texts, expected), texts.end()) << expected;
}

TEST(Plot, FrequenciesLieAmongTheBands) {
  // 3000 Hz is 1876.44 mel; 82 points lie evenly from 31.75 (20 Hz) to 2840.02 (8000 Hz).
  const Picture picture = plot(ramp(100), {}, "");
  const auto label = std::ranges::find_if(
      picture.texts, [](const Picture::Text& text) { return text.text == "3000"; });
  ASSERT_NE(label, picture.texts.end());
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
  EXPECT_EQ(map.levels, (std::vector<std::uint8_t>{0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Plot, NoTickIsMinusNought) {
  FrontEnd centered;
  centered.snip_edges = false;
  centered.frame_alignment = FrameAlignment::hop_start;
  Matrix around(200, 80);
  for (std::size_t i = 0; i < around.values().size(); ++i)
    around.values()[i] = static_cast<float>(i % 21) - 10.0F;
  for (const auto& text : texts_of(plot(around, centered, ""))) EXPECT_NE(text, "-0");
}

TEST(Plot, IsNoLargerForALongClip) {
  const Picture hour = plot(ramp(360000), {}, "hour");
  EXPECT_LE(hour.maps.at(0).cols, 800U);
  const auto texts = texts_of(hour);
  EXPECT_NE(std::ranges::find(texts, "time (min)"), texts.end());
}

TEST(Plot, OfOneConstantFrameIsDrawn) {
  const TemporaryFolder folder;
  for (const char* name : {"one.pdf", "one.svg", "one.png"}) {
    write_picture(folder / name, plot(Matrix(1, 80), {}, "one"));
    EXPECT_GT(read_file(folder / name).size(), 1000U) << name;
  }
}

TEST(Picture, IsWrittenAsItsNameEnds) {
  const TemporaryFolder folder;
  const Picture picture = plot(ramp(50), {}, "<script>&\xff");
  for (const char* name : {"p.pdf", "p.svg", "p.png"}) write_picture(folder / name, picture);
  const std::string text = read_file(folder / "p.svg");
  EXPECT_TRUE(text.starts_with("<?xml")) << text.substr(0, 40);
  EXPECT_NE(text.find("<svg"), std::string::npos);
  EXPECT_EQ(text.find("<script"), std::string::npos);
  EXPECT_TRUE(read_file(folder / "p.png").starts_with("\x89PNG\r\n"));
  EXPECT_TRUE(read_file(folder / "p.pdf").starts_with("%PDF-"));
  EXPECT_THROW(write_picture(folder / "p.gif", picture), Error);
  EXPECT_THROW(check_picture_path("p.jpg"), Error);
}

TEST(Picture, IsTheSameFileEachTime) {
  const TemporaryFolder folder;
  const Picture picture = plot(ramp(50), {}, "twice");
  for (const char* name : {"a.pdf", "b.pdf", "a.png", "b.png"})
    write_picture(folder / name, picture);
  EXPECT_EQ(read_file(folder / "a.pdf"), read_file(folder / "b.pdf"));
  EXPECT_EQ(read_file(folder / "a.png"), read_file(folder / "b.png"));
}

}  // namespace
}  // namespace twinear
