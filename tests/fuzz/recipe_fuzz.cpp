// SPDX-License-Identifier: Apache-2.0
// A recipe in TOML, after whose first zero byte comes an override as --set takes it.
#include "fuzz/fuzz.h"
#include "twinear/trainer.h"

namespace twinear {

void fuzz_recipe(std::string_view bytes) {
  const std::string path = fuzz_file("recipe.toml", take_part(bytes));
  std::vector<std::string> overrides;
  if (!bytes.empty()) overrides.emplace_back(bytes);
  read_recipe(path, overrides);
}

}  // namespace twinear
