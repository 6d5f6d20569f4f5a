// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "twinear/buffer.h"

namespace twinear::nn {

/// Clips x frames x channels. Memory is row-major in that order, everywhere: oneDNN's `nwc`, and
/// the very rows that LogMel wrote.
struct Shape {
  std::int64_t clips = 0, frames = 0, channels = 0;
  std::int64_t clip_size() const noexcept { return frames * channels; }
  std::int64_t size() const noexcept { return clips * clip_size(); }
  bool operator==(const Shape&) const = default;
};

/// Clips that one task takes through several layers while they are in its cache. The cut does not
/// depend on the number of threads, so sums over parts do not either.
inline constexpr std::int64_t micro_batch_clips = 8;

/// How a flow stores its numbers; every layer computes with floats in between.
enum class Number { f32, bf16 };
inline std::size_t bytes_of(Number number) { return number == Number::bf16 ? 2 : 4; }

/// f(float()) or f(BFloat16()): what to do with either kind of number.
template <class F>
auto with_number(Number number, const F& f) {
  return number == Number::bf16 ? f(BFloat16()) : f(float());
}

/// Memory that a pass shares out among its activations: each part's clips are together.
struct ArenaSlice {
  std::byte* first = nullptr;
  std::size_t stride_bytes = 0;  ///< from one part to the next
};

/// A batch on its way from one layer to the next, and the gradient on its way back. Frames from
/// lengths[clip] on are padding: zeros in both, so that a clip's neighbors never matter.
struct Activation {
  Shape shape;
  Number number = Number::f32;
  std::vector<std::int64_t> lengths;       ///< valid frames of each clip
  Buffer value, gradient;                  ///< its own memory, f32; empty where it has none
  ArenaSlice value_slice, gradient_slice;  ///< the pass's memory

  bool has_gradient() const noexcept {
    return !gradient.empty() || gradient_slice.first != nullptr;
  }
  /// T is what `number` says. The clips of a part follow each other.
  template <class T = float>
  T* clip(std::int64_t i) {
    return at<T>(value, value_slice, i);
  }
  template <class T = float>
  T* clip_gradient(std::int64_t i) {
    return at<T>(gradient, gradient_slice, i);
  }
  std::int64_t length(std::int64_t i) const { return lengths[static_cast<std::size_t>(i)]; }

 private:
  template <class T>
  T* at(Buffer& own, const ArenaSlice& lent, std::int64_t i) {
    if (lent.first == nullptr) return reinterpret_cast<T*>(own.data()) + i * shape.clip_size();
    const auto part = static_cast<std::size_t>(i / micro_batch_clips);
    return reinterpret_cast<T*>(lent.first + part * lent.stride_bytes) +
           i % micro_batch_clips * shape.clip_size();
  }
};

/// An input of a step. Several steps may read one flow; on the way back the first of them to be
/// called writes its gradient, the others add to it.
struct Input {
  Activation* flow = nullptr;
  bool adds = false;

  bool wants_gradient() const noexcept { return flow->has_gradient(); }
};

/// A run of clips: micro_batch_clips of them, or the rest.
struct MicroBatch {
  std::size_t index = 0;
  std::int64_t first = 0, clips = 0;
};

/// Where a step leaves one input's gradient for a part: in the flow itself, or where the edge adds,
/// in this thread's scratch memory, which is added when the object goes.
template <class T>
class InputGradient {
 public:
  InputGradient(const Input& edge, const MicroBatch& part);
  ~InputGradient();
  InputGradient(const InputGradient&) = delete;
  InputGradient& operator=(const InputGradient&) = delete;

  T* data() noexcept { return data_; }  ///< of the part's first clip
  T* clip(std::int64_t i) noexcept {    ///< counted in the batch, not in the part
    return data_ + (i - part_.first) * flow_.shape.clip_size();
  }
  void clear_padding();  ///< zeros behind each clip's length

 private:
  Activation& flow_;
  const MicroBatch& part_;
  bool adds_;
  T* data_;
};

/// Weights of a layer, or statistics that it keeps (those have no gradient).
struct Parameter {
  std::string name;                 ///< second part of its key in the model file
  std::vector<std::int64_t> shape;  ///< in PyTorch's order
  Buffer value, gradient;
  bool frozen = false;  ///< stays as it is; to be set before a Execution is made

  bool learned() const noexcept { return !gradient.empty(); }
  bool moves() const noexcept { return learned() && !frozen; }
};

/// A learned parameter of zeros.
Parameter make_parameter(std::string name, std::vector<std::int64_t> shape);

}  // namespace twinear::nn
