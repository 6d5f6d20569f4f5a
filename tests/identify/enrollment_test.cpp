// SPDX-License-Identifier: Apache-2.0
#include "twinear/enrollment.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <set>
#include <thread>

#include "base/expect_error.h"
#include "base/files.h"
#include "base/random.h"
#include "temporary_folder.h"

namespace twinear {
namespace {

const std::string model = "0123456789abcdef";

std::vector<float> direction(unsigned identity, unsigned clip, double spread = 0.3,
                             std::size_t width = 24) {
  Random own(1, Purpose::test, identity), of_clip(2, Purpose::test, identity, clip);
  std::vector<float> v(width);
  for (float& x : v) x = static_cast<float>(own.normal() + spread * of_clip.normal());
  return v;
}

ClipEmbedding clip(unsigned identity, unsigned number) {
  return {.embedding = direction(identity, number),
          .source = "clips/" + std::to_string(number) + ".wav",
          .seconds = 1.5 + number};
}

std::string name(unsigned identity) { return "voice " + std::to_string(identity); }

/// Other programs' view of the file.
void sql(const std::string& path, const std::string& text) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(connection, text.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
  sqlite3_close(connection);
}

/// Whom the database finds at this score or a higher one.
std::optional<Match> best_of(const Enrollment& people, const std::vector<float>& embedding,
                             double threshold) {
  Matrix one(1, embedding.size());
  std::ranges::copy(embedding, one.values().begin());
  const auto best = people.rank(one, 1).front();
  if (best.empty() || best.front().score < threshold) return std::nullopt;
  return best.front();
}

class EnrollmentTest : public ::testing::Test {
 protected:
  void fill(Enrollment& people, unsigned identities, unsigned clips = 3) const {
    for (unsigned i = 0; i < identities; ++i)
      for (unsigned c = 0; c < clips; ++c) {
        const ClipEmbedding one = clip(i, c);
        EXPECT_EQ(people.enroll(name(i), std::span(&one, 1)), 1u);
      }
  }
  TemporaryFolder folder;
  const std::string path = folder / "people.sqlite";
};
using Enrollments = EnrollmentTest;

TEST_F(Enrollments, KnowsAgainWhomItWasToldOf) {
  Enrollment people(path, model);
  fill(people, 20);
  for (unsigned i = 0; i < 20; ++i) {
    const auto who = best_of(people, direction(i, 99), 0.5);
    ASSERT_TRUE(who);
    EXPECT_EQ(who->name, name(i));
    EXPECT_DOUBLE_EQ(who->seconds, 1.5 + 2.5 + 3.5);
  }
  EXPECT_FALSE(best_of(people, direction(77, 0), 0.9));
}

TEST_F(Enrollments, ComparesWithTheMeanOfUnitVectors) {
  Enrollment people(path, model);
  people.enroll("ada", std::vector<float>{10, 0, 0});  // lengths do not weigh
  people.enroll("ada", std::vector<float>{0, 0.1F, 0});
  people.enroll("bob", std::vector<float>{0, 0, 1});
  const auto who = best_of(people, std::vector<float>{2, 2, 0}, 0.999);
  ASSERT_TRUE(who);
  EXPECT_NEAR(who->score, 1, 1e-6);
  Matrix query(1, 3);
  query.row(0)[0] = 3;
  const auto ranked = people.rank(query, 5)[0];
  ASSERT_EQ(ranked.size(), 2u);
  EXPECT_NEAR(ranked[0].score, std::sqrt(0.5), 1e-6);
  EXPECT_EQ(ranked[1].name, "bob");
}

TEST_F(Enrollments, NobodyIsKnownToAnEmptyOne) {
  Enrollment people(path, model);
  EXPECT_FALSE(best_of(people, direction(0, 0), -1));
  EXPECT_TRUE(people.list().empty());
  EXPECT_EQ(people.enroll("ada", std::span<const ClipEmbedding>()), 0u);
  EXPECT_TRUE(people.list().empty());
}

TEST_F(Enrollments, EqualOnesStandByName) {
  Enrollment people(path, model);
  for (const char* who : {"dan", "ada", "cem", "bob"}) people.enroll(who, direction(0, 0));
  Matrix query(1, 24);
  std::ranges::copy(direction(0, 1), query.row(0).begin());
  std::string order;
  const auto ranked = people.rank(query, 3);
  for (const auto& match : ranked[0]) order += match.name + " ";
  EXPECT_EQ(order, "ada bob cem ");
}

TEST_F(Enrollments, AClipCountsOnce) {
  Enrollment people(path, model);
  const ClipEmbedding both[] = {clip(0, 0), clip(0, 1)};
  EXPECT_EQ(people.enroll("ada", both), 2u);
  EXPECT_EQ(people.enroll("ada", both), 0u);
  EXPECT_EQ(people.enroll("bob", both), 2u);
  EXPECT_EQ(people.list(), (std::vector<Identity>{{"ada", 2, 4.0}, {"bob", 2, 4.0}}));
  EXPECT_EQ(people.find("bob"), (Identity{"bob", 2, 4.0}));
  EXPECT_EQ(people.find("cem"), std::nullopt);
}

TEST_F(Enrollments, EndsAndBeginsAgainWhereItWas) {
  {
    Enrollment people(path, model);
    fill(people, 3);
  }
  const Enrollment people(path);
  EXPECT_EQ(people.model_id(), model);
  EXPECT_EQ(people.list().size(), 3u);
  EXPECT_TRUE(best_of(people, direction(1, 9), 0.5));
}

TEST_F(Enrollments, OneSeesWhatAnotherWrites) {
  Enrollment writer(path, model);
  const Enrollment reader(path);
  EXPECT_FALSE(best_of(reader, direction(0, 0), 0.5));
  writer.enroll("ada", direction(0, 0));
  EXPECT_EQ(best_of(reader, direction(0, 0), 0.5)->name, "ada");
  writer.remove("ada");
  EXPECT_FALSE(best_of(reader, direction(0, 0), 0.5));
}

TEST_F(Enrollments, WhoIsRemovedLeavesNothingBehind) {
  const std::vector<float> voice = direction(1, 0);
  const std::string bytes(reinterpret_cast<const char*>(voice.data()), voice.size() * 4);
  const auto holds = [&](const std::string& file) {
    return std::filesystem::exists(file) && read_file(file).find(bytes) != std::string::npos;
  };
  Enrollment people(path, model);
  people.enroll("bob", direction(0, 0));
  people.enroll("ada", voice);
  EXPECT_TRUE(holds(path));
  EXPECT_TRUE(people.remove("ada"));
  EXPECT_FALSE(people.remove("ada"));
  EXPECT_FALSE(holds(path));
  EXPECT_EQ(people.list(), (std::vector<Identity>{{"bob", 1, 0}}));
}

TEST_F(Enrollments, OnlyItsOwnerReadsANewFileAndReadersLeaveNothingBesideIt) {
  Enrollment writer(path, model);
  writer.enroll("ada", direction(0, 0));
  const Enrollment reader(path);
  EXPECT_TRUE(best_of(reader, direction(0, 0), 0.5));
  const std::filesystem::path file(path);
  EXPECT_EQ(folder.names(), std::set<std::string>{file.filename()});
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

/// Whether another user than root, who may not write the file or its folder, finds one identity.
bool a_stranger_can_read(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t nobody = 65534;
    if (::getuid() == 0 && ::setuid(nobody) != 0) ::_exit(3);
    try {
      ::_exit(Enrollment(path).list().size() == 1 ? 0 : 1);
    } catch (const std::exception& e) {
      fprintf(stderr, "%s\n", e.what());
      ::_exit(2);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(Enrollments, CanBeAskedWhereNothingCanBeWritten) {
  using std::filesystem::perms;
  const std::filesystem::path home = std::filesystem::path(path).parent_path();
  { Enrollment(path, model).enroll("ada", direction(0, 0)); }
  for (const char* journal : {"PRAGMA journal_mode = DELETE", "PRAGMA journal_mode = WAL"}) {
    sql(path, journal);  // a log was kept by earlier versions
    std::filesystem::permissions(path, perms{0444});
    std::filesystem::permissions(home, perms{0555});
    EXPECT_TRUE(a_stranger_can_read(path)) << journal;
    std::filesystem::permissions(home, perms{0755});
    std::filesystem::permissions(path, perms{0644});
    EXPECT_EQ(folder.names().size(), 1U) << journal;
  }
  Enrollment(path, model).enroll("bob", direction(1, 0));  // gives up the log
  EXPECT_EQ(folder.names().size(), 1U);
}

TEST_F(Enrollments, AnotherModelIsRefused) {
  { Enrollment(path, model).enroll("ada", direction(0, 0)); }
  expect_error([&] { Enrollment(path, "fedcba9876543210"); }, Fault::mismatch,
               path +
                   ": its embeddings are of the model 0123456789abcdef, not of "
                   "fedcba9876543210");
  expect_error([&] { Enrollment(path, model).enroll("bob", direction(1, 0, 0, 7)); },
               Fault::mismatch, path + ": an embedding of 7 numbers; expected 24");
}

TEST_F(Enrollments, AnEmbeddingOfAnotherWidthIsRefused) {
  Enrollment people(path, model);
  people.enroll("ada", direction(0, 0));
  expect_error([&] { best_of(people, direction(0, 0, 0, 25), 0); }, Fault::mismatch,
               path + ": an embedding of 25 numbers; expected 24");
}

TEST_F(Enrollments, AMeanIsNotPoisoned) {
  Enrollment people(path, model);
  fill(people, 2);
  const auto before = people.list();
  auto nan = direction(0, 5);
  nan[3] = std::numeric_limits<float>::quiet_NaN();
  expect_error([&] { people.enroll("voice 0", nan); }, Fault::numeric,
               "voice 0: its embedding has a value that is not finite");
  expect_error([&] { people.enroll("voice 0", std::vector<float>(24)); }, Fault::numeric,
               "voice 0: its embedding is zero*");
  ClipEmbedding bad[] = {clip(0, 7), clip(0, 8)};
  bad[1].error = Error(Fault::format, "clips/8.wav: clipped");
  expect_error([&] { people.enroll("voice 0", bad); }, Fault::format, "clips/8.wav: clipped");
  EXPECT_EQ(people.list(), before);  // not the good one of the two either
  bad[1].error.reset();
  EXPECT_EQ(people.enroll("voice 0", bad), 2u);
}

TEST_F(Enrollments, HostileNames) {
  Enrollment people(path, model);
  const auto v = direction(0, 0);
  for (const std::string& bad :
       {std::string(), std::string("a\nb"), std::string("\x1b[31m"), std::string("\xff\xfe"),
        std::string("\xc3"), std::string("\xed\xa0\x80"), std::string("\xc2\x9b"),
        std::string("a\0b", 3), std::string(256, 'x')}) {
    EXPECT_THROW(people.enroll(bad, v), Error) << bad;
    EXPECT_FALSE(people.remove(bad));
  }
  EXPECT_TRUE(people.list().empty());
  for (const char* good : {"'; DROP TABLE clip; --", "Zoë", "名前", "../..", " ", "unknown", "?1"})
    EXPECT_EQ(people.enroll(good, v), 1u) << good;
  EXPECT_EQ(people.enroll(std::string(255, 'x'), v), 1u);
  EXPECT_EQ(people.list().size(), 8u);
}

TEST_F(Enrollments, ASourceThatIsNotUtf8IsStillReadable) {
  Enrollment people(path, model);
  ClipEmbedding one = clip(0, 0);
  one.source = "caf\xe9.wav";
  people.enroll("ada", std::span(&one, 1));
  people.export_to(folder / "e.safetensors");
  EXPECT_NE(read_file(folder / "e.safetensors").find("caf\xef\xbf\xbd.wav"), std::string::npos);
}

TEST_F(Enrollments, WhatIsExportedAndImportedIsExportedAsTheSameBytes) {
  {
    Enrollment people(path, model);
    for (const unsigned i : {3, 1, 2})
      for (unsigned c = 3; c-- > 0;) {
        const ClipEmbedding one = clip(i, c);
        people.enroll(name(i), std::span(&one, 1));
      }
    people.export_to(folder / "a.safetensors");
  }
  EXPECT_EQ(import_enrollment(folder / "a.safetensors", folder / "b.sqlite"), 9u);
  EXPECT_EQ(import_enrollment(folder / "a.safetensors", folder / "b.sqlite"), 0u);
  const Enrollment copy(folder / "b.sqlite");
  copy.export_to(folder / "b.safetensors");
  EXPECT_EQ(read_file(folder / "a.safetensors"), read_file(folder / "b.safetensors"));
  EXPECT_EQ(copy.list(), Enrollment(path).list());
  EXPECT_EQ(copy.model_id(), model);
}

TEST_F(Enrollments, AnEmptyOneIsExportedToo) {
  Enrollment(path, model).export_to(folder / "a.safetensors");
  EXPECT_EQ(import_enrollment(folder / "a.safetensors", folder / "b.sqlite"), 0u);
  EXPECT_TRUE(Enrollment(folder / "b.sqlite").list().empty());
}

TEST_F(Enrollments, WhatIsNoDatabaseIsRefused) {
  expect_error([&] { Enrollment{path}; }, Fault::io, path + ": No such file or directory");
  expect_error([&] { Enrollment(folder / "no/where", model); }, Fault::io,
               folder / "no/where" + ": *");
  expect_error([&] { Enrollment(folder / "", model); }, Fault::io, folder / "" + ": is a folder");
  expect_error([&] { Enrollment("", model); }, Fault::io, "\"\": not a file name");
  put(path, "");
  expect_error([&] { Enrollment{path}; }, Fault::format,
               path + ": an empty file; expected an enrollment database");
  put(path,
      "just a text that somebody wrote, longer than the header of a database is, "
      "which has a hundred bytes and begins with other words");
  expect_error([&] { Enrollment(path, model); }, Fault::format, path + ": not an SQLite database");
  EXPECT_TRUE(read_file(path).starts_with("just a text"));
}

TEST_F(Enrollments, AnEmptyFileBecomesOne) {
  put(path, "");
  Enrollment(path, model).enroll("ada", direction(0, 0));
  EXPECT_EQ(Enrollment(path).list().size(), 1u);
}

TEST_F(Enrollments, SomebodyElsesDatabaseIsLeftAlone) {
  sql(path, "CREATE TABLE songs (title TEXT)");
  const std::string before = read_file(path);
  const std::string told = path + ": an SQLite database; expected one of enrollments";
  expect_error([&] { Enrollment(path, model); }, Fault::format, told);
  expect_error([&] { Enrollment{path}; }, Fault::format, told);
  EXPECT_EQ(read_file(path), before);
}

TEST_F(Enrollments, ANewerVersionIsRefused) {
  { Enrollment(path, model); }
  sql(path, "PRAGMA user_version = 2");
  expect_error([&] { Enrollment(path, model); }, Fault::format,
               path + ": an enrollment database of version 2; this twinear reads up to 1");
}

TEST_F(Enrollments, DamageIsTold) {
  {
    Enrollment people(path, model);
    fill(people, 3);
  }
  std::filesystem::copy(path, folder / "bit");
  sql(folder / "bit", "UPDATE clip SET embedding = zeroblob(96) WHERE id = 5");
  expect_error([&] { best_of(Enrollment(folder / "bit"), direction(0, 0), 0); }, Fault::format,
               folder / "bit" + ": a damaged embedding of \"voice 1\"");
  sql(folder / "bit", "UPDATE clip SET embedding = x'00112233445566' WHERE id = 5");
  expect_error([&] { best_of(Enrollment(folder / "bit"), direction(0, 0), 0); }, Fault::format,
               folder / "bit" + ": a *");

  std::string bytes = read_file(path);
  for (std::size_t i = 4096; i + 8 < bytes.size(); i += 512)
    bytes.replace(i, 8, "\xff\xff\xff\xff\xff\xff\xff\xff");
  put(folder / "pages", bytes);
  expect_error([&] { best_of(Enrollment(folder / "pages"), direction(0, 0), 0); }, Fault::format,
               folder / "pages" + ": *");
  put(folder / "half", read_file(path).substr(0, 5000));
  expect_error([&] { best_of(Enrollment(folder / "half"), direction(0, 0), 0); }, Fault::format,
               folder / "half" + ": *");
}

TEST_F(Enrollments, AFileOfEmbeddingsThatIsNoneChangesNothing) {
  {
    Enrollment people(path, model);
    fill(people, 1);
    people.export_to(folder / "e.safetensors");
  }
  const std::string good = read_file(folder / "e.safetensors");
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    for (auto at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + to.size()))
      bytes.replace(at, from.size(), to);
    return put(folder / "bad", bytes);
  };
  const std::string fresh = folder / "fresh.sqlite";
  expect_error([&] { import_enrollment(changed("voice 0", "voice\\n0"), fresh); }, Fault::format,
               "*");
  expect_error([&] { import_enrollment(changed("voice 0", "voic\\\\n0"), fresh); }, Fault::format,
               "*");
  expect_error([&] { import_enrollment(changed("embeddings 1", "embeddings 2"), fresh); },
               Fault::format, folder / "bad" + ": expected twinear embeddings 1");
  expect_error([&] { import_enrollment(put(folder / "bad", "text"), fresh); }, Fault::format,
               folder / "bad" + ": *");
  std::string nan = good;
  nan.replace(nan.size() - 4, 4, "\xff\xff\xff\x7f");
  expect_error([&] { import_enrollment(put(folder / "bad", nan), fresh); }, Fault::numeric,
               folder / "bad" + ": row 2: its embedding has a value that is not finite");
  EXPECT_FALSE(std::filesystem::exists(fresh));
  expect_error([&] { import_enrollment(changed(model, "123456789abcdef0"), path); },
               Fault::mismatch, path + ": *");
}

/// A child that enrolls until it is killed; what it has said is committed must be there.
TEST_F(Enrollments, KilledInTheMiddleItLosesNothingCommitted) {
  { Enrollment(path, model); }
  for (unsigned round = 0; round < 5; ++round) {
    int said[2];
    ASSERT_EQ(::pipe(said), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      Enrollment people(path, model);
      for (unsigned i = 0;; ++i) {
        const ClipEmbedding both[] = {clip(round, 2 * i), clip(round, 2 * i + 1)};
        people.enroll("round " + std::to_string(round), both);
        if (::write(said[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(said[1]);
    char byte = 0;
    std::size_t committed = 0;
    for (; committed < 10 + 7 * round; ++committed) ASSERT_EQ(::read(said[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(said[0], &byte, 1) == 1) ++committed;
    ::close(said[0]);
    const auto list = Enrollment(path).list();
    ASSERT_EQ(list.size(), round + 1);
    EXPECT_EQ(list.back().clips % 2, 0u);  // both of a call or neither
    EXPECT_GE(list.back().clips, 2 * committed);
    EXPECT_LE(list.back().clips, 2 * (committed + 1));
  }
}

TEST_F(Enrollments, ManyThreadsMayAskOneObject) {
  Enrollment people(path, model);
  fill(people, 10);
  std::vector<std::thread> threads;
  std::vector<unsigned> wrong(8);
  for (unsigned t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 50; ++i) {
        const auto who = best_of(people, direction(i % 10, 50 + t), 0.3);
        if (!who || who->name != name(i % 10)) ++wrong[t];
        if (t == 0) people.enroll(name(20 + i), direction(20 + i, 0));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<unsigned>(8));
  EXPECT_EQ(people.list().size(), 60u);
}

}  // namespace
}  // namespace twinear
