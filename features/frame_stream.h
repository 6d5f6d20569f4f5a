// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "features/fbank_computer.h"
#include "twinear/matrix.h"

namespace twinear {

/// Computes the frames of a clip whose samples come piece by piece, before normalization. It keeps
/// only the samples that a later frame may need.
class FrameStream {
 public:
  /// `computer` must outlive this object. `with_energies` tells to compute log_energies() too.
  explicit FrameStream(const FbankComputer& computer, std::uint64_t seed = 0,
                       bool with_energies = false)
      : computer_(computer), workspace_(computer), seed_(seed), with_energies_(with_energies) {}

  /// Takes the next samples and returns the frames that they complete.
  Matrix push(std::span<const float> samples);

  /// Ends the clip and returns its last frames. The next push begins another clip.
  Matrix finish();

  /// The log energies of all frames of the clip so far, for find_speech(). They are valid until the
  /// next clip begins.
  std::span<const float> log_energies() const noexcept { return log_energies_; }

 private:
  Matrix emit(std::size_t end);

  const FbankComputer& computer_;
  FbankComputer::Workspace workspace_;
  std::uint64_t seed_;
  bool with_energies_;
  std::vector<float> log_energies_;
  std::vector<float> buffer_;  // the samples from `buffer_begin_` on
  std::size_t buffer_begin_ = 0, received_ = 0, emitted_ = 0;  // the last counts frames
};

}  // namespace twinear
