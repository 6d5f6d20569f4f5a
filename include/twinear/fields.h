// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
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
  /// A list of objects with keys of their own: visit(i, fields) is called for each, and makes room
  /// for one that is new. A visitor that writes visits the first `count`.
  virtual void objects(const Key&, [[maybe_unused]] std::size_t count,
                       const std::function<void(std::size_t, Fields&)>&) {}
  /// A key that a file may have although it means nothing here.
  virtual void ignored(const Key&) {}

  /// A number that is a float in memory.
  void number(const Key& key, float& value, double min, double max);
  /// A whole number that is a std::size_t in memory.
  void whole(const Key& key, std::size_t& value, int min, int max);
  /// An enum whose values are 0, 1, ... in the order of `names`.
  template <class E>
  requires std::is_enum_v<E>
  void choice(const Key& key, E& value, std::initializer_list<const char*> names) {
    int index = static_cast<int>(value);
    choice(key, index, std::span<const char* const>(names.begin(), names.size()));
    value = static_cast<E>(index);
  }
  /// A list of structs that have fields() of their own.
  template <class T>
  void objects(const Key& key, std::vector<T>& all) {
    objects(key, all.size(), [&](std::size_t i, Fields& f) {
      if (i >= all.size()) all.resize(i + 1);
      fields(f, all[i]);
    });
  }
  /// A text that must be one of `names`, for example the names of a registry's kinds.
  void one_of(const Key& key, std::string& value, const std::vector<std::string>& names);
};

struct Value;

/// Values with their keys, for example {{"margin", 0.3}, {"form", "soft"}}. Keys must be unique.
using Values = std::vector<std::pair<std::string, Value>>;

/// A value of a recipe. The last type is a list of objects with keys of their own.
struct Value : std::variant<bool, int, double, std::string, std::vector<int>,
                            std::vector<std::string>, std::vector<Values>> {
  using variant::variant;
};

/// Gives a key a value, in place of the one that it may have.
inline void set_value(Values& values, const std::string& key, Value value) {
  for (auto& [name, old] : values)
    if (name == key) {
      old = std::move(value);
      return;
    }
  values.emplace_back(key, std::move(value));
}

}  // namespace twinear
