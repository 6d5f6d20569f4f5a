// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace twinear::cli {

/// Throws Error (io) where a file at `path` could not be written: said before long work, not after.
void check_output(const std::string& path);

/// A folder for outputs, made with those above it. One that it made goes again if it stays empty.
class OutputFolder {
 public:
  /// Throws Error (io) where there cannot be one.
  explicit OutputFolder(const std::string& path);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  std::string path_;
  bool made_;
};

/// JSON on one line; bytes that are not UTF-8, as file names may have, become U+FFFD.
std::string json_text(const nlohmann::ordered_json& value);

/// The same as a line of standard output.
void print_json(const nlohmann::ordered_json& value);

}  // namespace twinear::cli
