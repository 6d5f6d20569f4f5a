// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace twinear {

/// All keys of a recipe with their ranges, defaults, units and meanings, and all kinds that they
/// choose from, as a page in Markdown: docs/recipe_keys.md.
std::string recipe_keys();

}  // namespace twinear
