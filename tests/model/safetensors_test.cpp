// SPDX-License-Identifier: Apache-2.0
#include "model/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "temporary_folder.h"
#include "twinear/error.h"

namespace twinear {
namespace {

const std::vector<float> six{1, 2, 3, 4, 5, 6}, two{-1, 0.5F};

/// A file by hand: this header before so many zero bytes of data.
std::string file_of(const std::string& header, std::size_t data = 0) {
  std::string bytes(sizeof(std::uint64_t), '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + std::string(data, '\0');
}

SafetensorsContent parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)));
}

std::string message_of(const std::string& bytes) {
  try {
    parse(bytes);
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::format);
    return e.what();
  }
  return "it was read";
}

TEST(Safetensors, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  write_safetensors(path, {{"b.weight", {2, 3}, six}, {"a", {2}, two}},
                    {{"format", "a test"}, {"text", "{\"quotes\": \"ü\\\"\"}"}});
  const SafetensorsFile file(path);
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensors()[0].name, "a");  // sorted
  const auto tensor = file.tensor("b.weight");
  EXPECT_EQ(tensor.shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_TRUE(std::ranges::equal(tensor.values, six));
  EXPECT_TRUE(std::ranges::equal(file.tensor("a").values, two));
  EXPECT_EQ(file.text("text"), "{\"quotes\": \"ü\\\"\"}");
  EXPECT_EQ(file.metadata().size(), 2U);
}

TEST(Safetensors, TheSameTensorsInAnyOrderGiveTheSameBytes) {
  const auto bytes = safetensors_bytes({{"b", {6}, six}, {"a", {2}, two}}, {{"x", "1"}});
  EXPECT_EQ(safetensors_bytes({{"a", {2}, two}, {"b", {6}, six}}, {{"x", "1"}}), bytes);
  EXPECT_NE(safetensors_bytes({{"a", {2}, two}, {"b", {3, 2}, six}}, {{"x", "1"}}), bytes);
}

TEST(Safetensors, DataBeginsOn64Bytes) {
  for (std::size_t length = 0; length < 70; ++length) {
    const auto bytes = safetensors_bytes({{"a", {2}, two}}, {{"x", std::string(length, '.')}});
    EXPECT_EQ((bytes.size() - two.size() * sizeof(float)) % 64, 0U);
    EXPECT_EQ(parse(bytes).tensors.size(), 1U);
  }
}

TEST(Safetensors, TheIdChangesWithAnyByte) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  const auto id_of = [&](const std::vector<float>& values, const char* text) {
    write_safetensors(path, {{"a", {2}, values}}, {{"x", text}});
    return SafetensorsFile(path).id();
  };
  const auto id = id_of(two, "1");
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(id_of(two, "1"), id);
  EXPECT_NE(id_of({-1, 0.25F}, "1"), id);
  EXPECT_NE(id_of(two, "2"), id);
}

TEST(Safetensors, ReadsWhatOtherProgramsWrite) {
  const auto content = parse(file_of(
      R"({"z":{"dtype":"F32","shape":[1,2],"data_offsets":[9,17]},"__metadata__":{"k":"v"},)"
      R"("n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
      R"("none":{"dtype":"BF16","shape":[0,4],"data_offsets":[9,9]},)"
      R"("byte":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}   )",
      17));
  ASSERT_EQ(content.tensors.size(), 4U);
  EXPECT_EQ(content.tensors[0].name, "n");
  EXPECT_EQ(content.tensors[0].dtype, "I64");
  EXPECT_TRUE(content.tensors[0].shape.empty());
  EXPECT_EQ(content.tensors[0].bytes.size(), 8U);
  EXPECT_EQ(content.tensors[3].name, "z");
  EXPECT_EQ(content.metadata.at("k"), "v");
  EXPECT_TRUE(parse(file_of("{}")).tensors.empty());
}

TEST(Safetensors, FloatsAreOnlyTakenFromFloats) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  // A header of 8 n + 7 bytes puts the floats where no float may be read.
  std::string header = R"({"f":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
                       R"("n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})";
  header.append(7 + 8 - header.size() % 8, ' ');
  write_file(path, file_of(header, 12));
  const SafetensorsFile file(path);
  for (const char* name : {"n", "f", "absent"}) {
    try {
      file.tensor(name);
      ADD_FAILURE() << name;
    } catch (const Error& e) {
      EXPECT_TRUE(std::string(e.what()).starts_with(path + ": ")) << e.what();
    }
  }
  EXPECT_THROW(file.text("absent"), Error);
}

TEST(Safetensors, HostileHeadersAreRefusedInOneLine) {
  const auto entry = [](const char* inside) { return "{\"a\":{" + std::string(inside) + "}}"; };
  const std::vector<std::pair<std::string, const char*>> files{
      {"", "not a safetensors file"},
      {"1234567", "not a safetensors file"},
      {std::string(8, '\xFF'), "cut short"},
      {file_of("{}").substr(0, 9), "cut short"},
      {file_of("[]"), "not a safetensors file"},
      {file_of("{"), "not valid JSON"},
      {file_of("{\"\xFF\":1}"), "not valid JSON"},
      {file_of("{} {}"), "not valid JSON"},
      {file_of(std::string(100'000, '[')), "not valid JSON"},
      {file_of(R"({"a":1})"), "header"},
      {file_of(R"({"__metadata__":{"k":1}})"), "header"},
      {file_of(R"({"a":{},"a":{}})"), "duplicate key \"a\""},
      {file_of("{}", 1), "its tensors say 0"},
      {file_of(entry(R"("dtype":"F32","shape":[1])"), 4), "header"},
      {file_of(entry(R"("dtype":"F31","shape":[1],"data_offsets":[0,4])"), 4), "F31"},
      {file_of(entry(R"("dtype":32,"shape":[1],"data_offsets":[0,4])"), 4), "header"},
      {file_of(entry(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), 4), "whole numbers"},
      {file_of(entry(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])"), 4), "whole numbers"},
      {file_of(entry(R"("dtype":"F32","shape":{"0":1},"data_offsets":[0,4])"), 4), "whole numbers"},
      {file_of(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,1e300])"), 4), "whole numbers"},
      {file_of(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,8])"), 4), "offsets"},
      {file_of(entry(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), 4), "offsets"},
      {file_of(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"), 4), "offsets"},
      {file_of(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615])"), 4),
       "offsets"},
      {file_of(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), 4), "but its shape"},
      {file_of(entry(R"("dtype":"F64","shape":[1],"data_offsets":[0,4])"), 4), "but its shape"},
      {file_of(entry(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])")),
       "larger than the file"},
      {file_of(entry(R"("dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4])"), 4),
       "larger than the file"},
      {file_of(entry(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), 8), "gap"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
               4),
       "overlap"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
               8),
       "overlap"},
  };
  for (const auto& [bytes, word] : files) {
    const auto message = message_of(bytes);
    EXPECT_NE(message.find(word), std::string::npos) << bytes.substr(0, 200) << "\n" << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

TEST(Safetensors, AFileCutAnywhereIsRefused) {
  const auto bytes = safetensors_bytes({{"b", {6}, six}, {"a", {2}, two}}, {{"x", "1"}});
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(parse(bytes.substr(0, length)), Error) << length;
}

TEST(Safetensors, MoreKeysThanAnyModelHasAreRefusedAtOnce) {
  std::string header = "{";
  for (int i = 0; i < 1'000'000; ++i) header += "\"" + std::to_string(i) + "\":0,";
  header.back() = '}';
  EXPECT_NE(message_of(file_of(header)).find("keys"), std::string::npos);
  const std::string text(200'000, ':');  // colons in a text are no keys
  EXPECT_EQ(parse(safetensors_bytes({}, {{"x", text + "\"\\" + text}})).metadata.size(), 1U);
}

TEST(Safetensors, AFileNamesItselfInItsErrors) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  write_file(path, "not a model at all");
  for (const auto& bad : {path, folder / "absent", std::string(folder / "")}) {
    try {
      const SafetensorsFile file(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_TRUE(std::string(e.what()).starts_with(bad + ": ")) << e.what();
    }
  }
}

TEST(Safetensors, WhatNoReaderWouldTakeIsNotWritten) {
  EXPECT_THROW(safetensors_bytes({{"a", {2}, two}, {"a", {2}, two}}, {}), std::invalid_argument);
  EXPECT_THROW(safetensors_bytes({{"__metadata__", {2}, two}}, {}), std::invalid_argument);
  EXPECT_THROW(safetensors_bytes({{"a", {3}, two}}, {}), std::invalid_argument);
  EXPECT_THROW(safetensors_bytes({{"a", {1}, two}}, {}), std::invalid_argument);
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  EXPECT_THROW(write_safetensors(path, {}, {{"x", std::string(17 << 20, '.')}}), Error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace twinear
