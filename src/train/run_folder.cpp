// SPDX-License-Identifier: Apache-2.0
#include "train/run_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "twinear/calibration.h"
#include "twinear/error.h"

namespace twinear {

RunFolder::RunFolder(std::string path, Model& model, Provenance provenance, std::string dev)
    : path_(std::move(path)),
      model_(model),
      provenance_(std::move(provenance)),
      dev_(std::move(dev)) {}

std::string RunFolder::file(const char* name) const {
  return (std::filesystem::path(path_) / name).string();
}

void RunFolder::save_model(int epoch, const nlohmann::ordered_json& metrics,
                           const std::optional<Scores>& scores) {
  model_.provenance = provenance_.of_model(epoch, metrics, init_);
  model_.calibration.reset();
  if (scores) try {
      model_.calibration = fit_calibration(*scores, "trials between the dev clips of " + dev_);
    } catch (const Error& e) {
      if (e.fault() != Fault::numeric) throw;  // a model that ranks backwards stays uncalibrated
    }
  twinear::save_model(model_, file("model.safetensors"));
}

void RunFolder::save_checkpoint(const Learner& learner, int epoch, const LoopState& loop) {
  model_.provenance = provenance_.of_model(epoch, nlohmann::ordered_json::object(), init_);
  model_.calibration.reset();
  learner.save(file("last.safetensors"), model_, loop);
}

LoopState RunFolder::resume(Learner& learner) {
  const std::string path = file("last.safetensors");
  init_ = provenance_.check_resumed(load_model(path).provenance, path);
  return learner.restore(path);
}

}  // namespace twinear
