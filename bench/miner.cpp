// SPDX-License-Identifier: Apache-2.0
// Measures what mining and losses cost a training step: a P x K batch of range(0) labels with four
// clips each, whose embeddings have 192 values. Rates are in clips.
#include "twinear/miner.h"

#include <benchmark/benchmark.h>

#include "bench.h"
#include "twinear/loss_functions.h"

namespace twinear {
namespace {

constexpr int clips = 4;
constexpr std::size_t width = 192;

struct Batch {
  explicit Batch(const benchmark::State& state)
      : embeddings(static_cast<std::size_t>(state.range(0)) * clips, width),
        gradient(embeddings.rows(), width) {
    fill_with_noise(embeddings.values(), 1.0F / 14);
    for (std::size_t i = 0; i < embeddings.rows(); ++i)
      labels.push_back(static_cast<int>(i) / clips);
  }

  void count(benchmark::State& state) const {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(labels.size()));
  }

  Matrix embeddings, gradient;
  std::vector<int> labels;
};

void mine(benchmark::State& state, const char* mining) {
  const Batch b(state);
  for (auto _ : state) benchmark::DoNotOptimize(mine_triplets({b.embeddings, b.labels}, mining));
  b.count(state);
}

/// Each clip of the batch against 4096 more of earlier ones.
void mine_with_memory(benchmark::State& state) {
  const Batch b(state);
  EmbeddingMemory memory(4096);
  while (memory.with_memory(Matrix(0, width)).rows() < 4096) memory.add(b.embeddings, b.labels);
  for (auto _ : state)
    benchmark::DoNotOptimize(mine_triplets(
        {memory.with_memory(b.embeddings), memory.with_memory(b.labels), 0, b.labels.size()},
        "batch-hard"));
  b.count(state);
}

void mine_hard_pairs(benchmark::State& state) {
  const Batch b(state);
  for (auto _ : state) benchmark::DoNotOptimize(mine_pairs({b.embeddings, b.labels}, "hard"));
  b.count(state);
}

void loss_of_hardest_triplets(benchmark::State& state) {
  Batch b(state);
  const auto triplets = mine_triplets({b.embeddings, b.labels}, "batch-hard");
  for (auto _ : state)
    benchmark::DoNotOptimize(triplet_loss(b.embeddings, triplets, {}, b.gradient));
  b.count(state);
}

void loss_of_all_triplets(benchmark::State& state) {
  Batch b(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        batch_all_triplet_loss({b.embeddings, b.labels}, {}, TripletMean::nonzero, b.gradient));
  b.count(state);
}

void loss_of_all_pairs(benchmark::State& state) {
  Batch b(state);
  const auto pairs = mine_pairs({b.embeddings, b.labels}, "all");
  for (auto _ : state)
    benchmark::DoNotOptimize(contrastive_loss(b.embeddings, pairs, 1.0F, b.gradient));
  b.count(state);
}

void loss_of_centroids(benchmark::State& state) {
  Batch b(state);
  LossParameters logit = logit_parameters();
  for (auto _ : state)
    benchmark::DoNotOptimize(ge2e_loss(b.embeddings, b.labels, logit, b.gradient));
  b.count(state);
}

void loss_of_other_clips(benchmark::State& state) {
  Batch b(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(supervised_contrastive_loss(b.embeddings, b.labels, 0.1F, b.gradient));
  b.count(state);
}

/// Among the 5994 speakers of VoxCeleb2.
void loss_of_classes(benchmark::State& state) {
  Batch b(state);
  LossParameters classes = class_parameters(5994, 1, width, 0);
  for (auto _ : state)
    benchmark::DoNotOptimize(aam_softmax_loss(b.embeddings, b.labels, {}, classes, b.gradient));
  b.count(state);
}

/// All distances of a batch: in double, by differences, each pair once.
void table_of_distances(benchmark::State& state) {
  const Batch b(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(LossBatch(b.embeddings).distances(Distance::euclidean));
  b.count(state);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(4)->Range(16, 256)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK(table_of_distances)->Apply(sizes);
BENCHMARK_CAPTURE(mine, batch_hard, "batch-hard")->Apply(sizes);
BENCHMARK_CAPTURE(mine, semi_hard, "semi-hard")->Apply(sizes);
BENCHMARK_CAPTURE(mine, distance_weighted, "distance-weighted")->Apply(sizes);
BENCHMARK(mine_with_memory)->Apply(sizes);
BENCHMARK(mine_hard_pairs)->Apply(sizes);
BENCHMARK(loss_of_hardest_triplets)->Apply(sizes);
BENCHMARK(loss_of_all_triplets)->Apply(sizes);
BENCHMARK(loss_of_all_pairs)->Apply(sizes);
BENCHMARK(loss_of_centroids)->Apply(sizes);
BENCHMARK(loss_of_other_clips)->Apply(sizes);
BENCHMARK(loss_of_classes)->Apply(sizes);

}  // namespace
}  // namespace twinear
