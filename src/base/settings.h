// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinear {

/// Visits the named fields of an options struct. For each struct T that has a name in files there
/// is one function `void fields(Fields&, T&)`; it serves reading, writing and --set alike.
class Fields {
 public:
  virtual ~Fields() = default;
  virtual void number(const char* name, double& value, double low, double high) = 0;
  virtual void whole(const char* name, int& value, int low, int high) = 0;
  virtual void flag(const char* name, bool& value) = 0;
  virtual void text(const char* name, std::string& value) = 0;
  virtual void numbers(const char* name, std::vector<int>& values, int low, int high) = 0;
  virtual void texts(const char* name, std::vector<std::string>& values) = 0;  ///< or one text
  virtual void choice(const char* name, int& index, std::span<const char* const> names) = 0;

  void number(const char* name, float& value, double low, double high);
  /// An enum whose values count from 0 in the order of `names`.
  template <class E>
  requires std::is_enum_v<E>
  void choice(const char* name, E& value, std::initializer_list<const char*> names) {
    int index = static_cast<int>(value);
    choice(name, index, std::span<const char* const>(names.begin(), names.size()));
    value = static_cast<E>(index);
  }
  /// A text that must be one of `names`.
  void one_of(const char* name, std::string& value, std::initializer_list<const char*> names);
};

/// Tables of named values, with the place in a file where each was said.
class Settings {
 public:
  /// An empty set of tables, for overrides alone; `place` begins its error messages.
  explicit Settings(std::string place);
  /// Throws Error (io, config) with file and line.
  static Settings from_toml(const std::string& path);
  /// `text` is one JSON object: the table named "". Duplicate keys are refused.
  static Settings from_json(const std::string& text, std::string place);
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

/// Makes a JSON object of an options struct, keys in the order of its fields.
class JsonObject {
 public:
  JsonObject();
  ~JsonObject();
  template <class T>
  std::string operator()(const T& options) {
    T copy = options;
    fields(*writer_, copy);
    return text();
  }

 private:
  std::string text() const;
  std::unique_ptr<Fields> writer_;
};

/// The JSON text of an options struct.
template <class T>
std::string to_json(const T& options) {
  return JsonObject()(options);
}

/// Of `names`, the one that `word` was probably meant to be; empty where none is near.
std::string nearest(std::string_view word, std::span<const std::string> names);

}  // namespace twinear
