// SPDX-License-Identifier: Apache-2.0
#include "model/calibration_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "twinear/error.h"

namespace twinear {

std::string calibration_json(const Calibration& c) {
  auto thresholds = nlohmann::ordered_json::array();
  for (const auto& t : c.thresholds)
    thresholds.push_back(
        {{"false_alarm", t.false_alarm}, {"threshold", t.threshold}, {"miss", t.miss}});
  return nlohmann::ordered_json{{"scale", c.scale},           {"offset", c.offset},
                                {"source", c.source},         {"targets", c.targets},
                                {"nontargets", c.nontargets}, {"eer", c.eer},
                                {"thresholds", thresholds}}
      .dump();
}

Calibration parse_calibration(const std::string& json, const std::string& place) {
  const auto object = parse_json(json, place);
  const auto number = [&](const nlohmann::ordered_json& from, const char* key) {
    const double value = from.at(key).get<double>();
    if (!std::isfinite(value)) throw Error(Fault::format, place + ": a value is not finite");
    return value;
  };
  try {
    Calibration c{.scale = number(object, "scale"),
                  .offset = number(object, "offset"),
                  .source = object.at("source").get<std::string>(),
                  .targets = object.at("targets").get<std::size_t>(),
                  .nontargets = object.at("nontargets").get<std::size_t>(),
                  .eer = number(object, "eer"),
                  .thresholds = {}};
    if (c.scale <= 0) throw Error(Fault::format, place + ": scale must be positive");
    for (const auto& t : object.at("thresholds"))
      c.thresholds.push_back({number(t, "false_alarm"), number(t, "threshold"), number(t, "miss")});
    return c;
  } catch (const nlohmann::json::exception&) {
    throw Error(Fault::format, place + ": not a calibration");
  }
}

}  // namespace twinear
