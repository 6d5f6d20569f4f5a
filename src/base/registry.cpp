// SPDX-License-Identifier: Apache-2.0
#include "twinear/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "base/settings.h"
#include "twinear/error.h"

namespace twinear::registry {

void refuse_unknown(const std::string& family, std::string_view name,
                    std::span<const std::string> known) {
  const std::string meant = nearest(name, known);
  throw Error(Fault::config,
              fmt::format("unknown {} \"{}\"; {}known: {}", family, name,
                          meant.empty() ? "" : fmt::format("did you mean \"{}\"? ", meant),
                          fmt::join(known, ", ")));
}

void refuse_name(const std::string& family, const std::string& name) {
  throw std::invalid_argument(
      name.empty() ? fmt::format("a {} without a name", family)
                   : fmt::format("the {} \"{}\" is registered already", family, name));
}

}  // namespace twinear::registry
