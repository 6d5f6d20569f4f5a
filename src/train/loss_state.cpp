// SPDX-License-Identifier: Apache-2.0
#include "train/loss_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/state.h"
#include "twinear/error.h"

namespace twinear {
namespace {

/// The name of the i-th parameters in a checkpoint.
std::string key(std::size_t i) {
  return i == 0 ? "loss.learned" : fmt::format("loss.learned{}", i + 1);
}

}  // namespace

void check_batches(const std::string& kind, const Loss& loss, const SamplerOptions& sampler) {
  const auto [clips, why] = loss.needs();
  if (sampler.clips < clips)
    throw Error(Fault::config, fmt::format("loss.kind = \"{}\" needs sampler.clips of at least {}, "
                                           "found {}: {}",
                                           kind, clips, sampler.clips, why));
}

std::vector<nn::Learned> learned(Loss& loss) {
  std::vector<nn::Learned> all;
  for (LossParameters* p : loss.parameters())
    all.push_back({key(all.size()), p->value.values(), p->gradient.values()});
  return all;
}

std::map<std::string, Matrix> state_of(Loss& loss) {
  auto state = loss.state();
  const auto parameters = loss.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) state[key(i)] = parameters[i]->value;
  return state;
}

void restore(Loss& loss, const std::map<std::string, Matrix>& state) {
  const auto parameters = loss.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Matrix& value = parameters[i]->value;  // copied to where it is: the optimizer looks there
    std::ranges::copy(state_of(state, key(i), value.rows(), value.cols()).values(),
                      value.values().begin());
  }
  loss.restore(state);
}

}  // namespace twinear
