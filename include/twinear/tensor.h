// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "twinear/buffer.h"

namespace twinear::nn {

/// The shape of a batch: clips x frames x channels. Memory is row-major in that order everywhere
/// (oneDNN's `nwc`): a frame's channels are neighbors, as LogMel wrote them.
struct Shape {
  std::size_t clips = 0, frames = 0, channels = 0;
  /// 0, unless the channels of a frame are the maps of a 2-D convolution: then the bands of each
  /// map. The maps of a band are neighbors (oneDNN's `nhwc`, a frame being a row).
  std::size_t bands = 0;
  std::size_t clip_size() const noexcept { return frames * channels; }
  std::size_t maps() const noexcept { return bands == 0 ? channels : channels / bands; }
  std::size_t size() const noexcept { return clips * clip_size(); }
  bool operator==(const Shape&) const = default;
};

/// The clips of a micro-batch: one task takes them through several layers while they are in its
/// cache. The cut does not depend on the number of threads, so sums over micro-batches do not
/// either.
inline constexpr std::size_t micro_batch_clips = 8;

/// A run of clips of a batch: micro_batch_clips of them, or the rest.
struct MicroBatch {
  std::size_t index = 0;             ///< which one of the batch
  std::size_t first = 0, clips = 0;  ///< the clips [first, end())
  std::size_t end() const noexcept { return first + clips; }
};

inline std::size_t micro_batch_count(const Shape& shape) {
  return (shape.clips + micro_batch_clips - 1) / micro_batch_clips;
}

/// How an activation stores its numbers. Every layer computes with floats in between.
enum class Number { f32, bf16 };
inline std::size_t bytes_of(Number number) { return number == Number::bf16 ? 2 : 4; }
template <class T>
inline constexpr Number number_of = std::is_same_v<T, BFloat16> ? Number::bf16 : Number::f32;

/// Calls f(float()) or f(BFloat16()), whichever `number` says.
template <class F>
auto with_number(Number number, const F& f) {
  return number == Number::bf16 ? f(BFloat16()) : f(float());
}

/// The memory of an activation in the arena of an execution; a micro-batch's clips are together.
struct ArenaSlice {
  std::byte* first = nullptr;
  std::size_t stride_bytes = 0;  ///< from one micro-batch to the next
};

/// What one layer gives to the next for a batch, and the gradient with respect to it. The frames of
/// a clip from its length on are padding: zeros in both, so that a clip's neighbors never matter.
struct Activation {
  Shape shape;
  Number number = Number::f32;
  std::vector<std::size_t> lengths;        ///< valid frames of each clip, 1 to shape.frames
  Buffer value, gradient;                  ///< memory of its own, f32; empty where it has none
  ArenaSlice value_slice, gradient_slice;  ///< else the execution's memory

  bool has_gradient() const noexcept {
    return !gradient.empty() || gradient_slice.first != nullptr;
  }
  /// The numbers of clip i, whose type `number` says; the other clips of its micro-batch follow.
  template <class T = float>
  T* clip(std::size_t i) {
    return at<T>(value, value_slice, i);
  }
  /// The gradient with respect to clip i.
  template <class T = float>
  T* clip_gradient(std::size_t i) {
    return at<T>(gradient, gradient_slice, i);
  }

 private:
  template <class T>
  T* at(Buffer& own, const ArenaSlice& slice, std::size_t i) {
    if (slice.first == nullptr) return reinterpret_cast<T*>(own.data()) + i * shape.clip_size();
    return reinterpret_cast<T*>(slice.first + i / micro_batch_clips * slice.stride_bytes) +
           i % micro_batch_clips * shape.clip_size();
  }
};

/// An activation seen as numbers of type T, which must be what it stores.
template <class T>
class ActivationView {
 public:
  /// Throws std::invalid_argument where the activation stores another type of number.
  explicit ActivationView(Activation& activation) : activation_(&activation) {
    if (activation.number != number_of<T>)
      throw std::invalid_argument(
          "nn::ActivationView: the activation stores another type of number");
  }
  const Shape& shape() const noexcept { return activation_->shape; }
  std::size_t channels() const noexcept { return shape().channels; }
  std::size_t length(std::size_t clip) const { return activation_->lengths[clip]; }
  /// Count of the numbers of a micro-batch, padding included.
  std::size_t size(const MicroBatch& batch) const { return batch.clips * shape().clip_size(); }

  T* value(std::size_t clip) const { return activation_->clip<T>(clip); }
  T* gradient(std::size_t clip) const { return activation_->clip_gradient<T>(clip); }

  /// Sets the padding of a micro-batch's clips to zeros.
  void clear_padding(const MicroBatch& batch) const {
    for (std::size_t i = batch.first; i < batch.end(); ++i)
      std::fill(value(i) + length(i) * channels(), value(i) + shape().clip_size(), T());
  }

 private:
  Activation* activation_;
};

/// An input of an op. Several ops may read one activation; on the way back the first of them that
/// is called writes its gradient, the others add to it.
struct Input {
  Activation* activation = nullptr;
  bool accumulates = false;  ///< whether the op adds to the gradient
};

/// Where an op writes the gradient of an input for one micro-batch: into the activation itself, or,
/// where the input accumulates, into scratch memory of this thread that the destructor adds.
template <class T>
class InputGradient {
 public:
  InputGradient(const Input& input, const MicroBatch& batch);
  ~InputGradient();
  InputGradient(const InputGradient&) = delete;
  InputGradient& operator=(const InputGradient&) = delete;

  T* data() noexcept { return data_; }  ///< of the micro-batch's first clip; the others follow
  T* clip(std::size_t i) noexcept {     ///< of clip i, counted in the batch
    return data_ + (i - batch_.first) * activation_.shape.clip_size();
  }
  void clear_padding();  ///< writes zeros behind each clip's length

 private:
  Activation& activation_;
  MicroBatch batch_;
  bool accumulates_;
  T* data_;
};

/// An input of an op, seen as numbers of type T.
template <class T>
class InputView : public ActivationView<T> {
 public:
  explicit InputView(const Input& input) : ActivationView<T>(*input.activation), input_(input) {}
  bool wants_gradient() const noexcept { return input_.activation->has_gradient(); }
  InputGradient<T> gradient_of(const MicroBatch& batch) const { return {input_, batch}; }

 private:
  Input input_;
};

/// Weights of a layer, or statistics that it keeps.
struct Parameter {
  std::string name;                ///< second part of its key in the model file
  std::vector<std::size_t> shape;  ///< in PyTorch's order
  Buffer value;
  Buffer gradient = {};  ///< empty until want_gradient()
  /// Inputs of each output: values are drawn uniformly from +-1 / sqrt(fan_in), as PyTorch does by
  /// default. 0: they stay as the layer made them.
  std::size_t fan_in = 0;
  bool frozen = false;     ///< stays as it is; to be set before an Execution is made
  bool statistic = false;  ///< kept by the layer itself: it is not learned

  bool learned() const noexcept { return !statistic; }
  bool moves() const noexcept { return learned() && !frozen; }
  /// Makes room for the gradient. Only training has it, so that a model in use takes half of the
  /// memory.
  void want_gradient() { gradient.resize(learned() ? value.size() : 0); }
};

/// A learned parameter of zeros.
Parameter make_parameter(std::string name, std::vector<std::size_t> shape, std::size_t fan_in);

/// The gradient of a parameter from each micro-batch. Micro-batches run in any order on any thread;
/// their gradients are added in the order of the batch, so the sum is equal at any number of
/// threads.
class GradientSlots {
 public:
  void resize(std::size_t micro_batches, std::size_t size);
  float* of(const MicroBatch& batch) { return values_.data() + batch.index * size_; }
  float* last() { return values_.data() + values_.size() - size_; }
  std::size_t size() const noexcept { return size_; }

  const float* sum();             ///< adds every slot to the first, which is returned
  void add_to(Buffer& gradient);  ///< adds the sum

 private:
  std::size_t size_ = 0;
  Buffer values_;
};

}  // namespace twinear::nn
