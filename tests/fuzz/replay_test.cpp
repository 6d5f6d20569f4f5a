// SPDX-License-Identifier: Apache-2.0
// What fuzzing found, and what it started from, on every build.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>

#include "base/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

TEST(Fuzz, EveryFileOfTheCorpusIsReadOrRefused) {
  const std::filesystem::path corpus(TWINEAR_SOURCE_DIR "/tests/fuzz/corpus/" TWINEAR_CORPUS);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    const auto bytes = twinear::read_file(entry.path().string());
    EXPECT_EQ(
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()),
        0);
    ++files;
  }
  EXPECT_GT(files, 3);
}
