// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "model/safetensors.h"
#include "twinear/error.h"
#include "twinear/model_store.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;

constexpr const char* extension = ".safetensors";

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets one
  return value == nullptr ? "" : value;
}

/// Where models that ship with Twinear may be: beside the running program, in a prefix that may
/// have been moved or in the tree that it was built from, and where Twinear was installed.
std::vector<std::string> shipped_folders() {
  std::error_code ignored;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path();
  return {(prefix / "share/twinear/models").string(),
          (prefix.parent_path().parent_path() / "data/models").string(), TWINEAR_SHIPPED_MODELS};
}

/// A plain word is a name; all else is a path.
bool is_name(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

std::string model_folder() {
  if (auto own = environment("TWINEAR_MODELS"); !own.empty()) return own;
  if (const auto data = environment("XDG_DATA_HOME"); !data.empty())
    return (fs::path(data) / "twinear/models").string();
  const auto home = environment("HOME");
  return home.empty() ? "" : (fs::path(home) / ".local/share/twinear/models").string();
}

std::vector<InstalledModel> installed_models() {
  std::vector<InstalledModel> models;
  auto folders = shipped_folders();
  if (const auto own = model_folder(); !own.empty()) folders.insert(folders.begin(), own);
  for (const std::string& folder : folders) {
    std::error_code ignored;  // a folder that is not there holds no models
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().stem().string();
      if (entry.path().extension() == extension && is_name(name) &&
          std::ranges::find(models, name, &InstalledModel::name) == models.end())
        models.push_back({name, entry.path().string()});
    }
  }
  std::ranges::sort(models, {}, &InstalledModel::name);
  return models;
}

std::string find_model(const std::string& name) {
  if (!name.empty() && !is_name(name)) return name;
  const auto models = installed_models();
  const auto at_hand = [&](const std::string& wanted) {
    return std::ranges::find(models, wanted, &InstalledModel::name);
  };
  std::string wanted = name;
  if (wanted.empty()) wanted = environment("TWINEAR_MODEL");
  if (wanted.empty()) wanted = at_hand(large_model) != models.end() ? large_model : "speaker";
  if (const auto found = at_hand(wanted); found != models.end()) return found->path;
  std::error_code ignored;
  if (!is_name(wanted) || fs::exists(wanted, ignored)) return wanted;

  std::vector<std::string> names;
  names.reserve(models.size());
  for (const InstalledModel& model : models) names.push_back(model.name);
  throw Error(
      Fault::config,
      fmt::format("no model \"{}\" is at hand; {}{}", wanted,
                  names.empty() ? fmt::format("there is none in {}, {}", model_folder(),
                                              fmt::join(shipped_folders(), ", "))
                                : fmt::format("there are {}", fmt::join(names, ", ")),
                  wanted == large_model ? fmt::format("; {}", how_to_get(large_model))
                                        : std::string("; expected one of these or a file")));
}

std::string find_model_by_id(const std::string& id) {
  std::string usual = find_model();
  std::vector<std::string> paths{usual};
  for (const InstalledModel& model : installed_models()) paths.push_back(model.path);
  for (const std::string& path : paths) {
    try {
      if (SafetensorsFile(path).id() == id) return path;
    } catch (const Error&) {
      if (path == usual) throw;
    }
  }
  return usual;
}

std::string how_to_get(const std::string& name) {
  return fmt::format("`twinear-get-model {0}` (in a source tree: tools/get_model.sh {0}) gets it",
                     name);
}

}  // namespace twinear
