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

/// The name of a value in files, and what documentation says about it. The texts must outlive the
/// visit; string literals do.
struct Key {
  constexpr Key(const char* key_name, const char* key_unit = "", const char* key_doc = "")
      : name(key_name), unit(key_unit), doc(key_doc) {}
  const char* name;
  const char* unit;  ///< "s", "Hz", "dB", "clips"; "" for a number without one
  const char* doc;   ///< a phrase that says what the value does, without a full stop
};

/// Visits the values of an options struct or object under their keys, in the order in which files
/// show them. One function of an options type, `void fields(Fields&, T&)`, serves for reading,
/// writing, range checks, --set and documentation alike.
///
/// A visitor overrides the functions for the types that it looks at. One that reads throws Error
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
  virtual void texts(const Key&, std::vector<std::string>& /*values*/) {}  ///< or one text
  /// `index` counts `names` from 0.
  virtual void choice(const Key&, int& /*index*/, std::span<const char* const> /*names*/) {}
  /// A path or "": in a file it starts from the folder of that file.
  virtual void path(const Key& key, std::string& value) { text(key, value); }
  virtual void paths(const Key& key, std::vector<std::string>& values) { texts(key, values); }

  void number(const Key& key, float& value, double min, double max);
  /// An enum whose values count from 0 in the order of `names`.
  template <class E>
  requires std::is_enum_v<E>
  void choice(const Key& key, E& value, std::initializer_list<const char*> names) {
    int index = static_cast<int>(value);
    choice(key, index, std::span<const char* const>(names.begin(), names.size()));
    value = static_cast<E>(index);
  }
  /// A text that is one of `names`, such as the names of a registry's kinds.
  void one_of(const Key& key, std::string& value, const std::vector<std::string>& names);
};

/// A value as a recipe can hold it.
using Value =
    std::variant<bool, int, double, std::string, std::vector<int>, std::vector<std::string>>;

/// Values by key, such as {{"margin", 0.3}, {"form", "soft"}}. Each key is given once.
using Values = std::vector<std::pair<std::string, Value>>;

}  // namespace twinear
