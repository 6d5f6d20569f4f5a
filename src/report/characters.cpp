// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "report/picture.h"

namespace twinear {

std::u32string characters(const std::string& text) {
  constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};  // that needs so many bytes more
  std::u32string result;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<std::uint8_t>(text[i]);
    const auto ones = static_cast<std::size_t>(std::countl_one(first));
    const std::size_t length = ones == 0 ? 1 : ones;
    bool good = ones != 1 && ones <= 4 && i + length <= text.size();
    char32_t c = first & (0x7FU >> ones);
    for (std::size_t k = 1; good && k < length; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      good = (next & 0xC0U) == 0x80U;
      c = c << 6U | (next & 0x3FU);
    }
    good = good && c >= least[length - 1] && c <= 0x10FFFF && !(c >= 0xD800 && c < 0xE000);
    result += good ? c : U'\uFFFD';
    i += good ? length : 1;
  }
  return result;
}

}  // namespace twinear
