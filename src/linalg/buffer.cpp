// SPDX-License-Identifier: Apache-2.0
#include "twinear/buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <new>

#include "linalg/lasting_buffers.h"

namespace twinear::nn {
namespace {

constexpr std::size_t cache_line = 64, huge_page = std::size_t{1} << 21U;
constexpr std::size_t min_huge = 2 * huge_page;  // of a buffer alone
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

/// Regions of huge pages, which are given in pieces, one behind the other.
class Regions {
 public:
  void* allocate(std::size_t bytes) {
    bytes = (bytes + cache_line - 1) / cache_line * cache_line;
    const std::lock_guard lock(mutex_);
    if (last_ == nullptr || used_ + bytes > region_size) {
      last_ = static_cast<std::byte*>(allocate_huge(region_size, region_size));
      used_ = 0;
    }
    ++pieces_[last_];
    used_ += bytes;
    return last_ + used_ - bytes;
  }

  /// Returns whether the memory was a piece.
  bool deallocate(void* memory) noexcept {
    const auto offset = reinterpret_cast<std::uintptr_t>(memory) % region_size;
    auto* const region = static_cast<std::byte*>(memory) - offset;
    const std::lock_guard lock(mutex_);
    const auto found = pieces_.find(region);
    if (found == pieces_.end()) return false;
    if (--found->second > 0) return true;
    pieces_.erase(found);
    if (region == last_) last_ = nullptr;
    ::operator delete (region, std::align_val_t{region_size});
    return true;
  }

 private:
  std::mutex mutex_;
  std::map<std::byte*, std::size_t> pieces_;  // those that are held of each region
  std::byte* last_ = nullptr;                 // which gives pieces now
  std::size_t used_ = 0;                      // of it
};

Regions& regions() {
  static auto& all = *new Regions;  // outlives every buffer
  return all;
}

thread_local int lasting = 0;

/// Whether a buffer may be a piece. The address sanitizer sees the ends of those alone that
/// operator new gave.
bool fits([[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  return false;
#else
  return bytes < min_huge;
#endif
}

}  // namespace

LastingBuffers::LastingBuffers() { ++lasting; }
LastingBuffers::~LastingBuffers() { --lasting; }

void* allocate_bytes(std::size_t bytes) {
  if (lasting > 0 && fits(bytes)) return regions().allocate(bytes);
  if (bytes >= min_huge) return allocate_huge(bytes, huge_page);
  return ::operator new (bytes, std::align_val_t{cache_line});
}

void deallocate_bytes(void* memory, std::size_t bytes) noexcept {
  if (fits(bytes) && regions().deallocate(memory)) return;
  ::operator delete (memory, std::align_val_t{bytes < min_huge ? cache_line : huge_page});
}

}  // namespace twinear::nn
