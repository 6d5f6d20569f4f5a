// SPDX-License-Identifier: Apache-2.0
#include <png.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "report/font.h"
#include "report/picture.h"

namespace twinear {
namespace {

using Color = std::array<std::uint8_t, 3>;

/// White, black, and matplotlib's magma (CC0) between nine of its colors.
std::array<Color, 256> palette() {
  constexpr std::array<Color, 9> magma{{{0x00, 0x00, 0x04},
                                        {0x1d, 0x11, 0x47},
                                        {0x51, 0x12, 0x7c},
                                        {0x82, 0x26, 0x81},
                                        {0xb6, 0x36, 0x79},
                                        {0xe6, 0x51, 0x64},
                                        {0xfb, 0x88, 0x61},
                                        {0xfe, 0xc2, 0x87},
                                        {0xfc, 0xfd, 0xbf}}};
  std::array<Color, 256> colors{{{255, 255, 255}, {0, 0, 0}}};
  for (std::size_t level = 0; level < 254; ++level) {
    const double at = 8.0 * static_cast<double>(level) / 253.0;
    const auto left = std::min<std::size_t>(static_cast<std::size_t>(at), 7);
    const double share = at - static_cast<double>(left);
    for (std::size_t c = 0; c < 3; ++c)
      colors[level + 2][c] = static_cast<std::uint8_t>((1 - share) * magma[left][c] +
                                                       share * magma[left + 1][c] + 0.5);
  }
  return colors;
}

/// Pixels to draw on; what lies outside is not drawn.
class Canvas {
 public:
  explicit Canvas(const Picture& picture)
      : width_(picture.width),
        height_(picture.height),
        pixels_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_)) {
    for (const auto& map : picture.maps) draw(map);
    for (const auto& line : picture.lines) draw(line);
    for (const auto& words : picture.words) draw(words);
  }
  const std::vector<std::uint8_t>& pixels() const noexcept { return pixels_; }

 private:
  void set(int x, int y, std::uint8_t color) {
    if (x >= 0 && x < width_ && y >= 0 && y < height_)
      pixels_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
              static_cast<std::size_t>(x)] = color;
  }

  void draw(const Picture::Map& map) {
    for (int y = 0; y < map.height; ++y)
      for (int x = 0; x < map.width; ++x) {
        const std::size_t row =
            static_cast<std::size_t>(y) * map.rows / static_cast<std::size_t>(map.height);
        const std::size_t col =
            static_cast<std::size_t>(x) * map.cols / static_cast<std::size_t>(map.width);
        set(map.x + x, map.y + y, static_cast<std::uint8_t>(map.levels[row * map.cols + col] + 2));
      }
  }

  void draw(const Picture::Line& line) {
    for (int y = line.y; y <= line.to_y; ++y)
      for (int x = line.x; x <= line.to_x; ++x) set(x, y, 1);
  }

  void draw(const Picture::Words& words) {
    const std::u32string text = characters(words.text);
    const int length = static_cast<int>(text.size()) * glyph_width;
    int along = words.align == Picture::Words::Align::begin ? 0
                : words.align == Picture::Words::Align::end ? -length
                                                            : -length / 2;
    for (const char32_t c : text) {
      const auto& glyph = font[c >= 32 && c < 127 ? c - 32 : U'?' - 32];
      for (int v = 0; v < glyph_height; ++v)
        for (int u = 0; u < glyph_width; ++u) {
          if ((glyph[static_cast<std::size_t>(v)] >> (glyph_width - 1 - u) & 1) == 0) continue;
          const int right = along + u, down = v - glyph_height / 2;
          words.upwards ? set(words.x + down, words.y - right, 1)
                        : set(words.x + right, words.y + down, 1);
        }
      along += glyph_width;
    }
  }

  int width_, height_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace

std::string png(int width, int height, const std::vector<std::uint8_t>& pixels) {
  static const auto colors = palette();
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB_COLORMAP;
  image.colormap_entries = static_cast<png_uint_32>(colors.size());
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), width,
                                colors.data()) == 0)
    throw std::runtime_error(std::string("png: ") + image.message);
  bytes.resize(size);
  return bytes;
}

std::string png(const Picture& picture) {
  return png(picture.width, picture.height, Canvas(picture).pixels());
}

}  // namespace twinear
