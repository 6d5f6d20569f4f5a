// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>

#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {

std::string find_model(const std::string& name) {
  namespace fs = std::filesystem;
  const std::string shipped = name.empty() ? "speaker" : name;
  if (shipped != "speaker" && shipped != "sound") return name;

  std::error_code ignored;
  const fs::path bin = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path beside = bin.parent_path() / "share/twinear/models";  // a prefix that was moved
  const fs::path in_tree = bin.parent_path().parent_path().parent_path() / "data/models";
  for (const fs::path& folder : {beside, in_tree, fs::path(TWINEAR_MODELS)})
    if (const fs::path file = folder / (shipped + ".safetensors"); fs::exists(file, ignored))
      return file.string();
  throw Error(Fault::config,
              fmt::format("no {} model is installed in {} or {}; expected the file of a model",
                          shipped, beside.string(), TWINEAR_MODELS));
}

}  // namespace twinear
