// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

namespace twinear::nn {

/// Memory that begins on a cache line, which is also the widest vector.
template <class T>
struct CacheAligned {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  CacheAligned() = default;
  template <class U>
  explicit CacheAligned(const CacheAligned<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, alignment); }
  bool operator==(const CacheAligned&) const = default;
};
using Buffer = std::vector<float, CacheAligned<float>>;

/// Clips x frames x channels. Memory is row-major in that order, everywhere: oneDNN's `nwc`, and
/// the very rows that LogMel wrote.
struct Shape {
  std::int64_t clips = 0, frames = 0, channels = 0;
  std::int64_t clip_size() const noexcept { return frames * channels; }
  std::int64_t size() const noexcept { return clips * clip_size(); }
  bool operator==(const Shape&) const = default;
};

/// A batch on its way from one layer to the next, and the gradient on its way back. Frames from
/// lengths[clip] on are padding: zeros in both, so that a clip's neighbours never matter.
struct Flow {
  Shape shape;
  Buffer value, gradient;             ///< gradient is empty where none is wanted
  std::vector<std::int64_t> lengths;  ///< valid frames of each clip

  float* clip(std::int64_t i) { return value.data() + i * shape.clip_size(); }
  float* clip_gradient(std::int64_t i) { return gradient.data() + i * shape.clip_size(); }
  std::int64_t length(std::int64_t i) const { return lengths[static_cast<std::size_t>(i)]; }
};

/// An input of a step. Several steps may read one flow; on the way back the first of them to be
/// called writes its gradient, the others add to it.
struct Edge {
  Flow* flow = nullptr;
  bool adds = false;

  bool wants_gradient() const noexcept { return !flow->gradient.empty(); }
};

/// A run of clips that one task takes through several layers while they are in its cache. The cut
/// does not depend on the number of threads, so sums over parts do not either.
struct Part {
  std::size_t index = 0;
  std::int64_t first = 0, clips = 0;
};
inline constexpr std::int64_t clips_per_part = 8;

/// Where a step leaves one input's gradient for a part: in the flow itself, or where the edge adds,
/// in this thread's scratch memory, which is added when the object goes.
class InputGradient {
 public:
  InputGradient(const Edge& edge, const Part& part);
  ~InputGradient();
  InputGradient(const InputGradient&) = delete;
  InputGradient& operator=(const InputGradient&) = delete;

  float* data() noexcept { return data_; }  ///< of the part's first clip
  float* clip(std::int64_t i) noexcept {    ///< counted in the batch, not in the part
    return data_ + (i - part_.first) * flow_.shape.clip_size();
  }
  void clear_padding();  ///< zeros behind each clip's length

 private:
  Flow& flow_;
  const Part& part_;
  bool adds_;
  float* data_;
};

/// Weights of a layer, or statistics that it keeps (those have no gradient).
struct Parameter {
  std::string name;                 ///< second part of its key in the model file
  std::vector<std::int64_t> shape;  ///< in PyTorch's order
  Buffer value, gradient;
  bool frozen = false;  ///< stays as it is; to be set before a Pass is made

  bool learned() const noexcept { return !gradient.empty(); }
  bool moves() const noexcept { return learned() && !frozen; }
};

/// A learned parameter of zeros.
Parameter make_parameter(std::string name, std::vector<std::int64_t> shape);

}  // namespace twinear::nn
