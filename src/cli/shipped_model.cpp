// SPDX-License-Identifier: Apache-2.0
#include "cli/shipped_model.h"

#include <fmt/format.h>

#include <filesystem>

#include "twinear/error.h"

namespace twinear::cli {

std::string find_model(const std::string& name) {
  namespace fs = std::filesystem;
  const std::string shipped = name.empty() ? "speaker" : name;
  if (shipped != "speaker" && shipped != "sound") return name;

  std::error_code ignored;
  const fs::path bin = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path installed = bin.parent_path() / "share/twinear/models";
  const fs::path in_tree = bin.parent_path().parent_path().parent_path() / "data/models";
  for (const auto& folder : {installed, in_tree})
    if (const fs::path file = folder / (shipped + ".safetensors"); fs::exists(file, ignored))
      return file.string();
  throw Error(Fault::config, fmt::format("no {} model is installed in {}; pass --model FILE",
                                         shipped, installed.string()));
}

}  // namespace twinear::cli
