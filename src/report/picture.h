// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace twinear {

/// A drawing on white, in pixels from the upper left: color maps, then lines, then words.
struct Picture {
  /// Levels from 0 (dark) to 253 (bright), row after row from the top, stretched over a rectangle.
  struct Map {
    int x = 0, y = 0, width = 0, height = 0;
    std::size_t rows = 0, cols = 0;
    std::vector<std::uint8_t> levels;
  };
  /// Level, or upright.
  struct Line {
    int x = 0, y = 0, to_x = 0, to_y = 0;
  };
  /// Words around a point: centered on its height, and from, around or up to it.
  struct Words {
    enum class Align { begin, middle, end };
    int x = 0, y = 0;
    std::string text;  ///< UTF-8; what is not becomes U+FFFD
    Align align = Align::begin;
    bool upwards = false;  ///< read from bottom to top
  };

  int width = 0, height = 0;
  std::vector<Map> maps;
  std::vector<Line> lines;
  std::vector<Words> words;
};

/// A text of Scalable Vector Graphics. Maps are in it as PNG.
std::string svg(const Picture& picture);

/// The bytes of a Portable Network Graphics file. Words have ASCII only, `?` for the rest.
std::string png(const Picture& picture);

/// A PNG of the colors by number that both use: 0 white, 1 black, 2 + level.
std::string png(int width, int height, const std::vector<std::uint8_t>& pixels);

/// The characters of a text in UTF-8; U+FFFD for each byte that is of none.
std::u32string characters(const std::string& text);

}  // namespace twinear
