// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace twinear::sqlite {

/// A connection to an SQLite file. All of this file throws Error with the path first: format for a
/// file that is damaged or no database, io for the rest. A connection belongs to one thread.
class Database {
 public:
  enum class Missing { create, refuse };
  Database(const std::string& path, Missing missing);

  /// Statements without results.
  void run(const char* statements);
  std::int64_t number(const char* query);  ///< the first value of the first row
  std::int64_t changes() const;            ///< rows that the last statement changed

  const std::string& path() const noexcept { return path_; }
  [[noreturn]] void fail() const;  ///< with SQLite's word for what the last call did

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> connection_;
};

/// One statement and the values of its `?`, in order.
class Statement {
 public:
  Statement(Database& database, const char* text);

  /// Bytes and texts must live until the statement has run.
  Statement& with(std::int64_t value);
  Statement& with(double value);
  Statement& with(std::string_view text);
  Statement& with(std::span<const float> values);  ///< little-endian, as everywhere here

  bool next();  ///< goes to the next row of the result; false after the last
  void run();   ///< to its end, and ready for other values

  std::int64_t number(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  /// They live until the next row. Throws Error (format) for bytes that are no whole floats.
  std::span<const std::byte> bytes(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

/// What is done while it lives is done all at commit(), or not at all. Of writers at the same
/// moment the others wait.
class Transaction {
 public:
  enum class Kind { read, write };
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace twinear::sqlite
