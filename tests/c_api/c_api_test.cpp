// SPDX-License-Identifier: Apache-2.0
#include "twinear/c_api.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "base/expect_error.h"
#include "cli/models.h"
#include "temporary_folder.h"
#include "twinear/verifier.h"
#include "voices.h"

namespace twinear {
namespace {

struct Free {
  void operator()(twinear_model* model) const { twinear_model_free(model); }
  void operator()(float* values) const { twinear_free(values); }
};
using Handle = std::unique_ptr<twinear_model, Free>;

class CApi : public ::testing::Test {
 protected:
  CApi() {
    write_small_model(path);
    write_audio(folder / "a.wav", voice(1, 1));
    write_audio(folder / "b.wav", voice(2, 1));
    model.reset(twinear_model_load(path.c_str()));
  }
  std::vector<float> embedding() const {
    return std::vector<float>(twinear_model_dimension(model.get()));
  }

  TemporaryFolder folder;
  const std::string path = folder / "model.safetensors", a = folder / "a.wav", b = folder / "b.wav";
  Handle model;
};

TEST_F(CApi, SaysWhatAModelIs) {
  ASSERT_NE(model, nullptr);
  EXPECT_STREQ(twinear_version(), "0.2.0");
  EXPECT_EQ(twinear_abi_version(), TWINEAR_ABI_VERSION);
  EXPECT_EQ(twinear_model_dimension(model.get()), 80U);
  EXPECT_STREQ(twinear_model_source(model.get()), "source");
  EXPECT_EQ(twinear_model_bins(model.get()), 40U);
  EXPECT_EQ(twinear_model_sample_rate(model.get()), 16000);
  EXPECT_EQ(twinear_model_is_calibrated(model.get()), 1);
  EXPECT_EQ(twinear_model_id(model.get()), load_model(path).id);
}

TEST_F(CApi, FindsAModelByItsName) {
  write_small_model(folder / "mine.safetensors");
  const char* before = std::getenv("TWINEAR_MODELS");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TWINEAR_MODELS", (folder / "").c_str(), 1);
  const Handle mine(twinear_model_load("mine")), nobody(twinear_model_load("nobody"));
  setenv("TWINEAR_MODELS", kept.c_str(), 1);
  ASSERT_NE(mine, nullptr) << twinear_error_message();
  EXPECT_STREQ(twinear_model_id(mine.get()), load_model(folder / "mine.safetensors").id.c_str());
  EXPECT_EQ(nobody, nullptr);
}

TEST_F(CApi, GivesWhatTheLibraryGives) {
  const Verifier verifier = Verifier::load(path);
  const Waveform sound = read_audio(a);
  auto from_samples = embedding(), from_file = embedding();
  ASSERT_EQ(twinear_embed_samples(model.get(), sound.samples.data(), sound.samples.size(), 16000,
                                  from_samples.data()),
            TWINEAR_OK);
  EXPECT_EQ(from_samples, verifier.embed(sound));
  ASSERT_EQ(twinear_embed_file(model.get(), a.c_str(), from_file.data()), TWINEAR_OK);
  EXPECT_EQ(from_file, from_samples);

  const char* paths[] = {b.c_str(), a.c_str()};
  std::vector<float> both(2 * from_file.size());
  ASSERT_EQ(twinear_embed_files(model.get(), paths, 2, both.data()), TWINEAR_OK);
  EXPECT_EQ(std::vector(both.begin() + 80, both.end()), from_file);

  double score = 0;
  ASSERT_EQ(twinear_compare(both.data(), from_file.data(), 80, &score), TWINEAR_OK);
  const auto expected = verifier.compare(sound, read_audio(b));
  EXPECT_DOUBLE_EQ(score, expected.score);
  twinear_verdict decided = {sizeof decided}, verified = {sizeof verified};
  ASSERT_EQ(twinear_decide(model.get(), score, NAN, &decided), TWINEAR_OK);
  ASSERT_EQ(twinear_verify_files(model.get(), a.c_str(), b.c_str(), NAN, &verified), TWINEAR_OK);
  for (const auto& verdict : {decided, verified}) {
    EXPECT_DOUBLE_EQ(verdict.score, expected.score);
    EXPECT_DOUBLE_EQ(verdict.llr, *expected.llr);
    EXPECT_DOUBLE_EQ(verdict.probability, *expected.probability);
    EXPECT_DOUBLE_EQ(verdict.threshold, expected.threshold);
    EXPECT_EQ(verdict.same, expected.same ? 1 : 0);
  }

  float* values = nullptr;
  std::size_t frames = 0;
  ASSERT_EQ(twinear_features(model.get(), sound.samples.data(), sound.samples.size(), 16000,
                             &values, &frames),
            TWINEAR_OK);
  const std::unique_ptr<float, Free> owner(values);
  const Matrix features = LogMel(verifier.model().front_end)(sound.samples);
  ASSERT_EQ(frames, features.rows());
  EXPECT_TRUE(std::equal(features.values().begin(), features.values().end(), values));
}

TEST_F(CApi, AnUncalibratedModelScoresButDoesNotDecide) {
  write_small_model(path, false);
  const Handle raw(twinear_model_load(path.c_str()));
  EXPECT_EQ(twinear_model_is_calibrated(raw.get()), 0);
  twinear_verdict verdict = {sizeof verdict};
  EXPECT_EQ(twinear_decide(raw.get(), 0.5, NAN, &verdict), TWINEAR_CONFIG);
  EXPECT_NE(std::string(twinear_error_message()).find("holds no calibration"), std::string::npos);
  ASSERT_EQ(twinear_decide(raw.get(), 0.5, 0.4, &verdict), TWINEAR_OK);
  EXPECT_EQ(verdict.same, 1);
  EXPECT_TRUE(std::isnan(verdict.llr));
  EXPECT_TRUE(std::isnan(verdict.probability));
}

TEST_F(CApi, FailuresHaveAKindAndOneLineAndWriteNothing) {
  const std::string missing = folder / "missing.wav", text = put(folder / "text.wav", "no sound\n");
  auto e = embedding();
  const auto untouched = e;
  EXPECT_EQ(twinear_model_load(missing.c_str()), nullptr);
  EXPECT_EQ(std::string(twinear_error_message()).find(missing + ": "), 0U);
  EXPECT_EQ(twinear_model_load(text.c_str()), nullptr);
  EXPECT_EQ(std::string(twinear_error_message()).find(text + ": "), 0U);
  EXPECT_EQ(twinear_embed_file(model.get(), missing.c_str(), e.data()), TWINEAR_IO);
  EXPECT_EQ(std::string(twinear_error_message()).find(missing + ": "), 0U);
  const char* paths[] = {a.c_str(), text.c_str()};
  std::vector<float> both(160, 7.0F);
  EXPECT_EQ(twinear_embed_files(model.get(), paths, 2, both.data()), TWINEAR_FORMAT);
  EXPECT_EQ(both, std::vector<float>(160, 7.0F));

  std::vector<float> sound(16000, 0.1F);
  sound[5] = NAN;
  EXPECT_EQ(twinear_embed_samples(model.get(), sound.data(), sound.size(), 16000, e.data()),
            TWINEAR_NUMERIC);
  sound[5] = 0;
  EXPECT_EQ(twinear_embed_samples(model.get(), sound.data(), sound.size(), 0, e.data()),
            TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_embed_samples(model.get(), sound.data(), 0, 16000, e.data()), TWINEAR_ARGUMENT);
  EXPECT_NE(twinear_embed_samples(model.get(), sound.data(), 100, 16000, e.data()), TWINEAR_OK);
  EXPECT_EQ(std::string(twinear_error_message()).find('\n'), std::string::npos);
  twinear_verdict verdict = {};
  EXPECT_EQ(twinear_decide(model.get(), 0.5, NAN, &verdict), TWINEAR_ARGUMENT);
  EXPECT_STREQ(twinear_error_message(), "twinear_decide: struct_size is not set");
  EXPECT_EQ(e, untouched);
}

TEST_F(CApi, NullIsRefusedEverywhere) {
  auto e = embedding();
  double score = 0;
  float* values = nullptr;
  std::size_t frames = 0;
  twinear_verdict verdict = {sizeof verdict};
  EXPECT_EQ(twinear_model_load(nullptr), nullptr);
  EXPECT_EQ(twinear_embed_samples(nullptr, e.data(), 1, 16000, e.data()), TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_embed_samples(model.get(), nullptr, 1, 16000, e.data()), TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_embed_file(model.get(), nullptr, e.data()), TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_embed_files(model.get(), nullptr, 1, e.data()), TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_features(model.get(), e.data(), 1, 16000, nullptr, &frames), TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_features(model.get(), nullptr, 1, 16000, &values, &frames), TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_compare(e.data(), nullptr, 80, &score), TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_decide(nullptr, 0, 0, &verdict), TWINEAR_ARGUMENT);
  EXPECT_EQ(twinear_verify_files(model.get(), a.c_str(), nullptr, 0, &verdict), TWINEAR_ARGUMENT);
  EXPECT_STREQ(twinear_error_message(), "twinear_verify_files: a pointer is NULL");
  EXPECT_STREQ(twinear_model_id(nullptr), "");
  EXPECT_STREQ(twinear_model_source(nullptr), "");
  twinear_model_free(nullptr);
  twinear_free(nullptr);
}

TEST_F(CApi, ThreadsShareAModelAndNotTheirErrors) {
  auto expected = embedding();
  ASSERT_EQ(twinear_embed_file(model.get(), a.c_str(), expected.data()), TWINEAR_OK);
  std::vector<std::thread> threads;
  std::vector<int> good(8);
  for (std::size_t t = 0; t < good.size(); ++t)
    threads.emplace_back([&, t] {
      const std::string missing = folder / ("missing" + std::to_string(t));
      for (int i = 0; i < 10; ++i) {
        auto e = embedding();
        if (twinear_embed_file(model.get(), a.c_str(), e.data()) == TWINEAR_OK && e == expected &&
            twinear_embed_file(model.get(), missing.c_str(), e.data()) == TWINEAR_IO &&
            std::string(twinear_error_message()).starts_with(missing + ": "))
          ++good[t];
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(8, 10));
}

TEST_F(CApi, AMessageIsOneLineWhateverTheNameOfTheFile) {
  EXPECT_EQ(twinear_model_load("no\nsuch\tfile"), nullptr);
  EXPECT_TRUE(std::string(twinear_error_message()).starts_with("no?such?file: "));
}

TEST_F(CApi, ALongMessageIsCutAndEnds) {
  const std::string path = folder / std::string(3000, 'x');
  EXPECT_EQ(twinear_model_load(path.c_str()), nullptr);
  EXPECT_EQ(std::string(twinear_error_message()).size(), 1023U);
}

}  // namespace
}  // namespace twinear
