// SPDX-License-Identifier: Apache-2.0
// Measures the exact search of 1 M x 192 for the ten best of 1, 16 and 256 queries, in fp32 and
// with the bf16 copy, and faiss' IndexFlatIP if it is installed (tools/setup.sh peers). For a fair
// comparison they run in turn, and the peer's idle threads sleep. The label tells the kernels that
// its BLAS chose: a BLAS older than the CPU chooses slow ones unless OPENBLAS_CORETYPE names
// others.
//   OMP_WAIT_POLICY=passive OPENBLAS_CORETYPE=SkylakeX bench_search
//     --benchmark_enable_random_interleaving=true --benchmark_repetitions=5
#include "twinear/search.h"

#include <benchmark/benchmark.h>
#include <tbb/parallel_for.h>

#include <cmath>
#include <limits>
#include <string>

#include "bench.h"
#include "twinear/threads.h"

#ifdef TWINEAR_FAISS
#include <dlfcn.h>
#include <faiss/IndexFlat.h>
#include <omp.h>
#endif

namespace {

using namespace twinear;

constexpr std::size_t people = 1'000'000, width = 192, top = 10;

/// Unit vectors in no direction more than in another.
Matrix directions(std::size_t count, std::uint64_t seed) {
  Matrix rows(count, width);
  tbb::parallel_for(std::size_t{0}, (count + 9999) / 10000, [&](std::size_t part) {
    for (std::size_t r = part * 10000; r < std::min(count, (part + 1) * 10000); ++r) {
      fill_with_noise(rows.row(r), 1.0F, (seed << 32U) + r);
      double square = 0;
      for (const float x : rows.row(r)) square += static_cast<double>(x) * x;
      for (float& x : rows.row(r)) x = static_cast<float>(x / std::sqrt(square));
    }
  });
  return rows;
}

/// Each is made when first asked for and kept: a benchmark is entered many times.
const Matrix& database() {
  static const Matrix rows = directions(people, 0);
  return rows;
}
const Search& in_floats() {
  static const Search search(database(), std::numeric_limits<std::size_t>::max());
  return search;
}
const Search& with_copy() {
  static const Search search(database(), 0);
  return search;
}

void count_queries(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void ours(benchmark::State& state, const Search& search) {
  const Matrix queries = directions(static_cast<std::size_t>(state.range(0)), 1);
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(search.best(queries, top));
  count_queries(state);
}
void search_fp32(benchmark::State& state) { ours(state, in_floats()); }
void search_bf16(benchmark::State& state) { ours(state, with_copy()); }

#ifdef TWINEAR_FAISS
void search_faiss(benchmark::State& state) {
  static const faiss::IndexFlatIP index = [] {
    faiss::IndexFlatIP made(width);
    made.add(people, database().values().data());
    return made;
  }();
  const auto count = static_cast<std::size_t>(state.range(0));
  const Matrix queries = directions(count, 1);
  const int before = omp_get_max_threads(), threads = static_cast<int>(state.range(1));
  omp_set_num_threads(threads);
  // Whatever BLAS faiss multiplies by; without it, one that has threads of its own takes them all.
  if (void* name = dlsym(RTLD_DEFAULT, "openblas_get_corename"))
    state.SetLabel(reinterpret_cast<const char* (*)()>(name)());
  if (void* set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(set)(threads);
  std::vector<float> scores(count * top);
  std::vector<faiss::Index::idx_t> rows(count * top);
  for (auto _ : state)
    index.search(static_cast<faiss::Index::idx_t>(count), queries.values().data(), top,
                 scores.data(), rows.data());
  omp_set_num_threads(before);
  const auto hits = in_floats().best(queries, top);
  std::size_t equal = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    equal += hits[i / top][i % top].row == static_cast<std::size_t>(rows[i]) ? 1 : 0;
  state.counters["same ids"] = static_cast<double>(equal) / static_cast<double>(rows.size());
  count_queries(state);
}
#endif

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"queries", "threads"})
      ->ArgsProduct({{1, 16, 256}, {1, 2}})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}
BENCHMARK(search_fp32)->Apply(shapes);
BENCHMARK(search_bf16)->Apply(shapes);
#ifdef TWINEAR_FAISS
BENCHMARK(search_faiss)->Apply(shapes);
#endif

}  // namespace
