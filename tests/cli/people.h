// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/models.h"
#include "cli/program.h"
#include "voices.h"

namespace twinear {

/// Clips of made-up voices, a model that tells them apart, and where a database of them would be.
class People : public ::testing::Test {
 protected:
  People() { write_small_model(model); }

  std::string clip(unsigned speaker, unsigned number, double seconds = 1.5) const {
    const std::string path =
        folder / ("v" + std::to_string(speaker) + "_" + std::to_string(number) + ".wav");
    Waveform wave = voice(speaker, number, seconds);
    for (float& x : wave.samples) x = std::clamp(x, -0.99F, 0.99F);
    write_audio(path, wave);
    return path;
  }
  Outcome enroll(const std::string& name, const std::vector<std::string>& clips,
                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"enroll", "--db", db, "--model", model};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--", name});
    words.insert(words.end(), clips.begin(), clips.end());
    return run(words);
  }
  std::vector<std::string> identify(const std::vector<std::string>& more) const {
    std::vector<std::string> words{"identify", "--db", db, "--model", model};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::string list() const { return run({"db", "list", "--db", db}).out; }

  TemporaryFolder folder;
  const std::string model = folder / "model.safetensors", db = folder / "people.sqlite";
};

}  // namespace twinear
