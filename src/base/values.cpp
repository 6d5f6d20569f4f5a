// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/number.h"
#include "base/settings.h"
#include "twinear/error.h"

namespace twinear {
namespace {

using Json = nlohmann::ordered_json;

/// Collects the values that it visits.
class Collector final : public Fields {
 public:
  void number(const Key& key, double& value, double, double) override { add(key, value); }
  void whole(const Key& key, int& value, int, int) override { add(key, value); }
  void flag(const Key& key, bool& value) override { add(key, value); }
  void text(const Key& key, std::string& value) override { add(key, value); }
  void numbers(const Key& key, std::vector<int>& list, int, int) override { add(key, list); }
  void texts(const Key& key, std::vector<std::string>& list) override { add(key, list); }
  void choice(const Key& key, int& index, std::span<const char* const> names) override {
    add(key, std::string(names[static_cast<std::size_t>(index)]));
  }
  void objects(const Key& key, std::size_t count,
               const std::function<void(std::size_t, Fields&)>& visit) override {
    std::vector<Values> all;
    for (std::size_t i = 0; i < count; ++i)
      all.push_back(visited_values([&](Fields& f) { visit(i, f); }));
    add(key, std::move(all));
  }
  Values values;

 private:
  void add(const Key& key, Value value) { values.emplace_back(key.name, std::move(value)); }
};

}  // namespace

Json json_of(const Value& value) {
  return std::visit(
      [](const auto& v) {
        if constexpr (std::is_same_v<decltype(v), const std::vector<Values>&>) {
          Json list = Json::array();
          for (const Values& one : v) list.push_back(json_of(one));
          return list;
        } else {
          return Json(v);
        }
      },
      static_cast<const Value::variant&>(value));
}

Json json_of(const Values& values) {
  Json object = Json::object();
  for (const auto& [key, value] : values) object[key] = json_of(value);
  return object;
}

/// Converts by the shortest decimal of the float, which is what people write: 0.3 instead of
/// 0.30000001192092896.
void Fields::number(const Key& key, float& value, double min, double max) {
  double wide = *parse_number(fmt::format("{}", value));
  number(key, wide, min, max);
  value = static_cast<float>(wide);
}

void Fields::whole(const Key& key, std::size_t& value, int min, int max) {
  int narrow = static_cast<int>(value);
  whole(key, narrow, min, max);
  value = static_cast<std::size_t>(narrow);
}

void Fields::one_of(const Key& key, std::string& value, const std::vector<std::string>& names) {
  const auto at = std::ranges::find(names, value);
  if (at == names.end())
    throw Error(Fault::config, fmt::format("{}: expected one of {}, found \"{}\"", key.name,
                                           fmt::join(names, ", "), value));
  std::vector<const char*> all;
  all.reserve(names.size());
  for (const std::string& name : names) all.push_back(name.c_str());
  int index = static_cast<int>(at - names.begin());
  choice(key, index, all);
  value = names[static_cast<std::size_t>(index)];
}

Values visited_values(const std::function<void(Fields&)>& visit) {
  Collector collector;
  visit(collector);
  return std::move(collector.values);
}

std::string to_json(const Values& values) { return shown(json_of(values)); }

}  // namespace twinear
