// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace twinear {

/// A model that find_model finds by its name.
struct InstalledModel {
  std::string name;  ///< small letters, digits and hyphens: "speaker", "sound", "speaker-large"
  std::string path;
};

/// The published model of speakers that decides better than the shipped one, where its owner has
/// got it.
inline constexpr const char* large_model = "speaker-large";

/// The user's own folder of models: $TWINEAR_MODELS, else $XDG_DATA_HOME/twinear/models, else
/// ~/.local/share/twinear/models. Empty where none of these is set.
std::string model_folder();

/// The models at hand, sorted by name: each NAME.safetensors of model_folder(), then those that
/// ship with Twinear, looked for beside the running program and where Twinear is installed.
std::vector<InstalledModel> installed_models();

/// The file of the model at hand that has this name, if there is one.
std::optional<std::string> installed_model(const std::string& name);

/// The file of a model: of installed_models() by its name, else `name` itself, which is a path.
/// "" stands for the default: what $TWINEAR_MODEL names, else "speaker-large" where it is at hand,
/// else "speaker". Throws Error (config) for a plain word that is neither a model at hand nor a
/// file.
std::string find_model(const std::string& name = "");

/// The model at hand that has this Model::id, as a database remembers it; where there is none, the
/// default, which the database will refuse by its id. Reads whole files. Throws as find_model does.
std::string find_model_by_id(const std::string& id);

/// For people: how a model is got that find_model does not find.
std::string how_to_get(const std::string& name);

}  // namespace twinear
