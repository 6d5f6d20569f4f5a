// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "nn/onednn_conv1d.h"

namespace twinear::nn {

/// What a convolution's primitives read: its input itself, or a copy in the primitives' numbers
/// with a margin of frames before and behind each clip, which mirror the clip or are zeros. In is
/// the type of number that the input stores, T the one that the primitives compute with.
template <class In, class T>
class PaddedClips {
 public:
  PaddedClips(const InputView<In>& input, std::size_t margin, bool reflect);

  /// The shape of the batch with the margins.
  const Shape& shape() const noexcept { return shape_; }
  /// Copies a micro-batch where there is a copy.
  void fill(const MicroBatch& batch);
  /// The first number of clip i, before its margin; the other clips of its micro-batch follow.
  const T* clip(std::size_t i) const;
  /// Writes the input's gradient from that of the clips with their margins: a frame gets the sum
  /// over all of its copies.
  void fold(const MicroBatch& batch, const In* from, InputGradient<In>& gradient) const;

 private:
  InputView<In> input_;
  std::size_t margin_;
  bool reflect_;
  Shape shape_;
  Aligned<T> copy_;  // empty where the primitives read the input itself
};

}  // namespace twinear::nn
