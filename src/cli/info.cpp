// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "features/front_end.h"
#include "model/calibration_json.h"
#include "nn/encoder_spec.h"
#include "twinear/error.h"
#include "twinear/model.h"

namespace twinear::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The largest difference between the test embeddings of two builds of the same model.
constexpr double same_build = 1e-4;

struct Arguments {
  std::string model;
  bool selftest = false;
};

double checked_selftest(const Model& model, const std::string& path) {
  const double difference = selftest(model, path);
  if (!(difference < same_build))
    throw Error(Fault::mismatch,
                fmt::format("{}: selftest: this build's embedding differs by {:.3g} from the "
                            "stored one; expected less than {:g}",
                            path, difference, same_build));
  return difference;
}

Json describe(const Model& model, const std::string& path) {
  const auto& encoder = model.encoder;
  const auto second = static_cast<std::size_t>(model.front_end.sample_rate);
  const Json spec = parse_json(encoder_spec_json(encoder.spec()), path);
  return {
      {"model", path},
      {"id", model.id},
      {"encoder",
       {{"kind", encoder.spec().kind},
        {"dimension", encoder.dimension()},
        {"parameters", encoder.parameter_count()},
        {"multiply_adds_per_second",
         static_cast<std::uint64_t>(encoder.multiply_adds(LogMel(model.front_end).frames(second)))},
        {"layers", spec.at("layers")}}},
      {"front_end", parse_json(to_json(model.front_end), path)},
      {"calibration",
       model.calibration ? parse_json(calibration_json(*model.calibration), path) : Json(nullptr)},
      {"provenance", parse_json(model.provenance, path)}};
}

/// Prints a line for each value; the values of an inner object are indented.
void print_tree(const Json& object, int indent) {
  std::size_t width = 0;
  for (const auto& [key, value] : object.items()) width = std::max(width, key.size());
  for (const auto& [key, value] : object.items()) {
    fmt::print("{:{}}{:<{}}", "", indent, key, width + 2);
    const bool tree =
        (value.is_object() || value.is_array()) && !value.empty() && value.begin()->is_structured();
    if (value.is_object() || tree) fmt::print("\n");
    if (value.is_object())
      print_tree(value, indent + 2);
    else if (tree)
      for (const auto& item : value) fmt::print("{:{}}{}\n", "", indent + 2, shown(item));
    else
      fmt::print("{}\n", value.is_null()     ? "none"
                         : value.is_string() ? value.get<std::string>()
                                             : shown(value));
  }
}

/// Lists the models at hand.
int list(const Common& common) {
  Json names = Json::object();
  for (const InstalledModel& model : installed_models()) names[model.name] = model.path;
  if (common.json) {
    print_json({{"default", find_model()}, {"models", names}});
  } else {
    print_tree(names, 0);
    fmt::print("\nThe default is {}.\n", find_model());
    if (!installed_model(large_model))
      fmt::print("The model {} makes fewer errors; {}.\n", large_model, how_to_get(large_model));
  }
  return 0;
}

int info(const Arguments& args, const Common& common) {
  if (args.model.empty()) return list(common);
  const std::string path = find_model(args.model);
  const Model model = load_model(path);
  Json description = describe(model, path);
  if (args.selftest) description["selftest"] = checked_selftest(model, path);
  if (common.json)
    print_json(description);
  else
    print_tree(description, 0);
  return 0;
}

}  // namespace

void add_info(Program& program) {
  auto [command, args] = program.add("info", "Describes a model, or lists those at hand", info);
  command.argument("MODEL", args.model, "is a model file, or the name of a model at hand",
                   Need::optional);
  command.flag("--selftest", args.selftest,
               "also checks that this build gives the stored embedding of the stored test signal");
}

}  // namespace twinear::cli
