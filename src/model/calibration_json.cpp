// SPDX-License-Identifier: Apache-2.0
#include "model/calibration_json.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr int version = 1;  // of the format

using Json = nlohmann::ordered_json;

double number(const Json& from, const char* key, const std::string& place) {
  const double value = from.at(key).get<double>();
  if (!std::isfinite(value)) throw Error(Fault::format, place + ": a value is not finite");
  return value;
}

Json to_json(const QualityTerm& term) {
  return {{"offset", term.offset},
          {"slope", term.slope},
          {"mean", term.mean},
          {"low", term.low},
          {"high", term.high}};
}

/// Reads a term, or the weight and the mean that files of version 0.2.0 have.
QualityTerm parse_term(const Json& lengths, const char* key, const std::string& place) {
  const Json& json = lengths.at(key);
  constexpr double any = std::numeric_limits<double>::max();
  if (json.is_number())
    return {number(lengths, key, place), 0,
            number(lengths, (std::string("mean_log_") + key).c_str(), place), -any, any};
  const QualityTerm term{number(json, "offset", place), number(json, "slope", place),
                         number(json, "mean", place), number(json, "low", place),
                         number(json, "high", place)};
  if (!(term.low <= term.high))
    throw Error(Fault::format, place + ": the range of a measure ends before it begins");
  return term;
}

}  // namespace

std::string calibration_json(const Calibration& c) {
  auto thresholds = nlohmann::ordered_json::array();
  for (const auto& t : c.thresholds)
    thresholds.push_back(
        {{"false_alarm", t.false_alarm}, {"threshold", t.threshold}, {"miss", t.miss}});
  Json json{{"version", version}, {"scale", c.scale},        {"offset", c.offset},
            {"source", c.source}, {"targets", c.targets},    {"nontargets", c.nontargets},
            {"eer", c.eer},       {"thresholds", thresholds}};
  if (c.tail)
    json["tail"] = {{"rate", c.tail->rate}, {"from", c.tail->from}, {"excess", c.tail->excess}};
  if (c.lengths)
    json["lengths"] = {{"shorter", to_json(c.lengths->shorter)},
                       {"longer", to_json(c.lengths->longer)}};
  return json.dump();
}

Calibration parse_calibration(const std::string& json, const std::string& place) {
  const auto object = parse_json(json, place);
  try {
    const auto written = object.value("version", version);
    if (written != version)
      throw Error(Fault::format,
                  fmt::format("{}: expected version {}, found {}", place, version, written));
    Calibration c{.scale = number(object, "scale", place),
                  .offset = number(object, "offset", place),
                  .source = object.at("source").get<std::string>(),
                  .targets = object.at("targets").get<std::size_t>(),
                  .nontargets = object.at("nontargets").get<std::size_t>(),
                  .eer = number(object, "eer", place),
                  .thresholds = {}};
    if (c.scale <= 0) throw Error(Fault::format, place + ": scale must be positive");
    for (const auto& t : object.at("thresholds"))
      c.thresholds.push_back({number(t, "false_alarm", place), number(t, "threshold", place),
                              number(t, "miss", place)});
    if (const auto found = object.find("tail"); found != object.end()) {
      c.tail = {number(*found, "rate", place), number(*found, "from", place),
                number(*found, "excess", place)};
      if (!(c.tail->rate > 0 && c.tail->rate < 1 && c.tail->excess > 0))
        throw Error(Fault::format, place + ": \"tail\" is not a distribution");
    }
    if (const auto found = object.find("lengths"); found != object.end())
      c.lengths = {parse_term(*found, "shorter", place), parse_term(*found, "longer", place)};
    return c;
  } catch (const nlohmann::json::exception&) {
    throw Error(Fault::format, place + ": it is not a calibration");
  }
}

}  // namespace twinear
