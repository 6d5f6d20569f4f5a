// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <vector>

#include "twinear/loss_functions.h"

namespace twinear {

/// What the losses over w cos + b share: the learned w and b, and where they begin.
class CosineLogitLoss : public Loss {
 public:
  void keys(Fields& f) final {
    f.number({"scale", "", "first value of w in w cos + b"}, options_.scale, 0.01, 1000.0);
    f.number({"offset", "", "first value of b in w cos + b"}, options_.offset, -1000.0, 1000.0);
  }
  void begin(const LossContext&) final { logit_ = logit_parameters(options_); }
  double value_at_collapse(int labels, int) const final { return std::log(labels); }
  std::vector<LossParameters*> parameters() final { return {&logit_}; }

 protected:
  LossParameters logit_ = logit_parameters();

 private:
  LogitOptions options_;
};

}  // namespace twinear
