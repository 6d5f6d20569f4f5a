// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "cli/command.h"

namespace twinear::cli {

/// Throws Error (io) if no file can be written at `path`, so that nobody learns it after long work.
void check_output(const std::string& path);

/// A folder for outputs, made with its parents. It removes itself if it was made and stays empty.
class OutputFolder {
 public:
  /// Throws Error (io) for a folder that cannot be made.
  explicit OutputFolder(const std::string& path);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  std::string path_;
  bool made_;
};

/// Throws Error (config) if two of the inputs have the same output; outputs[i] is that of
/// inputs[i].
void check_distinct(std::span<const std::string> inputs, std::span<const std::string> outputs);

/// Prints JSON as a line of standard output; bytes that are not UTF-8, which file names may have,
/// become U+FFFD.
void print_json(const nlohmann::ordered_json& value);

/// Prints a command's result: `json` with --json, otherwise `line` unless it is empty.
void print_result(const Common& common, const nlohmann::ordered_json& json,
                  const std::string& line = "");

}  // namespace twinear::cli
