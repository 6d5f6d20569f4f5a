// SPDX-License-Identifier: Apache-2.0
#include "twinear/buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <mutex>
#include <new>

namespace twinear::nn {
namespace {

constexpr std::size_t cache_line = 64, huge_page = std::size_t{1} << 21U;
/// Less than the one is left to operator new; the other, and more, is memory of its own.
constexpr std::size_t min_shared = std::size_t{1} << 12U, max_shared = 2 * huge_page;
constexpr std::size_t region_size = 4 * huge_page;

/// Memory that begins at a multiple of `alignment`, on huge pages.
void* allocate_huge(std::size_t bytes, std::size_t alignment) {
  void* memory = ::operator new (bytes, std::align_val_t{alignment});
#ifdef MADV_HUGEPAGE
  // The whole huge pages of it. A kernel without them says no, and nothing is lost.
  madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return memory;
}

/// Pieces of regions of huge pages. They are given one behind the other, and a region is freed with
/// the last of its pieces: what is allocated together, as the weights of a network are, is freed
/// together.
class Regions {
 public:
  void* allocate(std::size_t bytes) {
    bytes = rounded(bytes);
    const std::lock_guard lock(mutex_);
    if (last_ == nullptr || last_->used + bytes > region_size)
      last_ = ::new (allocate_huge(region_size, region_size)) Region;
    void* const piece = reinterpret_cast<std::byte*>(last_) + last_->used;
    last_->used += bytes;
    ++last_->pieces;
    return piece;
  }

  void deallocate(void* piece, std::size_t bytes) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(piece) % region_size;
    auto* const region = reinterpret_cast<Region*>(static_cast<std::byte*>(piece) - begin);
    const std::lock_guard lock(mutex_);
    if (begin + rounded(bytes) == region->used) region->used = begin;  // what came last goes first
    if (--region->pieces > 0) return;
    region->used = sizeof(Region);
    if (region != last_) ::operator delete (region, std::align_val_t{region_size});
  }

 private:
  /// Stands before its pieces.
  struct alignas(cache_line) Region {
    std::size_t used = sizeof(Region), pieces = 0;
  };

  static std::size_t rounded(std::size_t bytes) {
    return (bytes + cache_line - 1) / cache_line * cache_line;
  }

  std::mutex mutex_;
  Region* last_ = nullptr;  // which gives pieces now
};

Regions& regions() {
  static auto& all = *new Regions;  // outlives every buffer
  return all;
}

/// Whether a buffer is a piece of a region. The address sanitizer sees the ends of those alone that
/// operator new gave.
bool shared([[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  return false;
#else
  return bytes >= min_shared && bytes < max_shared;
#endif
}

}  // namespace

void* allocate_bytes(std::size_t bytes) {
  if (shared(bytes)) return regions().allocate(bytes);
  if (bytes >= max_shared) return allocate_huge(bytes, huge_page);
  return ::operator new (bytes, std::align_val_t{cache_line});
}

void deallocate_bytes(void* memory, std::size_t bytes) noexcept {
  if (shared(bytes)) return regions().deallocate(memory, bytes);
  ::operator delete (memory, std::align_val_t{bytes < max_shared ? cache_line : huge_page});
}

}  // namespace twinear::nn
