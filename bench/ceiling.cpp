// SPDX-License-Identifier: Apache-2.0
// Measures the ceiling of the machine: oneDNN's product of two square matrices of 2048, in f32 and
// in bf16. The rates of the other benchmarks are compared with it.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <dnnl.hpp>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

using dnnl::memory;

constexpr std::int64_t size = 2048;

memory::desc f32() { return {{size, size}, memory::data_type::f32, memory::format_tag::ab}; }

/// One product on one thread.
struct Product {
  explicit Product(memory::data_type type) {
    omp_set_num_threads(1);  // a primitive remembers how many there were
    const memory::desc any({size, size}, type, memory::format_tag::any);
    const memory::desc plain({size, size}, type, memory::format_tag::ab);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::matmul::primitive_desc pd({plain, any, f32()}, attributes, cpu);
    matmul = dnnl::matmul(pd);
    const auto random = [this](const memory::desc& as) {
      const memory from(f32(), cpu);
      auto* values = static_cast<float*>(from.get_data_handle());
      for (std::int64_t i = 0; i < size * size; ++i)
        values[i] = static_cast<float>(i * 7919 % 1009) * 1e-3F - 0.5F;
      memory to(as, cpu);
      dnnl::reorder(from, to).execute(stream, const_cast<memory&>(from), to);
      stream.wait();
      return to;
    };
    arguments = {{DNNL_ARG_SRC, random(pd.src_desc())},
                 {DNNL_ARG_WEIGHTS, random(pd.weights_desc())},
                 {DNNL_ARG_DST, memory(pd.dst_desc(), cpu)},
                 {DNNL_ARG_SCRATCHPAD, memory(pd.scratchpad_desc(), cpu)}};
  }
  void operator()() {
    omp_set_num_threads(1);
    matmul.execute(stream, arguments);
    stream.wait();
  }
  dnnl::engine cpu{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{cpu};
  dnnl::matmul matmul;
  std::unordered_map<int, memory> arguments;
};

/// Arguments: threads, whether in bf16. Each thread has a product of its own, as clips have.
void ceiling(benchmark::State& state) {
  const auto threads = static_cast<std::size_t>(state.range(0));
  if (state.range(1) != 0 && !__builtin_cpu_supports("avx512bf16"))
    return state.SkipWithError("this CPU has no AVX512_BF16");
  std::vector<Product> products;
  for (std::size_t i = 0; i < threads; ++i)
    products.emplace_back(state.range(1) != 0 ? memory::data_type::bf16 : memory::data_type::f32);
  for (auto _ : state) {
    std::vector<std::jthread> workers;
    for (Product& product : products) workers.emplace_back([&] { product(); });
  }
  state.counters["flop/s"] = benchmark::Counter(
      2.0 * size * size * size * static_cast<double>(threads),
      benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}
BENCHMARK(ceiling)
    ->ArgNames({"threads", "bf16"})
    ->ArgsProduct({{1, 2}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
