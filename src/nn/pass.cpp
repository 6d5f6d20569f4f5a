// SPDX-License-Identifier: Apache-2.0
#include "nn/pass.h"

#include <algorithm>

#include "base/threads.h"

namespace twinear::nn {

Pass::Pass(Network& network, Shape input, Mode mode) : network_(network) {
  const WorkerScope worker;  // primitives remember how many threads OpenMP had at their birth
  for (std::int64_t at = 0; at < input.clips; at += clips_per_part)
    parts_.push_back({parts_.size(), at, std::min(clips_per_part, input.clips - at)});

  flows_.resize(network.layers().size() + 1);
  Shape shape = input;
  bool wanted = false;  // nothing before the first learned weight needs a gradient
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    if (i > 0) {
      Layer& layer = *network.layers()[i - 1];
      shape = layer.output(shape);
      wanted = wanted || std::ranges::any_of(layer.parameters(), &Parameter::learned);
    }
    flows_[i].shape = shape;
    flows_[i].value.resize(static_cast<std::size_t>(shape.size()));
    if (mode == Mode::training && wanted) flows_[i].gradient.resize(flows_[i].value.size());
    flows_[i].lengths.resize(static_cast<std::size_t>(shape.clips), shape.frames);
  }
  for (std::size_t i = 0; i < network.layers().size(); ++i)
    steps_.push_back(network.layers()[i]->prepare(flows_[i], flows_[i + 1], mode));

  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i]->whole()) meetings_.push_back(i);
}

void Pass::forward() {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    std::ranges::transform(flows_[i].lengths, flows_[i + 1].lengths.begin(),
                           [&](std::int64_t n) { return network_.layers()[i]->output_length(n); });
  for (const auto& step : steps_) step->begin();
  std::size_t next = 0;
  for (const std::size_t meeting : meetings_) {
    parallel_for(parts_.size(), [&](std::size_t p) {
      for (std::size_t i = next; i < meeting; ++i) steps_[i]->forward(parts_[p]);
      steps_[meeting]->collect(parts_[p]);
    });
    steps_[meeting]->join();
    next = meeting;
  }
  parallel_for(parts_.size(), [&](std::size_t p) {
    for (std::size_t i = next; i < steps_.size(); ++i) steps_[i]->forward(parts_[p]);
  });
}

void Pass::backward() {
  std::size_t first = 0;  // what comes before it has no use for a gradient
  while (flows_[first + 1].gradient.empty()) ++first;
  std::vector<std::size_t> backwards(meetings_.rbegin(), meetings_.rend());
  std::erase_if(backwards, [&](std::size_t meeting) { return meeting < first; });
  std::size_t done = steps_.size();
  for (const std::size_t meeting : backwards) {
    parallel_for(parts_.size(), [&](std::size_t p) {
      for (std::size_t i = done; i > meeting + 1; --i) steps_[i - 1]->backward(parts_[p]);
      steps_[meeting]->collect_back(parts_[p]);
    });
    steps_[meeting]->join_back();
    done = meeting + 1;
  }
  parallel_for(parts_.size(), [&](std::size_t p) {
    for (std::size_t i = done; i > first; --i) steps_[i - 1]->backward(parts_[p]);
  });
  for (std::size_t i = first; i < steps_.size(); ++i) steps_[i]->end();
}

std::size_t Pass::bytes() const noexcept {
  std::size_t floats = 0;
  for (const Flow& flow : flows_) floats += flow.value.size() + flow.gradient.size();
  return floats * sizeof(float);
}

}  // namespace twinear::nn
