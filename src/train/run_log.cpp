// SPDX-License-Identifier: Apache-2.0
#include "train/run_log.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/files.h"
#include "twinear/error.h"

namespace twinear {

RunLog::RunLog(std::string path, std::uint64_t resumed_at) : path_(std::move(path)) {
  std::string kept;
  if (resumed_at > 0 && std::filesystem::exists(path_)) {
    std::istringstream lines(read_file(path_));
    for (std::string line; std::getline(lines, line);) {
      const auto entry = nlohmann::json::parse(line, nullptr, false);
      if (entry.is_object() && entry.value("step", std::uint64_t{0}) <= resumed_at)
        kept += line + "\n";
    }
  }
  write_file(path_, kept);
  out_.open(path_, std::ios::app);
}

void RunLog::line(const std::string& json) {
  out_ << json << '\n' << std::flush;
  if (!out_) throw Error(Fault::io, path_ + ": cannot be written");
}

}  // namespace twinear
