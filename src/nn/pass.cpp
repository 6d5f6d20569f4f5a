// SPDX-License-Identifier: Apache-2.0
#include "nn/pass.h"

#include <algorithm>

#include "base/threads.h"

namespace twinear::nn {

Pass::Pass(Network& network, Shape input, Mode mode, const PassOptions& options)
    : network_(network), training_(mode == Mode::training) {
  const WorkerScope worker;  // primitives remember how many threads OpenMP had at their birth
  for (std::int64_t at = 0; at < input.clips; at += clips_per_part)
    parts_.push_back({parts_.size(), at, std::min(clips_per_part, input.clips - at)});

  const std::vector<Shape> shapes = network.shapes(input);
  const std::vector<Number> numbers = network.numbers(options.numbers);
  flows_.resize(shapes.size());
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    flows_[i].shape = shapes[i];
    flows_[i].number = numbers[i];
    flows_[i].lengths.resize(static_cast<std::size_t>(input.clips), shapes[i].frames);
  }
  // What the caller sees is contiguous and f32.
  for (Flow* flow : {&flows_.front(), &flows_.back()})
    flow->value.resize(static_cast<std::size_t>(flow->shape.size()));
  if (options.input_gradient) flows_[0].gradient.resize(flows_[0].value.size());

  // Node i writes flow i + 1; its gradient is first written by the last that read it, and last read
  // by node i. So on both ways a flow is needed from its writer to its last reader, except that
  // values of training wait for the way back.
  const std::span<const Node> nodes = network.nodes();
  std::vector<Reading> reading(flows_.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const std::size_t f : nodes[i].inputs) {
      reading[f].last = i;
      ++reading[f].count;
    }
  std::vector<Lifetime> needed(flows_.size());
  for (std::size_t f = 1; f + 1 < flows_.size(); ++f)
    needed[f] = {
        static_cast<std::size_t>(std::min(clips_per_part, input.clips) * shapes[f].clip_size()) *
            bytes_of(numbers[f]),
        f - 1, reading[f].last};
  if (mode == Mode::training) lend_gradients(needed, options.share_memory);
  prepare_steps(mode, reading, needed);
  if (mode == Mode::training || !options.share_memory)
    for (Lifetime& lifetime : needed) lifetime = {lifetime.bytes, 0, nodes.size()};
  lend(needed, values_, &Flow::lent_value);
}

void Pass::lend_gradients(std::vector<Lifetime> needed, bool share) {
  const std::span<const Node> nodes = network_.nodes();
  std::vector<bool> has_gradient(flows_.size());
  has_gradient[0] = flows_[0].has_gradient();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    // Nothing before the first weight that moves needs a gradient.
    has_gradient[i + 1] =
        std::ranges::any_of(nodes[i].layer->parameters(), &Parameter::moves) ||
        std::ranges::any_of(nodes[i].inputs, [&](std::size_t f) { return has_gradient[f]; });
    if (!has_gradient[i + 1]) needed[i + 1].bytes = 0;
    if (!share) needed[i + 1] = {needed[i + 1].bytes, 0, nodes.size()};
  }
  if (has_gradient.back()) flows_.back().gradient.resize(flows_.back().value.size());
  lend(needed, gradients_, &Flow::lent_gradient);
}

void Pass::lend(const std::vector<Lifetime>& needed, Aligned<std::byte>& memory, Loan Flow::*loan) {
  const MemoryPlan plan = plan_memory(needed);
  memory.resize(parts_.size() * plan.bytes);
  for (std::size_t f = 0; f < flows_.size(); ++f)
    if (needed[f].bytes > 0) flows_[f].*loan = {memory.data() + plan.begins[f], plan.bytes};
}

void Pass::prepare_steps(Mode mode, std::span<const Reading> reading,
                         std::vector<Lifetime>& needed) {
  const std::span<const Node> nodes = network_.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::vector<Edge> edges;
    for (const std::size_t f : nodes[i].inputs)  // the last to read is the first on the way back
      edges.push_back({&flows_[f], reading[f].last != i});
    std::unique_ptr<Step> both;
    if (mode == Mode::inference && i + 1 < nodes.size() && reading[i + 1].count == 1 &&
        nodes[i + 1].inputs == std::vector{i + 1})
      both = nodes[i].layer->prepare_with(*nodes[i + 1].layer, edges, flows_[i + 2]);
    if (both != nullptr) {
      needed[i + 1].bytes = 0;
      needed[i + 2].first = i;
      steps_.push_back(std::move(both));
      ++i;
    } else {
      steps_.push_back(nodes[i].layer->prepare(edges, flows_[i + 1], mode));
    }
  }
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i]->whole()) meetings_.push_back(i);
}

void Pass::forward() {
  const WorkerScope worker;  // what steps do alone, too: a team of threads would wait for itself
  for (std::size_t i = 0; i < network_.nodes().size(); ++i) {
    const Node& node = network_.nodes()[i];
    for (std::size_t clip = 0; clip < flows_[i + 1].lengths.size(); ++clip)
      flows_[i + 1].lengths[clip] = node.layer->output_length(flows_[node.inputs[0]].lengths[clip]);
  }
  if (training_)  // all weights are new
    parallel_for(steps_.size(), [&](std::size_t i) { steps_[i]->begin(); });
  else
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
  const auto has_gradient = [&](std::size_t step) { return flows_[step + 1].has_gradient(); };
  const auto back = [&](std::size_t from, std::size_t to, const Part& part) {
    for (std::size_t i = from; i > to; --i)
      if (has_gradient(i - 1)) steps_[i - 1]->backward(part);
  };
  std::size_t done = steps_.size();
  for (std::size_t m = meetings_.size(); m-- > 0;) {
    const std::size_t meeting = meetings_[m];
    if (!has_gradient(meeting)) continue;
    parallel_for(parts_.size(), [&](std::size_t p) {
      back(done, meeting + 1, parts_[p]);
      steps_[meeting]->collect_back(parts_[p]);
    });
    steps_[meeting]->join_back();
    done = meeting + 1;
  }
  parallel_for(parts_.size(), [&](std::size_t p) { back(done, 0, parts_[p]); });
  parallel_for(steps_.size(), [&](std::size_t i) {
    if (has_gradient(i)) steps_[i]->end();
  });
}

std::size_t Pass::bytes() const noexcept {
  std::size_t bytes = values_.size() + gradients_.size();
  for (const Flow& flow : flows_)
    bytes += (flow.value.size() + flow.gradient.size()) * sizeof(float);
  return bytes;
}

}  // namespace twinear::nn
