// SPDX-License-Identifier: Apache-2.0
// A libFuzzer target: any bytes are either read as a pickle, whose values then refer to each other
// only, or refused with an Error.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "exchange/pickle.h"
#include "twinear/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 3> allowed{
      "collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch FloatStorage"};
  try {
    const auto pickle = twinear::parse_pickle(std::as_bytes(std::span(data, size)), allowed);
    if (pickle.root >= pickle.values.size()) std::abort();
    for (const auto& value : pickle.values)
      for (const std::uint32_t item : value.items)
        if (item >= pickle.values.size()) std::abort();
  } catch (const twinear::Error&) {
  }
  return 0;
}
