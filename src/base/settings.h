// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "twinear/fields.h"

namespace twinear {

/// Tables of named values, each with the place in a file where it was given.
class Settings {
 public:
  /// Has no tables yet; override() adds some.
  Settings();
  /// Reads a TOML file. Paths in it start from its folder. Throws Error (io, config) with file and
  /// line.
  static Settings from_toml(const std::string& path);
  /// Reads a JSON object as the table named "". Throws Error (format) that begins with `place` for
  /// malformed text and for duplicate keys.
  static Settings from_json(const std::string& text, const std::string& place);
  /// Takes values as the table named "". Throws Error (config) for duplicate keys.
  static Settings from_values(const Values& values, const std::string& place);
  Settings(Settings&&) noexcept;
  Settings& operator=(Settings&&) noexcept;
  ~Settings();

  /// Sets one value by a text "table.key=value", whose value is in TOML's notation or a bare word.
  /// Throws Error (config) for any other text.
  void override(const std::string& assignment);

  /// Reads a table into `options`; absent keys keep their values. Throws Error (config) with the
  /// place for an unknown key (and the nearest known one), a wrong type or a value out of range.
  template <class T>
  void read(const std::string& table, T& options) {
    visit(table, [&](Fields& f) { fields(f, options); });
  }
  /// Reads a table into the values that `read_fields` visits; throws as read().
  void visit(const std::string& table, const std::function<void(Fields&)>& read_fields);

  /// Returns a text of a table, or `otherwise` if it is absent. Serves to read the key that decides
  /// the defaults of other keys before them.
  std::string peek(const std::string& table, const std::string& key,
                   const std::string& otherwise) const;

  /// One line for each key or value that was given by a name of an earlier version, with its place
  /// and its name of today.
  const std::vector<std::string>& old_spellings() const;

  /// Throws Error (config) if a table was given that no read() asked for.
  void refuse_other_tables() const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

/// The values that `visit` shows to a visitor, in their order.
Values visited_values(const std::function<void(Fields&)>& visit);

/// The values of all keys of an options struct, in the order of its keys.
template <class T>
Values values_of(T options) {
  return visited_values([&](Fields& f) { fields(f, options); });
}

/// Writes values as a JSON object, keys in their order.
std::string to_json(const Values& values);

/// Writes an options struct as a JSON object.
template <class T>
std::string to_json(const T& options) {
  return to_json(values_of(options));
}

/// The one of `names` that is most similar to `word`, for suggestions in messages; empty if none is
/// similar.
std::string nearest(std::string_view word, std::span<const std::string> names);

}  // namespace twinear
