// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/expect_error.h"
#include "base/threads.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

TEST(WriteFile, WhatIsWrittenReadsBack) {
  const TemporaryFolder folder;
  std::string bytes(300000, 'x');
  bytes[7] = '\0';
  write_file(folder / "f", bytes);
  EXPECT_EQ(read_file(folder / "f"), bytes);
  write_file(folder / "f", "");
  EXPECT_EQ(read_file(folder / "f"), "");
  EXPECT_EQ(folder.names(), std::set<std::string>{"f"});
}

TEST(WriteFile, AWriterThatFailsLeavesTheOldFileAndNothingElse) {
  const TemporaryFolder folder;
  write_file(folder / "f.wav", "old");
  expect_error(
      [&] {
        write_file_by(folder / "f.wav", [](const std::string& temporary) {
          put(temporary, "half of the n");
          throw Error(Fault::io, temporary + ": disk full");
        });
      },
      Fault::io, folder / "f.wav: disk full");
  EXPECT_THROW(write_file_by(folder / "f.wav",
                             [](const std::string& temporary) {
                               put(temporary, "half");
                               throw std::runtime_error("a bug");
                             }),
               std::runtime_error);
  EXPECT_EQ(read_file(folder / "f.wav"), "old");
  EXPECT_EQ(folder.names(), std::set<std::string>{"f.wav"});
}

TEST(WriteFile, TheDestinationIsOldUntilTheWriterIsDone) {
  const TemporaryFolder folder;
  write_file(folder / "f.wav", "old");
  write_file_by(folder / "f.wav", [&](const std::string& temporary) {
    EXPECT_EQ(folder.names(), std::set<std::string>{"f.wav"});  // a kill would leave nothing
    put(temporary, "new");
    EXPECT_EQ(read_file(folder / "f.wav"), "old");
  });
  EXPECT_EQ(read_file(folder / "f.wav"), "new");
}

TEST(WriteFile, OfManyWritersOneWinsWhole) {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  parallel_for(32, [&](std::size_t i) {
    const auto c = static_cast<char>('a' + i % 26);
    write_file(path, std::string(200000, c));
    const std::string found = read_file(path);
    EXPECT_EQ(found, std::string(200000, found[0]));
  });
  EXPECT_EQ(folder.names(), std::set<std::string>{"file"});
}

TEST(WriteFile, NamesWhatCannotBeWritten) {
  const TemporaryFolder folder;
  expect_error([&] { write_file(folder / "no/f", "x"); }, Fault::io,
               folder / "no/f: No such file or directory");
  std::filesystem::create_directory(folder / "sub");
  expect_error([&] { write_file(folder / "sub", "x"); }, Fault::io, folder / "sub: is a folder");
  EXPECT_EQ(folder.names(), std::set<std::string>{"sub"});
}

TEST(WriteFile, ANameMayBeAsLongAsTheSystemTakes) {
  const TemporaryFolder folder;
  const std::string longest = folder / (std::string(251, 'n') + ".wav");
  write_file(longest, "x");
  EXPECT_EQ(read_file(longest), "x");
  for (const std::size_t length : {256U, 5000U}) {
    const std::string too_long = folder / std::string(length, 'n');
    expect_error([&] { write_file(too_long, "x"); }, Fault::io, too_long + ": File name too long");
  }
  EXPECT_EQ(folder.names().size(), 1U);
}

TEST(ReadFile, NamesWhatCannotBeRead) {
  const TemporaryFolder folder;
  expect_error([&] { read_file(folder / "none"); }, Fault::io,
               folder / "none: No such file or directory");
  expect_error([&] { read_file(folder / ""); }, Fault::io, folder / ": is a folder");
  write_file(folder / "f", "12345");
  EXPECT_EQ(read_file(folder / "f", 5), "12345");
  expect_error([&] { read_file(folder / "f", 4); }, Fault::io,
               folder / "f: expected at most 4 bytes, found more");
  expect_error([&] { read_file("/dev/zero", 100000); }, Fault::io,
               "/dev/zero: expected at most 100000 bytes, found more");
}

TEST(FileMap, ShowsTheBytes) {
  const TemporaryFolder folder;
  write_file(folder / "f", "abc");
  const FileMap map(folder / "f");
  ASSERT_EQ(map.bytes().size(), 3U);
  EXPECT_EQ(map.bytes()[2], std::byte{'c'});
  write_file(folder / "empty", "");
  EXPECT_TRUE(FileMap(folder / "empty").bytes().empty());
  expect_error([&] { FileMap(folder / "none"); }, Fault::io,
               folder / "none: No such file or directory");
  expect_error([&] { FileMap(folder / ""); }, Fault::io, folder / ": is a folder");
}

TEST(Beside, JoinsTheFolderWithWhatIsRelative) {
  EXPECT_EQ(beside("corpus/train.csv", "wav/a.wav"), "corpus/wav/a.wav");
  EXPECT_EQ(beside("train.csv", "a.wav"), "a.wav");
  EXPECT_EQ(beside("corpus/train.csv", "/data/a.wav"), "/data/a.wav");
}

// The vectors of the authors' page (isthe.com/chongo/tech/comp/fnv).
TEST(Hash, IsFnv1a) {
  EXPECT_EQ(hash(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(hash("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(hash("foobar"), 0x85944171f73967e8ULL);
  EXPECT_EQ(hash("bar", hash("foo")), hash("foobar"));
  EXPECT_EQ(hex(0xbeef), "000000000000beef");
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode;
}

TEST(WriteFile, KeepsThePermissionsOfTheOldFile) {
  const TemporaryFolder folder;
  for (const mode_t mode : {0600U, 0640U, 0444U, 0777U}) {
    write_file(folder / "f", "old");
    ASSERT_EQ(::chmod((folder / "f").c_str(), mode), 0);
    write_file(folder / "f", "new");
    EXPECT_EQ(mode_of(folder / "f") & 07777U, mode);
    EXPECT_EQ(read_file(folder / "f"), "new");
  }
}

TEST(WriteFile, WritesWhereALinkLeads) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sub");
  write_file(folder / "sub/real", "old");
  std::filesystem::create_symlink("sub/real", folder / "one");
  std::filesystem::create_symlink("one", folder / "two");
  std::filesystem::create_symlink("sub/new", folder / "dangling");
  write_file(folder / "two", "new");
  write_file(folder / "dangling", "born");
  EXPECT_EQ(read_file(folder / "sub/real"), "new");
  EXPECT_EQ(read_file(folder / "sub/new"), "born");
  for (const char* link : {"one", "two", "dangling"})
    EXPECT_TRUE(S_ISLNK(mode_of(folder / link))) << link;
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_THROW(write_file(folder / "loop", "x"), Error);
}

TEST(WriteFile, WritesThroughWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string heard;
  std::thread reader([&] { heard = read_file(pipe); });
  write_file(pipe, std::string(200000, 'x'));
  reader.join();
  EXPECT_EQ(heard, std::string(200000, 'x'));
  EXPECT_TRUE(S_ISFIFO(mode_of(pipe)));
  const mode_t before = mode_of("/dev/null");
  write_file("/dev/null", "x");
  EXPECT_EQ(mode_of("/dev/null"), before);
  EXPECT_EQ(folder.names(), std::set<std::string>{"pipe"});
}

TEST(WriteFile, AnOpenFileOfTheSystemKeepsItsInode) {
  const TemporaryFolder folder;
  write_file(folder / "f", "old");
  const int open_file = ::open((folder / "f").c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  ASSERT_GE(open_file, 0);
  write_file("/dev/fd/" + std::to_string(open_file), "through");
  write_file("/proc/self/fd/" + std::to_string(open_file), " and on");  // not over what is there
  ::close(open_file);
  EXPECT_EQ(read_file(folder / "f"), "through and on");
}

TEST(WriteFile, AHyphenIsNoFile) {
  expect_error([] { write_file("-", "x"); }, Fault::config,
               "-: expected a file; one of this name is called ./-");
}

TEST(WriteFile, ANameThatIsTooLongIsAnErrorLikeAnother) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_file(folder / std::string(5000, 'x'), "x"), Error);
}

}  // namespace
}  // namespace twinear
