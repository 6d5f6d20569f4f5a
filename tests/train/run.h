// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "twinear/error.h"
#include "twinear/trainer.h"

namespace twinear {

/// The lines of a log without what a clock put there.
inline std::vector<std::string> timeless(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream text(read_file(path));
  for (std::string line; std::getline(text, line);) {
    auto entry = nlohmann::ordered_json::parse(line);
    entry.erase("data_wait");
    entry.erase("clips_per_second");
    lines.push_back(entry.dump());
  }
  return lines;
}

/// What the work is refused with.
template <class Work>
std::string refusal_of(const Work& work, Fault fault) {
  try {
    work();
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), fault) << e.what();
    return e.what();
  }
  return "trained";
}
inline std::string refusal(const Recipe& recipe, const TrainRun& run, Fault fault) {
  return refusal_of([&] { train(recipe, run); }, fault);
}
inline std::string refusal(const Recipe& recipe, const TrainingData& data, const TrainRun& run,
                           Fault fault) {
  return refusal_of([&] { train(recipe, data, run); }, fault);
}

}  // namespace twinear
