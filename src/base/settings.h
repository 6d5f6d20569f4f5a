// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "twinear/fields.h"

namespace twinear {

/// Tables of named values, with the place in a file where each was said.
class Settings {
 public:
  /// An empty set of tables, for overrides alone; `place` begins its error messages.
  explicit Settings(std::string place);
  /// Paths in the file start from its folder. Throws Error (io, config) with file and line.
  static Settings from_toml(const std::string& path);
  /// `text` is one JSON object: the table named "". Duplicate keys are refused.
  static Settings from_json(const std::string& text, std::string place);
  /// `values` are the table named "". Throws Error (config) for a key that is given twice.
  static Settings from_values(const Values& values, std::string place);
  Settings(Settings&&) noexcept;
  Settings& operator=(Settings&&) noexcept;
  ~Settings();

  /// "table.key=value", the value in TOML's notation or a bare word.
  void override(const std::string& assignment);

  /// Reads a table into `options`: absent keys keep their values; an unknown key, a wrong type or a
  /// value out of range throws Error (config) with its place and the nearest known key.
  template <class T>
  void read(const std::string& table, T& options) {
    const auto reader = this->reader(table);
    fields(*reader, options);
    finish(*reader);
  }

  /// One text of a table, or `otherwise`; for the key that chooses the defaults of the others.
  std::string peek(const std::string& table, const std::string& key,
                   const std::string& otherwise) const;

  /// One line for each key that was given by the name that it had in an earlier version, with its
  /// place and its name of today.
  const std::vector<std::string>& old_spellings() const;

  /// Throws where a table was given that no read() asked for.
  void refuse_other_tables() const;

 private:
  struct Tables;
  std::unique_ptr<Fields> reader(const std::string& table);
  void finish(Fields& reader);
  std::unique_ptr<Tables> tables_;
};

/// Collects the values of an options struct, keys in the order of its fields.
class ValueWriter {
 public:
  ValueWriter();
  ~ValueWriter();
  template <class T>
  Values operator()(const T& options) {
    T copy = options;
    fields(*fields_, copy);
    return values();
  }

 private:
  Values values() const;
  std::unique_ptr<Fields> fields_;
};

/// The values of all keys of an options struct.
template <class T>
Values values_of(const T& options) {
  return ValueWriter()(options);
}

/// A JSON object of values, keys in their order.
std::string to_json(const Values& values);

/// The JSON text of an options struct.
template <class T>
std::string to_json(const T& options) {
  return to_json(values_of(options));
}

/// The one of `names` that `word` was probably meant to be; empty where none is near.
std::string nearest(std::string_view word, std::span<const std::string> names);

}  // namespace twinear
