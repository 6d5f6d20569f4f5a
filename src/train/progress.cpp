// SPDX-License-Identifier: Apache-2.0
#include "train/progress.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "twinear/error.h"

namespace twinear {

bool Progress::evaluated(double eer, int epoch, const OptimizerOptions& optimizer) {
  const bool best = best_epoch == 0 || eer < best_eer;
  if (best) {
    best_eer = eer;
    best_epoch = epoch;
  }
  since_best = best ? 0 : since_best + 1;
  since_drop = best ? 0 : since_drop + 1;
  if (optimizer.plateau > 0 && since_drop >= optimizer.plateau) {
    rate_factor *= optimizer.decay;
    since_drop = 0;
  }
  return best;
}

std::string Progress::json() const {
  return nlohmann::ordered_json{{"step", step},
                                {"best_epoch", best_epoch},
                                {"best_eer", best_eer},
                                {"since_best", since_best},
                                {"since_drop", since_drop},
                                {"rate_factor", rate_factor}}
      .dump();
}

Progress Progress::from_json(const std::string& text, const std::string& place) try {
  const auto json = parse_json(text, place);
  return {.step = json.at("step").get<std::uint64_t>(),
          .best_epoch = json.at("best_epoch").get<int>(),
          .best_eer = json.at("best_eer").get<double>(),
          .since_best = json.at("since_best").get<int>(),
          .since_drop = json.at("since_drop").get<int>(),
          .rate_factor = json.at("rate_factor").get<double>()};
} catch (const nlohmann::json::exception&) {
  throw Error(Fault::format, place + ": not the progress of a training run");
}

}  // namespace twinear
