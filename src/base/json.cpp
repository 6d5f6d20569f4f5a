// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "twinear/error.h"

namespace twinear {
namespace {

template <class Json>
Json parse(const std::string& text, const std::string& place) {
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int, typename Json::parse_event_t event, Json& parsed) {
    using Event = typename Json::parse_event_t;
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end) open.pop_back();
    if (event != Event::key) return true;
    if (auto key = parsed.template get<std::string>(); !open.back().insert(key).second)
      throw Error(Fault::format, fmt::format("{}: duplicate key \"{}\"", place, key));
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const typename Json::exception&) {
    throw Error(Fault::format, place + ": not valid JSON");
  }
}

}  // namespace

nlohmann::ordered_json parse_json(const std::string& text, const std::string& place) {
  return parse<nlohmann::ordered_json>(text, place);
}

nlohmann::json parse_large_json(const std::string& text, const std::string& place) {
  return parse<nlohmann::json>(text, place);
}

std::string shown(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string valid_utf8(const std::string& text) {
  return nlohmann::json::parse(shown(text)).get<std::string>();
}

}  // namespace twinear
