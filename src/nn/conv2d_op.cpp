// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <list>
#include <type_traits>

#include "base/lanes.h"
#include "base/threads.h"
#include "nn/conv2d.h"
#include "nn/conv_gradients.h"
#include "nn/tiles.h"

namespace twinear::nn {
namespace {

/// Whether the primitives read a copy that holds the bands of the output alone: in oneDNN 2.6 the
/// weights' gradient of a kernel of one band that skips bands writes beyond its scratch memory.
bool gathers(const Conv2dOptions& o, Mode mode) {
  return mode == Mode::training && o.kernel == 1 && o.stride > 1;
}

Conv2dOptions gathered(Conv2dOptions o) {
  o.bands = o.bands_out();
  o.stride = 1;
  return o;
}

/// Copies the maps of `count` bands, which lie in rows `from_stride` and `to_stride` numbers apart.
template <class From, class To>
void copy_bands(const From* from, std::size_t from_stride, To* to, std::size_t to_stride,
                std::size_t maps, std::size_t count) {
  for (std::size_t b = 0; b < count; ++b, from += from_stride, to += to_stride)
    for (std::size_t m = 0; m < maps; ++m) store(load(from[m]), to[m]);
}

/// The input stores numbers of type In; the primitives compute with T, which the output stores.
template <class In, class T>
class Conv2dOp final : public Op {
 public:
  Conv2dOp(Conv2d& layer, const BatchNorm* norm, const Input& in, Activation& out, Mode mode)
      : layer_(layer),
        options_(layer.options()),
        norm_(norm),
        mode_(mode),
        x_(in),
        y_(out),
        gathers_(gathers(options_, mode)),
        sizes_(gathers_ ? gathered(options_) : options_) {
    if (gathers_ || !std::is_same_v<In, T>)
      copy_.resize(x_.shape().clips * x_.shape().frames * sizes_.bands * sizes_.in);
    const std::size_t frames = out.shape.frames, clips = out.shape.clips;
    const std::size_t tile = tile_frames(out.shape, mode);
    if (tile > 0) {
      for (std::size_t from = 0; from < frames; from += tile)
        tiles_.push_back(made_tile(from, std::min(tile, frames - from)));
    } else {
      const std::size_t margin = options_.margin(), rest = clips % micro_batch_clips;
      if (clips >= micro_batch_clips) full_ = primitives(micro_batch_clips, frames, margin, margin);
      if (rest > 0) rest_ = primitives(rest, frames, margin, margin);
    }
    if (mode == Mode::inference) return;
    ConvGradients::Layouts layouts{plain_weights(options_)};
    if (full_ != nullptr) layouts.full = full_->weight_gradient();
    if (rest_ != nullptr) layouts.rest = rest_->weight_gradient();
    gradients_.prepare(micro_batch_count(x_.shape()), std::move(layouts), layer.weight(),
                       options_.bias ? &layer.bias() : nullptr);
  }

  void begin() override {
    const std::uint64_t version = layer_.version + (norm_ != nullptr ? norm_->version : 0);
    if (packed_version_ == version) return;
    const float* weights = layer_.weight().value.data();
    Buffer folded;
    if (norm_ != nullptr) {
      folded = fold();
      weights = folded.data();
    } else if (options_.bias) {
      bias_ = layer_.bias().value;
    }
    const auto plain = view(plain_weights(options_), weights);
    for (OnednnConv2d& c : primitives_)
      c.set_weights(norm_ != nullptr ? layer_.folded() : layer_.packed(), plain, version);
    packed_version_ = version;
  }

  void forward(const MicroBatch& batch) override {
    fill_copy(batch);
    const T* x = primitives_input(batch);
    T* y = y_.value(batch.first);
    if (tiles_.empty())
      of(batch).forward(x, y, bias_.data());
    else
      isolated([&] {
        parallel_for(tiles_.size(), [&](std::size_t t) {
          const Tile& tile = tiles_[t];
          tile.primitives->forward(x + tile.first_in * x_.channels(),
                                   y + tile.first_out * y_.channels(), bias_.data());
        });
      });
    y_.clear_padding(batch);
  }

  void backward(const MicroBatch& batch) override {
    const T* dy = y_.gradient(batch.first);
    of(batch).backward_weights(primitives_input(batch), dy, gradients_.weight(batch),
                               gradients_.bias(batch));
    if (!x_.wants_gradient()) return;
    auto gradient = x_.gradient_of(batch);
    if (gathers_) {
      thread_local Aligned<In> of_copy;
      const std::size_t count = batch.clips * x_.shape().frames;
      of_copy.resize(std::max(of_copy.size(), count * sizes_.bands * sizes_.in));
      of(batch).backward_data(dy, of_copy.data());
      std::fill_n(gradient.data(), x_.size(batch), In());
      for (std::size_t f = 0; f < count; ++f)
        copy_bands(of_copy.data() + f * sizes_.bands * sizes_.in, sizes_.in,
                   gradient.data() + f * x_.channels(), options_.stride * sizes_.in, sizes_.in,
                   sizes_.bands);
    } else {
      of(batch).backward_data(dy, gradient.data());
    }
    gradient.clear_padding();
  }

  void end() override {
    gradients_.add_to(layer_.weight(), options_.bias ? &layer_.bias() : nullptr);
  }

 private:
  struct Tile {
    std::size_t first_in, first_out;  // frames
    const OnednnConv2d* primitives;
  };

  /// The first clip of what the primitives read; the others of the micro-batch follow.
  const T* primitives_input(const MicroBatch& batch) const {
    if constexpr (std::is_same_v<In, T>)
      if (copy_.empty()) return x_.value(batch.first);
    return copy_.data() + batch.first * x_.shape().frames * sizes_.bands * sizes_.in;
  }

  void fill_copy(const MicroBatch& batch) {
    if (copy_.empty()) return;
    const std::size_t frame = sizes_.bands * sizes_.in;
    const std::size_t skip = gathers_ ? options_.stride * sizes_.in : sizes_.in;
    const In* x = x_.value(batch.first);
    T* to = copy_.data() + batch.first * x_.shape().frames * frame;
    for (std::size_t f = 0; f < batch.clips * x_.shape().frames; ++f)
      copy_bands(x + f * x_.channels(), skip, to + f * frame, sizes_.in, sizes_.in, sizes_.bands);
  }

  Tile made_tile(std::size_t from, std::size_t frames) {
    const std::size_t margin = options_.margin(), all = y_.shape().frames;
    const std::size_t before = margin - std::min(margin, from);
    const std::size_t behind = margin - std::min(margin, all - from - frames);
    return {from + before - margin, from, primitives(1, frames, before, behind)};
  }

  /// Primitives for so many output frames: made, or those of an earlier tile.
  OnednnConv2d* primitives(std::size_t clips, std::size_t frames, std::size_t before,
                           std::size_t behind) {
    OnednnConv2d::Options o{.sizes = sizes_,
                            .clips = clips,
                            .frames_in = frames + 2 * options_.margin() - before - behind,
                            .before = before,
                            .behind = behind,
                            .operands = number_of<T>,
                            .input_gradient = number_of<In>,
                            .relu = norm_ != nullptr && norm_->relu(),
                            .backward_data = mode_ == Mode::training && x_.wants_gradient(),
                            .backward_weights = mode_ == Mode::training};
    o.sizes.bias = o.sizes.bias || norm_ != nullptr;
    for (OnednnConv2d& made : primitives_)
      if (made.options() == o) return &made;
    return &primitives_.emplace_back(o);
  }

  /// The weights times the norm's scale; bias_ becomes what is added then.
  Buffer fold() {
    Buffer weights = layer_.weight().value, scale(options_.out);
    bias_.resize(options_.out);
    norm_->fold(scale, bias_);
    const std::size_t columns = weights.size() / options_.out;
    for (std::size_t o = 0; o < options_.out; ++o) {
      for (std::size_t i = 0; i < columns; ++i) weights[o * columns + i] *= scale[o];
      if (options_.bias) bias_[o] += scale[o] * layer_.bias().value[o];
    }
    return weights;
  }

  const OnednnConv2d& of(const MicroBatch& batch) const {
    return batch.clips == micro_batch_clips ? *full_ : *rest_;
  }

  Conv2d& layer_;
  const Conv2dOptions& options_;
  const BatchNorm* norm_;  // taken into the weights, or nullptr
  Mode mode_;
  InputView<In> x_;
  ActivationView<T> y_;
  bool gathers_;
  Conv2dOptions sizes_;                 // of the primitives
  Aligned<T> copy_;                     // of the input, where the primitives cannot read that
  std::list<OnednnConv2d> primitives_;  // all of them
  OnednnConv2d *full_ = nullptr, *rest_ = nullptr;  // for a whole micro-batch, for the last one
  std::vector<Tile> tiles_;                         // of a single clip, instead of these
  Buffer bias_;
  std::uint64_t packed_version_ = 0;
  ConvGradients gradients_;
};

}  // namespace

std::unique_ptr<Op> make_conv2d_op(Conv2d& layer, const BatchNorm* norm, const Input& in,
                                   Activation& out, Mode mode) {
  return make_conv_op<Conv2dOp>(in, out, layer, norm, in, out, mode);
}

}  // namespace twinear::nn
