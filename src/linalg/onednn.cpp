// SPDX-License-Identifier: Apache-2.0
#include "linalg/onednn.h"

#include <fmt/format.h>

#include <map>

#include "linalg/onednn_info.h"
#include "twinear/buffer.h"

namespace twinear::onednn {

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& stream() {
  thread_local dnnl::stream stream(cpu());
  return stream;
}

dnnl::memory scratchpad(const dnnl::memory::desc& desc) {
  thread_local nn::Buffer buffer;
  const std::size_t floats = (desc.get_size() + sizeof(float) - 1) / sizeof(float);
  if (buffer.size() < floats) buffer.resize(floats);
  return {desc, cpu(), buffer.data()};
}

KernelScope::KernelScope() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &signals_before_);
}

KernelScope::~KernelScope() { ::pthread_sigmask(SIG_SETMASK, &signals_before_, nullptr); }

void execute(const dnnl::primitive& primitive,
             const std::unordered_map<int, dnnl::memory>& arguments) {
  const KernelScope scope;
  primitive.execute(stream(), arguments);
  stream().wait();
}

}  // namespace twinear::onednn

namespace twinear {

std::string onednn_version() {
  const auto* v = dnnl::version();
  return fmt::format("{}.{}.{}", v->major, v->minor, v->patch);
}

std::string onednn_isa() {
  using dnnl::cpu_isa;
  static const std::map<cpu_isa, const char*> names{
      {cpu_isa::sse41, "SSE4.1"},
      {cpu_isa::avx, "AVX"},
      {cpu_isa::avx2, "AVX2"},
      {cpu_isa::avx2_vnni, "AVX2 with VNNI"},
      {cpu_isa::avx512_core, "AVX-512"},
      {cpu_isa::avx512_core_vnni, "AVX-512 with VNNI"},
      {cpu_isa::avx512_core_bf16, "AVX-512 with bfloat16"},
      {cpu_isa::avx512_core_amx, "AMX"},
  };
  const auto found = names.find(dnnl::get_effective_cpu_isa());
  return found == names.end() ? "another instruction set" : found->second;
}

bool has_bf16() {
  // Each set of instructions has the bits of those that it contains.
  const auto has = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto needs = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (has & needs) == needs;
}

}  // namespace twinear
