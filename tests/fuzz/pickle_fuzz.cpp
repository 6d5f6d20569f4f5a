// SPDX-License-Identifier: Apache-2.0
// A pickle: its values refer to each other only.
#include <array>

#include "exchange/pickle.h"
#include "fuzz/fuzz.h"

namespace twinear {

void fuzz_pickle(std::string_view bytes) {
  constexpr std::array<std::string_view, 3> allowed{
      "collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch FloatStorage"};
  const Pickle pickle = parse_pickle(as_bytes(bytes), allowed);
  require(pickle.root < pickle.values.size());
  for (const auto& value : pickle.values)
    for (const std::uint32_t item : value.items) require(item < pickle.values.size());
}

}  // namespace twinear
