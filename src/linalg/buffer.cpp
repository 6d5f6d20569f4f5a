// SPDX-License-Identifier: Apache-2.0
#include "twinear/buffer.h"

#include <sys/mman.h>

#include <new>

namespace twinear::nn {
namespace {

constexpr std::size_t cache_line = 64, huge_page = std::size_t{1} << 21U;

std::align_val_t alignment(std::size_t bytes) {
  return std::align_val_t{bytes < 2 * huge_page ? cache_line : huge_page};
}

}  // namespace

void* allocate_bytes(std::size_t bytes) {
  void* memory = ::operator new(bytes, alignment(bytes));
#ifdef MADV_HUGEPAGE
  // The whole huge pages of it. A kernel without them says no, and nothing is lost.
  if (bytes >= 2 * huge_page) madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return memory;
}

void deallocate_bytes(void* memory, std::size_t bytes) noexcept {
  ::operator delete(memory, alignment(bytes));
}

}  // namespace twinear::nn
