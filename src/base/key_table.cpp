// SPDX-License-Identifier: Apache-2.0
#include "base/key_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace twinear {
namespace {

/// Writes a row of the table for each key that it visits.
class RowWriter final : public Fields {
 public:
  void number(const Key& key, double& value, double min, double max) override {
    row(key, fmt::format("{} to {}", min, max), fmt::format("{}", value));
  }
  void whole(const Key& key, int& value, int min, int max) override {
    row(key, fmt::format("{} to {}, whole", min, max), fmt::format("{}", value));
  }
  void flag(const Key& key, bool& value) override {
    row(key, "true, false", fmt::format("{}", value));
  }
  void text(const Key& key, std::string& value) override {
    row(key, "text", fmt::format("\"{}\"", value));
  }
  void numbers(const Key& key, std::vector<int>& values, int min, int max) override {
    row(key, fmt::format("list of {} to {}, whole", min, max),
        fmt::format("[{}]", fmt::join(values, ", ")));
  }
  void texts(const Key& key, std::vector<std::string>& values) override {
    row(key, "text or list of texts", fmt::format("[{}]", fmt::join(values, ", ")));
  }
  void choice(const Key& key, int& index, std::span<const char* const> names) override {
    row(key, fmt::format("{}", fmt::join(names, ", ")),
        fmt::format("\"{}\"", names[static_cast<std::size_t>(index)]));
  }
  void objects(const Key& key, std::size_t,
               const std::function<void(std::size_t, Fields&)>&) override {
    row(key, "list of tables", "[]");
  }
  void path(const Key& key, std::string& value) override {
    row(key, "path", fmt::format("\"{}\"", value));
  }
  void paths(const Key& key, std::vector<std::string>& values) override {
    row(key, "path or list of paths", fmt::format("[{}]", fmt::join(values, ", ")));
  }
  std::string rows;

 private:
  void row(const Key& key, std::string_view values, std::string_view standard) {
    rows += fmt::format("| `{}` | {} | `{}` | {} | {} |\n", key.name, values, standard, key.unit,
                        key.doc);
  }
};

}  // namespace

std::string visited_keys(const std::function<void(Fields&)>& visit) {
  RowWriter writer;
  visit(writer);
  if (writer.rows.empty()) return "";
  return "| key | values | default | unit | meaning |\n| --- | --- | --- | --- | --- |\n" +
         writer.rows;
}

}  // namespace twinear
