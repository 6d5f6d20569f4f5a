// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "base/files.h"
#include "base/threads.h"
#include "linalg/onednn_info.h"
#include "model/safetensors.h"
#include "train/corpus.h"

namespace twinear {
namespace {

/// All weights of a model.
std::vector<std::byte> weights_of(const std::string& path) {
  const SafetensorsFile file(path);
  std::vector<std::byte> all;
  for (const StoredTensor& tensor : file.tensors())
    all.insert(all.end(), tensor.bytes.begin(), tensor.bytes.end());
  return all;
}

TEST(TrainPrecision, Bf16LearnsAndGivesTheSameBytesAtAnyNumberOfThreads) {
  if (!has_bf16()) GTEST_SKIP() << "this CPU has no AVX512_BF16";
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.train.precision = Precision::bf16;
  const auto run = [&](const std::string& out, int threads) {
    const ThreadLimit limit(threads);
    return train(recipe, {.out = folder / out,
                          .on_warning = [](const std::string& line) { ADD_FAILURE() << line; }});
  };
  const TrainResult one = run("one", 1);
  run("three", 3);
  EXPECT_LT(one.dev_eer, 0.2);
  EXPECT_EQ(read_file(folder / "one/last.safetensors"),
            read_file(folder / "three/last.safetensors"));
  recipe.train.precision = Precision::fp32;
  run("full", 3);
  EXPECT_NE(weights_of(folder / "full/model.safetensors"),
            weights_of(folder / "one/model.safetensors"));
}

/// Trains in a process of its own, whose oneDNN may not use what came after plain AVX-512.
[[noreturn]] void train_without_bf16() {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(folder);
  recipe.train.epochs = 2;
  const auto weights = [&](Precision precision) {
    recipe.train.precision = precision;
    train(recipe, {.out = folder / "run", .on_warning = [](const std::string& line) {
                     std::fprintf(stderr, "%s\n", line.c_str());
                   }});
    return weights_of(folder / "run/model.safetensors");
  };
  const bool same = weights(Precision::fp32) == weights(Precision::bf16);
  std::exit(same && !has_bf16() ? 0 : 1);
}

TEST(TrainPrecision, WithoutTheInstructionsItSaysSoAndStaysAtFp32) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";  // oneDNN reads the limit once
  ::setenv("DNNL_MAX_CPU_ISA", "AVX512_CORE", 1);
  EXPECT_EXIT(
      train_without_bf16(), testing::ExitedWithCode(0),
      "train.precision = \"bf16\": this CPU has no AVX512_BF16, so that training takes fp32");
  ::unsetenv("DNNL_MAX_CPU_ISA");
}

}  // namespace
}  // namespace twinear
