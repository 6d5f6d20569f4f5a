// SPDX-License-Identifier: Apache-2.0
#include "features/frame_stream.h"

#include <algorithm>

namespace twinear {

/// The frames up to frame `end`.
Matrix FrameStream::give(std::size_t end) {
  const Excerpt clip{kept_, kept_from_, received_};
  if (given_ == 0) log_energies_.clear();
  if (with_energies_) bank_.add_log_energies(clip, given_, end - given_, workspace_, log_energies_);
  Matrix frames = bank_(clip, given_, end - given_, seed_, workspace_);
  given_ = end;
  return frames;
}

Matrix FrameStream::push(std::span<const float> samples) {
  const Framer& framer = bank_.framer();
  kept_.insert(kept_.end(), samples.begin(), samples.end());
  received_ += samples.size();
  std::size_t end = given_;
  while (framer.settled_by(end) <= received_) ++end;
  Matrix frames = give(end);

  const std::size_t needed = std::min(framer.first_sample(given_), received_);
  const std::size_t spent = needed - kept_from_;
  if (2 * spent >= kept_.size()) {  // moving what is left is paid for by what has come
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(spent));
    kept_from_ = needed;
  }
  return frames;
}

Matrix FrameStream::finish() {
  Matrix frames = give(bank_.framer().frames(received_));
  kept_.clear();
  kept_from_ = received_ = given_ = 0;
  return frames;
}

}  // namespace twinear
