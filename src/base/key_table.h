// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "twinear/fields.h"
#include "twinear/registry.h"

namespace twinear {

/// Describes the keys that it visits, with the values that they have as the defaults, as a table in
/// Markdown.
class KeyTable final : public Fields {
 public:
  void number(const Key& key, double& value, double min, double max) override;
  void whole(const Key& key, int& value, int min, int max) override;
  void flag(const Key& key, bool& value) override;
  void text(const Key& key, std::string& value) override;
  void numbers(const Key& key, std::vector<int>& values, int min, int max) override;
  void texts(const Key& key, std::vector<std::string>& values) override;
  void choice(const Key& key, int& index, std::span<const char* const> names) override;
  void objects(const Key& key, std::size_t count,
               const std::function<void(std::size_t, Fields&)>& visit) override;
  void path(const Key& key, std::string& value) override;
  void paths(const Key& key, std::vector<std::string>& values) override;

  /// The table; "" where nothing was visited.
  std::string markdown() const;

 private:
  void row(const Key& key, std::string_view values, std::string_view standard);
  std::string rows_;
};

/// The table of an options struct with its defaults.
template <class T>
std::string key_table(T options) {
  KeyTable table;
  fields(table, options);
  return table.markdown();
}

/// The kinds of a family with their summaries, as a table in Markdown.
template <class Kind>
std::string kind_table(const Registry<Kind>& family) {
  std::string table = "| kind | what it is |\n| --- | --- |\n";
  for (const Kind& kind : family) table += "| `" + kind.name + "` | " + kind.summary + " |\n";
  return table;
}

}  // namespace twinear
