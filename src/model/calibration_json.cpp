// SPDX-License-Identifier: Apache-2.0
#include "model/calibration_json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr int version = 1;  // of the format

}  // namespace

std::string calibration_json(const Calibration& c) {
  auto thresholds = nlohmann::ordered_json::array();
  for (const auto& t : c.thresholds)
    thresholds.push_back(
        {{"false_alarm", t.false_alarm}, {"threshold", t.threshold}, {"miss", t.miss}});
  nlohmann::ordered_json json{{"version", version},   {"scale", c.scale},
                              {"offset", c.offset},   {"source", c.source},
                              {"targets", c.targets}, {"nontargets", c.nontargets},
                              {"eer", c.eer},         {"thresholds", thresholds}};
  if (c.lengths)
    json["lengths"] = {{"shorter", c.lengths->shorter},
                       {"longer", c.lengths->longer},
                       {"mean_log_shorter", c.lengths->mean_log_shorter},
                       {"mean_log_longer", c.lengths->mean_log_longer}};
  return json.dump();
}

Calibration parse_calibration(const std::string& json, const std::string& place) {
  const auto object = parse_json(json, place);
  const auto number = [&](const nlohmann::ordered_json& from, const char* key) {
    const double value = from.at(key).get<double>();
    if (!std::isfinite(value)) throw Error(Fault::format, place + ": a value is not finite");
    return value;
  };
  try {
    const auto written = object.value("version", version);
    if (written != version)
      throw Error(Fault::format,
                  fmt::format("{}: expected version {}, found {}", place, version, written));
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
    if (const auto found = object.find("lengths"); found != object.end())
      c.lengths = {number(*found, "shorter"), number(*found, "longer"),
                   number(*found, "mean_log_shorter"), number(*found, "mean_log_longer")};
    return c;
  } catch (const nlohmann::json::exception&) {
    throw Error(Fault::format, place + ": it is not a calibration");
  }
}

}  // namespace twinear
