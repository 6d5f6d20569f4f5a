// SPDX-License-Identifier: Apache-2.0
#include "identify/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

#include "twinear/error.h"

namespace twinear {
namespace {

namespace fs = std::filesystem;
using SQLite::Database;

constexpr int busy_timeout_ms = 30'000;
constexpr std::int64_t application_id = 0x74776E72;  // "twnr", in the header of the file

/// Element v is the SQL that turns version v of the schema into version v + 1. Version 0 is an
/// empty file. A clip's "check" is the FNV-1a hash of the bytes of its embedding, which are
/// little-endian floats.
constexpr std::array upgrades{
    "CREATE TABLE about (model_id TEXT NOT NULL) STRICT;"
    "CREATE TABLE identity (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE clip (id INTEGER PRIMARY KEY,"
    "  identity INTEGER NOT NULL REFERENCES identity ON DELETE CASCADE,"
    "  \"check\" INTEGER NOT NULL, source TEXT NOT NULL, seconds REAL NOT NULL,"
    "  embedding BLOB NOT NULL, UNIQUE (identity, \"check\")) STRICT;"
    "PRAGMA application_id = 0x74776E72; PRAGMA user_version = 1;",
};
constexpr std::int64_t newest_version = upgrades.size();

void check_path(const std::string& path, bool may_be_missing) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (fs::is_directory(status)) throw Error(Fault::io, path + ": is a folder");
  if (!may_be_missing && !fs::exists(status))
    throw Error(Fault::io,
                fmt::format("{}: {}", path, std::strerror(code ? code.value() : ENOENT)));
  if (path.empty() || path.find('\0') != std::string::npos)
    throw Error(Fault::io, fmt::format("\"{}\": not a file name", path.c_str()));
}

std::int64_t number(Database& database, const char* query) {
  return database.execAndGet(query).getInt64();
}

/// The version of the schema in the file; throws Error (format) for a file that is not ours.
std::int64_t schema_version(Database& database, const std::string& path) {
  const std::int64_t application = number(database, "PRAGMA application_id");
  const std::int64_t version = number(database, "PRAGMA user_version");
  if (application == 0 && version == 0 &&
      number(database, "SELECT count(*) FROM sqlite_schema") == 0)
    return 0;
  if (application != application_id)
    throw Error(Fault::format, path + ": an SQLite database; expected one of enrollments");
  if (version < 1 || version > newest_version)
    throw Error(Fault::format,
                fmt::format("{}: an enrollment database of version {}; this twinear reads up to {}",
                            path, version, newest_version));
  return version;
}

/// Brings the schema to the newest version in one transaction.
void upgrade(Database& database, const std::string& path, const std::string* model_id) {
  const std::int64_t found = schema_version(database, path);
  if (found == newest_version) return;
  if (found == 0 && model_id == nullptr)
    throw Error(Fault::format, path + ": an empty file; expected an enrollment database");
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const std::int64_t version = schema_version(database, path);
  for (std::int64_t v = version; v < newest_version; ++v)
    database.exec(upgrades[static_cast<std::size_t>(v)]);
  if (version == 0) {
    SQLite::Statement about(database, "INSERT INTO about VALUES (?)");
    about.bind(1, *model_id);
    about.exec();
  }
  transaction.commit();
}

/// Makes the file, if it is missing, so that only its owner can read whose voices it holds.
void make_private(const std::string& path) {
  const int made = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) ::close(made);  // SQLite says why it could not be made
}

Database connect(const std::string& file, int flags, const std::string& path,
                 const std::string* model_id) {
  Database database(file, flags, busy_timeout_ms);
  // A file from somebody else is data: its schema must not run functions of ours.
  sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // With secure_delete, what is removed is overwritten in the file.
  database.exec("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL");
  upgrade(database, path, model_id);
  return database;
}

/// The file as SQLite's URI. What is immutable is read without locks and without files beside it.
std::string immutable_uri(const std::string& file) {
  std::string uri = "file:";
  for (const char c : file)
    if (c == '?' || c == '#' || c == '%')
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    else
      uri += c;
  return uri + "?immutable=1";
}

/// Whether the file keeps its changes in a log beside it, as those of earlier versions do.
bool has_log(const std::string& file) {
  constexpr std::streamoff read_version = 19;
  std::ifstream bytes(file, std::ios::binary);
  return bytes.seekg(read_version) && bytes.get() == 2;
}

/// Whether nothing is in that log, and who asks may not write it.
bool log_is_idle_and_out_of_reach(const std::string& file) {
  std::error_code error;
  if (fs::exists(file + "-wal", error) && !fs::is_empty(file + "-wal", error)) return false;
  return ::access(file.c_str(), W_OK) != 0 ||
         ::access(fs::path(file).parent_path().c_str(), W_OK) != 0;
}

/// The log belongs to whoever asked first, who may be another user than who writes. Without it a
/// reader leaves nothing behind. It stays while another program has the file open.
void remove_log(Database& database) {
  database.setBusyTimeout(0);
  database.tryExec("PRAGMA journal_mode = DELETE");
  database.setBusyTimeout(busy_timeout_ms);
}

}  // namespace

Database open_database(const std::string& path, const std::string* model_id) {
  const bool create = model_id != nullptr;
  check_path(path, create);
  // An absolute path cannot be one of SQLite's special names, such as :memory:.
  const std::string file = fs::absolute(path).string();
  if (create) make_private(file);
  const bool log = has_log(file);
  if (log && !create && log_is_idle_and_out_of_reach(file))
    return connect(immutable_uri(file), SQLite::OPEN_READONLY | SQLite::OPEN_URI, path, nullptr);
  Database database =
      connect(file, SQLite::OPEN_READWRITE | (create ? SQLite::OPEN_CREATE : 0), path, model_id);
  if (log && create) remove_log(database);
  return database;
}

void throw_error(const std::string& path, const SQLite::Exception& found) {
  switch (found.getErrorCode() & 0xFF) {
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_NOTADB:
      throw Error(Fault::format, path + ": not an SQLite database");
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
      throw Error(Fault::format, path + ": a damaged SQLite database");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(Fault::io, fmt::format("{}: another program has been writing to it for {} s",
                                         path, busy_timeout_ms / 1000));
    default:
      throw Error(Fault::io, path + ": " + found.what());
  }
}

}  // namespace twinear
