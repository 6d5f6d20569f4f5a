// SPDX-License-Identifier: Apache-2.0
#include "features/frame_stream.h"

#include <algorithm>

namespace twinear {

/// Computes the frames before frame `end`.
Matrix FrameStream::emit(std::size_t end) {
  const Excerpt clip{buffer_, buffer_begin_, received_};
  if (emitted_ == 0) log_energies_.clear();
  if (with_energies_)
    computer_.add_log_energies(clip, emitted_, end - emitted_, workspace_, log_energies_);
  Matrix frames = computer_(clip, emitted_, end - emitted_, seed_, workspace_);
  emitted_ = end;
  return frames;
}

Matrix FrameStream::push(std::span<const float> samples) {
  const Framer& framer = computer_.framer();
  buffer_.insert(buffer_.end(), samples.begin(), samples.end());
  received_ += samples.size();
  std::size_t end = emitted_;
  while (framer.ready_after(end) <= received_) ++end;
  Matrix frames = emit(end);

  const std::size_t needed = std::min(framer.first_sample(emitted_), received_);
  const std::size_t spent = needed - buffer_begin_;
  if (2 * spent >= buffer_.size()) {  // so that moving the rest takes no longer than receiving it
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(spent));
    buffer_begin_ = needed;
  }
  return frames;
}

Matrix FrameStream::finish() {
  Matrix frames = emit(computer_.framer().frames(received_));
  buffer_.clear();
  buffer_begin_ = received_ = emitted_ = 0;
  return frames;
}

}  // namespace twinear
