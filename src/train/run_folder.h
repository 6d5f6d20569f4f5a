// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>

#include "train/provenance.h"
#include "twinear/learner.h"
#include "twinear/metrics.h"
#include "twinear/model.h"

namespace twinear {

/// The folder of a run with its models, which say of themselves where they come from.
class RunFolder {
 public:
  /// The model must outlive it. `dev` names the clips that calibrate.
  RunFolder(std::string path, Model& model, Provenance provenance, std::string dev);

  std::string file(const char* name) const;

  /// Takes the id of the model that training began with.
  void began_with(std::string id) { init_ = std::move(id); }

  /// Writes model.safetensors, calibrated by the scores where these rank forwards.
  void save_model(int epoch, const nlohmann::ordered_json& metrics,
                  const std::optional<Scores>& scores);

  /// Writes last.safetensors, and reads it back into the learner. resume() throws Error (mismatch)
  /// for the checkpoint of another run.
  void save_checkpoint(const Learner& learner, int epoch, const LoopState& loop);
  LoopState resume(Learner& learner);

 private:
  std::string path_;
  Model& model_;
  Provenance provenance_;
  std::string dev_, init_;
};

}  // namespace twinear
