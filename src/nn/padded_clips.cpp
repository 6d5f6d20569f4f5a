// SPDX-License-Identifier: Apache-2.0
#include "nn/padded_clips.h"

#include <cstdint>

#include "base/lanes.h"
#include "nn/rows.h"

namespace twinear::nn {
namespace {

template <class From, class To>
TWINEAR_SIMD void convert(const From* __restrict from, To* __restrict to, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) store(load(from[i]), to[i]);
}

/// The frame of a clip of `length` frames that mirrors at both ends show at t frames from its
/// first one.
std::size_t mirrored(std::int64_t t, std::size_t length) {
  if (length == 1) return 0;
  const auto last = static_cast<std::int64_t>(length) - 1;
  while (t < 0 || t > last) t = t < 0 ? -t : 2 * last - t;
  return static_cast<std::size_t>(t);
}
std::size_t mirrored_before(std::size_t t, std::size_t length) {
  return mirrored(-static_cast<std::int64_t>(t), length);
}
std::size_t mirrored_behind(std::size_t t, std::size_t length) {
  return mirrored(static_cast<std::int64_t>(length - 1 + t), length);
}

}  // namespace

template <class In, class T>
PaddedClips<In, T>::PaddedClips(const InputView<In>& input, std::size_t margin, bool reflect)
    : input_(input), margin_(margin), reflect_(reflect), shape_(input.shape()) {
  shape_.frames += 2 * margin;
  if (margin > 0 || !std::is_same_v<In, T>) copy_.resize(shape_.size());
}

template <class In, class T>
const T* PaddedClips<In, T>::clip(std::size_t i) const {
  if constexpr (std::is_same_v<In, T>)
    if (copy_.empty()) return input_.value(i);
  return copy_.data() + i * shape_.clip_size();
}

template <class In, class T>
void PaddedClips<In, T>::fill(const MicroBatch& batch) {
  if (copy_.empty()) return;
  const std::size_t width = shape_.channels;
  for (std::size_t i = batch.first; i < batch.end(); ++i) {
    const std::size_t length = input_.length(i);
    const In* x = input_.value(i);
    T* first = copy_.data() + i * shape_.clip_size();
    T* last = first + shape_.clip_size();
    T* middle = first + margin_ * width;
    convert(x, middle, length * width);
    if (reflect_) {
      for (std::size_t t = 1; t <= margin_; ++t) {
        convert(x + mirrored_before(t, length) * width, middle - t * width, width);
        convert(x + mirrored_behind(t, length) * width, middle + (length - 1 + t) * width, width);
      }
      std::fill(middle + (length + margin_) * width, last, T());
    } else {
      std::fill(first, middle, T());
      std::fill(middle + length * width, last, T());
    }
  }
}

template <class In, class T>
void PaddedClips<In, T>::fold(const MicroBatch& batch, const In* from,
                              InputGradient<In>& gradient) const {
  const std::size_t width = shape_.channels;
  for (std::size_t i = batch.first; i < batch.end(); ++i) {
    const std::size_t length = input_.length(i);
    const In* middle = from + (i - batch.first) * shape_.clip_size() + margin_ * width;
    In* dx = gradient.clip(i);
    std::copy_n(middle, length * width, dx);
    for (std::size_t t = 1; t <= margin_; ++t) {
      rows::add(middle - t * width, dx + mirrored_before(t, length) * width, width);
      rows::add(middle + (length - 1 + t) * width, dx + mirrored_behind(t, length) * width, width);
    }
  }
}

template class PaddedClips<float, float>;
template class PaddedClips<float, BFloat16>;
template class PaddedClips<BFloat16, BFloat16>;

}  // namespace twinear::nn
