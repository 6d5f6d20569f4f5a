// SPDX-License-Identifier: Apache-2.0
#include "nn/execution.h"

#include <algorithm>

#include "base/threads.h"
#include "linalg/lasting_buffers.h"

namespace twinear::nn {

Execution::Execution(Network& network, Shape input, Mode mode, const ExecutionOptions& options)
    : network_(network), training_(mode == Mode::training) {
  const WorkerScope worker;  // primitives remember how many threads OpenMP had when they were made
  for (std::size_t at = 0; at < input.clips; at += micro_batch_clips)
    micro_batches_.push_back(
        {micro_batches_.size(), at, std::min(micro_batch_clips, input.clips - at)});
  if (training_) network.want_gradients();
  make_activations(input, options);

  // Node i writes activation i + 1; its gradient is first written by its last reader, and last read
  // by node i. So in both directions an activation is needed from its writer to its last reader,
  // except that values of training wait for the way back.
  const std::vector<Readers> read = readers();
  std::vector<Lifetime> needed(activations_.size());
  for (std::size_t a = 1; a + 1 < activations_.size(); ++a)
    needed[a] = {std::min(micro_batch_clips, input.clips) * activations_[a].shape.clip_size() *
                     bytes_of(activations_[a].number),
                 a - 1, read[a].last};
  if (training_) place_gradients(needed, options.share_memory);
  prepare_ops(mode, read, needed);
  if (training_ || !options.share_memory)
    for (Lifetime& lifetime : needed) lifetime = {lifetime.bytes, 0, network.nodes().size()};
  place(needed, values_, &Activation::value_slice);
}

void Execution::make_activations(Shape input, const ExecutionOptions& options) {
  const std::vector<Shape> shapes = network_.shapes(input);
  const std::vector<Number> numbers = network_.numbers(options.numbers);
  const LastingBuffers values;
  activations_.resize(shapes.size());
  for (std::size_t i = 0; i < activations_.size(); ++i) {
    activations_[i].shape = shapes[i];
    activations_[i].number = numbers[i];
    activations_[i].lengths.resize(input.clips, shapes[i].frames);
  }
  // Input and output, which the caller sees, are contiguous and f32.
  for (Activation* seen : {&activations_.front(), &activations_.back()})
    seen->value.resize(seen->shape.size());
  if (options.input_gradient) activations_[0].gradient.resize(activations_[0].value.size());
}

std::vector<Execution::Readers> Execution::readers() const {
  std::vector<Readers> readers(activations_.size());
  for (std::size_t i = 0; i < network_.nodes().size(); ++i)
    for (const std::size_t a : network_.nodes()[i].inputs) {
      readers[a].last = i;
      ++readers[a].count;
    }
  return readers;
}

void Execution::place_gradients(std::vector<Lifetime> needed, bool share) {
  const std::span<const Node> nodes = network_.nodes();
  std::vector<bool> has_gradient(activations_.size());
  has_gradient[0] = activations_[0].has_gradient();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    // Activations before the first weight that moves need no gradient.
    has_gradient[i + 1] =
        std::ranges::any_of(nodes[i].layer->parameters(), &Parameter::moves) ||
        std::ranges::any_of(nodes[i].inputs, [&](std::size_t a) { return has_gradient[a]; });
    if (!has_gradient[i + 1]) needed[i + 1].bytes = 0;
    if (!share) needed[i + 1] = {needed[i + 1].bytes, 0, nodes.size()};
  }
  if (has_gradient.back()) activations_.back().gradient.resize(activations_.back().value.size());
  place(needed, gradients_, &Activation::gradient_slice);
}

void Execution::place(const std::vector<Lifetime>& needed, Aligned<std::byte>& memory,
                      ArenaSlice Activation::*slice) {
  const MemoryPlan plan = plan_memory(needed);
  const LastingBuffers arena;
  memory.resize(micro_batches_.size() * plan.bytes);
  for (std::size_t a = 0; a < activations_.size(); ++a)
    if (needed[a].bytes > 0) activations_[a].*slice = {memory.data() + plan.begins[a], plan.bytes};
}

void Execution::prepare_ops(Mode mode, std::span<const Readers> readers,
                            std::vector<Lifetime>& needed) {
  const std::span<const Node> nodes = network_.nodes();
  // oneDNN writes machine code for every convolution, which takes longer than a clip does.
  std::vector<std::unique_ptr<Op>> alone(nodes.size()), fused(nodes.size());
  parallel_for(nodes.size(), [&](std::size_t i) {
    const LastingBuffers of_op;
    std::vector<Input> inputs;
    for (const std::size_t a : nodes[i].inputs)  // the last reader is the first on the way back
      inputs.push_back({&activations_[a], readers[a].last != i});
    if (mode == Mode::inference && i + 1 < nodes.size() && readers[i + 1].count == 1 &&
        nodes[i + 1].inputs == std::vector{i + 1})
      fused[i] = nodes[i].layer->prepare_fused(*nodes[i + 1].layer, inputs, activations_[i + 2]);
    if (fused[i] == nullptr) alone[i] = nodes[i].layer->prepare(inputs, activations_[i + 1], mode);
  });
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (fused[i] == nullptr) {
      ops_.push_back(std::move(alone[i]));
      continue;
    }
    needed[i + 1].bytes = 0;
    needed[i + 2].first = i;
    ops_.push_back(std::move(fused[i]));
    ++i;
  }
  for (std::size_t i = 0; i < ops_.size(); ++i)
    if (ops_[i]->needs_batch()) barriers_.push_back(i);
}

void Execution::forward() {
  const WorkerScope worker;  // the serial sections, too, must not start OpenMP threads
  for (std::size_t i = 0; i < network_.nodes().size(); ++i) {
    const Node& node = network_.nodes()[i];
    for (std::size_t clip = 0; clip < activations_[i + 1].lengths.size(); ++clip)
      activations_[i + 1].lengths[clip] =
          node.layer->output_length(activations_[node.inputs[0]].lengths[clip]);
  }
  if (training_ || new_)  // all weights are new
    parallel_for(ops_.size(), [&](std::size_t i) { ops_[i]->begin(); });
  else
    for (const auto& op : ops_) op->begin();
  new_ = false;
  std::size_t next = 0;
  for (const std::size_t barrier : barriers_) {
    parallel_for(micro_batches_.size(), [&](std::size_t p) {
      for (std::size_t i = next; i < barrier; ++i) ops_[i]->forward(micro_batches_[p]);
      ops_[barrier]->collect(micro_batches_[p]);
    });
    ops_[barrier]->reduce();
    next = barrier;
  }
  parallel_for(micro_batches_.size(), [&](std::size_t p) {
    for (std::size_t i = next; i < ops_.size(); ++i) ops_[i]->forward(micro_batches_[p]);
  });
}

void Execution::backward() {
  const WorkerScope worker;
  // In training there is one op for each node.
  const auto has_gradient = [&](std::size_t op) { return activations_[op + 1].has_gradient(); };
  const auto back = [&](std::size_t from, std::size_t to, const MicroBatch& batch) {
    for (std::size_t i = from; i > to; --i)
      if (has_gradient(i - 1)) ops_[i - 1]->backward(batch);
  };
  std::size_t done = ops_.size();
  for (std::size_t m = barriers_.size(); m-- > 0;) {
    const std::size_t barrier = barriers_[m];
    if (!has_gradient(barrier)) continue;
    parallel_for(micro_batches_.size(), [&](std::size_t p) {
      back(done, barrier + 1, micro_batches_[p]);
      ops_[barrier]->collect_backward(micro_batches_[p]);
    });
    ops_[barrier]->reduce_backward();
    done = barrier + 1;
  }
  parallel_for(micro_batches_.size(), [&](std::size_t p) { back(done, 0, micro_batches_[p]); });
  parallel_for(ops_.size(), [&](std::size_t i) {
    if (has_gradient(i)) ops_[i]->end();
  });
}

std::size_t Execution::bytes() const noexcept {
  std::size_t bytes = values_.size() + gradients_.size();
  for (const Activation& a : activations_)
    bytes += (a.value.size() + a.gradient.size()) * sizeof(float);
  return bytes;
}

}  // namespace twinear::nn
