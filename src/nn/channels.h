// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/layer.h"

namespace twinear::nn {

/// Channels [from, from + out) of the first input, plus the second input where there is one: a
/// chunk of a Res2 block and what it takes over from the chunk before (Gao et al. 2019).
class Slice final : public Layer {
 public:
  Slice(std::int64_t from, std::int64_t out) : from_(from), out_(out) {}
  std::string_view kind() const override { return "slice"; }
  Shape output(std::span<const Shape> in) const override {
    return {in[0].clips, in[0].frames, out_};
  }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;

 private:
  std::int64_t from_, out_;
};

/// The inputs' channels side by side.
class Concat final : public Layer {
 public:
  std::string_view kind() const override { return "concat"; }
  Shape output(std::span<const Shape> in) const override;
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
};

/// The sum of inputs of one shape: a residual connection.
class Add final : public Layer {
 public:
  std::string_view kind() const override { return "add"; }
  std::unique_ptr<Op> prepare(std::span<const Input> in, Activation& out, Mode mode) override;
};

}  // namespace twinear::nn
