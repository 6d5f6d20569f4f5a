// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "twinear/error.h"

namespace twinear::cli {

namespace fs = std::filesystem;

void check_output(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw Error(Fault::io, path + ": is a folder");
  const fs::path parent = fs::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (!fs::is_directory(folder, ignored))
    throw Error(Fault::io, fmt::format("{}: there is no folder {}", path, folder));
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    throw Error(Fault::io, fmt::format("{}: {}", path, std::strerror(errno)));
}

OutputFolder::OutputFolder(const std::string& path) : path_(path) {
  std::error_code code;
  made_ = fs::create_directories(path, code);
  if (!code && !fs::is_directory(path, code))
    code = std::make_error_code(std::errc::not_a_directory);
  if (code) throw Error(Fault::io, fmt::format("{}: {}", path, code.message()));
}

OutputFolder::~OutputFolder() {
  std::error_code not_empty;
  if (made_) fs::remove(path_, not_empty);
}

void check_distinct(std::span<const std::string> inputs, std::span<const std::string> outputs) {
  std::map<std::string_view, std::string_view> input_of;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (const auto [other, is_new] = input_of.try_emplace(outputs[i], inputs[i]); !is_new)
      throw Error(Fault::config, fmt::format("{}: its output would replace that of {} in {}",
                                             inputs[i], other->second, outputs[i]));
}

void print_json(const nlohmann::ordered_json& value) { fmt::print("{}\n", shown(value)); }

void print_result(const Common& common, const nlohmann::ordered_json& json,
                  const std::string& line) {
  if (common.json)
    print_json(json);
  else if (!line.empty())
    fmt::print("{}\n", line);
}

}  // namespace twinear::cli
