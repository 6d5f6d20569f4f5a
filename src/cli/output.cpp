// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

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

std::string json_text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print_json(const nlohmann::ordered_json& value) { fmt::print("{}\n", json_text(value)); }

}  // namespace twinear::cli
