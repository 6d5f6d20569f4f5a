// SPDX-License-Identifier: Apache-2.0
#include "train/provenance.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/spellings.h"
#include "linalg/onednn_info.h"
#include "train/recipe.h"
#include "twinear/error.h"

namespace twinear {

using Json = nlohmann::ordered_json;

Provenance::Provenance(const Recipe& recipe, std::uint64_t seed, const Json& corpus)
    : run_(std::make_shared<const Json>(
          Json{{"recipe", Json::parse(recipe_json(without_folders(recipe)))},
               {"seed", seed},
               {"corpus", corpus}})) {}

std::string Provenance::of_model(int epoch, const Json& metrics, const std::string& init) const {
  Json provenance{{"recipe", run_->at("recipe")},
                  {"seed", run_->at("seed")},
                  {"epoch", epoch},
                  {"metrics", metrics},
                  {"corpus", run_->at("corpus")},
                  {"onednn", onednn_version()},
                  {"instruction_set", onednn_isa()}};
  if (!init.empty()) provenance["init"] = init;
  return provenance.dump();
}

std::string Provenance::check_resumed(const std::string& provenance, const std::string& file) const
    try {
  auto then = spelled_today(Json::parse(provenance)), now = *run_;
  for (Json* run : {&then, &now})  // checksums know corpus and teacher wherever they lie
    if (run->contains("recipe")) {
      for (const char* key : {"train", "dev"}) (*run)["recipe"]["data"].erase(key);
      if ((*run)["recipe"].contains("teacher")) (*run)["recipe"]["teacher"].erase("model");
    }
  for (const char* key : {"recipe", "seed", "corpus"})
    if (then.value(key, Json()) != now.at(key))
      throw Error(Fault::mismatch,
                  fmt::format("{}: the checkpoint was written with another {}; resume with the "
                              "same, or train without --resume",
                              file, key));
  return then.value("init", "");
} catch (const Json::exception&) {
  throw Error(Fault::format, file + ": the file is not a checkpoint of a training run");
}

}  // namespace twinear
