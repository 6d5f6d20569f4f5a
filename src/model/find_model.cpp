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

/// Where models are looked for, the user's folder first.
std::vector<std::string> folders() {
  auto all = shipped_folders();
  if (auto own = model_folder(); !own.empty()) all.insert(all.begin(), std::move(own));
  return all;
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
  for (const std::string& folder : folders()) {
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

std::optional<std::string> installed_model(const std::string& name) {
  if (!is_name(name)) return {};
  std::error_code ignored;
  for (const std::string& folder : folders())
    if (fs::path file = fs::path(folder) / (name + extension); fs::exists(file, ignored))
      return file.string();
  return {};
}

std::string find_model(const std::string& name) {
  std::string wanted = name.empty() ? environment("TWINEAR_MODEL") : name;
  if (wanted.empty()) {
    if (auto large = installed_model(large_model)) return *std::move(large);
    wanted = "speaker";
  }
  if (auto found = installed_model(wanted)) return *std::move(found);
  std::error_code ignored;
  if (!is_name(wanted) || fs::exists(wanted, ignored)) return wanted;

  std::vector<std::string> names;
  const auto models = installed_models();
  names.reserve(models.size());
  for (const InstalledModel& model : models) names.push_back(model.name);
  throw Error(
      Fault::config,
      fmt::format(
          "no model \"{}\" is at hand; {}; {}", wanted,
          names.empty() ? fmt::format("there is none in {}", fmt::join(folders(), ", "))
                        : fmt::format("there are {}", fmt::join(names, ", ")),
          wanted == large_model ? how_to_get(large_model) : "expected one of these or a file"));
}

std::string find_model_by_id(const std::string& id) {
  std::string usual = find_model();
  std::vector<std::string> paths{usual};
  for (const InstalledModel& model : installed_models())
    if (model.path != usual) paths.push_back(model.path);
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
