// SPDX-License-Identifier: Apache-2.0
#include "nn/architectures.h"

namespace twinear {
namespace {

class Statistics final : public Architecture {
 public:
  EncoderSpec spec(int bins) const override { return EncoderSpec::statistics(bins); }
};

}  // namespace

EncoderSpec EncoderSpec::statistics(int bins) {
  return {.kind = "statistics",
          .bins = bins,
          .layers = {complete({.kind = "stats_pool", .name = "pool"}),
                     complete({.kind = "l2_normalize", .name = "sphere"})}};
}

ArchitectureKind statistics_architecture() {
  return {"statistics", "the untrained baseline: mean and deviation of each mel bin",
          [] { return std::make_unique<Statistics>(); }};
}

}  // namespace twinear
