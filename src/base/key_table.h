// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "twinear/fields.h"
#include "twinear/registry.h"

namespace twinear {

/// Describes the keys that `visit` shows to a visitor, as a table in Markdown; their values are the
/// defaults. Without keys the table is "".
std::string visited_keys(const std::function<void(Fields&)>& visit);

/// Describes the keys of an options struct with their defaults, as a table in Markdown.
template <class T>
std::string key_table(T options) {
  return visited_keys([&](Fields& f) { fields(f, options); });
}

/// Lists the kinds of a family with their summaries, as a table in Markdown.
template <class Kind>
std::string kind_table(const Registry<Kind>& family) {
  std::string table = "| kind | what it is |\n| --- | --- |\n";
  for (const Kind& kind : family) table += "| `" + kind.name + "` | " + kind.summary + " |\n";
  return table;
}

}  // namespace twinear
