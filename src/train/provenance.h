// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "twinear/trainer.h"

namespace twinear {

/// Says of a model where it comes from: Model::provenance.
class Provenance {
 public:
  /// `corpus` describes the clips.
  Provenance(const Recipe& recipe, std::uint64_t seed, const nlohmann::ordered_json& corpus);

  /// The provenance of a model of an epoch, as a JSON text. `init` is the id of the model that
  /// training began with; empty: there was none.
  std::string of_model(int epoch, const nlohmann::ordered_json& metrics,
                       const std::string& init) const;

  /// Throws Error (mismatch) unless `provenance`, of the checkpoint `file`, is that of the same
  /// run; folders may differ, because the corpus has a checksum. Returns the id of the model that
  /// the run began with.
  std::string check_resumed(const std::string& provenance, const std::string& file) const;

 private:
  std::shared_ptr<const nlohmann::ordered_json> run_;  // recipe, seed and corpus
};

}  // namespace twinear
