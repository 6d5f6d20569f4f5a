// SPDX-License-Identifier: Apache-2.0
#include "twinear/buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <mutex>
#include <new>

namespace twinear::nn {
namespace {

constexpr std::size_t cache_line = 64, huge_page = std::size_t{1} << 21U;
constexpr std::size_t min_shared = std::size_t{1} << 12U, max_shared = huge_page / 4;

/// Memory of its own. Much of it begins on a huge page.
void* own_memory(std::size_t bytes, std::size_t huge_from) {
  void* memory =
      ::operator new (bytes, std::align_val_t{bytes < huge_from ? cache_line : huge_page});
#ifdef MADV_HUGEPAGE
  // The whole huge pages of it. A kernel without them says no, and nothing is lost.
  if (bytes >= huge_from) madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return memory;
}

void free_own_memory(void* memory, std::size_t bytes, std::size_t huge_from) noexcept {
  ::operator delete (memory, std::align_val_t{bytes < huge_from ? cache_line : huge_page});
}

/// Pieces of huge pages. They are given one behind the other, and a page is freed with the last of
/// its pieces: what is allocated together, as the weights of a network are, is freed together.
class HugePages {
 public:
  void* allocate(std::size_t bytes) {
    bytes = rounded(bytes);
    const std::lock_guard lock(mutex_);
    if (page_ == nullptr || page_->used + bytes > huge_page)
      page_ = ::new (own_memory(huge_page, huge_page)) Page;
    void* const piece = reinterpret_cast<std::byte*>(page_) + page_->used;
    page_->used += bytes;
    ++page_->pieces;
    return piece;
  }

  void deallocate(void* piece, std::size_t bytes) noexcept {
    const auto in_page = reinterpret_cast<std::uintptr_t>(piece) % huge_page;
    auto* const page = reinterpret_cast<Page*>(static_cast<std::byte*>(piece) - in_page);
    const std::lock_guard lock(mutex_);
    if (in_page + rounded(bytes) == page->used) page->used = in_page;  // the last piece is reused
    if (--page->pieces > 0) return;
    if (page == page_)
      page->used = cache_line;
    else
      free_own_memory(page, huge_page, huge_page);
  }

 private:
  struct alignas(cache_line) Page {
    std::size_t used = cache_line, pieces = 0;
  };

  static std::size_t rounded(std::size_t bytes) {
    return (bytes + cache_line - 1) / cache_line * cache_line;
  }

  std::mutex mutex_;
  Page* page_ = nullptr;  // from which pieces are given now
};

HugePages& huge_pages() {
  static auto& pages = *new HugePages;  // outlives every buffer
  return pages;
}

/// The sanitizer of addresses sees the ends of memory that operator new gave.
bool shares([[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  return false;
#else
  return bytes >= min_shared && bytes <= max_shared;
#endif
}

}  // namespace

void* allocate_bytes(std::size_t bytes) {
  return shares(bytes) ? huge_pages().allocate(bytes) : own_memory(bytes, 2 * huge_page);
}

void deallocate_bytes(void* memory, std::size_t bytes) noexcept {
  if (shares(bytes))
    huge_pages().deallocate(memory, bytes);
  else
    free_own_memory(memory, bytes, 2 * huge_page);
}

}  // namespace twinear::nn
