// SPDX-License-Identifier: Apache-2.0
#include "clips/npy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/files.h"
#include "temporary_folder.h"
#include "twinear/error.h"

namespace twinear {
namespace {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// A file by hand, of version 1 or of a later one with its longer length.
std::string file_of(const std::string& header, const std::string& data, char version = 1) {
  std::string length{static_cast<char>(header.size() & 0xFF),
                     static_cast<char>(header.size() >> 8)};
  if (version > 1) length += std::string(2, '\0');
  return std::string("\x93NUMPY") + version + '\0' + length + header + data;
}

Matrix parse(const std::string& bytes) { return parse_npy(std::as_bytes(std::span(bytes))); }

Matrix counted(std::size_t rows, std::size_t cols) {
  Matrix m(rows, cols);
  float next = 0.5F;
  for (float& v : m.values()) v = next++;
  return m;
}

TEST(Npy, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  for (const auto& m : {counted(98, 80), counted(1, 1), counted(0, 80), counted(3, 1234)}) {
    write_npy(folder / "a.npy", m);
    EXPECT_EQ(read_npy(folder / "a.npy"), m);
  }
}

// The bytes that numpy.save writes for numpy.float32([[0.5, 1.5]]).
TEST(Npy, WritesTheBytesOfNumpy) {
  const TemporaryFolder folder;
  write_npy(folder / "a.npy", counted(1, 2));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  header += std::string(128 - 10 - header.size() - 1, ' ') + "\n";
  EXPECT_EQ(read_file(folder / "a.npy"), file_of(header, bytes_of<float>({0.5F, 1.5F})));
}

TEST(Npy, ReadsDoublesLaterVersionsAndKeysInAnyOrder) {
  EXPECT_EQ(parse(file_of("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }\n",
                          bytes_of<double>({0.5, 1.5}))),
            counted(1, 2));
  for (const char version : {'\1', '\2', '\3'})
    EXPECT_EQ(parse(file_of("{'shape':(2,1),'descr':'<f4','fortran_order':False}",
                            bytes_of<float>({0.5F, 1.5F}), version)),
              counted(2, 1));
}

TEST(Npy, AnythingElseIsRefusedInOneLine) {
  const std::string four(16, '\0');
  const auto described = [&](const char* descr, const char* order, const char* shape) {
    return file_of(std::string("{'descr': '") + descr + "', 'fortran_order': " + order +
                       ", 'shape': " + shape + ", }\n",
                   four);
  };
  EXPECT_EQ(parse(described("<f4", "False", "(2, 2)")), Matrix(2, 2));
  const std::vector<std::pair<std::string, const char*>> files{
      {"", "not a .npy file"},
      {"RIFF....WAVE", "not a .npy file"},
      {"\x93NUMPY\x01", "not a .npy file"},
      {file_of("{'descr': '<f4'", "").substr(0, 20), "cut short"},
      {described("<i2", "False", "(2, 4)"), "<i2"},
      {described(">f4", "False", "(2, 2)"), ">f4"},
      {described("<f4", "True", "(2, 2)"), "Fortran"},
      {described("<f4", "False", "(4,)"), "shape (4)"},
      {described("<f4", "False", "()"), "shape ()"},
      {described("<f4", "False", "(1, 2, 2)"), "shape (1, 2, 2)"},
      {described("<f4", "False", "(4, 0)"), "shape (4, 0)"},
      {described("<f4", "False", "(2, 3)"), "16 bytes"},
      {described("<f4", "False", "(1, 2)"), "16 bytes"},
      {described("<f4", "False", "(4611686018427387905, 4)"), "16 bytes"},
      {described("<f4", "False", "(-2, 2)"), "not valid"},
      {described("<f4", "False", "(99999999999999999999, 2)"), "not valid"},
      {described("<f4", "False", "(2, 2"), "not valid"},
      {described("<f4", "", "(2, 2)"), "not valid"},
      {file_of("", four), "not valid"},
      {file_of("{", four), "not valid"},
      {file_of("{'descr", four), "not valid"},
      {file_of("{'descr': '<f4', 'more': 1}", four), "not valid"},
      {file_of("{'descr': '<f4' 'shape': (2, 2)}", four), "not valid"},
      {file_of("{'shape': (2, 2), 'fortran_order': False}", four), "type"},
      {file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4)}", four + "."),
       "17 bytes"},
  };
  for (const auto& [bytes, word] : files) {
    try {
      parse(bytes);
      ADD_FAILURE() << bytes;
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::format);
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << bytes << "\n" << e.what();
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    }
  }
}

TEST(Npy, AFileNamesItselfInItsErrors) {
  const TemporaryFolder folder;
  write_file(folder / "a.npy", "text");
  for (const auto& path : {folder / "a.npy", folder / "absent.npy"}) {
    try {
      read_npy(path);
      ADD_FAILURE() << path;
    } catch (const Error& e) {
      EXPECT_TRUE(std::string(e.what()).starts_with(path + ": ")) << e.what();
    }
  }
}

TEST(NpyWriter, RowsInPartsMakeTheSameFile) {
  const TemporaryFolder folder;
  const Matrix all = counted(1000, 3);
  write_npy(folder / "whole.npy", all);
  NpyWriter writer(folder / "parts.npy", 3);
  for (std::size_t begin = 0; begin < 1000; begin += 250) {
    Matrix part(250, 3);
    std::ranges::copy(all.values().subspan(3 * begin, 750), part.values().begin());
    writer.append(part);
  }
  EXPECT_EQ(writer.finish(), 1000U);
  EXPECT_EQ(read_file(folder / "parts.npy"), read_file(folder / "whole.npy"));
}

TEST(NpyWriter, ADiskThatIsFullIsTold) {
  try {
    NpyWriter writer("/dev/full", 80);
    writer.append(Matrix(10000, 80));
    writer.finish();
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::io);
    EXPECT_STREQ(e.what(), "/dev/full: No space left on device");
  }
}

}  // namespace
}  // namespace twinear
