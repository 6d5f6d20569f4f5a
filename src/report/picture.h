// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace twinear {

/// A drawing on white: heat maps, lines over them, texts over these. Coordinates count from the
/// upper left corner, in pixels of a PNG, which are points of 1/72 inch in SVG and PDF.
struct Picture {
  /// A grid of values, row after row from the top, stretched over a rectangle.
  struct HeatMap {
    int x = 0, y = 0, width = 0, height = 0;
    std::size_t rows = 0, cols = 0;
    std::vector<std::uint8_t> levels;  ///< 0 is the darkest color, 255 the brightest
  };
  /// A line one pixel wide, horizontal or vertical, that covers both of its end pixels.
  struct Line {
    int x = 0, y = 0, to_x = 0, to_y = 0;
  };
  /// A line of text; (x, y) is its beginning, middle or end, halfway up the letters.
  struct Text {
    enum class Align { begin, middle, end };
    int x = 0, y = 0;
    std::string text;  ///< UTF-8; other bytes are drawn as U+FFFD
    Align align = Align::begin;
    bool upwards = false;  ///< whether the text runs from bottom to top
  };

  int width = 0, height = 0;
  std::vector<HeatMap> maps;
  std::vector<Line> lines;
  std::vector<Text> texts;
};

/// Throws Error (config), path first, unless `path` ends in .pdf, .svg or .png.
void check_picture_path(const std::string& path);

/// Writes the picture as PDF, SVG or PNG, by the end of `path`, whole or not at all. Equal pictures
/// give equal files of PNG and PDF. Throws Error (config) as check_picture_path, and Error (io).
void write_picture(const std::string& path, const Picture& picture);

}  // namespace twinear
