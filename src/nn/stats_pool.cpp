// SPDX-License-Identifier: Apache-2.0
#include "nn/stats_pool.h"

#include "nn/moments.h"

namespace twinear::nn {
namespace {

/// T: what the frames are stored as.
template <class T>
class StatsPoolOp final : public Op {
 public:
  StatsPoolOp(const Deviation& how, const Input& in, Activation& out)
      : how_(how), edge_(in), in_(*in.flow), out_(out) {}

  void forward(const MicroBatch& part) override {
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      pool_moments(in_.template clip<T>(i), in_.length(i), in_.shape.channels, how_, out_.clip(i),
                   out_.clip(i) + in_.shape.channels);
  }

  void backward(const MicroBatch& part) override {
    if (!edge_.wants_gradient()) return;
    InputGradient<T> gradient(edge_, part);
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      unpool_moments(in_.template clip<T>(i), gradient.clip(i), in_.length(i), in_.shape.channels,
                     how_, out_.clip(i), out_.clip_gradient(i));
    gradient.clear_padding();
  }

 private:
  Deviation how_;
  Input edge_;
  Activation& in_;
  Activation& out_;
};

}  // namespace

std::unique_ptr<Op> StatsPool::prepare(std::span<const Input> in, Activation& out, Mode) {
  return with_number(in[0].flow->number, [&](auto number) -> std::unique_ptr<Op> {
    return std::make_unique<StatsPoolOp<decltype(number)>>(deviation_, in[0], out);
  });
}

}  // namespace twinear::nn
