// SPDX-License-Identifier: Apache-2.0
#include "twinear/model_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "temporary_folder.h"
#include "twinear/encoder.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear {
namespace {

/// Sets a variable of the environment, or removes it; puts back what was there.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (before_)
      setenv(name_, before_->c_str(), 1);
    else
      unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// A user's folder of models, in which only the test puts something.
class ModelStore : public testing::Test {
 protected:
  std::string save(const std::string& name, int seed = 0) {
    Model model{
        .front_end = {},
        .encoder = Encoder(
            EncoderSpec::compact({.bins = 80, .channels = {4}, .strides = {2}, .embedding = 3}),
            static_cast<std::uint64_t>(seed))};
    const std::string path = folder_ / (name + ".safetensors");
    save_model(model, path);
    return path;
  }

  TemporaryFolder folder_;
  Variable models_{"TWINEAR_MODELS", folder_ / ""}, default_{"TWINEAR_MODEL", ""};
};

TEST_F(ModelStore, AModelInTheUsersFolderIsFoundByItsName) {
  const std::string path = save("mine");
  EXPECT_EQ(find_model("mine"), path);
  const auto models = installed_models();
  EXPECT_EQ(std::ranges::count(models, std::string("mine"), &InstalledModel::name), 1);
}

TEST_F(ModelStore, TheDefaultIsTheLargeModelOnlyWhereItsOwnerHasGotIt) {
  const std::string small = save("speaker");
  EXPECT_EQ(find_model(), small);
  const std::string large = save("speaker-large");
  EXPECT_EQ(find_model(), large);
  EXPECT_EQ(find_model("speaker"), small);
}

TEST_F(ModelStore, TheEnvironmentNamesTheDefaultByNameOrPath) {
  save("speaker-large");
  const std::string mine = save("mine");
  const Variable by_name("TWINEAR_MODEL", "mine");
  EXPECT_EQ(find_model(), mine);
  const Variable by_path("TWINEAR_MODEL", "a/model.safetensors");
  EXPECT_EQ(find_model(), "a/model.safetensors");
  const Variable missing("TWINEAR_MODEL", "nobody");
  EXPECT_THROW(find_model(), Error);
}

TEST_F(ModelStore, WhatIsNoNameIsAPath) {
  for (const char* path : {"a/b", "model.safetensors", "./mine", "Mine"})
    EXPECT_EQ(find_model(path), path);
}

TEST_F(ModelStore, AMissingModelIsRefusedWithThoseThatAreAtHand) {
  save("mine");
  try {
    find_model("other");
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("no model \"other\" is at hand; there are mine"),
              std::string::npos)
        << e.what();
  }
  try {
    find_model("speaker-large");
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("twinear-get-model speaker-large"), std::string::npos)
        << e.what();
  }
}

TEST_F(ModelStore, AModelIsFoundByItsIdWhateverItsName) {
  save("speaker");
  const std::string path = save("other", 1);
  std::ofstream(folder_ / "broken.safetensors") << "not a model";
  EXPECT_EQ(find_model_by_id(load_model(path).id), path);
  EXPECT_EQ(find_model_by_id("0123456789abcdef"), find_model());
}

}  // namespace
}  // namespace twinear
