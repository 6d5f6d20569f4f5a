// SPDX-License-Identifier: Apache-2.0
#include "twinear/companion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/within.h"
#include "model/calibration_json.h"
#include "model/model_file.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr const char* format_name = "twinear companion 1";

Matrix parse_rows(const nlohmann::ordered_json& json, std::size_t columns) {
  Matrix matrix(json.size(), json.empty() ? 0 : columns);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto row = json.at(i).get<std::vector<float>>();
    if (row.size() != columns) throw Error(Fault::format, "a row of another length");
    std::ranges::copy(row, matrix.row(i).begin());
  }
  return matrix;
}

Adaptation parse_adaptation(const nlohmann::ordered_json& json, std::size_t dimension,
                            const std::string& place) {
  try {
    Adaptation a{json.at("mean").get<std::vector<float>>(),
                 parse_rows(json.at("whitening"), dimension),
                 parse_rows(json.at("removed"), dimension)};
    if ((!a.mean.empty() && a.mean.size() != dimension) || a.removed.rows() >= dimension ||
        (a.whitening.rows() > 0 && a.whitening.rows() != dimension))
      throw Error(Fault::format, "expected the model's dimension");
    return a;
  } catch (const std::exception&) {
    throw Error(Fault::format, place + ": adaptation: it is not an adaptation of the model");
  }
}

}  // namespace

void write_companion(const Model& model, const std::string& path) {
  nlohmann::ordered_json json{{"format", format_name}, {"source", model.source}};
  if (model.calibration)
    json["calibration"] = parse_json(calibration_json(*model.calibration), path);
  if (model.adaptation) {
    auto& adaptation = json["adaptation"];
    const auto rows = [](const Matrix& m) {
      auto list = nlohmann::ordered_json::array();
      for (std::size_t i = 0; i < m.rows(); ++i) list.push_back(m.row(i));
      return list;
    };
    adaptation = {{"mean", model.adaptation->mean},
                  {"whitening", rows(model.adaptation->whitening)},
                  {"removed", rows(model.adaptation->removed)}};
  }
  json["selftest"] = selftest_embedding(model).values();
  write_file(path, json.dump(1) + "\n");
}

void add_companion(Model& model, const std::string& path) {
  const auto json = parse_json(read_file(path, std::size_t{1} << 24), path);
  const auto refuse = [&](const char* what) {
    throw Error(Fault::format, fmt::format("{}: {}", path, what));
  };
  if (!json.is_object() || json.value("format", nlohmann::ordered_json()) != format_name)
    refuse("this is not a companion of a model");
  if (!json.contains("source") || !json["source"].is_string())
    refuse("\"source\" is missing or not a string");
  if (!json.contains("selftest")) refuse("\"selftest\" is missing");

  const double difference = selftest_difference(model, json["selftest"], path);
  double largest = 0;
  for (const auto& value : json["selftest"])
    largest = std::max(largest, std::abs(value.get<double>()));
  if (!(difference <= 1e-3 * largest))
    throw Error(Fault::mismatch,
                fmt::format("{}: the embedding of the test signal differs by {:.3g} from the one "
                            "expected; this is another model",
                            path, difference));
  const auto source = json["source"].get<std::string>();
  within(path, [&] { check_source(source); });
  std::optional<Adaptation> adaptation;
  if (json.contains("adaptation"))
    adaptation = parse_adaptation(json["adaptation"], model.encoder.dimension(), path);
  std::optional<Calibration> calibration;
  if (json.contains("calibration"))
    calibration = parse_calibration(json["calibration"].dump(), path + ": calibration");
  model.adaptation = std::move(adaptation);
  model.calibration = std::move(calibration);
  model.source = source;
}

}  // namespace twinear
