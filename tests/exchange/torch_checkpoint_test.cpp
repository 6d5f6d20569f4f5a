// SPDX-License-Identifier: Apache-2.0
#include "exchange/torch_checkpoint.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <cmath>

#include "base/expect_error.h"
#include "base/files.h"
#include "exchange/pickle.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

using namespace std::string_literals;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void expect_refused(const std::string& pickle, const std::string& told) {
  const std::vector<std::string_view> allowed{"collections OrderedDict"};
  expect_error([&] { parse_pickle(bytes_of("\x80\x02"s + pickle), allowed); }, Fault::format,
               "pickle: " + told);
}

TEST(Pickle, IsATableOfValues) {
  const std::vector<std::string_view> allowed{"collections OrderedDict"};
  const Pickle pickle = parse_pickle(
      bytes_of("\x80\x02"
               "ccollections\nOrderedDict\nq\x01)R(X\x01\0\0\0aJ\xff\xff\xff\xffX\x01\0\0\0b"
               "G\x3f\xf8\0\0\0\0\0\0u."s),
      allowed);
  const auto& root = pickle.at(pickle.root);
  ASSERT_EQ(root.kind, Pickle::Kind::call);
  ASSERT_EQ(root.items.size(), 6U);
  EXPECT_EQ(pickle.at(root.items[0]).text, "collections OrderedDict");
  EXPECT_EQ(pickle.at(root.items[2]).text, "a");
  EXPECT_EQ(pickle.at(root.items[3]).whole, -1);
  EXPECT_EQ(pickle.at(root.items[5]).real, 1.5);
}

TEST(Pickle, CallsNothing) {
  expect_refused("cposix\nsystem\n(X\x04\0\0\0touchtR."s,
                 "global \"posix.system\" is not allowed in a checkpoint");
  expect_refused("cbuiltins\neval\n.", "global \"builtins.eval\" is not allowed in a checkpoint");
  expect_refused("(iposix\nsystem\n.", "opcode 0x69 is not allowed in a checkpoint");  // INST
  expect_refused("(cposix\nsystem\no.", "global \"posix.system\" is not allowed*");    // OBJ
  expect_refused("ccollections\nOrderedDict\n)\x81.", "opcode 0x81 is not allowed*");  // NEWOBJ
  expect_refused("X\x05\0\0\0posixX\x06\0\0\0system\x93."s,
                 "opcode 0x93 is not allowed*");  // STACK_GLOBAL
  expect_refused("X\x01\0\0\0a)R."s, "it calls a value that is not a name");
  expect_refused("}}b.",
                 "it appends to a value that takes no items");  // attributes of a plain dict
}

TEST(Pickle, HostileBytesAreRefused) {
  expect_refused("", "it ends in the middle of a value");
  expect_refused("X\xff\xff\xff\xff", "it ends in the middle of a value");
  expect_refused(".", "it takes a value from an empty stack");
  expect_refused("(.", "it takes a value from an empty stack");
  expect_refused("t.", "it needs a mark that is not set");
  expect_refused("h\x05.", "it reads memo entry 5 before it is set");
  expect_refused("}NNNe.", "it needs a mark that is not set");
  expect_refused("}(Nu.", "a key has no value");
  expect_refused("\x8a\x09", "a number has more than 64 bits");
  expect_refused(std::string(5 << 20, 'N'), "it has 5242882 bytes; at most 4194304 are read");
  expect_refused(std::string(2 << 20, 'N'), "it has more than 1048576 values");
  expect_error([&] { parse_pickle(bytes_of("N."), {}); }, Fault::format,
               "pickle: it does not begin with protocol 2");
  expect_error([&] { parse_pickle(bytes_of("\x80\x04N."), {}); }, Fault::format,
               "pickle: expected protocol 2, found 4");
}

struct Entry {
  std::string name, bytes;
  zip_int32_t method = ZIP_CM_STORE;
  bool encrypted = false;
};

/// A zip archive of these entries.
std::string archive(const std::vector<Entry>& entries) {
  const TemporaryFolder folder;
  zip_t* zip = zip_open((folder / "z").c_str(), ZIP_CREATE, nullptr);
  for (const Entry& entry : entries) {
    zip_source_t* source = zip_source_buffer(zip, entry.bytes.data(), entry.bytes.size(), 0);
    const auto index =
        static_cast<zip_uint64_t>(zip_file_add(zip, entry.name.c_str(), source, ZIP_FL_ENC_GUESS));
    zip_set_file_compression(zip, index, entry.method, 0);
    if (entry.encrypted) zip_file_set_encryption(zip, index, ZIP_EM_AES_256, "secret");
  }
  EXPECT_EQ(zip_close(zip), 0);
  return read_file(folder / "z");
}

/// A state dict of one tensor of floats "w".
std::string pickle_of(const std::string& offset, const std::string& shape,
                      const std::string& strides, const std::string& elements = "K\x04",
                      const std::string& key = "0") {
  return "\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage"s
         "ctorch\nFloatStorage\nX\x01\0\0\0"s +
         key + "X\x03\0\0\0cpu"s + elements + "tQ" + offset + shape + strides + "\x89}tRs."s;
}

std::string checkpoint_of(const std::string& pickle) {
  return archive({{"m/data.pkl", pickle}, {"m/data/0", std::string(16, '\0')}});
}

void expect_checkpoint_refused(const std::string& bytes, const std::string& told) {
  expect_error([&] { TorchCheckpoint checkpoint(bytes_of(bytes)); }, Fault::format, told);
}

TEST(TorchCheckpoint, ReadsEveryKindAndLayoutOfFloats) {
  const std::string bytes = read_file(TWINEAR_SOURCE_DIR "/tests/golden/published/kinds.ckpt");
  const TorchCheckpoint checkpoint(bytes_of(bytes));
  const auto values = [&](const char* name) { return checkpoint.values(*checkpoint.find(name)); };
  std::vector<float> numbers;
  for (int i = -6; i < 6; ++i) numbers.push_back(static_cast<float>(i) / 8);
  for (const char* name : {"float", "double", "half", "bfloat16", "parameter"})
    EXPECT_EQ(values(name), numbers) << name;
  EXPECT_EQ(values("tail"), std::vector(numbers.begin() + 4, numbers.end()));
  EXPECT_EQ(values("column"), (std::vector{numbers[2], numbers[6], numbers[10]}));
  EXPECT_EQ(checkpoint.find("transposed")->shape, (std::vector<std::size_t>{4, 3}));
  EXPECT_EQ(values("transposed")[1], numbers[4]);
  EXPECT_EQ(values("scalar"), std::vector{0.5F});
  EXPECT_TRUE(values("empty").empty());
  EXPECT_EQ(values("tiny"), (std::vector<float>{0x1p-24F, -0x1p-14F, 65504.0F, INFINITY}));
  EXPECT_EQ(checkpoint.find("whole")->storage, "LongStorage");
  expect_error([&] { values("whole"); }, Fault::format,
               "\"whole\": expected numbers in floats, found a LongStorage");
  EXPECT_EQ(checkpoint.find("missing"), nullptr);
}

TEST(TorchCheckpoint, OneThatCallsSomethingIsRefused) {
  const std::string bytes =
      read_file(TWINEAR_SOURCE_DIR "/tests/golden/published/calls_system.ckpt");
  expect_checkpoint_refused(bytes,
                            "pickle: global \"posix.system\" is not allowed in a checkpoint");
}

/// A dict that holds `pickle`, a state dict, beside a count, under `key`.
std::string wrapped(const std::string& pickle, const std::string& key) {
  const auto text = [](const std::string& t) {
    return "X"s + static_cast<char>(t.size()) + "\0\0\0"s + t;
  };
  return "\x80\x02}"s + text("epoch") + "K\x03s"s + text(key) +
         pickle.substr(2, pickle.size() - 3) + "s."s;
}

TEST(TorchCheckpoint, IsFoundInADictThatHoldsMore) {
  const std::string plain = pickle_of("K\0"s, "K\x04\x85", "K\x01\x85");
  for (const char* key : {"state_dict", "model_state_dict", "model"}) {
    const std::string bytes = checkpoint_of(wrapped(plain, key));
    const TorchCheckpoint checkpoint(bytes_of(bytes));
    ASSERT_EQ(checkpoint.tensors().size(), 1U) << key;
    EXPECT_EQ(checkpoint.values(*checkpoint.find("w")), std::vector<float>(4)) << key;
  }
  expect_checkpoint_refused(checkpoint_of(wrapped(plain, "other")),
                            "\"epoch\": it is not a tensor; expected a state dict of tensors");
}

TEST(TorchCheckpoint, WhoseNamesAllBeginWithModuleLosesThat) {
  std::string pickle = pickle_of("K\0"s, "K\x04\x85", "K\x01\x85");
  pickle.replace(pickle.find("X\x01\0\0\0w"s), 6, "X\x08\0\0\0module.w"s);
  const std::string bytes = checkpoint_of(pickle);
  EXPECT_NE(TorchCheckpoint(bytes_of(bytes)).find("w"), nullptr);
}

TEST(TorchCheckpoint, TensorsLieInTheirStorage) {
  const std::string four = "K\x04\x85", one = "K\x01\x85", none = "K\0"s;
  const auto refuse = [](const std::string& pickle, const std::string& told) {
    expect_checkpoint_refused(checkpoint_of(pickle), "\"w\": " + told);
  };
  const std::string good = checkpoint_of(pickle_of(none, four, one));
  EXPECT_EQ(TorchCheckpoint(bytes_of(good)).tensors().size(), 1U);
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"s;  // 2^63 - 1
  refuse(pickle_of(none, "K\x05\x85", one), "it has more elements than its storage");
  refuse(pickle_of(none, huge + "\x85", "K\0\x85"s), "it has more elements than its storage");
  refuse(pickle_of(none, huge + huge + "\x86", "K\x01K\x01\x86"),
         "it has more elements than its storage");
  refuse(pickle_of("K\x01", four, one), "it reaches beyond its storage");
  refuse(pickle_of(huge, four, one), "it reaches beyond its storage");
  refuse(pickle_of(none, four, "K\x02\x85"), "it reaches beyond its storage");
  refuse(pickle_of(none, four, huge + "\x85"), "it reaches beyond its storage");
  refuse(pickle_of(none, "K\x02K\x02\x86", one),
         "expected a stride for each of 2 dimensions, found 1");
  refuse(pickle_of("J\xff\xff\xff\xff", four, one),
         "expected a whole number of at least 0 as each size");
  refuse(pickle_of(none, four, "J\xff\xff\xff\xff\x85"),
         "expected a whole number of at least 0 as each size");
  refuse(pickle_of(none, four, one, "K\x05"),
         "expected a storage of 5 elements of 4 bytes, found 16 bytes");
  refuse(pickle_of(none, four, one, "K\x04", "9"), "the archive has no entry \"m/data/9\"");
}

TEST(TorchCheckpoint, HostileArchivesAreRefused) {
  const std::string good = pickle_of("K\0"s, "K\x04\x85", "K\x01\x85"), data(16, '\0');
  expect_checkpoint_refused("", "it is not a checkpoint of torch.save: *");
  expect_checkpoint_refused("PK\x03\x04 and no more", "it is not a checkpoint of torch.save: *");
  expect_checkpoint_refused(archive({{"m/weights", data}}),
                            "it is not a checkpoint of torch.save: 0 entries are called data.pkl");
  expect_checkpoint_refused(archive({{"m/data.pkl", good}, {"n/data.pkl", good}}),
                            "it is not a checkpoint of torch.save: 2 entries are called data.pkl");
  const std::string bomb(1 << 20, '\0');
  expect_checkpoint_refused(
      archive({{"m/data.pkl", good}, {"m/data/0", bomb, ZIP_CM_DEFLATE}}),
      "entry \"m/data/0\" is compressed or encrypted; torch.save does neither");
  expect_checkpoint_refused(
      archive({{"m/data.pkl", good}, {"m/data/0", data, ZIP_CM_STORE, true}}),
      "entry \"m/data/0\" is compressed or encrypted; torch.save does neither");
  expect_checkpoint_refused(
      archive({{"m/data.pkl", good}, {"m/data/0", data}, {"m/byteorder", "big"}}),
      "its numbers are not little-endian");
  std::string twice = archive({{"m/data.pkl", good}, {"m/data/0", data}, {"m/data/1", data}});
  for (auto at = twice.find("m/data/1"); at != std::string::npos; at = twice.find("m/data/1"))
    twice[at + 7] = '0';
  expect_checkpoint_refused(twice, "it is not a checkpoint of torch.save: *");
  std::string damaged = checkpoint_of(good);
  damaged[damaged.find("storage")] = 'S';
  expect_checkpoint_refused(damaged, "entry \"m/data.pkl\" is damaged");
}

}  // namespace
}  // namespace twinear
