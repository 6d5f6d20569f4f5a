// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace twinear {

/// The name of a value in files, and its documentation. The texts must live as long as the visit,
/// as string literals do.
struct Key {
  constexpr Key(const char* key_name, const char* key_unit = "", const char* key_doc = "")
      : name(key_name), unit(key_unit), doc(key_doc) {}
  const char* name;
  const char* unit;  ///< For example "s", "Hz", "dB", "clips"; "" for a number without a unit.
  const char* doc;   ///< A phrase that tells what the value does, without a full stop.
};

/// A visitor of the values of an options struct by their keys, in the order of files. One function
/// for each options type, `void fields(Fields&, T&)`, serves reading, writing, range checks, --set
/// and documentation.
///
/// A visitor overrides the functions of the types that it needs. A visitor that reads throws Error
/// (config), with the place of the value, for a wrong type and for a number outside of `min` to
/// `max`.
class Fields {
 public:
  virtual ~Fields() = default;
  virtual void number(const Key&, double& /*value*/, double /*min*/, double /*max*/) {}
  virtual void whole(const Key&, int& /*value*/, int /*min*/, int /*max*/) {}
  virtual void flag(const Key&, bool& /*value*/) {}
  virtual void text(const Key&, std::string& /*value*/) {}
  virtual void numbers(const Key&, std::vector<int>& /*values*/, int /*min*/, int /*max*/) {}
  /// A list of texts; files may give a single text instead of a list of one.
  virtual void texts(const Key&, std::vector<std::string>& /*values*/) {}
  /// One of `names`, by its index from 0.
  virtual void choice(const Key&, int& /*index*/, std::span<const char* const> /*names*/) {}
  /// A path, or "" for none. In a file it is relative to the folder of that file.
  virtual void path(const Key& key, std::string& value) { text(key, value); }
  virtual void paths(const Key& key, std::vector<std::string>& values) { texts(key, values); }

  /// A number that is a float in memory.
  void number(const Key& key, float& value, double min, double max);
  /// An enum whose values are 0, 1, ... in the order of `names`.
  template <class E>
  requires std::is_enum_v<E>
  void choice(const Key& key, E& value, std::initializer_list<const char*> names) {
    int index = static_cast<int>(value);
    choice(key, index, std::span<const char* const>(names.begin(), names.size()));
    value = static_cast<E>(index);
  }
  /// A text that must be one of `names`, for example the names of a registry's kinds.
  void one_of(const Key& key, std::string& value, const std::vector<std::string>& names);
};

/// A value of a recipe.
using Value =
    std::variant<bool, int, double, std::string, std::vector<int>, std::vector<std::string>>;

/// Values with their keys, for example {{"margin", 0.3}, {"form", "soft"}}. Keys must be unique.
using Values = std::vector<std::pair<std::string, Value>>;

}  // namespace twinear
