// SPDX-License-Identifier: Apache-2.0
#include "nn/stats_pool.h"

#include "nn/moments.h"

namespace twinear::nn {
namespace {

/// T: what the frames are stored as.
template <class T>
class StatsPoolStep final : public Step {
 public:
  StatsPoolStep(const Deviation& how, const Edge& in, Flow& out)
      : how_(how), edge_(in), in_(*in.flow), out_(out) {}

  void forward(const Part& part) override {
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      pool_moments(in_.template clip<T>(i), in_.length(i), in_.shape.channels, how_, out_.clip(i),
                   out_.clip(i) + in_.shape.channels);
  }

  void backward(const Part& part) override {
    if (!edge_.wants_gradient()) return;
    InputGradient<T> gradient(edge_, part);
    for (std::int64_t i = part.first; i < part.first + part.clips; ++i)
      unpool_moments(in_.template clip<T>(i), gradient.clip(i), in_.length(i), in_.shape.channels,
                     how_, out_.clip(i), out_.clip_gradient(i));
    gradient.clear_padding();
  }

 private:
  Deviation how_;
  Edge edge_;
  Flow& in_;
  Flow& out_;
};

}  // namespace

std::unique_ptr<Step> StatsPool::prepare(std::span<const Edge> in, Flow& out, Mode) {
  return with_number(in[0].flow->number, [&](auto number) -> std::unique_ptr<Step> {
    return std::make_unique<StatsPoolStep<decltype(number)>>(deviation_, in[0], out);
  });
}

}  // namespace twinear::nn
