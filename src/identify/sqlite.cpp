// SPDX-License-Identifier: Apache-2.0
#include "identify/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "twinear/error.h"

namespace twinear::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 30'000;  // with others that write

}  // namespace

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Database::Database(const std::string& path, Missing missing) : path_(path) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (fs::is_directory(status)) throw Error(Fault::io, path + ": is a folder");
  if (missing == Missing::refuse && !fs::exists(status))
    throw Error(Fault::io,
                fmt::format("{}: {}", path, std::strerror(code ? code.value() : ENOENT)));
  if (path.empty() || path.find('\0') != std::string::npos)
    throw Error(Fault::io, fmt::format("\"{}\": no name of a file", path.c_str()));

  // An absolute path has none of SQLite's special meanings, as :memory: has.
  sqlite3* connection = nullptr;
  const int opened = sqlite3_open_v2(
      fs::absolute(path).c_str(), &connection,
      SQLITE_OPEN_READWRITE | (missing == Missing::create ? SQLITE_OPEN_CREATE : 0), nullptr);
  connection_.reset(connection);
  if (connection == nullptr) throw std::bad_alloc();
  if (opened != SQLITE_OK) fail();
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, patience_ms);
  // What a file from somebody else says is data: its schema runs no functions of ours.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

void Database::fail() const {
  const int code = sqlite3_errcode(connection_.get()) & 0xFF;
  if (code == SQLITE_NOMEM) throw std::bad_alloc();
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT || code == SQLITE_FORMAT)
    throw Error(Fault::format, fmt::format("{}: {}", path_,
                                           code == SQLITE_NOTADB ? "not an SQLite database"
                                                                 : "a damaged SQLite database"));
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    throw Error(Fault::io, fmt::format("{}: another program has been writing to it for {} s", path_,
                                       patience_ms / 1000));
  const int reason = sqlite3_system_errno(connection_.get());
  throw Error(Fault::io, fmt::format("{}: {}", path_,
                                     reason != 0 && code == SQLITE_CANTOPEN
                                         ? std::strerror(reason)
                                         : sqlite3_errmsg(connection_.get())));
}

void Database::run(const char* statements) {
  if (sqlite3_exec(connection_.get(), statements, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

std::int64_t Database::number(const char* query) {
  Statement statement(*this, query);
  return statement.next() ? statement.number(0) : 0;
}

std::int64_t Database::changes() const { return sqlite3_changes64(connection_.get()); }

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database& database, const char* text) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database.connection_.get(), text, -1, &statement, nullptr) != SQLITE_OK)
    database.fail();
  statement_.reset(statement);
}

Statement& Statement::with(std::int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), ++bound_, value) != SQLITE_OK) database_.fail();
  return *this;
}

Statement& Statement::with(double value) {
  if (sqlite3_bind_double(statement_.get(), ++bound_, value) != SQLITE_OK) database_.fail();
  return *this;
}

Statement& Statement::with(std::string_view text) {
  if (sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), SQLITE_STATIC,
                          SQLITE_UTF8) != SQLITE_OK)
    database_.fail();
  return *this;
}

Statement& Statement::with(std::span<const float> values) {
  if (sqlite3_bind_blob64(statement_.get(), ++bound_, values.data(), values.size_bytes(),
                          SQLITE_STATIC) != SQLITE_OK)
    database_.fail();
  return *this;
}

bool Statement::next() {
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) database_.fail();
  return code == SQLITE_ROW;
}

void Statement::run() {
  while (next()) {
  }
  sqlite3_reset(statement_.get());
  bound_ = 0;
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string Statement::text(int column) const {
  const auto* text = sqlite3_column_text(statement_.get(), column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::byte> Statement::bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  return {static_cast<const std::byte*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  database.run(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (open_) try {
      database_.run("ROLLBACK");
    } catch (...) {  // SQLite has rolled back by itself
    }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace twinear::sqlite
