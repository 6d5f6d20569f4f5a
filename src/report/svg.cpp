// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "report/base64.h"
#include "report/picture.h"

namespace twinear {
namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char32_t c : characters(text)) {
    const bool plain = c >= 32 && c < 127 && c != '<' && c != '&';
    const bool control = c < 32 || (c >= 127 && c < 160);
    if (plain)
      result += static_cast<char>(c);
    else
      result += fmt::format("&#{};", control ? 0xFFFD : static_cast<std::uint32_t>(c));
  }
  return result;
}

std::string element(const Picture::Map& map) {
  std::vector<std::uint8_t> pixels = map.levels;
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(pixel + 2);
  return fmt::format(
      "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
      "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>\n",
      map.x, map.y, map.width, map.height,
      base64(png(static_cast<int>(map.cols), static_cast<int>(map.rows), pixels)));
}

std::string element(const Picture::Words& words) {
  constexpr std::array anchors{"start", "middle", "end"};
  const std::string turn =
      words.upwards ? fmt::format(" transform=\"rotate(-90 {} {})\"", words.x, words.y) : "";
  return fmt::format("<text x=\"{}\" y=\"{}\" dy=\"0.35em\" text-anchor=\"{}\"{}>{}</text>\n",
                     words.x, words.y, anchors[static_cast<std::size_t>(words.align)], turn,
                     escaped(words.text));
}

}  // namespace

std::string svg(const Picture& picture) {
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      picture.width, picture.height);
  for (const auto& map : picture.maps) text += element(map);
  text += "<path stroke=\"#000\" d=\"";
  for (const auto& [x, y, to_x, to_y] : picture.lines)  // on the middles of pixels: sharp
    text += fmt::format("M{} {}L{} {}", x + 0.5, y + 0.5, to_x + 0.5, to_y + 0.5);
  text += "\"/>\n";
  for (const auto& words : picture.words) text += element(words);
  return text + "</svg>\n";
}

}  // namespace twinear
