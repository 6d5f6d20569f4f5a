// SPDX-License-Identifier: Apache-2.0
// Every target on every file of its corpus: what fuzzing started from and what it found.
// TWINEAR_FUZZ_TARGETS names the targets, each as TARGET(name).
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"
#include "twinear/error.h"

namespace twinear {

#define TARGET(name) void fuzz_##name(std::string_view bytes);
TWINEAR_FUZZ_TARGETS
#undef TARGET

namespace {

struct Target {
  std::string_view name;
  void (*fuzz)(std::string_view bytes);
};

constexpr Target targets[] = {
#define TARGET(name) {#name, fuzz_##name},
    TWINEAR_FUZZ_TARGETS
#undef TARGET
};

class Corpus : public ::testing::TestWithParam<Target> {};

TEST_P(Corpus, IsReadOrRefusedFileByFile) {
  const std::filesystem::path corpus(TWINEAR_SOURCE_DIR "/tests/fuzz/corpus");
  int files = 0, accepted = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus / GetParam().name)) {
    SCOPED_TRACE(entry.path().string());
    try {
      GetParam().fuzz(read_file(entry.path().string()));
      ++accepted;
    } catch (const Error&) {  // the reader refuses the file, as it may
    }
    ++files;
  }
  EXPECT_GT(files, 3);
  EXPECT_GT(accepted, 0) << "no file of the corpus leads past the reader's first check";
}

INSTANTIATE_TEST_SUITE_P(Of, Corpus, ::testing::ValuesIn(targets),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace twinear
