// SPDX-License-Identifier: Apache-2.0
#include "nn/pass.h"

#include <algorithm>

#include "base/threads.h"

namespace twinear::nn {

Pass::Pass(Network& network, Shape input, Mode mode, bool input_gradient) : network_(network) {
  const WorkerScope worker;  // primitives remember how many threads OpenMP had at their birth
  for (std::int64_t at = 0; at < input.clips; at += clips_per_part)
    parts_.push_back({parts_.size(), at, std::min(clips_per_part, input.clips - at)});

  const std::vector<Shape> shapes = network.shapes(input);
  flows_.resize(shapes.size());
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    flows_[i].shape = shapes[i];
    flows_[i].value.resize(static_cast<std::size_t>(shapes[i].size()));
    flows_[i].lengths.resize(static_cast<std::size_t>(input.clips), shapes[i].frames);
  }
  if (input_gradient) flows_[0].gradient.resize(flows_[0].value.size());
  std::vector<std::size_t> last_reader(flows_.size()), readers(flows_.size());
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    const auto& [name, layer, inputs] = network.nodes()[i];
    // Nothing before the first weight that moves needs a gradient.
    const bool moves = std::ranges::any_of(layer->parameters(), &Parameter::moves);
    const bool passed_on =
        std::ranges::any_of(inputs, [&](std::size_t f) { return !flows_[f].gradient.empty(); });
    if (mode == Mode::training && (moves || passed_on))
      flows_[i + 1].gradient.resize(flows_[i + 1].value.size());
    for (const std::size_t f : inputs) {
      last_reader[f] = i;
      ++readers[f];
    }
  }
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    const auto& [name, layer, inputs] = network.nodes()[i];
    std::vector<Edge> edges;
    for (const std::size_t f : inputs)  // the last to read is the first on the way back
      edges.push_back({&flows_[f], last_reader[f] != i});
    std::unique_ptr<Step> both;
    if (mode == Mode::inference && i + 1 < network.nodes().size() && readers[i + 1] == 1 &&
        network.nodes()[i + 1].inputs == std::vector{i + 1})
      both = layer->prepare_with(*network.nodes()[i + 1].layer, edges, flows_[i + 2]);
    if (both != nullptr) {
      flows_[i + 1].value = Buffer();  // `= {}` would keep the memory
      steps_.push_back(std::move(both));
      ++i;
    } else {
      steps_.push_back(layer->prepare(edges, flows_[i + 1], mode));
    }
  }
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i]->whole()) meetings_.push_back(i);
}

void Pass::forward() {
  const WorkerScope worker;  // what steps do alone, too: a team of threads would wait for itself
  for (std::size_t i = 0; i < network_.nodes().size(); ++i) {
    const auto& [name, layer, inputs] = network_.nodes()[i];
    for (std::size_t clip = 0; clip < flows_[i + 1].lengths.size(); ++clip)
      flows_[i + 1].lengths[clip] = layer->output_length(flows_[inputs[0]].lengths[clip]);
  }
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
  const WorkerScope worker;
  // In training there is a step for each node.
  const auto has_gradient = [&](std::size_t step) { return !flows_[step + 1].gradient.empty(); };
  const auto back = [&](std::size_t from, std::size_t to, const Part& part) {
    for (std::size_t i = from; i > to; --i)
      if (has_gradient(i - 1)) steps_[i - 1]->backward(part);
  };
  std::size_t done = steps_.size();
  for (auto meeting = meetings_.rbegin(); meeting != meetings_.rend(); ++meeting) {
    if (!has_gradient(*meeting)) continue;
    parallel_for(parts_.size(), [&](std::size_t p) {
      back(done, *meeting + 1, parts_[p]);
      steps_[*meeting]->collect_back(parts_[p]);
    });
    steps_[*meeting]->join_back();
    done = *meeting + 1;
  }
  parallel_for(parts_.size(), [&](std::size_t p) { back(done, 0, parts_[p]); });
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (has_gradient(i)) steps_[i]->end();
}

std::size_t Pass::bytes() const noexcept {
  std::size_t floats = 0;
  for (const Flow& flow : flows_) floats += flow.value.size() + flow.gradient.size();
  return floats * sizeof(float);
}

}  // namespace twinear::nn
