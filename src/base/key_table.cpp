// SPDX-License-Identifier: Apache-2.0
#include "base/key_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace twinear {

void KeyTable::row(const Key& key, std::string_view values, std::string_view standard) {
  rows_ += fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, values,
                       standard.empty() ? "" : fmt::format("`{}`", standard), key.unit, key.doc);
}

void KeyTable::number(const Key& key, double& value, double min, double max) {
  row(key, fmt::format("{} to {}", min, max), fmt::format("{}", value));
}

void KeyTable::whole(const Key& key, int& value, int min, int max) {
  row(key, fmt::format("{} to {}, whole", min, max), fmt::format("{}", value));
}

void KeyTable::flag(const Key& key, bool& value) {
  row(key, "true, false", value ? "true" : "false");
}

void KeyTable::text(const Key& key, std::string& value) {
  row(key, "text", fmt::format("\"{}\"", value));
}

void KeyTable::numbers(const Key& key, std::vector<int>& values, int min, int max) {
  row(key, fmt::format("list of {} to {}, whole", min, max),
      fmt::format("[{}]", fmt::join(values, ", ")));
}

void KeyTable::texts(const Key& key, std::vector<std::string>& values) {
  row(key, "text or list of texts", fmt::format("[{}]", fmt::join(values, ", ")));
}

void KeyTable::choice(const Key& key, int& index, std::span<const char* const> names) {
  row(key, fmt::format("{}", fmt::join(names, ", ")),
      fmt::format("\"{}\"", names[static_cast<std::size_t>(index)]));
}

void KeyTable::objects(const Key& key, std::size_t,
                       const std::function<void(std::size_t, Fields&)>&) {
  row(key, "list of tables", "[]");
}

void KeyTable::path(const Key& key, std::string& value) {
  row(key, "path", fmt::format("\"{}\"", value));
}

void KeyTable::paths(const Key& key, std::vector<std::string>& values) {
  row(key, "path or list of paths", fmt::format("[{}]", fmt::join(values, ", ")));
}

std::string KeyTable::markdown() const {
  if (rows_.empty()) return "";
  return "| key | values | default | unit | meaning |\n| --- | --- | --- | --- | --- |\n" + rows_;
}

}  // namespace twinear
